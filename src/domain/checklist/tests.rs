use super::*;
use crate::domain::call::{End, LegEvidence, Status};

fn call(number: u32) -> TestCall {
    TestCall {
        sid: CallSid::parse(&format!("CA{number:032}")).expect("a SID"),
        to: "+966569705616".to_owned(),
        started_at: i64::from(number),
        over: false,
        talked_secs: 0,
        evidence: Evidence::default(),
        sound: None,
        recording_reported: false,
        recording_heard: false,
    }
}

/// The customer's leg, rung, and ended so.
fn rung(end: Option<Status>) -> Evidence {
    Evidence {
        child: LegEvidence {
            ringing: true,
            end: End {
                status: end,
                ..End::default()
            },
            ..LegEvidence::default()
        },
        ..Evidence::default()
    }
}

/// A call in which everything went well.
fn good(number: u32) -> TestCall {
    TestCall {
        over: true,
        talked_secs: 7,
        evidence: rung(Some(Status::Completed)),
        sound: Some(Sound::BothWays),
        recording_reported: true,
        recording_heard: true,
        ..call(number)
    }
}

fn judge(calls: impl IntoIterator<Item = TestCall>) -> Checklist {
    Seen {
        app_urls: true,
        records: true,
        calls: calls.into_iter().collect(),
    }
    .judge()
}

fn standing(checklist: &Checklist, step: Step) -> Standing {
    let row = checklist.rows.iter().find(|(known, _)| *known == step);
    row.expect("every step has a row").1
}

#[test]
fn without_any_call_everything_but_the_app_waits() {
    let checklist = judge([]);
    assert_eq!(standing(&checklist, Step::AppUrls), Standing::Done);
    assert_eq!(checklist.done(), 1);
    assert!(!checklist.is_complete());
}

#[test]
fn each_row_needs_its_own_evidence() {
    type Spoil = fn(&mut TestCall);
    let spoilt: [(Step, Spoil); 6] = [
        (Step::Rings, |call| call.evidence.child.ringing = false),
        (Step::Sound, |call| {
            (call.sound, call.talked_secs) = (None, 0)
        }),
        (Step::StatusCallbacks, |call| {
            call.evidence.child.end.status = None
        }),
        (Step::RecordingCallback, |call| {
            call.recording_reported = false
        }),
        (Step::History, |call| call.over = false),
        (Step::Playback, |call| call.recording_heard = false),
    ];
    for (step, spoil) in spoilt {
        let mut call = good(1);
        spoil(&mut call);
        let checklist = judge([call]);
        assert_eq!(standing(&checklist, step), Standing::Waiting, "{step:?}");
        assert_eq!(checklist.done(), 6, "{step:?}");
        assert!(!checklist.is_complete(), "{step:?}");
    }
    assert!(judge([good(1)]).is_complete());
    let app_elsewhere = Seen {
        app_urls: false,
        records: true,
        calls: vec![good(1)],
    };
    assert!(!app_elsewhere.judge().is_complete());
}

#[test]
fn half_of_one_call_and_half_of_another_are_no_whole_one() {
    let rings_only = TestCall {
        evidence: rung(None),
        ..call(1)
    };
    let heard_only = TestCall {
        recording_reported: true,
        recording_heard: true,
        ..call(2)
    };
    let checklist = judge([heard_only, rings_only]);
    assert_eq!(standing(&checklist, Step::Rings), Standing::Waiting);
    assert_eq!(standing(&checklist, Step::Playback), Standing::Done);
}

#[test]
fn the_call_that_shows_most_is_judged_and_the_newest_of_equals() {
    let ringing = TestCall {
        evidence: rung(None),
        ..call(9)
    };
    let judged = |calls: [TestCall; 2]| judge(calls).call.map(|call| call.started_at);
    assert_eq!(judged([ringing, good(3)]), Some(3));
    assert_eq!(judged([good(4), good(3)]), Some(4));
}

#[test]
fn a_recording_that_one_side_is_missing_from_says_which() {
    let (loud, noise) = (vec![0, 180, 20], vec![0, 2, 1]);
    for (channels, agent_channel, sound) in [
        ([&loud, &loud], 1, Sound::BothWays),
        ([&loud, &noise], 1, Sound::Missing(Party::Customer)),
        ([&loud, &noise], 2, Sound::Missing(Party::Agent)),
        ([&noise, &loud], 1, Sound::Missing(Party::Agent)),
        ([&noise, &noise], 1, Sound::Missing(Party::Both)),
    ] {
        let channels = channels.map(Vec::clone);
        assert_eq!(Sound::heard(&channels, agent_channel), Some(sound));
    }
    assert_eq!(Sound::heard(&[loud], 1), None);
    let silent = TestCall {
        sound: Some(Sound::Missing(Party::Customer)),
        ..good(1)
    };
    let checklist = judge([silent]);
    assert_eq!(
        standing(&checklist, Step::Sound),
        Standing::Silent(Party::Customer)
    );
    assert!(!checklist.is_complete());
}

#[test]
fn until_the_recording_is_here_talking_is_evidence_of_sound() {
    let talked = TestCall {
        sound: None,
        ..good(1)
    };
    assert_eq!(standing(&judge([talked]), Step::Sound), Standing::Done);
}

#[test]
fn where_nothing_is_recorded_the_test_ends_without_a_recording() {
    let unrecorded = TestCall {
        sound: None,
        recording_reported: false,
        recording_heard: false,
        ..good(1)
    };
    let checklist = Seen {
        app_urls: true,
        records: false,
        calls: vec![unrecorded],
    }
    .judge();
    assert_eq!(standing(&checklist, Step::RecordingCallback), Standing::Off);
    assert_eq!(checklist.done(), 5);
    assert!(checklist.is_complete());
}
