//! The call history: the user's own calls, everybody's for those who manage.

use crate::{
    api::calls::{self, Loaded},
    app::Asked,
    components::{call_list::CallList, fetch_recordings::FetchRecordings, layout::Layout},
    domain::user::User,
    i18n::*,
};
use leptos::prelude::*;

#[component]
pub fn History() -> impl IntoView {
    view! {
        <Layout class="page">
            <HistoryCard level=1 />
        </Layout>
    }
}

/// The list in its card, as `/history` and the phone page both have it. Older pages are behind plain links to `/history`.
#[component]
pub fn HistoryCard(
    /// 1 where the history is the page's subject, 2 where it stands beside the phone
    level: u8,
) -> impl IntoView {
    let locale = expect_context::<Locale>();
    let asked = expect_context::<Asked>();
    let everybody = use_context::<User>().is_some_and(|user| user.role.sees_everybodys_calls());
    let cursor = asked.query.get("cursor").cloned().filter(|_| level == 1);
    let newest = cursor.is_none();
    let figure = |name: &str| asked.query.get(name).and_then(|figure| figure.parse::<u32>().ok()).map(i64::from);
    let done = figure("checked").zip(figure("added"));
    let next = if level == 1 { "/history" } else { "/mobile-call" };
    let whose = if everybody { td_string!(locale, history.everybody) } else { td_string!(locale, history.own) };
    let title = td_string!(locale, history.title);
    let list = Suspend::new(async move {
        let Loaded { calls, next_cursor, change, zone, recorded } = calls::load(cursor).await;
        view! {
            <CallList locale zone calls change newest with_agent=everybody recorded heading_level=level + 1 />
            <Pager locale newest next_cursor />
        }
    });
    view! {
        <section class="card history" aria-labelledby="history-title">
            <div class="head">
                <div>
                    {match level {
                        1 => view! { <h1 id="history-title">{title}</h1> }.into_any(),
                        _ => view! { <h2 id="history-title">{title}</h2> }.into_any(),
                    }}
                    <p class="whose">{whose}</p>
                </div>
                <FetchRecordings locale next=next.to_owned() done />
            </div>
            {list}
        </section>
    }
}

#[component]
fn Pager(locale: Locale, newest: bool, next_cursor: Option<String>) -> impl IntoView {
    let older = next_cursor.map(|cursor| {
        let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
        view! { <a class="pill" rel="next" href=format!("/history?cursor={cursor}")>{td_string!(locale, history.older)}</a> }
    });
    let first = (!newest).then(|| view! { <a class="pill" href="/history">{td_string!(locale, history.newest)}</a> });
    (older.is_some() || first.is_some()).then(|| view! { <nav class="pager" aria-label=td_string!(locale, history.title)>{first}{older}</nav> })
}
