//! TwiML, parsed into the verbs that this simulator obeys.

use quick_xml::{Reader, events::BytesStart, events::Event};
use thiserror::Error;

/// Why a document could not be used, with the code of the alert that Twilio records.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TwimlError {
    /// Not XML, or no `<Response>`.
    #[error("Document parse failure: {0}")]
    Parse(String),
    /// XML, but not TwiML that we know.
    #[error("Schema validation warning: {0}")]
    Schema(String),
}

impl TwimlError {
    /// Twilio's error code.
    pub fn code(&self) -> u32 {
        match self {
            Self::Parse(_) => 12100,
            Self::Schema(_) => 12200,
        }
    }
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Connects the caller to somebody else.
    Dial(Box<Dial>),
    /// Reads text out (a tone here, its length in proportion to the text).
    Say(String),
    /// Plays a file (a tone here).
    Play,
    /// Waits, in seconds.
    Pause(u64),
    /// Ends the call.
    Hangup,
    /// Declines an unanswered call; `busy` or not.
    Reject {
        /// `reason="busy"`.
        busy: bool,
    },
    /// Goes on with another document.
    Redirect {
        /// Where it is.
        url: String,
        /// GET or POST.
        get: bool,
    },
}

/// `<Dial>` and its nouns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dial {
    /// Whom to ring, all at once.
    pub targets: Vec<Target>,
    /// Answer the caller only when somebody picks up.
    pub answer_on_bridge: bool,
    /// What the callee sees.
    pub caller_id: Option<String>,
    /// How long to ring, in seconds (30).
    pub timeout: Option<u64>,
    /// How long to talk at most, in seconds (14,400).
    pub time_limit: Option<u64>,
    /// What to record.
    pub record: Record,
    /// Where recording events go.
    pub recording_callback: Callback,
    /// Where the outcome goes, and the next TwiML comes from.
    pub action: Option<String>,
    /// `method="GET"` for the action.
    pub action_get: bool,
}

/// What `record` asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// When it begins, if at all.
    pub from: Option<RecordFrom>,
    /// Two channels?
    pub dual: bool,
}

/// When a recording begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordFrom {
    /// When the callee picks up.
    Answer,
    /// When the callee's phone rings.
    Ringing,
}

/// A status callback as an element asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Callback {
    /// Where to.
    pub url: Option<String>,
    /// Which events; empty means Twilio's default.
    pub events: Vec<String>,
    /// GET instead of POST.
    pub get: bool,
}

/// Somebody to ring.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// A number, or an identity when `client`.
    pub to: String,
    /// A browser?
    pub client: bool,
    /// `<Parameter>`s for the browser.
    pub parameters: Vec<(String, String)>,
    /// Progress of this leg.
    pub callback: Callback,
}

/// An element with its attributes, text and children: TwiML is small enough to be read whole.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.attribute(name)?.trim().parse().ok()
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.attribute(name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    }

    fn callback(&self, name: &str) -> Callback {
        let events = self.attribute(&format!("{name}Event")).unwrap_or_default();
        Callback {
            url: self.attribute(name).map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned),
            events: events.split_whitespace().map(str::to_owned).collect(),
            get: self.is(&format!("{name}Method"), "GET"),
        }
    }
}

/// Parses a document into its verbs.
pub fn parse(document: &str) -> Result<Vec<Verb>, TwimlError> {
    let root = read(document)?;
    if root.name != "Response" {
        return Err(TwimlError::Parse(format!("the root element is <{}>, not <Response>", root.name)));
    }
    root.children.iter().map(verb).collect()
}

fn read(document: &str) -> Result<Element, TwimlError> {
    let parse = |error: &dyn std::fmt::Display| TwimlError::Parse(error.to_string());
    let mut reader = Reader::from_str(document);
    let mut open: Vec<Element> = Vec::new();
    let mut root: Option<Element> = None;
    loop {
        match reader.read_event().map_err(|error| parse(&error))? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => close(element(&start)?, &mut open, &mut root)?,
            Event::End(_) => {
                let done = open.pop().ok_or_else(|| parse(&"an end tag without its start"))?;
                close(done, &mut open, &mut root)?;
            }
            Event::Text(text) => match open.last_mut() {
                Some(parent) => parent.text.push_str(&text.xml10_content()),
                None if text.trim().is_empty() => {}
                None => return Err(parse(&"text outside of the root element")),
            },
            Event::CData(data) => {
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&data);
                }
            }
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().map_err(|error| parse(&error))? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_predefined_entity(&reference)
                        .ok_or_else(|| parse(&format!("unknown entity &{};", &*reference)))?
                        .to_owned(),
                };
                if let Some(parent) = open.last_mut() {
                    parent.text.push_str(&resolved);
                }
            }
            Event::Eof => break,
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
    match root {
        Some(root) if open.is_empty() => Ok(root),
        _ => Err(parse(&"the document is empty or cut short")),
    }
}

fn close(done: Element, open: &mut [Element], root: &mut Option<Element>) -> Result<(), TwimlError> {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None if root.is_some() => return Err(TwimlError::Parse("more than one root element".into())),
        None => *root = Some(done),
    }
    Ok(())
}

fn element(start: &BytesStart<'_>) -> Result<Element, TwimlError> {
    let name = start.local_name().as_ref().to_owned();
    let attributes = start
        .attributes()
        .map(|attribute| {
            let attribute = attribute.map_err(|error| TwimlError::Parse(error.to_string()))?;
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).map_err(|error| TwimlError::Parse(error.to_string()))?;
            Ok((attribute.key.local_name().as_ref().to_owned(), value.into_owned()))
        })
        .collect::<Result<_, TwimlError>>()?;
    Ok(Element { name, attributes, ..Element::default() })
}

fn verb(element: &Element) -> Result<Verb, TwimlError> {
    Ok(match element.name.as_str() {
        "Dial" => Verb::Dial(Box::new(dial(element)?)),
        "Say" => Verb::Say(element.text.trim().to_owned()),
        "Play" => Verb::Play,
        "Pause" => Verb::Pause(element.number("length").unwrap_or(1)),
        "Hangup" => Verb::Hangup,
        "Reject" => Verb::Reject { busy: element.is("reason", "busy") },
        "Redirect" => Verb::Redirect { url: element.text.trim().to_owned(), get: element.is("method", "GET") },
        other => return Err(TwimlError::Schema(format!("<{other}> is not a verb that this simulator knows"))),
    })
}

fn dial(element: &Element) -> Result<Dial, TwimlError> {
    let mut targets: Vec<Target> = element.children.iter().map(target).collect::<Result<_, _>>()?;
    let bare = element.text.trim();
    if targets.is_empty() && !bare.is_empty() {
        targets.push(Target { to: bare.to_owned(), ..Target::default() });
    }
    Ok(Dial {
        targets,
        answer_on_bridge: element.is("answerOnBridge", "true"),
        caller_id: element.attribute("callerId").map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()),
        timeout: element.number("timeout"),
        time_limit: element.number("timeLimit"),
        record: record(element.attribute("record").unwrap_or_default())?,
        recording_callback: element.callback("recordingStatusCallback"),
        action: element.attribute("action").map(|url| url.trim().to_owned()).filter(|url| !url.is_empty()),
        action_get: element.is("method", "GET"),
    })
}

fn record(value: &str) -> Result<Record, TwimlError> {
    let (from, dual) = match value {
        "" | "false" | "do-not-record" => (None, false),
        "true" | "record-from-answer" => (Some(RecordFrom::Answer), false),
        "record-from-answer-dual" => (Some(RecordFrom::Answer), true),
        "record-from-ringing" => (Some(RecordFrom::Ringing), false),
        "record-from-ringing-dual" => (Some(RecordFrom::Ringing), true),
        other => return Err(TwimlError::Schema(format!("record=\"{other}\" is not allowed"))),
    };
    Ok(Record { from, dual })
}

fn target(element: &Element) -> Result<Target, TwimlError> {
    let client = match element.name.as_str() {
        "Number" => false,
        "Client" => true,
        other => return Err(TwimlError::Schema(format!("<{other}> in <Dial> is not a noun that this simulator knows"))),
    };
    let mut to = element.text.trim().to_owned();
    let mut parameters = Vec::new();
    for child in &element.children {
        match child.name.as_str() {
            "Identity" => to = child.text.trim().to_owned(),
            "Parameter" => parameters.push((
                child.attribute("name").unwrap_or_default().to_owned(),
                child.attribute("value").unwrap_or_default().to_owned(),
            )),
            other => return Err(TwimlError::Schema(format!("<{other}> in <{}> is not known", element.name))),
        }
    }
    Ok(Target { to, client, parameters, callback: element.callback("statusCallback") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only_dial(document: &str) -> Dial {
        match parse(document).expect("parses").remove(0) {
            Verb::Dial(dial) => *dial,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_recorded_bridged_dial_is_read_whole() {
        let dial = only_dial(
            r#"<?xml version="1.0" encoding="UTF-8"?>
            <Response>
              <Dial callerId="+15005550006" answerOnBridge="true" timeout="20" record="record-from-answer-dual"
                    recordingStatusCallback="https://a.example/r?x=1&amp;y=2#rc=3" recordingStatusCallbackEvent="in-progress completed absent"
                    action="https://a.example/after">
                <Number statusCallback="https://a.example/s" statusCallbackEvent="initiated ringing answered completed">+966569705616</Number>
              </Dial>
            </Response>"#,
        );
        assert!(dial.answer_on_bridge);
        assert_eq!(dial.timeout, Some(20));
        assert_eq!(dial.record, Record { from: Some(RecordFrom::Answer), dual: true });
        assert_eq!(dial.recording_callback.url.as_deref(), Some("https://a.example/r?x=1&y=2#rc=3"));
        assert_eq!(dial.recording_callback.events.len(), 3);
        assert_eq!(dial.targets[0].to, "+966569705616");
        assert_eq!(dial.targets[0].callback.events, ["initiated", "ringing", "answered", "completed"]);
    }

    #[test]
    fn a_client_carries_its_identity_and_parameters() {
        let dial = only_dial(
            r#"<Response><Dial><Client><Identity>agent_1</Identity><Parameter name="customer" value="Ali &amp; Co"/></Client></Dial></Response>"#,
        );
        assert!(dial.targets[0].client);
        assert_eq!(dial.targets[0].to, "agent_1");
        assert_eq!(dial.targets[0].parameters, [("customer".to_owned(), "Ali & Co".to_owned())]);
    }

    #[test]
    fn a_bare_number_in_dial_is_a_number() {
        assert_eq!(only_dial("<Response><Dial>+966500000000</Dial></Response>").targets[0].to, "+966500000000");
    }

    #[test]
    fn spoken_refusals_are_read() {
        let verbs = parse("<Response><Say language=\"ar-SA\">عذرا &amp; شكرا</Say><Pause length=\"2\"/><Hangup/></Response>").expect("parses");
        assert_eq!(verbs, [Verb::Say("عذرا & شكرا".into()), Verb::Pause(2), Verb::Hangup]);
    }

    #[test]
    fn an_empty_response_is_no_verbs() {
        assert_eq!(parse("<Response/>"), Ok(vec![]));
    }

    #[test]
    fn what_is_not_twiml_has_twilios_codes() {
        for bad in ["", "hello", "{\"a\":1}", "<html><body></html>", "<Response>", "<Foo/>", "<Response/><Response/>", "<Response a=\"b&c\"/>"] {
            assert_eq!(parse(bad).expect_err(bad).code(), 12100, "{bad}");
        }
        assert_eq!(parse("<Response><Dance/></Response>").expect_err("unknown").code(), 12200);
        assert_eq!(parse("<Response><Dial record=\"maybe\">+1</Dial></Response>").expect_err("unknown").code(), 12200);
    }
}
