//! A browser's attempt to call, and the call that Twilio names: one call, shown once.
//!
//! The page names its attempts. Where Twilio asks us for TwiML it hands that name on, and nothing has to be guessed. Where it never asks (a TwiML
//! App that points elsewhere), there is only the page's report of a call without a SID, and Twilio's callback about a call that nobody
//! placed: they are one if they are the same agent's and of the same time, and if nothing else could be meant.

use super::{Call, Origin};
use crate::domain::phone::PhoneNumber;

/// How far two clocks and a delivery may put them apart. Twilio tells the time in whole seconds.
pub const NEAR_MS: i64 = 2_000;
/// How much nearer than any other it must be. In doubt nothing is joined: a call too many is the smaller lie.
const CLEARLY_MS: i64 = 1_000;
/// No attempt that ends badly is taken to have lasted longer.
pub const LONGEST_MS: i64 = 10 * 60 * 1000;

impl Call {
    /// Is this only what a browser reported, under the SID that stands for its attempt?
    pub fn is_attempt(&self) -> bool {
        self.evidence.attempt.as_ref() == Some(&self.sid)
    }

    /// Is this a call from a page of which nobody has said yet which attempt it is?
    pub fn is_unnamed(&self) -> bool {
        let origin = self.evidence.origin.as_ref().map(|origin| origin.value);
        origin == Some(Origin::Page) && self.evidence.attempt.is_none()
    }

    /// From when to when it may have lasted, as far as is known; milliseconds since 1970.
    fn span(&self) -> (i64, i64) {
        let ended = self.outcome().ended_at.unwrap_or(i64::MAX);
        (self.evidence.started_at(), ended)
    }
}

/// The one of these that is surely the same call as this one: of a reported attempt the call that Twilio named, and the other way about.
pub fn same<'a>(this: &Call, others: impl IntoIterator<Item = &'a Call>) -> Option<&'a Call> {
    let mut near: Vec<(i64, &Call)> = others
        .into_iter()
        .filter_map(|other| Some((gap(this, other)?, other)))
        .filter(|(gap, _)| *gap <= NEAR_MS)
        .collect();
    near.sort_by_key(|(gap, _)| *gap);
    match near.as_slice() {
        [(_, only)] => Some(only),
        [(first, nearest), (second, _), ..] if second - first >= CLEARLY_MS => Some(nearest),
        _ => None,
    }
}

/// How long lies between them; `None` where they cannot be the same.
fn gap(this: &Call, other: &Call) -> Option<i64> {
    let (attempt, call) = match (this.is_attempt(), other.is_attempt()) {
        (true, false) => (this, other),
        (false, true) => (other, this),
        _ => return None,
    };
    let agent = |call: &Call| {
        call.evidence
            .agent
            .as_ref()
            .map(|agent| agent.value.clone())
    };
    let to = |call: &Call| call.evidence.to.as_ref().map(|to| to.value.clone());
    // Twilio's callbacks name no number where it was never told one.
    let named = to(call).filter(|to| PhoneNumber::parse_e164(to).is_ok());
    let same_number = named.is_none() || named == to(attempt);
    if !call.is_unnamed() || agent(call).is_none() || agent(call) != agent(attempt) || !same_number
    {
        return None;
    }
    let ((a_from, a_to), (c_from, c_to)) = (attempt.span(), call.span());
    Some(
        (c_from.saturating_sub(a_to))
            .max(a_from.saturating_sub(c_to))
            .max(0),
    )
}
