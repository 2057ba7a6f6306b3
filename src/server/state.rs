//! What every handler may reach.

use super::{
    auth::throttle::Throttle,
    calls::{live::Live, make::Makings},
    causes::Inquiries,
    config::Config,
    numbers::Numbers,
    overload::Room,
    recordings::Recordings,
    refusals::Refusals,
    store::Store,
    twilio::{self, signature::Verifier},
};
use axum::extract::FromRef;
use axum_extra::extract::cookie::Key;
use leptos::config::LeptosOptions;
use std::{ops::Deref, sync::Arc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Cheap to clone, which every layer and every handler does: one handle on all the others.
#[derive(Clone)]
pub struct AppState(Arc<Handles>);

impl AppState {
    pub fn new(handles: Handles) -> Self {
        Self(Arc::new(handles))
    }
}

impl Deref for AppState {
    type Target = Handles;
    fn deref(&self) -> &Handles {
        &self.0
    }
}

/// What there is one of in a server.
pub struct Handles {
    pub config: Arc<Config>,
    pub store: Store,
    pub twilio: twilio::Client,
    pub verifier: Arc<Verifier>,
    pub numbers: Arc<Numbers>,
    pub live: Live,
    pub recordings: Recordings,
    /// What was turned away at the door.
    pub refusals: Refusals,
    /// The calls that Twilio is being asked about.
    pub inquiries: Inquiries,
    /// The calls that Twilio is being asked to make.
    pub makings: Makings,
    /// Of attempts to sign in.
    pub throttle: Arc<Throttle>,
    pub room: Room,
    pub leptos_options: LeptosOptions,
    /// Signs session cookies.
    pub cookie_key: Key,
    /// Background work that shutdown waits for.
    pub tasks: TaskTracker,
    /// Cancelled when the server is told to stop.
    pub shutdown: CancellationToken,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos_options.clone()
    }
}

impl FromRef<AppState> for Key {
    fn from_ref(state: &AppState) -> Self {
        state.cookie_key.clone()
    }
}
