//! What was turned away at the door, and what would mend it: kept for `/setup`, counted for `/metrics`. Senders choose what they send,
//! so only the latest few dozen are kept, each cut short, escaped, and repeated ones as one.

use super::twilio::signature::{Difference, Refusal, Variant};
use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many different ones are kept.
const MOST: usize = 48;
/// Of what a sender wrote, so many characters.
const LONGEST: usize = 160;
/// Looking for the address that a signature is right for costs some milliseconds: so many a second at most.
const EXAMINED_PER_SECOND: u32 = 5;

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    NoToken,
    Missing,
    Malformed,
    Wrong,
    OtherBody,
    OtherAccount,
    /// A page of another origin.
    Origin,
}

impl Reason {
    pub const ALL: [Reason; 7] = [
        Reason::NoToken,
        Reason::Missing,
        Reason::Malformed,
        Reason::Wrong,
        Reason::OtherBody,
        Reason::OtherAccount,
        Reason::Origin,
    ];

    /// As the label of the metric has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Reason::NoToken => "no_token",
            Reason::Missing => "missing",
            Reason::Malformed => "malformed",
            Reason::Wrong => "wrong",
            Reason::OtherBody => "other_body",
            Reason::OtherAccount => "other_account",
            Reason::Origin => "origin",
        }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoToken => Reason::NoToken,
            Refusal::Missing => Reason::Missing,
            Refusal::Malformed => Reason::Malformed,
            Refusal::Wrong => Reason::Wrong,
            Refusal::OtherBody => Reason::OtherBody,
        }
    }
}

/// One kind of refused request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    pub reason: Reason,
    /// The path, or the origin; escaped.
    pub place: String,
    /// The address that the signature is right for, and how it differs from ours.
    pub signed: Option<Variant>,
    /// Milliseconds since 1970.
    pub first_at: i64,
    pub last_at: i64,
    pub count: u64,
}

/// What was refused since the server started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    pub counts: Vec<(Reason, u64)>,
    /// The latest first.
    pub latest: Vec<Refused>,
}

/// A handle on them; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Refusals(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    counts: [u64; Reason::ALL.len()],
    /// The one heard of last at the end.
    latest: VecDeque<Refused>,
    calls: VecDeque<RefusedCall>,
    second: i64,
    examined: u32,
}

/// A request that asked what to do with a call of this caller's.
#[derive(Debug)]
struct RefusedCall {
    at: i64,
    from: String,
    signed: Option<String>,
}

impl Refusals {
    /// `place` is a path of Twilio's routes or an origin, as it came.
    pub fn note(&self, reason: Reason, place: &str, signed: Option<Variant>, now: i64) {
        metrics::counter!("almasar_refused_requests_total", "reason" => reason.as_str())
            .increment(1);
        let place = escaped(place);
        let mut kept = self.kept();
        kept.counts[reason as usize] += 1;
        let is_same =
            |one: &Refused| one.reason == reason && one.place == place && one.signed == signed;
        let known = kept.latest.iter().position(is_same);
        let mut refused = known
            .and_then(|place| kept.latest.remove(place))
            .unwrap_or(Refused {
                reason,
                place,
                signed,
                first_at: now,
                last_at: now,
                count: 0,
            });
        refused.last_at = refused.last_at.max(now);
        refused.count += 1;
        push(&mut kept.latest, refused);
    }

    /// A refused request that, by its own word, was about a call of `from` (`client:IDENTITY`).
    pub fn note_call(&self, from: &str, signed: Option<&Variant>, now: i64) {
        let call = RefusedCall {
            at: now,
            from: from.chars().take(LONGEST).collect(),
            signed: signed.map(|variant| variant.url.clone()),
        };
        push(&mut self.kept().calls, call);
    }

    /// The latest refused request about a call of `from` since then: the address that it was signed for, where that could be told.
    pub fn call_of(&self, from: &str, since: i64) -> Option<Option<String>> {
        let kept = self.kept();
        let mut calls = kept.calls.iter().rev();
        calls
            .find(|call| call.from == from && call.at >= since)
            .map(|call| call.signed.clone())
    }

    /// May a signature be examined now? Counts as one that is.
    pub fn may_examine(&self, now: i64) -> bool {
        let (mut kept, second) = (self.kept(), now.div_euclid(1000));
        if kept.second != second {
            kept.second = second;
            kept.examined = 0;
        }
        kept.examined += 1;
        kept.examined <= EXAMINED_PER_SECOND
    }

    pub fn summary(&self) -> Summary {
        let kept = self.kept();
        Summary {
            counts: Reason::ALL
                .into_iter()
                .map(|reason| (reason, kept.counts[reason as usize]))
                .collect(),
            latest: kept.latest.iter().rev().cloned().collect(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refused {
    /// The one difference, where there is one.
    pub fn difference(&self) -> Option<Difference> {
        match self.signed.as_ref()?.differs.as_slice() {
            [one] => Some(*one),
            _ => None,
        }
    }
}

fn push<T>(list: &mut VecDeque<T>, one: T) {
    if list.len() == MOST {
        list.pop_front();
    }
    list.push_back(one);
}

fn escaped(text: &str) -> String {
    text.escape_debug().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_refusal_again_is_counted_and_not_kept_twice() {
        let refusals = Refusals::default();
        for now in 1..=3 {
            refusals.note(Reason::Missing, "/a", None, now);
        }
        refusals.note(Reason::Origin, "https://evil.example", None, 4);
        let summary = refusals.summary();
        let shown: Vec<_> = summary
            .latest
            .iter()
            .map(|one| (one.reason, one.count, one.first_at, one.last_at))
            .collect();
        assert_eq!(
            shown,
            [(Reason::Origin, 1, 4, 4), (Reason::Missing, 3, 1, 3)]
        );
        let counts = summary.counts.iter().filter(|(_, count)| *count > 0);
        assert_eq!(
            counts.copied().collect::<Vec<_>>(),
            [(Reason::Missing, 3), (Reason::Origin, 1)]
        );
    }

    #[test]
    fn what_senders_choose_takes_bounded_room_and_is_escaped() {
        let refusals = Refusals::default();
        for n in 0..10_000 {
            let origin = format!("https://{n}.example/\n\u{202e}{}", "x".repeat(5_000));
            refusals.note(Reason::Origin, &origin, None, n);
            refusals.note_call(&"y".repeat(5_000), None, n);
        }
        let summary = refusals.summary();
        assert_eq!(summary.latest.len(), MOST);
        assert!(summary.latest[0].place.starts_with("https://9999.example"));
        for one in &summary.latest {
            assert!(one.place.chars().count() <= LONGEST);
            assert!(!one.place.contains(['\n', '\u{202e}']), "{}", one.place);
        }
        let kept = refusals.kept();
        assert!(
            kept.calls.len() == MOST && kept.calls.iter().all(|call| call.from.len() <= LONGEST)
        );
    }

    #[test]
    fn a_callers_refused_request_is_found_while_it_is_new() {
        let refusals = Refusals::default();
        let signed = Variant {
            url: "http://a.example/x".into(),
            differs: vec![Difference::Scheme],
        };
        refusals.note_call("client:user_1", Some(&signed), 1_000);
        refusals.note_call("client:user_2", None, 1_000);
        let found = |from, since| refusals.call_of(from, since);
        assert_eq!(
            found("client:user_1", 900),
            Some(Some("http://a.example/x".into()))
        );
        assert_eq!(found("client:user_2", 1_000), Some(None));
        assert_eq!(found("client:user_1", 1_001), None);
        assert_eq!(found("client:user_3", 0), None);
    }

    #[test]
    fn only_a_few_signatures_a_second_are_examined() {
        let refusals = Refusals::default();
        let examined = |now| (0..50).filter(|_| refusals.may_examine(now)).count();
        assert_eq!(examined(1_000), EXAMINED_PER_SECOND as usize);
        assert_eq!(examined(1_999), 0);
        assert_eq!(examined(2_000), EXAMINED_PER_SECOND as usize);
    }
}
