//! Why did this call end? What Twilio asked and we answered, what its callbacks and its API said, and what the browser saw are read
//! from the call's log (`findings`), come to one cause (`cause`, pure), and are put into words (`words`). Nothing of this is stored:
//! a callback that comes late simply changes what the log comes to.

mod cause;
mod findings;
pub mod inquiry;
mod sdk;
#[cfg(test)]
mod tests;
mod words;

pub use findings::params;
pub use inquiry::Inquiries;

use super::{
    error::Result,
    state::AppState,
    store::{self, LoggedEvent},
};
use crate::{
    domain::{
        call::Status,
        sid::CallSid,
        user::User,
        view::{CallView, CauseView},
    },
    i18n::Locale,
};
use cause::{Cause, cause};
use findings::Findings;
use std::collections::HashMap;

/// Why a call ended, for that reader; `None` where there is nothing to explain, or it has not ended.
pub fn explain(
    call: &CallView,
    log: &[LoggedEvent],
    locale: Locale,
    user: &User,
) -> Option<CauseView> {
    let cause = cause(&Findings::of(call, log))?;
    Some(words::view(locale, &cause, user.role.may_set_up()))
}

/// As [`explain`], from what is stored of the call by now.
pub async fn of(
    state: &AppState,
    sid: &CallSid,
    locale: Locale,
    user: &User,
) -> Result<Option<CauseView>> {
    let Some(call) = state.store.call(sid).await? else {
        return Ok(None);
    };
    let log = state.store.events_of(sid).await?;
    Ok(explain(&call, &log, locale, user))
}

/// Gives those of a list's calls that ended badly their causes, where these say more than the status and the reason do. Causes are an
/// extra: a list that could not be explained is still a list.
pub async fn dress<'a>(
    state: &AppState,
    locale: Locale,
    user: &User,
    calls: impl IntoIterator<Item = &'a mut CallView>,
) {
    let mut ended: Vec<&mut CallView> = calls
        .into_iter()
        .filter(|call| call.status.is_terminal())
        .collect();
    let logs = match logs(state, &ended).await {
        Ok(logs) => logs,
        Err(error) => {
            return tracing::warn!(%error, "why calls ended could not be read");
        }
    };
    for call in &mut ended {
        let log = logs.get(call.sid.as_str());
        let found = log.and_then(|log| cause(&Findings::of(call, log)));
        call.cause = found
            .filter(|cause| says_more(cause, call.status))
            .map(|cause| words::view(locale, &cause, user.role.may_set_up()));
    }
}

async fn logs(
    state: &AppState,
    calls: &[&mut CallView],
) -> store::Result<HashMap<String, Vec<LoggedEvent>>> {
    if calls.is_empty() {
        return Ok(HashMap::new());
    }
    let sids: Vec<&str> = calls.iter().map(|call| call.sid.as_str()).collect();
    let mut logs: HashMap<String, Vec<LoggedEvent>> = HashMap::new();
    for (sid, event) in state.store.events_of_bad_calls(&sids).await? {
        logs.entry(sid).or_default().push(event);
    }
    Ok(logs)
}

/// Than the word for the status, and the sentence for the reason, that a row has anyway.
fn says_more(cause: &Cause, status: Status) -> bool {
    !matches!(
        (cause, status),
        (Cause::Refused(_) | Cause::CarrierFailed { sip: None }, _)
            | (Cause::Busy, Status::Busy)
            | (Cause::NoAnswer, Status::NoAnswer)
    )
}
