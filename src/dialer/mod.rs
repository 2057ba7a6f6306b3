//! The phone in the browser: `machine` decides, `driver` acts, `page` shows. On the server `markup` draws it with the phone not yet awake.

#[cfg(feature = "ssr")]
mod icons;
pub mod machine;
#[cfg(feature = "ssr")]
mod markup;
pub mod shown;
#[cfg(feature = "ssr")]
mod talk_markup;
pub mod words;

#[cfg(feature = "hydrate")]
mod audio;
#[cfg(feature = "hydrate")]
mod driver;
#[cfg(feature = "hydrate")]
mod keyboard;
#[cfg(feature = "hydrate")]
mod page;
#[cfg(feature = "hydrate")]
mod preview;
#[cfg(feature = "hydrate")]
mod sdk_events;
#[cfg(feature = "hydrate")]
mod voice_sdk;
#[cfg(feature = "hydrate")]
mod wake_lock;

#[cfg(feature = "hydrate")]
pub use driver::wake;
#[cfg(feature = "ssr")]
pub use markup::Dialer;

/// What the phone needs to know of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub user_id: String,
    /// What the names of this user's attempts to call begin with.
    pub attempts: String,
    /// `HOST:PORT` where the SDK signals when it is not Twilio's own gateway (`TWILIO_SIGNALING_HOST`).
    pub signaling: Option<String>,
    /// `TWILIO_EDGE`, when configured.
    pub edge: Option<String>,
    /// The SDK prints its `[TwilioVoice]` lines.
    pub debug: bool,
    /// Shown by the browser's own question when the page is left in a call.
    pub leave_question: String,
}

/// A script for the page, to run before the SDK's: the SDK always signals over `wss:` and takes hold of `WebSocket` when it is
/// evaluated, so for a plain gateway on loopback its address is rewritten, for exactly that authority and nothing else.
pub fn plain_signaling_script(authority: &str) -> String {
    // Only what a host and port are made of, so that nothing can leave the string.
    let authority: String = authority
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '[' | ']'))
        .collect();
    format!(
        "{{const secure=\"wss://{authority}/\",plain=\"ws://{authority}/\";\
         window.WebSocket=class extends WebSocket{{constructor(url,protocols){{url=String(url);\
         super(url.startsWith(secure)?plain+url.slice(secure.length):url,protocols)}}}}}}"
    )
}
