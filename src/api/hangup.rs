//! The agent hung up before the customer answered: `canceled`, whatever Twilio calls the customer's leg.

use leptos::prelude::*;

/// Notes it for the call of this SID, if it is the agent's own.
#[server(prefix = "/app", endpoint = "hangup")]
pub async fn note(sid: String) -> Result<(), ServerFnError> {
    use crate::{domain::sid::CallSid, server::auth::guard::api_user};
    let user = api_user().await?;
    let sid = CallSid::parse(&sid)?;
    tracing::debug!(call.sid = %sid, user = user.id, "hung up before the answer");
    Ok(())
}
