//! The cause for every kind of evidence, as a table; and what no evidence may ever come to.

use super::{
    cause::{Cause, cause, is_worth_asking},
    findings::{App, Browser, Findings, GaveUp},
    sdk::{SdkFault, TABLE},
    words,
};
use crate::{
    domain::{call::Status, view::Reason},
    i18n::Locale,
};
use proptest::prelude::*;

const OURS: &str = "https://calls.example.com/api/calls/twiml/outbound";
const THEIRS: &str = "https://old.example.com/voice";

/// A call from the page for which Twilio never asked; a browser saw it end, its phone registered still.
fn unheard() -> Findings {
    Findings {
        status: Status::Failed,
        reason: None,
        from_page: true,
        asked: false,
        child_seen: false,
        sip: None,
        hung_up: false,
        browser: Some(Browser {
            registered: true,
            ..Browser::default()
        }),
        app: App::Unknown,
        ours: OURS.to_owned(),
        alerts: Vec::new(),
        twilio_status: None,
        refused: None,
        inquired: false,
    }
}

/// A call that we answered with TwiML that dials, and that came to this.
fn dialled(status: Status) -> Findings {
    Findings {
        status,
        asked: true,
        browser: None,
        ..unheard()
    }
}

fn browser(code: u32) -> Option<Browser> {
    Some(Browser {
        code: Some(code),
        registered: true,
        ..Browser::default()
    })
}

fn sdk(code: u32, fault: SdkFault) -> Option<Cause> {
    Some(Cause::Sdk { code, fault })
}

#[test]
fn no_twiml_request_means_that_twilio_never_reached_us_and_the_app_says_why() {
    let theirs = THEIRS.to_owned();
    let ours = OURS.to_owned();
    for code in [None, Some(31005), Some(31404), Some(31000), Some(31002)] {
        for (app, expected) in [
            (
                App::Elsewhere {
                    theirs: theirs.clone(),
                },
                Cause::AppElsewhere {
                    theirs: theirs.clone(),
                    ours: ours.clone(),
                },
            ),
            (App::Empty, Cause::AppEmpty { ours: ours.clone() }),
            (App::Missing, Cause::AppMissing),
            (App::Get, Cause::AppAsksByGet),
        ] {
            let found = Findings {
                app,
                browser: Some(Browser {
                    code,
                    registered: true,
                    ..Browser::default()
                }),
                ..unheard()
            };
            assert_eq!(cause(&found), Some(expected), "{code:?}");
            assert!(!is_worth_asking(&found));
        }
    }
}

#[test]
fn before_twilio_has_said_how_the_app_stands_nothing_precise_is_claimed() {
    assert_eq!(cause(&unheard()), Some(Cause::NeverReached));
    assert!(is_worth_asking(&unheard()));
    // The gateway's word for a call that it cut.
    let cut = Findings {
        browser: browser(31005),
        ..unheard()
    };
    assert_eq!(cause(&cut), Some(Cause::NeverReached));
    // Twilio's own callback alone, with no browser to tell.
    let silent = Findings {
        browser: None,
        ..unheard()
    };
    assert_eq!(cause(&silent), Some(Cause::NeverReached));
}

#[test]
fn an_app_that_leads_here_means_that_twilio_could_not_get_here() {
    let here = Findings {
        app: App::Ours,
        ..unheard()
    };
    let ours = OURS.to_owned();
    assert_eq!(
        cause(&here),
        Some(Cause::OutOfReach {
            alert: None,
            ours: ours.clone()
        })
    );
    let alerted = Findings {
        alerts: vec![11205],
        ..unheard()
    };
    assert_eq!(
        cause(&alerted),
        Some(Cause::OutOfReach {
            alert: Some(11205),
            ours
        })
    );
}

#[test]
fn what_stops_a_call_before_twilio_would_ask_is_named_whatever_the_app() {
    for (code, fault) in [
        (31401, SdkFault::MicrophoneDenied),
        (31402, SdkFault::MicrophoneFailed),
        (20101, SdkFault::TokenInvalid),
        (31202, SdkFault::SecretWrong),
        (20104, SdkFault::TokenExpired),
        (31105, SdkFault::IdentityInvalid),
    ] {
        for app in [
            App::Unknown,
            App::Ours,
            App::Elsewhere {
                theirs: THEIRS.to_owned(),
            },
        ] {
            let found = Findings {
                browser: browser(code),
                app,
                ..unheard()
            };
            assert_eq!(cause(&found), sdk(code, fault));
            assert!(!is_worth_asking(&found));
        }
    }
}

#[test]
fn a_microphone_that_the_browser_denies_is_called_denied() {
    let found = Findings {
        browser: Some(Browser {
            code: Some(31402),
            microphone_denied: true,
            ..Browser::default()
        }),
        ..unheard()
    };
    assert_eq!(cause(&found), sdk(31402, SdkFault::MicrophoneDenied));
}

#[test]
fn a_request_that_was_refused_outweighs_the_app() {
    let signed = Some("http://calls.example.com/api/calls/twiml/outbound".to_owned());
    for signed in [None, signed] {
        for app in [App::Unknown, App::Ours, App::Empty] {
            let found = Findings {
                refused: Some(signed.clone()),
                app,
                ..unheard()
            };
            let expected = Cause::SignatureRefused {
                signed: signed.clone(),
                ours: OURS.to_owned(),
            };
            assert_eq!(cause(&found), Some(expected));
        }
    }
}

#[test]
fn what_the_page_gave_up_on_is_said() {
    let gave_up = |what| Findings {
        browser: Some(Browser {
            gave_up: Some(what),
            ..Browser::default()
        }),
        ..unheard()
    };
    assert_eq!(
        cause(&gave_up(GaveUp::Connecting)),
        Some(Cause::ConnectTimeout)
    );
    assert_eq!(
        cause(&gave_up(GaveUp::Signalling)),
        Some(Cause::SignallingLost)
    );
    let elsewhere = Findings {
        app: App::Empty,
        ..gave_up(GaveUp::Signalling)
    };
    assert_eq!(
        cause(&elsewhere),
        Some(Cause::AppEmpty {
            ours: OURS.to_owned()
        })
    );
}

#[test]
fn a_lost_socket_costs_the_registration_and_is_told_from_a_cut_call() {
    let lost = Findings {
        browser: Some(Browser {
            code: Some(31005),
            registered: false,
            ..Browser::default()
        }),
        ..unheard()
    };
    assert_eq!(cause(&lost), sdk(31005, SdkFault::ConnectionLost));
}

#[test]
fn our_refusal_is_the_cause_whatever_else_is_known() {
    for reason in [
        Reason::NumberInvalid,
        Reason::ServerBusy,
        Reason::AgentNoAnswer,
    ] {
        let found = Findings {
            reason: Some(reason),
            browser: browser(31005),
            alerts: vec![12100],
            ..dialled(Status::Failed)
        };
        assert_eq!(cause(&found), Some(Cause::Refused(reason)));
    }
}

#[test]
fn a_failed_call_is_explained_by_twilios_alert_then_by_sip_then_by_nobody() {
    for (alerts, sip, expected) in [
        (vec![13227], Some(403), Cause::CountryBlocked),
        (vec![15003, 21215], None, Cause::CountryBlocked),
        (vec![13224], Some(404), Cause::NumberRejected),
        (vec![13214], None, Cause::CallerIdRejected),
        (vec![12100], None, Cause::AnswerUnusable { alert: 12100 }),
        (vec![11200], None, Cause::AnswerUnusable { alert: 11200 }),
        (vec![99999], Some(404), Cause::NumberUnknown),
        (vec![], Some(484), Cause::NumberUnknown),
        (vec![], Some(486), Cause::Busy),
        (vec![], Some(480), Cause::NoAnswer),
        (vec![], Some(503), Cause::CarrierFailed { sip: Some(503) }),
        (vec![], None, Cause::CarrierFailed { sip: None }),
    ] {
        let found = Findings {
            child_seen: true,
            alerts: alerts.clone(),
            sip,
            ..dialled(Status::Failed)
        };
        assert_eq!(cause(&found), Some(expected), "{alerts:?} {sip:?}");
    }
    let nobody = dialled(Status::Failed);
    assert_eq!(cause(&nobody), Some(Cause::Unknown));
    assert!(is_worth_asking(&nobody));
    let by_twilio = Findings {
        twilio_status: Some(Status::Busy),
        ..nobody
    };
    assert_eq!(cause(&by_twilio), Some(Cause::Busy));
}

#[test]
fn the_customers_doing_is_not_blamed_on_the_browser() {
    for (status, expected) in [
        (Status::Busy, Cause::Busy),
        (Status::NoAnswer, Cause::NoAnswer),
    ] {
        let found = Findings {
            browser: browser(31486),
            child_seen: true,
            ..dialled(status)
        };
        assert_eq!(cause(&found), Some(expected));
    }
}

#[test]
fn a_talk_that_was_cut_off_says_so_though_twilio_calls_it_completed() {
    let found = Findings {
        browser: browser(53405),
        child_seen: true,
        ..dialled(Status::Completed)
    };
    assert_eq!(cause(&found), sdk(53405, SdkFault::SoundLost));
    let ice = Findings {
        browser: Some(Browser {
            code: Some(31005),
            ice_failed: true,
            ..Browser::default()
        }),
        ..found.clone()
    };
    assert_eq!(cause(&ice), sdk(31005, SdkFault::SoundLost));
    let harmless = Findings {
        browser: browser(31486),
        ..found
    };
    assert_eq!(cause(&harmless), None);
}

#[test]
fn what_ended_well_or_by_the_agents_hand_or_not_at_all_needs_no_cause() {
    assert_eq!(cause(&dialled(Status::Completed)), None);
    assert_eq!(cause(&dialled(Status::Canceled)), None);
    let hung_up = Findings {
        hung_up: true,
        ..dialled(Status::Canceled)
    };
    assert_eq!(cause(&hung_up), None);
    for status in [Status::Initiated, Status::Ringing, Status::InProgress] {
        assert_eq!(cause(&dialled(status)), None);
    }
}

#[test]
fn every_error_of_the_sdk_has_a_title_and_a_remedy_in_both_languages() {
    for (code, fault) in TABLE {
        let cause = Cause::Sdk { code, fault };
        let [arabic, english] =
            [Locale::ar, Locale::en].map(|locale| words::view(locale, &cause, true));
        assert_eq!(english.id, format!("sdk_{code}"));
        for (view, locale) in [(&arabic, "ar"), (&english, "en")] {
            assert!(
                view.title.ends_with('.') && view.remedy.ends_with('.'),
                "{code} {locale}: {view:?}"
            );
        }
        assert_ne!(arabic.title, english.title);
        assert!(
            !english.title.contains("{{") && english.title.is_ascii(),
            "{code}"
        );
    }
}

#[test]
fn both_addresses_stand_side_by_side_and_the_link_is_for_those_who_may() {
    let cause = Cause::AppElsewhere {
        theirs: THEIRS.to_owned(),
        ours: OURS.to_owned(),
    };
    for (locale, title) in [
        (
            Locale::ar,
            "لم تصل Twilio إلى هذا الخادم: تطبيق TwiML يشير إلى عنوان آخر.",
        ),
        (
            Locale::en,
            "Twilio never reached this server: the TwiML App points elsewhere.",
        ),
    ] {
        let view = words::view(locale, &cause, true);
        assert_eq!(
            (view.title.as_str(), view.link.as_deref()),
            (title, Some("/setup"))
        );
        assert!(
            view.remedy.contains(THEIRS) && view.remedy.contains(OURS),
            "{view:?}"
        );
        assert_eq!(words::view(locale, &cause, false).link, None);
    }
    assert_eq!(words::view(Locale::en, &Cause::Busy, true).link, None);
}

#[test]
fn a_refusals_words_are_split_into_cause_and_remedy() {
    let view = words::view(Locale::en, &Cause::Refused(Reason::NumberInvalid), false);
    assert_eq!(
        (view.id.as_str(), view.title.as_str(), view.remedy.as_str()),
        (
            "refused_number_invalid",
            "That is not a phone number.",
            "Check the digits and try again."
        )
    );
}

fn app() -> impl Strategy<Value = App> {
    prop_oneof![
        Just(App::Unknown),
        Just(App::Ours),
        Just(App::Elsewhere {
            theirs: THEIRS.to_owned()
        }),
        Just(App::Empty),
        Just(App::Missing),
        Just(App::Get),
    ]
}

fn seen_by_browser() -> impl Strategy<Value = Option<Browser>> {
    let codes = TABLE.map(|(code, _)| code).to_vec();
    let code = proptest::option::of(prop::sample::select(codes));
    let gave_up = proptest::option::of(prop_oneof![
        Just(GaveUp::Connecting),
        Just(GaveUp::Signalling)
    ]);
    let browser =
        (code, gave_up, any::<[bool; 3]>()).prop_map(|(code, gave_up, [a, b, c])| Browser {
            code,
            gave_up,
            registered: a,
            ice_failed: b,
            microphone_denied: c,
        });
    proptest::option::of(browser)
}

fn findings() -> impl Strategy<Value = Findings> {
    let reasons = vec![
        Reason::NumberInvalid,
        Reason::CarrierFailed,
        Reason::AgentNoAnswer,
    ];
    let known = (
        prop::sample::select(Status::ALL.to_vec()),
        proptest::option::of(prop::sample::select(reasons)),
        any::<[bool; 4]>(),
        proptest::option::of(300u16..700),
    );
    let alerts = prop::collection::vec(
        prop::sample::select(vec![11200u32, 12100, 13227, 13214, 99]),
        0..3,
    );
    let asked = (app(), alerts, any::<bool>());
    (known, asked, seen_by_browser()).prop_map(|(known, asked, browser)| {
        let (status, reason, [from_page, twiml, child_seen, hung_up], sip) = known;
        let (app, alerts, inquired) = asked;
        Findings {
            status,
            reason,
            from_page,
            asked: twiml,
            child_seen,
            sip,
            hung_up,
            browser,
            app,
            alerts,
            inquired,
            ..unheard()
        }
    })
}

proptest! {
    #[test]
    fn every_evidence_has_one_cause_with_words_and_nothing_false_is_said(f in findings()) {
        let found = cause(&f);
        prop_assert_eq!(&found, &cause(&f.clone()));
        let about_the_app = matches!(
            found,
            Some(Cause::AppElsewhere { .. } | Cause::AppEmpty { .. } | Cause::AppMissing | Cause::AppAsksByGet
                | Cause::NeverReached | Cause::OutOfReach { .. })
        );
        if about_the_app {
            prop_assert!(f.never_asked(), "the App is blamed only where Twilio did not ask");
        }
        if f.never_asked() {
            let customer = matches!(found, Some(Cause::Busy | Cause::NoAnswer | Cause::NumberUnknown | Cause::CarrierFailed { .. }));
            prop_assert!(!customer, "nobody was called, and so nobody hung up");
        }
        if f.status == Status::Failed && f.browser.is_some() {
            prop_assert!(found.is_some(), "a failed call that a browser saw is explained");
        }
        if !f.status.is_terminal() && f.browser.is_none() {
            prop_assert_eq!(&found, &None);
        }
        if let Some(found) = found {
            for locale in [Locale::ar, Locale::en] {
                let view = words::view(locale, &found, true);
                let whole = [view.title, view.remedy].concat();
                prop_assert!(whole.ends_with('.') && whole.matches('\u{7b}').count() == 0, "{}", whole);
            }
        }
    }
}
