//! What the phone has to say, before it is put into a language.

use super::Fault;
use crate::domain::{
    call::Status,
    phone::InvalidNumber,
    view::{CauseView, Reason},
};

/// The last outcome or error.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// How the record says that the call ended: busy, no answer, failed, canceled, completed.
    Outcome(Status),
    /// The server would not dial, and why.
    Refused(Reason),
    /// Why it ended, in the server's words.
    Explained(CauseView),
    /// It ended, and the record does not say how yet.
    Ended,
    /// The agent ended it.
    YouEnded,
    Declined,
    /// The caller gave up before we answered.
    Missed,
    /// The SDK or the browser gave a cause.
    Fault(Fault),
    /// `connect()` never settled.
    ConnectTimeout,
    /// The signalling was lost while the call was being set up.
    ConnectionLost,
    /// What is in the field is no phone number.
    Number(InvalidNumber),
    /// Call was pressed while the phone was not registered.
    NotReady,
    SignedOut,
    TokenUnavailable,
    SdkMissing,
    Unsupported,
    /// The phone is open in another tab.
    Elsewhere,
    /// Another tab took the phone over.
    TakenOver,
}

/// Where a message sends its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    Setup,
    Login,
}

impl Message {
    /// Setup is for those who may open it; `shown` asks.
    pub fn link(&self) -> Option<Link> {
        match self {
            Message::SignedOut => Some(Link::Login),
            Message::Refused(
                Reason::CallerIdMissing | Reason::CarrierFailed | Reason::CallerUnknown,
            ) => Some(Link::Setup),
            Message::Explained(cause) => cause.link.as_ref().map(|_| Link::Setup),
            Message::Outcome(Status::Failed) | Message::TokenUnavailable => Some(Link::Setup),
            Message::Fault(fault) if fault.is_configuration() => Some(Link::Setup),
            _ => None,
        }
    }

    /// Nothing went wrong.
    pub fn is_good(&self) -> bool {
        matches!(
            self,
            Message::Outcome(Status::Completed | Status::Canceled)
                | Message::YouEnded
                | Message::Declined
                | Message::Ended
        )
    }

    /// It is about the line, and no longer true once the phone is registered.
    pub(super) fn is_about_the_line(&self) -> bool {
        matches!(
            self,
            Message::NotReady
                | Message::TokenUnavailable
                | Message::SdkMissing
                | Message::Elsewhere
                | Message::TakenOver
                | Message::SignedOut
        ) || matches!(self, Message::Fault(fault) if fault.is_connection() || fault.is_configuration() || fault.is_expired())
    }
}
