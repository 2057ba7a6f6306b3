//! TwiML: what we answer when Twilio asks what to do with a call. <https://www.twilio.com/docs/voice/twiml>

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesText, Event},
};
use std::io;

/// The content type that Twilio expects.
pub const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// `<Dial>`: rings one party and joins it to the call. <https://www.twilio.com/docs/voice/twiml/dial>
///
/// Always with `answerOnBridge`, so that the caller's leg is answered only when the other party answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    /// E.164. For a [`Target::Client`] it may be left out: the browser then sees the call's own caller.
    pub caller_id: Option<String>,
    /// How long it rings.
    pub timeout_secs: u16,
    /// How long the conversation may last.
    pub time_limit_secs: Option<u32>,
    /// Where to report on the dual-channel recording that begins with the answer; `None` records nothing.
    pub record: Option<String>,
    /// Asked what to do when the dialled party has hung up or was not reached.
    pub action: String,
    pub target: Target,
}

/// Whom to dial. The callback, absolute, hears of `initiated ringing answered completed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A telephone, in E.164.
    Number {
        number: String,
        status_callback: String,
    },
    /// A browser, by its identity, with parameters that its `Call.customParameters` then holds.
    Client {
        identity: String,
        status_callback: String,
        parameters: Vec<(String, String)>,
    },
}

/// `<Say>`: one sentence. <https://www.twilio.com/docs/voice/twiml/say>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Say<'a> {
    /// As Twilio names it, which is not always a BCP 47 tag: `arb`, `en-GB`.
    pub language: &'a str,
    /// `Polly.Zeina`
    pub voice: &'a str,
    pub text: &'a str,
}

const EVENTS: &str = "initiated ringing answered completed";

pub fn dial(dial: &Dial) -> String {
    response(|xml| {
        let timeout = dial.timeout_secs.to_string();
        let limit = dial.time_limit_secs.map(|secs| secs.to_string());
        let mut attributes = Vec::with_capacity(9);
        attributes.extend(dial.caller_id.as_deref().map(|number| ("callerId", number)));
        attributes.extend([("answerOnBridge", "true"), ("timeout", timeout.as_str())]);
        attributes.extend(limit.as_deref().map(|secs| ("timeLimit", secs)));
        if let Some(callback) = &dial.record {
            attributes.extend([
                ("record", "record-from-answer-dual"),
                ("recordingStatusCallback", callback.as_str()),
                ("recordingStatusCallbackMethod", "POST"),
                (
                    "recordingStatusCallbackEvent",
                    "in-progress completed absent",
                ),
            ]);
        }
        attributes.extend([("action", dial.action.as_str()), ("method", "POST")]);
        xml.create_element("Dial")
            .with_attributes(attributes)
            .write_inner_content(|xml| target(xml, &dial.target))?;
        Ok(())
    })
}

/// Says each, in order, then hangs up.
pub fn say_and_hangup(sentences: &[Say<'_>]) -> String {
    response(|xml| {
        for say in sentences {
            xml.create_element("Say")
                .with_attributes([("language", say.language), ("voice", say.voice)])
                .write_text_content(BytesText::new(say.text))?;
        }
        xml.create_element("Hangup").write_empty()?;
        Ok(())
    })
}

pub fn hangup() -> String {
    say_and_hangup(&[])
}

fn target(xml: &mut Writer<Vec<u8>>, target: &Target) -> io::Result<()> {
    let callback = |url| {
        [
            ("statusCallback", url),
            ("statusCallbackMethod", "POST"),
            ("statusCallbackEvent", EVENTS),
        ]
    };
    match target {
        Target::Number {
            number,
            status_callback,
        } => {
            xml.create_element("Number")
                .with_attributes(callback(status_callback.as_str()))
                .write_text_content(BytesText::new(number))?;
        }
        Target::Client {
            identity,
            status_callback,
            parameters,
        } => {
            let client = xml
                .create_element("Client")
                .with_attributes(callback(status_callback.as_str()));
            if parameters.is_empty() {
                client.write_text_content(BytesText::new(identity))?;
                return Ok(());
            }
            client.write_inner_content(|xml| {
                xml.create_element("Identity")
                    .write_text_content(BytesText::new(identity))?;
                for (name, value) in parameters {
                    xml.create_element("Parameter")
                        .with_attributes([("name", name.as_str()), ("value", value.as_str())])
                        .write_empty()?;
                }
                Ok(())
            })?;
        }
    }
    Ok(())
}

/// A complete document. Writing to memory cannot fail; should it ever, the empty response ends the call, as Twilio defines it.
fn response(content: impl FnOnce(&mut Writer<Vec<u8>>) -> io::Result<()>) -> String {
    let mut xml = Writer::new(Vec::new());
    let written = xml
        .write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))
        .and_then(|()| {
            xml.create_element("Response")
                .write_inner_content(content)
                .map(|_| ())
        });
    match written.map(|()| String::from_utf8(xml.into_inner())) {
        Ok(Ok(text)) => text,
        _ => "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response/>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to_number(number: &str) -> Dial {
        Dial {
            caller_id: Some("+15005550006".into()),
            timeout_secs: 30,
            time_limit_secs: Some(14_400),
            record: Some("https://h.example/recording?a=1&b=2".into()),
            action: "https://h.example/after-dial".into(),
            target: Target::Number {
                number: number.into(),
                status_callback: "https://h.example/status".into(),
            },
        }
    }

    #[test]
    fn a_number_is_dialled_and_recorded_from_its_answer() {
        assert_eq!(
            dial(&to_number("+966569705616")),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>\
             <Dial callerId=\"+15005550006\" answerOnBridge=\"true\" timeout=\"30\" timeLimit=\"14400\" record=\"record-from-answer-dual\" \
             recordingStatusCallback=\"https://h.example/recording?a=1&amp;b=2\" recordingStatusCallbackMethod=\"POST\" \
             recordingStatusCallbackEvent=\"in-progress completed absent\" action=\"https://h.example/after-dial\" method=\"POST\">\
             <Number statusCallback=\"https://h.example/status\" statusCallbackMethod=\"POST\" \
             statusCallbackEvent=\"initiated ringing answered completed\">+966569705616</Number></Dial></Response>"
        );
    }

    #[test]
    fn without_recording_nothing_speaks_of_it() {
        let twiml = dial(&Dial {
            record: None,
            time_limit_secs: None,
            ..to_number("+966569705616")
        });
        assert!(
            !twiml.contains("ecord") && !twiml.contains("timeLimit"),
            "{twiml}"
        );
    }

    #[test]
    fn a_browser_is_dialled_by_its_identity() {
        let target = Target::Client {
            identity: "user_1".into(),
            status_callback: "https://h.example/status".into(),
            parameters: vec![("To".into(), "+966569705616".into())],
        };
        let twiml = dial(&Dial {
            caller_id: None,
            record: None,
            target,
            ..to_number("")
        });
        assert!(twiml.contains("<Identity>user_1</Identity><Parameter name=\"To\" value=\"+966569705616\"/></Client></Dial>"), "{twiml}");
        assert!(!twiml.contains("callerId"), "{twiml}");
    }

    #[test]
    fn nothing_that_is_written_escapes_its_place() {
        let hostile = "</Number><Dial>+1900\"'&";
        for twiml in [
            dial(&to_number(hostile)),
            say_and_hangup(&[Say {
                language: "en-GB",
                voice: "Polly.Amy",
                text: hostile,
            }]),
        ] {
            assert_eq!(
                twiml.matches("<Dial").count() + twiml.matches("<Say").count(),
                1,
                "{twiml}"
            );
            assert!(!twiml.contains("<Dial>+1900"), "{twiml}");
        }
    }

    #[test]
    fn a_hang_up_is_a_complete_response() {
        assert_eq!(
            hangup(),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Hangup/></Response>"
        );
    }
}
