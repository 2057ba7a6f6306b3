//! People who sign in, and what each may do.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a user may do. Each role may do all that the one before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Calls, and sees and hears own calls.
    Agent,
    /// Sees and hears everybody's calls.
    Manager,
    /// Sets the system up.
    Admin,
}

impl Role {
    pub fn sees_everybodys_calls(self) -> bool {
        self >= Role::Manager
    }

    pub fn may_set_up(self) -> bool {
        self >= Role::Admin
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Agent => "agent",
            Role::Manager => "manager",
            Role::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;
    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        match text {
            "agent" => Ok(Role::Agent),
            "manager" => Ok(Role::Manager),
            "admin" => Ok(Role::Admin),
            _ => Err(UnknownRole),
        }
    }
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role is one of agent, manager, admin")]
pub struct UnknownRole;

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Ours, text, never reused.
    pub id: String,
    pub email: String,
    pub name: String,
    pub role: Role,
}

impl User {
    /// The Twilio client identity: the browser that `client:IDENTITY` rings. Only characters that Twilio allows
    /// (letters, digits, underscore), whatever the id holds. <https://www.twilio.com/docs/voice/twiml/client>
    pub fn identity(&self) -> String {
        let id: String = self
            .id
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        format!("user_{id}")
    }

    /// May this user see, and hear the recording of, a call of that agent?
    pub fn may_see_call_of(&self, agent_id: Option<&str>) -> bool {
        self.role.sees_everybodys_calls() || agent_id == Some(self.id.as_str())
    }
}
