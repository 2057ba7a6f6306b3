//! One examination: which checks are made, what they share, and how long they may take.

use super::{
    Check, Found, Installation, Report, Unasked, account, alerts, archive, caller_id,
    configuration, countries, database, disk, frontend_url, public_url, twiml_app,
};
use futures::{Stream, stream::FuturesUnordered};
use std::{collections::BTreeSet, sync::Arc, time::Duration};
use tokio::{
    sync::OnceCell,
    time::{Instant, timeout_at},
};

/// How long may be waited for an answer.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For one request.
    pub answer: Duration,
    /// For every check, from the beginning of the examination: what it has to wait for included.
    pub whole: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: Duration::from_secs(6),
            whole: Duration::from_secs(12),
        }
    }
}

/// What the checks of one examination share.
pub(crate) struct Examination {
    pub installation: Installation,
    pub limits: Limits,
    /// When it began, in milliseconds since 1970.
    pub now: i64,
    /// Variables that hold something unusable.
    pub spoiled: BTreeSet<&'static str>,
    begun: Instant,
    configuration: configuration::Found,
    access: OnceCell<account::Access>,
    public_url: OnceCell<Found>,
}

/// Examines an installation, which may be broken: each check is reported as it finishes. `now` is in milliseconds since 1970.
pub fn examine(
    installation: Installation,
    limits: Limits,
    now: i64,
) -> impl Stream<Item = Report> + Send + use<> {
    let examination = Arc::new(Examination::new(installation, limits, now));
    Check::ALL
        .into_iter()
        .map(|check| report(check, examination.clone()))
        .collect::<FuturesUnordered<_>>()
}

async fn report(check: Check, examination: Arc<Examination>) -> Report {
    let whole = examination.limits.whole;
    let found = timeout_at(examination.begun + whole, examination.look(check))
        .await
        .unwrap_or_else(|_| Unasked::NoTime(whole).into());
    Report {
        check,
        found,
        took: examination.begun.elapsed(),
    }
}

impl Examination {
    fn new(installation: Installation, limits: Limits, now: i64) -> Self {
        let configuration = configuration::look(&installation.config, &installation.refused);
        let faulty = configuration
            .0
            .iter()
            .filter(|fault| fault.spoils() && !matches!(fault, configuration::Fault::Missing(_)))
            .flat_map(configuration::Fault::names);
        let refused = installation.refused.iter().map(|refused| refused.name);
        Self {
            spoiled: faulty.chain(refused).collect(),
            begun: Instant::now(),
            access: OnceCell::new(),
            public_url: OnceCell::new(),
            configuration,
            installation,
            limits,
            now,
        }
    }

    /// Milliseconds since 1970, as the examination goes on.
    pub fn time(&self) -> i64 {
        self.now + i64::try_from(self.begun.elapsed().as_millis()).unwrap_or(i64::MAX)
    }

    /// Can the account's resources be read? If not, that check is to be mended first.
    pub async fn opened(&self) -> Result<(), Unasked> {
        self.access().await.opens.map_err(Unasked::After)
    }

    /// What each credential opens; asked once.
    async fn access(&self) -> &account::Access {
        self.access.get_or_init(|| account::ask(self)).await
    }

    /// Does `PUBLIC_URL` lead here? Tried once.
    pub async fn public_url(&self) -> &Found {
        let look = async || public_url::look(self).await.into();
        self.public_url.get_or_init(look).await
    }

    async fn look(&self, check: Check) -> Found {
        if let Some(found) = self.spoilt(check) {
            return found;
        }
        let config = &self.installation.config;
        match check {
            Check::Configuration => self.configuration.clone().into(),
            Check::Twilio => self.access().await.twilio.clone(),
            Check::Account => self.access().await.account.clone(),
            Check::AuthToken => self.access().await.auth_token.clone(),
            Check::ApiKey => self.access().await.api_key.clone(),
            Check::Clock => self.access().await.clock.clone(),
            Check::TwimlApp => twiml_app::look(self).await.into(),
            Check::CallerId => caller_id::look(self).await.into(),
            Check::Countries => countries::look(self).await.into(),
            Check::PublicUrl => self.public_url().await.clone(),
            Check::FrontendUrl => frontend_url::look(config).into(),
            Check::Database => database::look(self).await.into(),
            Check::Disk => disk::look(self).await.into(),
            Check::Archive => archive::look(self).await.into(),
            Check::Alerts => alerts::look(self).await.into(),
        }
    }

    /// A variable that it needs cannot be used: either this check says so, or it leaves that to the one that does.
    fn spoilt(&self, check: Check) -> Option<Found> {
        let own = self
            .installation
            .refused
            .iter()
            .find(|refused| configuration::owner(refused.name) == check);
        if let (Some(refused), true) = (own, check != Check::Configuration) {
            return Some(refused.clone().into());
        }
        let needed = configuration::needs(check)
            .iter()
            .find(|name| self.spoiled.contains(*name))?;
        Some(Unasked::After(configuration::owner(needed)).into())
    }
}
