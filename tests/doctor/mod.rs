//! The doctor, with one thing set wrong at a time.

pub mod account;
mod command;
mod faults;
mod fronts;
mod mend;
mod patience;

use crate::support::TestDatabase;
use account::{ACCOUNT, APP, Account, KEY, NUMBER, SECRET, TOKEN};
use almasar::{
    i18n::Locale,
    server::{
        clock,
        config::{Config, Settings},
        doctor::{Installation, Limits, Report, Status, by_urgency, examine},
        serve::{self, Running},
        state::AppState,
    },
};
use clap::Parser;
use futures::StreamExt;
use std::{collections::BTreeMap, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;

/// Short: everything is on this machine.
pub const LIMITS: Limits = Limits {
    answer: Duration::from_secs(3),
    whole: Duration::from_secs(8),
};

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

type Env = BTreeMap<&'static str, String>;

/// A running server, the stand-in for Twilio, and the configuration with which the doctor is called.
pub struct World {
    pub account: Account,
    /// None until it is started.
    running: Option<Running>,
    pub database: TestDatabase,
    pub folder: TempDir,
    /// By variable. What is set when the server runs already, the doctor alone sees.
    pub env: Env,
}

impl World {
    /// Nothing is wrong.
    pub async fn healthy() -> Self {
        Self::with(|_| ()).await
    }

    /// What is set wrong is so for the server too, unless it would not start like that: then it runs as it should.
    pub async fn with(set_wrong: impl FnOnce(&mut Self)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        socket.set_nonblocking(true).expect("a socket");
        let address = socket.local_addr().expect("an address");
        let public_url = format!("http://{address}");
        let account = Account::healthy(&public_url).await;
        let database = TestDatabase::new(folder.path()).await;
        let env = environment(&folder, &database, &public_url, account.url());
        let right = env.clone();
        let mut world = Self {
            account,
            running: None,
            database,
            folder,
            env,
        };
        set_wrong(&mut world);
        // The port is kept meanwhile: other tests look for free ones.
        let kept = socket.try_clone().expect("the same port");
        let listener = TcpListener::from_std(socket).expect("a listener");
        let running = match start(&world.env, listener).await {
            Ok(running) => running,
            Err(_) => {
                let listener = TcpListener::from_std(kept).expect("a listener");
                start(&right, listener).await.expect("a server")
            }
        };
        world.running = Some(running);
        world
    }

    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await.expect("stopped");
        }
    }

    /// Starts it again at the same address, with what is set now.
    pub async fn restart(&mut self, address: &str) {
        let mut listener = TcpListener::bind(address).await;
        // Somebody else's connection may have been given it for a moment.
        for _ in 0..600 {
            if listener.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            listener = TcpListener::bind(address).await;
        }
        let listener = listener.expect("the same port");
        self.running = Some(start(&self.env, listener).await.expect("a server"));
    }

    pub fn state(&self) -> &AppState {
        &self.running.as_ref().expect("a server").state
    }

    pub fn set(&mut self, name: &'static str, value: impl Into<String>) {
        self.env.insert(name, value.into());
    }

    /// The doctor's `PUBLIC_URL`, with an App that agrees.
    pub fn move_to(&mut self, public_url: &str) {
        self.account.point_app_at(public_url);
        self.set("PUBLIC_URL", public_url);
    }

    pub fn settings(&self) -> Settings {
        settings(&self.env)
    }

    pub fn secret(&self, name: &str) -> Option<String> {
        self.env.get(name).cloned()
    }

    pub async fn installation(&self) -> Installation {
        Installation::open(&self.settings(), &|name| self.secret(name), LIMITS.answer)
            .await
            .expect("an installation")
    }

    pub async fn examined(&self) -> Vec<Report> {
        self.examined_within(LIMITS).await
    }

    /// The most urgent first.
    pub async fn examined_within(&self, limits: Limits) -> Vec<Report> {
        let installation = self.installation().await;
        let mut reports: Vec<Report> = examine(installation.clone(), limits, clock::now())
            .collect()
            .await;
        installation.close().await;
        by_urgency(&mut reports);
        reports
    }
}

async fn start(env: &Env, listener: TcpListener) -> anyhow::Result<Running> {
    let config = Config::build(&settings(env), &|name| env.get(name).cloned())?;
    serve::start(config, listener).await
}

fn environment(folder: &TempDir, database: &TestDatabase, public_url: &str, twilio: &str) -> Env {
    let path = |name: &str| folder.path().join(name).display().to_string();
    BTreeMap::from([
        ("PUBLIC_URL", public_url.to_owned()),
        ("DATABASE_URL", database.url().to_owned()),
        ("RECORDINGS_URL", format!("file://{}", path("recordings"))),
        ("TWILIO_ACCOUNT_SID", ACCOUNT.to_owned()),
        ("TWILIO_AUTH_TOKEN", TOKEN.to_owned()),
        ("TWILIO_API_KEY", KEY.to_owned()),
        ("TWILIO_API_SECRET", SECRET.to_owned()),
        ("TWILIO_TWIML_APP_SID", APP.to_owned()),
        ("TWILIO_CALLER_ID", NUMBER.to_owned()),
        ("TWILIO_API_BASE_URL", twilio.to_owned()),
    ])
}

fn settings(env: &Env) -> Settings {
    let is_secret = |name: &str| {
        matches!(name, "TWILIO_AUTH_TOKEN" | "TWILIO_API_SECRET") || name.starts_with("AWS_")
    };
    let flags = env
        .iter()
        .filter(|(name, _)| !is_secret(name))
        .map(|(name, value)| format!("--{}={value}", name.to_lowercase().replace('_', "-")));
    Line::try_parse_from(std::iter::once("almasar".to_owned()).chain(flags))
        .expect("flags")
        .settings
}

/// Everything that a person or a machine may see of these reports.
pub fn everything_said(reports: &[Report]) -> String {
    let mut said = String::new();
    for report in reports {
        for locale in [Locale::ar, Locale::en] {
            said += &report.words(locale);
            said += &report.remedy(locale).unwrap_or_default();
        }
        said += &report.detail().unwrap_or_default();
        for change in report.changes() {
            said += &change.before;
            said += &change.after;
        }
    }
    said
}

pub fn holds_no_secret(said: &str) {
    for secret in [TOKEN, SECRET, faults::OTHER_SECRET] {
        assert!(!said.contains(secret), "a secret is in {said}");
    }
}

/// That check, with that finding, is the only thing that is not well.
pub fn names_only(case: &str, reports: &[Report], status: Status, check: &str, code: &str) {
    let wrong: Vec<(Status, &str, &str)> = reports
        .iter()
        .filter(|report| matches!(report.status(), Status::Problem | Status::Warning))
        .map(|report| (report.status(), report.check.id(), report.code()))
        .collect();
    assert_eq!(
        wrong,
        [(status, check, code)],
        "{case}: {}",
        everything_said(reports)
    );
    assert_eq!(reports[0].check.id(), check, "{case}");
}
