//! The agent hung up before the customer answered: `canceled`, whatever Twilio calls the customer's leg.

use leptos::prelude::*;

/// Notes it for the call of this SID, if it is the agent's own.
#[server(prefix = "/app", endpoint = "hangup")]
pub async fn note(sid: String) -> Result<(), ServerFnError> {
    use crate::{
        domain::sid::CallSid,
        server::{auth::guard::api_user, calls::record_event, state::AppState},
    };
    let user = api_user().await?;
    let sid = CallSid::parse(&sid)?;
    record_event::agent_hung_up(&expect_context::<AppState>(), &user, &sid).await?;
    Ok(())
}
