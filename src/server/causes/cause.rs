//! One cause for all that is known. Pure, and true before it is precise: what nobody saw is not claimed.

use super::{
    findings::{App, Findings, GaveUp},
    sdk::SdkFault,
};
use crate::domain::{call::Status, view::Reason};

/// Why a call ended other than well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// We did not dial, and said why on the line; or the agent's browser did not answer a `makeCall`.
    Refused(Reason),
    /// Twilio's request came and was refused, since its signature is not the one for our address. `signed` is the URL that it is for.
    SignatureRefused {
        signed: Option<String>,
        ours: String,
    },
    AppElsewhere {
        theirs: String,
        ours: String,
    },
    AppEmpty {
        ours: String,
    },
    AppMissing,
    AppAsksByGet,
    /// The App leads here, and yet no request came: a tunnel, a name, a firewall.
    OutOfReach {
        alert: Option<u32>,
        ours: String,
    },
    /// No request came, and how the App stands could not be seen.
    NeverReached,
    /// We answered, and Twilio could do nothing with it.
    AnswerUnusable {
        alert: u32,
    },
    CountryBlocked,
    NumberRejected,
    CallerIdRejected,
    /// SIP 404, 410, 484, 604: there is no such number.
    NumberUnknown,
    Busy,
    NoAnswer,
    /// The network refused or lost it.
    CarrierFailed {
        sip: Option<u16>,
    },
    /// `connect()` never settled.
    ConnectTimeout,
    /// The page lost Twilio's signalling while the call was being set up.
    SignallingLost,
    Sdk {
        code: u32,
        fault: SdkFault,
    },
    /// It failed, and nobody said why.
    Unknown,
}

/// `None` while it has not ended, and where it ended well or by the agent's own hand.
pub fn cause(f: &Findings) -> Option<Cause> {
    if !f.status.is_terminal() && f.browser.is_none() {
        return None;
    }
    match f.reason {
        None | Some(Reason::CarrierFailed) => {}
        Some(reason) => return Some(Cause::Refused(reason)),
    }
    if f.never_asked() {
        return never_asked(f);
    }
    match f.status {
        Status::Busy => Some(Cause::Busy),
        Status::NoAnswer => Some(Cause::NoAnswer),
        Status::Failed => Some(failed(f)),
        Status::Canceled if f.hung_up => None,
        // The legs ended in order, or still live as far as Twilio has told: only the browser can know better.
        Status::Completed | Status::Canceled => cut_off(f),
        Status::Initiated | Status::Ringing | Status::InProgress => cut_off(f),
    }
}

/// Is there anything that Twilio could add? Never to what is explained already.
pub fn is_worth_asking(f: &Findings) -> bool {
    match cause(f) {
        Some(Cause::NeverReached | Cause::Unknown | Cause::CarrierFailed { .. }) => true,
        Some(Cause::Sdk { fault, .. }) => {
            (f.never_asked() || f.status == Status::Failed) && !fault.precedes_twiml()
        }
        _ => false,
    }
}

fn never_asked(f: &Findings) -> Option<Cause> {
    if f.hung_up && f.browser.is_none() {
        return None;
    }
    let sdk = f.fault().map(|(code, fault)| Cause::Sdk { code, fault });
    if f.fault().is_some_and(|(_, fault)| fault.precedes_twiml()) {
        return sdk;
    }
    if let Some(signed) = &f.refused {
        return Some(Cause::SignatureRefused {
            signed: signed.clone(),
            ours: f.ours.clone(),
        });
    }
    if f.gave_up() == Some(GaveUp::Connecting) {
        return Some(Cause::ConnectTimeout);
    }
    let ours = f.ours.clone();
    match &f.app {
        App::Elsewhere { theirs } => {
            let theirs = theirs.clone();
            return Some(Cause::AppElsewhere { theirs, ours });
        }
        App::Empty => return Some(Cause::AppEmpty { ours }),
        App::Missing => return Some(Cause::AppMissing),
        App::Get => return Some(Cause::AppAsksByGet),
        App::Ours | App::Unknown => {}
    }
    if f.gave_up() == Some(GaveUp::Signalling) {
        return Some(Cause::SignallingLost);
    }
    let alert = f.alerts.iter().copied().find(|code| is_unreachable(*code));
    if alert.is_some() {
        return Some(Cause::OutOfReach { alert, ours });
    }
    let registered = f.browser.as_ref().is_none_or(|browser| browser.registered);
    match (f.fault(), &f.app) {
        // The gateway's own word for a call that it ended; a lost socket would have cost the registration too.
        (None | Some((_, SdkFault::ConnectionLost)), App::Ours) if registered => {
            Some(Cause::OutOfReach { alert, ours })
        }
        (None | Some((_, SdkFault::ConnectionLost)), _) if registered => Some(Cause::NeverReached),
        (Some(_), _) => sdk,
        (None, _) => Some(Cause::NeverReached),
    }
}

fn failed(f: &Findings) -> Cause {
    let alerted = || f.alerts.iter().find_map(|code| of_alert(*code));
    let sip = || f.sip.and_then(of_sip);
    let seen_by_twilio = || match f.twilio_status {
        Some(Status::Busy) => Some(Cause::Busy),
        Some(Status::NoAnswer) => Some(Cause::NoAnswer),
        _ => None,
    };
    let carrier = f.child_seen || f.reason == Some(Reason::CarrierFailed);
    alerted()
        .or_else(sip)
        .or_else(seen_by_twilio)
        .or_else(|| carrier.then_some(Cause::CarrierFailed { sip: f.sip }))
        .or_else(|| cut_off(f))
        .unwrap_or(Cause::Unknown)
}

/// What only the browser saw.
fn cut_off(f: &Findings) -> Option<Cause> {
    if f.gave_up().is_some() {
        return Some(Cause::SignallingLost);
    }
    let (code, fault) = f.fault()?;
    let good = f.status == Status::Completed;
    // The media's end is how a connection that ICE lost looks to a call.
    let fault = match fault {
        SdkFault::ConnectionLost if f.browser.as_ref().is_some_and(|b| b.ice_failed) => {
            SdkFault::SoundLost
        }
        fault => fault,
    };
    (!good || fault.cuts_off()).then_some(Cause::Sdk { code, fault })
}

/// Twilio's alerts on a URL that it could not ask: <https://www.twilio.com/docs/api/errors>, 11xxx.
fn is_unreachable(code: u32) -> bool {
    (11000..12000).contains(&code)
}

fn of_alert(code: u32) -> Option<Cause> {
    Some(match code {
        11000..13000 => Cause::AnswerUnusable { alert: code },
        13223 | 13224 | 13225 | 13226 | 21211 | 21214 | 21217 => Cause::NumberRejected,
        13227 | 21215 | 21216 | 32205 => Cause::CountryBlocked,
        13214 | 21210 | 21212 => Cause::CallerIdRejected,
        _ => return None,
    })
}

/// RFC 3261, 21: final answers of the far network.
fn of_sip(code: u16) -> Option<Cause> {
    Some(match code {
        404 | 410 | 484 | 604 => Cause::NumberUnknown,
        486 | 600 => Cause::Busy,
        408 | 480 => Cause::NoAnswer,
        400..700 => Cause::CarrierFailed { sip: Some(code) },
        _ => return None,
    })
}
