//! The phone's heartbeat: which users' browsers can be rung.

use leptos::prelude::*;

/// This tab's phone is registered, or no longer. Said every 20 s while it is, and once when the page goes.
#[server(prefix = "/app", endpoint = "phone")]
pub async fn heartbeat(tab: String, registered: bool) -> Result<(), ServerFnError> {
    use crate::server::{auth::guard::api_user, clock, state::AppState};
    let user = api_user().await?;
    let store = expect_context::<AppState>().store.clone();
    let tab: String = tab
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(32)
        .collect();
    if registered {
        store.upsert_phone(&user.id, &tab, clock::now()).await?;
    } else {
        store.drop_phone(&user.id, &tab).await?;
    }
    Ok(())
}
