//! The call history: the user's own calls, everybody's for those who manage.

use crate::{
    api::calls::{self, Loaded},
    app::Asked,
    components::{
        call_list::{CallList, Manner},
        fetch_recordings::FetchRecordings,
        layout::Layout,
    },
    domain::user::User,
    i18n::*,
    islands::LiveHistory,
    server::state::AppState,
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
    let config = expect_context::<AppState>().config.clone();
    let manner = Manner::of(&config, use_context::<User>().as_ref(), locale, level + 1);
    let cursor = asked.query.get("cursor").cloned().filter(|_| level == 1);
    let newest = cursor.is_none();
    let figure = |name: &str| {
        asked
            .query
            .get(name)
            .and_then(|figure| figure.parse::<u32>().ok())
            .map(i64::from)
    };
    let failed = asked.query.get("fetch").is_some_and(|how| how == "failed");
    let done = figure("checked").zip(figure("added"));
    let next = if level == 1 {
        "/history"
    } else {
        "/mobile-call"
    };
    let whose = if manner.with_agent {
        td_string!(locale, history.everybody)
    } else {
        td_string!(locale, history.own)
    };
    let title = td_string!(locale, history.title);
    let list = Suspend::new(async move {
        let Loaded {
            calls,
            next_cursor,
            change,
        } = calls::load(cursor).await;
        view! {
            <CallList manner calls change newest />
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
                <FetchRecordings locale next done failed />
            </div>
            {list}
        </section>
        <LiveHistory />
    }
    .into_any()
}

#[component]
fn Pager(locale: Locale, newest: bool, next_cursor: Option<String>) -> impl IntoView {
    let older = next_cursor.map(|cursor| {
        let cursor: String = url::form_urlencoded::byte_serialize(cursor.as_bytes()).collect();
        view! { <a class="pill" rel="next" href=format!("/history?cursor={cursor}")>{td_string!(locale, history.older)}</a> }
    });
    let first = (!newest).then(
        || view! { <a class="pill" href="/history">{td_string!(locale, history.newest)}</a> },
    );
    (older.is_some() || first.is_some()).then(|| view! { <nav class="pager" aria-label=td_string!(locale, history.title)>{first}{older}</nav> })
}
