//! Twilio, and nothing of us.
