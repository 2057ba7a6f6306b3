//! What to ask Twilio about a call, when, and when to stop: decided from what is stored. No clock, no chance, nothing asked.

use crate::server::store::{Watch, Watched};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Connecting, and callbacks that are merely late.
const MARGIN: i64 = 30 * SECOND;
/// How often to ask about a call that lives. Its end is known that much later at most, should no callback tell.
const LIVING: i64 = MINUTE;
/// Twilio finishes a recording within seconds, a long one within a minute or two.
const RECORDING: i64 = MINUTE;
const LONGEST_PAUSE: i64 = HOUR;
const FIRST_FAILURE: i64 = 15 * SECOND;
const LONGEST_FAILURE: i64 = 10 * MINUTE;
/// A recording that Twilio does not list a day after the call was never made.
const NO_RECORDING: i64 = DAY;
/// Nor is a recording missed any more when Twilio could not be asked about it for so long; Fetch Recordings still finds it.
const WINDOW: i64 = 7 * DAY;
/// A call that Twilio has just taken may not be found yet.
const UNKNOWN: i64 = 10 * MINUTE;

/// What our own settings say of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// How long it rings, in milliseconds.
    pub ring: i64,
    /// How long a call lasts at most, in milliseconds.
    pub longest_call: i64,
    pub recorded: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// All that Twilio could tell is known.
    Done,
    /// Not before then.
    Wait(i64),
    Ask(Question),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// What became of its legs?
    Legs,
    /// Where are its recordings?
    Recordings,
}

/// What asking came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Twilio says that the call, or the making of its recording, goes on.
    GoesOn,
    /// What was missing is known now.
    Heard,
    /// Twilio lists no recording.
    NoRecording,
    /// Twilio knows no such call.
    Unknown,
    /// Twilio did not say, for this reason.
    Failed(String),
}

/// What follows from an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Its turn comes again at this time; `error` says why it was no success.
    At { at: i64, error: Option<String> },
    /// The call is over, since nobody knows of it any more; this is why.
    Lost(String),
    /// Nothing more is asked; this is why.
    GiveUp(String),
}

impl Rules {
    pub fn watch(&self, now: i64) -> Watch {
        Watch {
            after_start: self.ring + MARGIN,
            after_end: RECORDING,
            ended_since: now - WINDOW,
            recorded: self.recorded,
        }
    }
}

/// Is Twilio still to be asked how this call, which is over, really ended? It has once to answer.
fn is_unsure(call: &Watched) -> bool {
    call.unsure == 1 && call.ended_at.is_some() && call.asked <= call.failures
}

/// What to do about a watched call whose turn it is.
pub fn step(call: &Watched, rules: &Rules, now: i64) -> Step {
    let (due, question) = match call.ended_at {
        None => (call.started_at + rules.ring + MARGIN, Question::Legs),
        Some(ended_at) if is_unsure(call) => (ended_at + MARGIN, Question::Legs),
        Some(_) if !rules.recorded || call.answered_at.is_none() || call.recordings > 0 => {
            return Step::Done;
        }
        Some(ended_at) => (ended_at + RECORDING, Question::Recordings),
    };
    if now < due {
        Step::Wait(due)
    } else {
        Step::Ask(question)
    }
}

/// What follows. `luck`, from 0 to 1, keeps those that were asked together from coming back together.
pub fn next(call: &Watched, answer: Answer, rules: &Rules, luck: f64, now: i64) -> Next {
    let since_end = call.ended_at.map(|ended_at| now - ended_at);
    let missing = |error: &str| match since_end {
        Some(age) if age > NO_RECORDING => Next::GiveUp(error.to_owned()),
        _ => Next::At {
            // As long again as it has been missing.
            at: now + jittered(since_end.unwrap_or(0).clamp(RECORDING, LONGEST_PAUSE), luck),
            error: None,
        },
    };
    // What there is to do now follows from what is stored now.
    let again = Next::At {
        at: now,
        error: None,
    };
    match answer {
        Answer::Failed(error) if is_unsure(call) => failed(call, &error, luck, now),
        _ if is_unsure(call) => again,
        Answer::Heard if since_end.is_none() => again,
        Answer::Heard => missing("Twilio lists a recording that cannot be stored"),
        Answer::GoesOn if since_end.is_some() => missing("Twilio never finished this recording"),
        Answer::GoesOn => Next::At {
            at: now + jittered(LIVING, luck),
            error: None,
        },
        Answer::NoRecording => missing("Twilio has no recording of this call"),
        Answer::Unknown if now - call.started_at > UNKNOWN => {
            Next::Lost("Twilio knows no such call".to_owned())
        }
        Answer::Unknown => failed(call, "Twilio does not know this call yet", luck, now),
        Answer::Failed(error) => match since_end {
            None if now - call.started_at > rules.longest_call + DAY => Next::Lost(error),
            Some(age) if age > WINDOW => Next::GiveUp(error),
            _ => failed(call, &error, luck, now),
        },
    }
}

/// The next turn when this one fails: 15 s, 30 s, 1 min, … up to 10 min.
pub fn after_failure(failures: i64, luck: f64, now: i64) -> i64 {
    let doubled = FIRST_FAILURE.saturating_mul(1 << failures.clamp(0, 20));
    now + jittered(doubled.min(LONGEST_FAILURE), luck)
}

fn failed(call: &Watched, error: &str, luck: f64, now: i64) -> Next {
    Next::At {
        at: after_failure(call.failures, luck, now),
        error: Some(error.to_owned()),
    }
}

/// Between three quarters of it and all of it.
fn jittered(pause: i64, luck: f64) -> i64 {
    pause - (pause as f64 * 0.25 * luck.clamp(0.0, 1.0)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        ring: 30 * SECOND,
        longest_call: 4 * HOUR,
        recorded: true,
    };

    fn call() -> Watched {
        Watched {
            call_sid: "CA".to_owned(),
            asked: 0,
            failures: 0,
            started_at: 0,
            answered_at: None,
            ended_at: None,
            heard_at: 0,
            unsure: 0,
            recordings: 0,
        }
    }

    fn answered_and_over() -> Watched {
        Watched {
            answered_at: Some(10 * SECOND),
            ended_at: Some(MINUTE),
            ..call()
        }
    }

    #[test]
    fn a_call_that_may_still_ring_is_left_alone() {
        assert_eq!(step(&call(), &RULES, 59 * SECOND), Step::Wait(60 * SECOND));
        assert_eq!(step(&call(), &RULES, MINUTE), Step::Ask(Question::Legs));
    }

    #[test]
    fn only_an_answered_call_misses_its_recording() {
        let unanswered = Watched {
            ended_at: Some(MINUTE),
            ..call()
        };
        let recorded = Watched {
            recordings: 1,
            ..answered_and_over()
        };
        let unrecorded = Rules {
            recorded: false,
            ..RULES
        };
        assert_eq!(step(&unanswered, &RULES, HOUR), Step::Done);
        assert_eq!(step(&recorded, &RULES, HOUR), Step::Done);
        assert_eq!(step(&answered_and_over(), &unrecorded, HOUR), Step::Done);
        assert_eq!(
            step(&answered_and_over(), &RULES, HOUR),
            Step::Ask(Question::Recordings)
        );
        assert_eq!(
            step(&answered_and_over(), &RULES, 61 * SECOND),
            Step::Wait(2 * MINUTE)
        );
    }

    #[test]
    fn an_end_that_only_the_parent_told_of_is_asked_about_until_twilio_has_answered_once() {
        let unsure = Watched {
            unsure: 1,
            ended_at: Some(MINUTE),
            ..call()
        };
        let legs = Step::Ask(Question::Legs);
        assert_eq!(step(&unsure, &RULES, 2 * MINUTE), legs);
        let silent = Watched {
            asked: 2,
            failures: 2,
            ..unsure.clone()
        };
        assert_eq!(step(&silent, &RULES, HOUR), legs);
        let silence = Answer::Failed("no answer".to_owned());
        assert!(matches!(
            next(&silent, silence, &RULES, 0.0, HOUR),
            Next::At { error: Some(_), .. }
        ));
        let again = Next::At {
            at: HOUR,
            error: None,
        };
        for answer in [Answer::Heard, Answer::GoesOn, Answer::Unknown] {
            assert_eq!(next(&silent, answer, &RULES, 0.0, HOUR), again);
        }
        let answered = Watched {
            asked: 3,
            failures: 0,
            ..unsure
        };
        assert_eq!(step(&answered, &RULES, HOUR), Step::Done);
    }

    #[test]
    fn the_end_of_a_living_call_is_known_within_a_minute() {
        for luck in [0.0, 0.5, 1.0] {
            let Next::At { at, error: None } = next(&call(), Answer::GoesOn, &RULES, luck, HOUR)
            else {
                panic!("a call that lives is asked about again");
            };
            assert!((45 * SECOND..=MINUTE).contains(&(at - HOUR)), "{at}");
        }
    }

    #[test]
    fn silence_doubles_the_pause_up_to_ten_minutes() {
        let pauses: Vec<i64> = (0..8).map(|n| after_failure(n, 0.0, 0) / SECOND).collect();
        assert_eq!(pauses, [15, 30, 60, 120, 240, 480, 600, 600]);
        assert!(after_failure(i64::MAX, 1.0, 0) >= 450 * SECOND);
    }

    #[test]
    fn a_missing_recording_is_asked_for_ever_more_seldom_and_given_up_after_a_day() {
        let after = |age: i64| {
            next(
                &answered_and_over(),
                Answer::NoRecording,
                &RULES,
                0.0,
                MINUTE + age,
            )
        };
        let at = |at| Next::At { at, error: None };
        assert_eq!(after(MINUTE), at(3 * MINUTE));
        assert_eq!(after(8 * MINUTE), at(17 * MINUTE));
        assert_eq!(after(5 * HOUR), at(6 * HOUR + MINUTE));
        assert!(matches!(after(DAY + 1), Next::GiveUp(_)));
    }

    #[test]
    fn a_call_that_nobody_knows_is_closed_but_not_at_once() {
        let after = |answer, age| next(&call(), answer, &RULES, 0.0, age);
        let silence = || Answer::Failed("no answer".to_owned());
        assert!(matches!(
            after(Answer::Unknown, 9 * MINUTE),
            Next::At { error: Some(_), .. }
        ));
        assert!(matches!(after(Answer::Unknown, 11 * MINUTE), Next::Lost(_)));
        assert!(matches!(
            after(silence(), 27 * HOUR),
            Next::At { error: Some(_), .. }
        ));
        assert!(matches!(after(silence(), 29 * HOUR), Next::Lost(_)));
    }
}
