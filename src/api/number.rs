//! What is known of a number while it is being typed.

use crate::domain::view::Reason;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// A number as it will be dialled, or why it will not be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    pub e164: Option<String>,
    /// With the spaces that people write: `+966 56 970 5616`.
    pub display: Option<String>,
    /// ISO 3166; the browser has its name in every language.
    pub region: Option<String>,
    pub kind: Option<Kind>,
    pub reason: Option<Reason>,
}

/// What answers there, where the digits tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kind {
    Mobile,
    Fixed,
    TollFree,
}

/// Reads what was typed so far.
#[server(prefix = "/app", endpoint = "number")]
pub async fn describe(typed: String) -> Result<Preview, ServerFnError> {
    use crate::server::{auth::guard::api_user, numbers, state::AppState};
    api_user().await?;
    let numbers = expect_context::<AppState>().numbers.clone();
    let typed: String = typed.chars().take(40).collect();
    let reason = numbers.check(&typed).err();
    let known = numbers.identify(&typed).ok();
    let kind = known.as_ref().and_then(|number| match number.kind {
        numbers::Kind::Mobile => Some(Kind::Mobile),
        numbers::Kind::Fixed => Some(Kind::Fixed),
        numbers::Kind::TollFree => Some(Kind::TollFree),
        _ => None,
    });
    Ok(Preview {
        e164: known.as_ref().map(|number| number.e164.to_string()),
        display: known.as_ref().map(|number| number.international()),
        region: known.map(|number| number.region),
        kind,
        reason,
    })
}
