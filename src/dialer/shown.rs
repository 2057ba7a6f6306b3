//! What the page shows of the phone's state, decided here and written down by `page`. Parts have the names that `markup` gives them.

use super::{
    machine::{Call, Face, Line, Link, Message, State},
    words,
};
use crate::{components::phone_number::grouped, i18n::*};

/// The dialer as it is to look. Whole each time: what has not changed is not written again.
#[derive(Debug, PartialEq)]
pub struct Shown {
    pub face: Face,
    /// Whether each part is hidden.
    pub hidden: [(&'static str, bool); 18],
    /// What each part says.
    pub texts: [(&'static str, String); 5],
    /// An attribute of a part.
    pub attributes: [(&'static str, &'static str, &'static str); 4],
    pub may_call: bool,
    /// When the far end answered, by the page's clock.
    pub answered_at: Option<f64>,
    /// The bars of the microphone's level may rise.
    pub sounding: bool,
}

impl Shown {
    /// `may_set_up`: is the reader one of those who can open the setup?
    pub fn of(state: &State, locale: Locale, may_set_up: bool) -> Self {
        let face = state.face();
        let (in_call, incoming) = (face.is_call(), face == Face::Incoming);
        let call = state.call.as_ref();
        let is = |what: fn(&Call) -> bool| call.is_some_and(what);
        let muted = is(|call| call.muted);
        let answered_at = call.and_then(|call| call.answered_at);
        let message = state.message.as_ref();
        let link = message.and_then(Message::link);
        let trouble = if is(|call| call.weak) {
            td_string!(locale, dialer.weak_connection)
        } else if is(|call| call.silent_microphone && !call.muted) {
            td_string!(locale, dialer.silent_microphone)
        } else {
            ""
        };
        let note = match message {
            None => "note empty",
            Some(message) if message.is_good() => "note good",
            Some(_) => "note",
        };
        let rings = matches!(face, Face::Ringing | Face::Incoming);
        let yes_no = |yes| if yes { "true" } else { "false" };
        Self {
            face,
            hidden: [
                ("talk", !in_call),
                ("number", in_call),
                ("timer", answered_at.is_none()),
                ("level", face != Face::InCall),
                ("tools", !in_call || incoming),
                ("sounding", muted),
                ("silenced", !muted),
                ("to-mute", muted),
                ("to-unmute", !muted),
                ("tones", !state.keypad),
                ("keys", in_call && !state.keypad),
                ("call", in_call),
                ("answer", !incoming),
                ("decline", !incoming),
                ("hangup", !in_call || incoming),
                ("open-setup", !(may_set_up && link == Some(Link::Setup))),
                ("sign-in", link != Some(Link::Login)),
                ("take-over", state.line != Line::Elsewhere),
            ],
            texts: [
                ("state", words::state(locale, face).to_owned()),
                (
                    "who",
                    call.map(|call| grouped(&call.number)).unwrap_or_default(),
                ),
                ("trouble", trouble.to_owned()),
                (
                    "tones",
                    call.map(|call| call.tones.clone()).unwrap_or_default(),
                ),
                (
                    "message",
                    message
                        .map(|message| words::message(locale, message))
                        .unwrap_or_default(),
                ),
            ],
            attributes: [
                ("mute", "aria-pressed", yes_no(muted)),
                ("keypad", "aria-expanded", yes_no(state.keypad)),
                (
                    "state",
                    "class",
                    if rings {
                        "talk-state ringing"
                    } else {
                        "talk-state"
                    },
                ),
                ("note", "class", note),
            ],
            may_call: state.may_call(),
            answered_at,
            sounding: face == Face::InCall && !muted,
        }
    }
}

/// `02:31`, `1:02:31`: the time of a call that is on.
pub fn clock(seconds: u32) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes:02}:{seconds:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        dialer::machine::{CallEvent, Input},
        domain::phone::DialPlan,
    };

    fn after(inputs: impl IntoIterator<Item = Input>) -> Shown {
        let asleep = State::new(DialPlan::saudi_arabia(), "0569705616".into());
        let begun = [
            Input::LockHeld,
            Input::TokenArrived {
                life_ms: 3_600_000.0,
            },
            Input::Registered,
        ];
        let state = begun
            .into_iter()
            .chain(inputs)
            .fold(asleep, |state, input| state.step(input, 0.0).0);
        Shown::of(&state, Locale::en, false)
    }

    fn parts(shown: &Shown) -> Vec<&str> {
        let parts = shown.hidden.iter().filter(|(_, hidden)| !hidden);
        parts.map(|(part, _)| *part).collect()
    }

    fn text<'a>(shown: &'a Shown, part: &str) -> &'a str {
        let found = shown.texts.iter().find(|(other, _)| *other == part);
        found.map_or("", |(_, text)| text)
    }

    #[test]
    fn between_calls_the_number_the_keys_and_the_call_button_show() {
        let shown = after([]);
        assert_eq!(shown.face, Face::Ready);
        assert_eq!(
            parts(&shown),
            ["number", "sounding", "to-mute", "keys", "call"]
        );
        assert!(shown.may_call);
    }

    #[test]
    fn a_call_hides_the_keys_until_they_are_asked_for() {
        let calling = || [Input::Call, Input::ToggleKeypad];
        assert_eq!(
            parts(&after(calling().into_iter().take(1))),
            ["talk", "tools", "sounding", "to-mute", "hangup"]
        );
        let shown = after(calling());
        assert!(parts(&shown).contains(&"keys") && parts(&shown).contains(&"tones"));
        assert_eq!(text(&shown, "who"), "+966 56 970 5616");
    }

    #[test]
    fn an_incoming_call_is_answered_or_declined() {
        let incoming = Input::Incoming {
            n: 1,
            sid: None,
            from: "+966569705616".into(),
        };
        let shown = after([incoming]);
        assert_eq!(
            parts(&shown),
            ["talk", "sounding", "to-mute", "answer", "decline"]
        );
    }

    #[test]
    fn mute_says_what_pressing_it_again_would_do() {
        let muted = Input::Event {
            n: 1,
            event: CallEvent::Muted(true),
        };
        let shown = after([Input::Call, muted]);
        assert!(parts(&shown).contains(&"silenced") && parts(&shown).contains(&"to-unmute"));
        assert!(shown.attributes.contains(&("mute", "aria-pressed", "true")));
    }

    #[test]
    fn another_tab_s_phone_can_be_taken_over() {
        let asleep = State::new(DialPlan::saudi_arabia(), String::new());
        let shown = Shown::of(&asleep.step(Input::LockDenied, 0.0).0, Locale::en, false);
        assert!(parts(&shown).contains(&"take-over"));
        assert_eq!(text(&shown, "message"), "The phone is open in another tab.");
    }

    #[test]
    fn the_clock_of_a_call_has_two_digits_for_the_minutes() {
        assert_eq!([0, 151, 3751].map(clock), ["00:00", "02:31", "1:02:31"]);
    }
}
