//! A Twilio that is slow, down, or not Twilio: one clear word, in good time.

use super::{World, account::Mood, everything_said, names_only};
use almasar::server::doctor::{Check, Limits, Status};
use std::time::{Duration, Instant};

const SHORT: Limits = Limits {
    answer: Duration::from_secs(1),
    whole: Duration::from_secs(4),
};

#[tokio::test]
async fn a_twilio_that_does_not_answer_as_it_should_is_the_one_fault() {
    for (name, mood, found) in [
        ("slow", Mood::Hangs, "twilio-slow"),
        (
            "busy",
            Mood::Answers(429, "Too Many Requests"),
            "twilio-too-many-requests",
        ),
        (
            "broken",
            Mood::Answers(503, "<html>unavailable"),
            "twilio-failing",
        ),
        (
            "a page",
            Mood::Answers(200, "<html>Sign in to the network"),
            "twilio-not-twilio",
        ),
        (
            "another page",
            Mood::Answers(404, "<html>not here"),
            "twilio-not-twilio",
        ),
    ] {
        let world = World::healthy().await;
        world.account.twilio().mood = mood;
        let begun = Instant::now();
        let reports = world.examined_within(SHORT).await;
        assert!(
            begun.elapsed() < Duration::from_secs(12),
            "{name}: {:?}",
            begun.elapsed()
        );
        names_only(name, &reports, Status::Problem, "twilio", found);
        let waiting = |check: Check| {
            let report = reports.iter().find(|report| report.check == check);
            report.and_then(|report| report.waits_for())
        };
        for check in [
            Check::Account,
            Check::TwimlApp,
            Check::CallerId,
            Check::Countries,
            Check::Alerts,
        ] {
            assert_eq!(waiting(check), Some(Check::Twilio), "{name}");
        }
    }
}

#[tokio::test]
async fn a_twilio_that_is_not_there_is_the_one_fault() {
    let world = World::with(|w| w.set("TWILIO_API_BASE_URL", "http://127.0.0.1:9")).await;
    let reports = world.examined().await;
    names_only(
        "down",
        &reports,
        Status::Problem,
        "twilio",
        "twilio-unreachable",
    );
}

#[tokio::test]
async fn one_question_without_an_answer_does_not_hold_up_the_others() {
    let world = World::healthy().await;
    world.account.twilio().silent = Some("/Applications/");
    let begun = Instant::now();
    let reports = world.examined_within(SHORT).await;
    assert!(
        begun.elapsed() < Duration::from_secs(12),
        "{:?}",
        begun.elapsed()
    );
    names_only(
        "silent",
        &reports,
        Status::Problem,
        "twiml-app",
        "no-answer",
    );
    let ok = reports
        .iter()
        .filter(|report| report.status() == Status::Ok)
        .count();
    assert_eq!(ok, Check::ALL.len() - 1, "{}", everything_said(&reports));
}

#[test]
fn the_usual_limits_end_within_fifteen_seconds() {
    let usual = Limits::default();
    // The database may take half an answer's time to open before the examination begins.
    assert!(usual.whole <= Duration::from_secs(12));
    assert!(usual.whole + usual.answer / 2 <= Duration::from_secs(15));
}
