//! What the server sends: the rows, readable and usable before any script has come.

use super::{CallList, Manner, rows};
use crate::{
    components::when::Zone,
    domain::{
        call::{Direction, Status},
        recording::RecordingStatus,
        sid::CallSid,
        view::{AgentView, CallView, Reason, RecordingView},
    },
    i18n::*,
};
use leptos::prelude::*;

fn call(status: Status, recording: Option<RecordingStatus>) -> CallView {
    CallView {
        sid: CallSid::parse(&format!("CA{:032x}", 7)).expect("is a SID"),
        direction: Direction::Outbound,
        agent: Some(AgentView {
            id: "1".into(),
            name: "سارة <b>".into(),
        }),
        from: "client:user_1".into(),
        to: "+966569705616".into(),
        status,
        started_at: "2020-01-05T22:30:00.000Z".into(),
        answered_at: None,
        ended_at: None,
        duration_secs: Some(151),
        child_sid: None,
        recording: recording.map(|status| RecordingView {
            sid: None,
            status,
            duration_secs: Some(151),
            channels: Some(2),
            agent_channel: 1,
        }),
        reason: (status == Status::Failed).then_some(Reason::CountryNotAllowed),
        replaces: None,
        cause: None,
    }
}

fn manner(locale: Locale) -> Manner {
    Manner {
        locale,
        zone: Zone::new("Asia/Riyadh"),
        with_agent: true,
        recorded: true,
        heading_level: 2,
    }
}

fn html(locale: Locale, calls: Option<Vec<CallView>>) -> String {
    let manner = manner(locale);
    let owner = Owner::new();
    owner.with(|| view! { <CallList manner calls change=None newest=true /> }.to_html())
}

/// Whether what stands there `when` the list is so is shown.
fn shows(html: &str, when: &str) -> bool {
    let tag = html
        .split('<')
        .find(|tag| tag.contains(&format!("data-when=\"{when}\"")))
        .expect("is in the list");
    !tag.contains("hidden")
}

#[test]
fn a_row_says_its_outcome_number_time_and_length() {
    let html = html(
        Locale::ar,
        Some(vec![call(
            Status::Completed,
            Some(RecordingStatus::Completed),
        )]),
    );
    for expected in [
        "data-testid=\"call-row\"",
        "data-status=\"completed\"",
        "+966 56 970 5616",
        "اكتملت",
        "2:31",
        "01:30",
        "الاثنين، 6 يناير 2020",
        "data-testid=\"call-play\"",
        "href=\"/mobile-call?to=%2B966569705616\"",
        "سارة &lt;b&gt;",
        "<noscript><audio controls",
    ] {
        assert!(html.contains(expected), "{expected} in {html}");
    }
}

#[test]
fn a_recording_that_cannot_be_played_is_spoken_of_and_has_no_player() {
    for (recording, words) in [
        (Some(RecordingStatus::Processing), "recording on its way"),
        (Some(RecordingStatus::Absent), "no recording"),
        (Some(RecordingStatus::Failed), "recording failed"),
        (Some(RecordingStatus::Deleted), "recording deleted"),
        (None, "recording not here yet"),
    ] {
        let html = html(Locale::en, Some(vec![call(Status::Completed, recording)]));
        assert!(html.contains(words), "{words} in {html}");
        assert!(!html.contains("call-play") && !html.contains("<noscript"));
    }
}

#[test]
fn a_refused_call_says_why() {
    let html = html(Locale::en, Some(vec![call(Status::Failed, None)]));
    assert!(
        html.contains("Calls to this country are not allowed."),
        "{html}"
    );
}

#[test]
fn nothing_to_show_is_a_sentence_and_nothing_to_be_had_offers_again() {
    let empty = html(Locale::ar, Some(vec![]));
    assert!(empty.contains("لا مكالمات بعد."));
    assert!(shows(&empty, "empty") && !shows(&empty, "failed") && !shows(&empty, "loading"));
    let failed = html(Locale::en, None);
    assert!(failed.contains("role=\"alert\"") && failed.contains("Try again"));
    assert!(shows(&failed, "failed") && !shows(&failed, "empty") && !shows(&failed, "loading"));
    let some = html(Locale::en, Some(vec![call(Status::Busy, None)]));
    assert!(!shows(&some, "failed") && !shows(&some, "empty") && !shows(&some, "loading"));
}

#[test]
fn rows_stand_under_their_days_newest_first() {
    let at = |started_at: &str| CallView {
        started_at: started_at.into(),
        ..call(Status::Completed, None)
    };
    let rows = rows(
        manner(Locale::en),
        vec![
            at("2020-01-06T22:30:00.000Z"),
            at("2020-01-06T09:00:00.000Z"),
            at("2020-01-05T22:30:00.000Z"),
        ],
    );
    let marks: Vec<&str> = rows
        .split('"')
        .filter(|text| text.starts_with("2020-01-0"))
        .collect();
    assert_eq!(
        marks,
        [
            "2020-01-07",
            "2020-01-06T22:30:00.000Z",
            "2020-01-06T22:30:00.000Z",
            "2020-01-06",
            "2020-01-06T09:00:00.000Z",
            "2020-01-06T09:00:00.000Z",
            "2020-01-05T22:30:00.000Z",
            "2020-01-05T22:30:00.000Z",
        ]
    );
}
