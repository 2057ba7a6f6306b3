//! What is examined: a running server's own parts, or what the command line opens.

use super::{
    Check,
    configuration::{self, Refused},
};
use crate::server::{
    config::{Config, Settings},
    recordings::Recordings,
    state::AppState,
    store::Store,
    twilio::{self, signature::Verifier},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// What could not be opened says why, and only the checks that need it are skipped.
#[derive(Clone)]
pub struct Installation {
    pub config: Arc<Config>,
    /// Variables that the server would refuse at start; the configuration has their defaults instead.
    pub refused: Vec<Refused>,
    pub store: Result<Store, String>,
    pub recordings: Result<Recordings, String>,
    pub twilio: twilio::Client,
    pub verifier: Arc<Verifier>,
}

impl Installation {
    /// That of a running server.
    pub fn of(state: &AppState) -> Self {
        Self {
            config: state.config.clone(),
            refused: Vec::new(),
            store: Ok(state.store.clone()),
            recordings: Ok(state.recordings.clone()),
            twilio: state.twilio.clone(),
            verifier: state.verifier.clone(),
        }
    }

    /// Opens what the configuration names, however much of it is wrong. `env` is where secrets are read; the database has `limit` to answer.
    pub async fn open(
        settings: &Settings,
        env: &dyn Fn(&str) -> Option<String>,
        limit: Duration,
    ) -> anyhow::Result<Self> {
        let (config, refused) = configuration::read(settings, env)?;
        let is_refused = |name: &str| refused.iter().any(|refused| refused.name == name);
        // With a default in place of what was refused, another database would be made.
        let store = match is_refused("DATABASE_URL") {
            true => Err("DATABASE_URL".to_owned()),
            false => open_store(&config, limit).await,
        };
        let archive = refused
            .iter()
            .find(|refused| configuration::owner(refused.name) == Check::Archive);
        let recordings = match archive {
            Some(refused) => Err(refused.name.to_owned()),
            None => Recordings::new(&config).map_err(|error| format!("{error:#}")),
        };
        Ok(Self {
            twilio: twilio::Client::new(&config.twilio)?,
            verifier: Arc::new(Verifier::of(&config)),
            config: Arc::new(config),
            refused,
            store,
            recordings,
        })
    }

    pub async fn close(self) {
        if let Ok(store) = self.store {
            store.close().await;
        }
    }
}

async fn open_store(config: &Config, limit: Duration) -> Result<Store, String> {
    match timeout(limit, Store::open(&config.database)).await {
        Ok(opened) => opened.map_err(|error| format!("{error:#}")),
        Err(_) => Err(format!("no answer within {} s", limit.as_secs_f32())),
    }
}
