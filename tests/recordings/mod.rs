//! Recordings, from Twilio's callback to the player.

mod archiving;
mod keeping;
mod playing;
