//! Lists, page by page, in the shape of the 2010 API.

use serde_json::{Map, Value, json};

use super::Ask;

/// One page of `items`, under `name`.
pub(super) fn page(ask: &Ask, name: &str, items: Vec<Value>) -> Value {
    let number = |key: &str, default: usize| {
        ask.filter(key)
            .and_then(|value| value.parse().ok())
            .unwrap_or(default)
    };
    let size = number("PageSize", 50).clamp(1, 1_000);
    let page = number("Page", 0);
    let total = items.len();
    let start = (page * size).min(total);
    let end = (start + size).min(total);
    let uri = |page: usize| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(
            ask.query
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), "Page" | "PageSize" | "PageToken")),
        );
        query
            .append_pair("PageSize", &size.to_string())
            .append_pair("Page", &page.to_string());
        format!("{}?{}", ask.path, query.finish())
    };
    let mut body = Map::new();
    body.insert(
        name.to_owned(),
        Value::Array(items.into_iter().skip(start).take(end - start).collect()),
    );
    let rest = json!({
        "page": page,
        "page_size": size,
        "start": start,
        "end": end.saturating_sub(1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": (end < total).then(|| uri(page + 1)),
        "previous_page_uri": (page > 0).then(|| uri(page - 1)),
    });
    if let Value::Object(rest) = rest {
        body.extend(rest);
    }
    Value::Object(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_one_is() {
        let ask = Ask {
            method: "GET".into(),
            path: "/2010-04-01/Accounts/AC1/Calls.json".into(),
            query: vec![
                ("PageSize".into(), "2".into()),
                ("Status".into(), "completed".into()),
            ],
            form: vec![],
            headers: Default::default(),
        };
        let body = page(&ask, "calls", vec![json!(1), json!(2), json!(3)]);
        assert_eq!(body["calls"], json!([1, 2]));
        assert_eq!(
            body["next_page_uri"],
            "/2010-04-01/Accounts/AC1/Calls.json?Status=completed&PageSize=2&Page=1"
        );
        assert_eq!(body["previous_page_uri"], Value::Null);
    }
}
