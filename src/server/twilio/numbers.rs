//! The numbers that an account may call from: its own, and those that it has verified.
//! <https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource>
//! <https://www.twilio.com/docs/voice/api/outgoing-caller-ids>

use super::client::{Client, Result};
use crate::domain::phone::PhoneNumber;
use serde::Deserialize;

/// How an account holds a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// Bought or ported; `voice` where it can make and take calls.
    Owned {
        voice: bool,
    },
    /// Somebody else's, verified by a call.
    Verified,
    None,
}

#[derive(Deserialize)]
struct Owned {
    phone_number: String,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Deserialize)]
struct Capabilities {
    #[serde(default = "yes", alias = "Voice")]
    voice: bool,
}

/// A number of which nothing else is said carries calls.
impl Default for Capabilities {
    fn default() -> Self {
        Self { voice: true }
    }
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
struct OwnedPage {
    incoming_phone_numbers: Vec<Owned>,
}

#[derive(Deserialize)]
struct Verified {
    phone_number: String,
}

#[derive(Deserialize)]
struct VerifiedPage {
    outgoing_caller_ids: Vec<Verified>,
}

impl Client {
    /// Twilio's filter takes a part of a number for a match: what it lists is compared as a whole.
    pub async fn holding_of(&self, number: &PhoneNumber) -> Result<Holding> {
        let filter = [("PhoneNumber", number.as_str())];
        let path = self.resource("/IncomingPhoneNumbers.json")?;
        let owned: OwnedPage = self.get(&path, &filter).await?;
        let exact = owned
            .incoming_phone_numbers
            .iter()
            .find(|owned| owned.phone_number == number.as_str());
        if let Some(owned) = exact {
            return Ok(Holding::Owned {
                voice: owned.capabilities.voice,
            });
        }
        let path = self.resource("/OutgoingCallerIds.json")?;
        let verified: VerifiedPage = self.get(&path, &filter).await?;
        let is_verified = verified
            .outgoing_caller_ids
            .iter()
            .any(|verified| verified.phone_number == number.as_str());
        Ok(if is_verified {
            Holding::Verified
        } else {
            Holding::None
        })
    }
}
