//! TwiML, parsed into the verbs that this simulator obeys.

mod element;
#[cfg(test)]
mod tests;

use thiserror::Error;

use element::{Element, read};

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

/// Parses a document into its verbs.
pub fn parse(document: &str) -> Result<Vec<Verb>, TwimlError> {
    let root = read(document)?;
    if root.name != "Response" {
        return Err(TwimlError::Parse(format!(
            "the root element is <{}>, not <Response>",
            root.name
        )));
    }
    root.children.iter().map(verb).collect()
}

fn verb(element: &Element) -> Result<Verb, TwimlError> {
    Ok(match element.name.as_str() {
        "Dial" => Verb::Dial(Box::new(dial(element)?)),
        "Say" => Verb::Say(element.text.trim().to_owned()),
        "Play" => Verb::Play,
        "Pause" => Verb::Pause(element.number("length").unwrap_or(1)),
        "Hangup" => Verb::Hangup,
        "Reject" => Verb::Reject {
            busy: element.is("reason", "busy"),
        },
        "Redirect" => Verb::Redirect {
            url: element.text.trim().to_owned(),
            get: element.is("method", "GET"),
        },
        other => {
            return Err(TwimlError::Schema(format!(
                "<{other}> is not a verb that this simulator knows"
            )));
        }
    })
}

fn dial(element: &Element) -> Result<Dial, TwimlError> {
    let mut targets: Vec<Target> = element
        .children
        .iter()
        .map(target)
        .collect::<Result<_, _>>()?;
    let bare = element.text.trim();
    if targets.is_empty() && !bare.is_empty() {
        targets.push(Target {
            to: bare.to_owned(),
            ..Target::default()
        });
    }
    Ok(Dial {
        targets,
        answer_on_bridge: element.is("answerOnBridge", "true"),
        caller_id: element
            .attribute("callerId")
            .map(|id| id.trim().to_owned())
            .filter(|id| !id.is_empty()),
        timeout: element.number("timeout"),
        time_limit: element.number("timeLimit"),
        record: record(element.attribute("record").unwrap_or_default())?,
        recording_callback: element.callback("recordingStatusCallback"),
        action: element
            .attribute("action")
            .map(|url| url.trim().to_owned())
            .filter(|url| !url.is_empty()),
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
        other => {
            return Err(TwimlError::Schema(format!(
                "record=\"{other}\" is not allowed"
            )));
        }
    };
    Ok(Record { from, dual })
}

fn target(element: &Element) -> Result<Target, TwimlError> {
    let client = match element.name.as_str() {
        "Number" => false,
        "Client" => true,
        other => {
            return Err(TwimlError::Schema(format!(
                "<{other}> in <Dial> is not a noun that this simulator knows"
            )));
        }
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
            other => {
                return Err(TwimlError::Schema(format!(
                    "<{other}> in <{}> is not known",
                    element.name
                )));
            }
        }
    }
    Ok(Target {
        to,
        client,
        parameters,
        callback: element.callback("statusCallback"),
    })
}
