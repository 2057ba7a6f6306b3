//! The `almasar` command: what each subcommand does, and what it exits with: 0 good, 1 a problem found, 2 wrong usage.

use super::{
    auth, clock,
    config::{Config, ConfigError, DatabaseUrl, RecordingsUrl, Settings, s3::Variables},
    doctor::{
        Limits,
        command::{self, Options, Terminal},
    },
    recordings::{
        self,
        moving::{self, Plan, Progress},
    },
    serve, site,
    store::{self, Step, Store},
    telemetry,
};
use crate::domain::user::Role;
use anyhow::{Context, Result};
use clap::{Args, CommandFactory, Parser, Subcommand};
use std::{
    env,
    io::{self, IsTerminal, Read},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};
use tokio::runtime::Runtime;

/// Browser calling on Twilio: the phone, the webhooks, the history and the recordings.
#[derive(Parser)]
#[command(name = "almasar", version, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Find out why calls do not work, and mend the TwiML App
    #[command(after_help = command::AFTER_HELP)]
    Doctor(Options),
    #[command(flatten)]
    Configured(Configured),
}

/// What needs a configuration without faults.
#[derive(Subcommand)]
enum Configured {
    /// Run the server
    Serve,
    /// People who sign in
    #[command(subcommand)]
    User(UserCommand),
    /// Recordings
    #[command(subcommand)]
    Recordings(RecordingsCommand),
    /// Bring the database's schema up to date; or copy an installation from one database to another
    Migrate(Migrate),
    /// Copy the SQLite database to FILE, while servers go on; recordings are files of their own
    Backup {
        /// Must not be there yet
        file: PathBuf,
    },
}

/// With no server running on either: what is written to the source meanwhile would be lost.
#[derive(Args)]
struct Migrate {
    /// Copy everything from here: `sqlite://PATH` or `postgres://…`
    #[arg(long, value_name = "URL", requires = "to", value_parser = DatabaseUrl::parse)]
    from: Option<DatabaseUrl>,
    /// To here: an empty database; its tables are made
    #[arg(long, value_name = "URL", requires = "from", value_parser = DatabaseUrl::parse)]
    to: Option<DatabaseUrl>,
}

#[derive(Subcommand)]
enum UserCommand {
    /// Add somebody; prints a generated password once
    Add {
        email: String,
        /// admin, manager or agent
        #[arg(long, default_value = "agent")]
        role: Role,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// List everybody
    List,
}

#[derive(Subcommand)]
enum RecordingsCommand {
    /// Ask Twilio for recordings that did not arrive
    Fetch,
    /// Copy every archived recording to another archive, and verify it there; may be interrupted, and run again
    #[command(after_help = MOVE_HELP)]
    Move {
        /// Where they are: `file://PATH` or `s3://BUCKET/PREFIX`
        #[arg(long)]
        from: String,
        /// Where they shall be
        #[arg(long)]
        to: String,
        /// When everything has been verified at the target, delete it from the source; RECORDINGS_URL must be the target by then
        #[arg(long)]
        delete: bool,
    },
}

const MOVE_HELP: &str = "\
The target is reached with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL and the other AWS_… variables; the source with the same \
names after FROM_ (FROM_AWS_ACCESS_KEY_ID, …), or, where none of those is set, as the target is.

While servers run: 1. run it; 2. set RECORDINGS_URL to the target and restart the servers; 3. run it again, for what was archived \
meanwhile, with --delete if the source is to be emptied.";

/// Parses the command line and the environment (`.env` too), and does it.
pub fn run() -> ExitCode {
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        // The error's own words quote the line, which may hold a secret.
        match error {
            dotenvy::Error::LineParse(_, at) => {
                eprintln!(
                    "almasar: .env: a line cannot be read (at its character {at}); quote a value that has spaces"
                );
            }
            error => eprintln!("almasar: .env: {error}"),
        }
        return ExitCode::from(2);
    }
    let cli = Cli::parse();
    let command = match cli.command {
        Some(Command::Doctor(options)) => return doctor(options, &cli.settings),
        Some(Command::Configured(command)) => command,
        // `cargo leptos watch` starts the program without arguments.
        None if site::is_watched() => Configured::Serve,
        None => {
            eprint!("{}", Cli::command().render_help());
            return ExitCode::from(2);
        }
    };
    let config = match Config::load(&cli.settings) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("almasar: {error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match started("info") {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let performed = runtime.block_on(perform(command, config));
    telemetry::flush_log();
    match performed {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("almasar: {error:#}");
            match error.is::<ConfigError>() {
                true => ExitCode::from(2),
                false => ExitCode::FAILURE,
            }
        }
    }
}

/// Logging, of this level where `RUST_LOG` names none, and a runtime; or what to exit with.
fn started(level: &str) -> Result<Runtime, ExitCode> {
    telemetry::start_logging(level).map_err(|problem| {
        eprintln!("almasar: {problem}");
        ExitCode::from(2)
    })?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().map_err(|error| {
        eprintln!("almasar: cannot start: {error}");
        ExitCode::FAILURE
    })
}

fn doctor(options: Options, settings: &Settings) -> ExitCode {
    // What it finds is said once, in its own words, and not in the log's.
    let runtime = match started("error,rustls_platform_verifier=off") {
        Ok(runtime) => runtime,
        Err(code) => return code,
    };
    let env = |name: &str| env::var(name).ok();
    let (mut out, mut input) = (io::stdout(), io::stdin().lock());
    let on_terminal = out.is_terminal();
    let mut terminal = Terminal {
        interactive: on_terminal && input.is_terminal(),
        colour: on_terminal && env("NO_COLOR").is_none_or(|value| value.is_empty()),
        locale: command::locale(&env),
        out: &mut out,
        input: &mut input,
    };
    let performed = command::perform(options, settings, &env, Limits::default(), &mut terminal);
    let performed = runtime.block_on(performed);
    telemetry::flush_log();
    match performed {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("almasar: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(command: Configured, config: Config) -> Result<()> {
    match command {
        Configured::Serve => serve::run(config).await,
        Configured::User(UserCommand::Add {
            email,
            role,
            password_stdin,
        }) => add_user(config, &email, role, password_stdin).await,
        Configured::User(UserCommand::List) => list_users(config).await,
        Configured::Recordings(RecordingsCommand::Fetch) => fetch_recordings(config).await,
        Configured::Recordings(RecordingsCommand::Move { from, to, delete }) => {
            move_recordings(config, &from, &to, delete).await
        }
        Configured::Migrate(Migrate {
            from: Some(from),
            to: Some(to),
        }) => copy(&from, &to).await,
        Configured::Migrate(_) => {
            let (now, all) = store::migrate(&config.database).await?;
            println!("the schema is up to date: {all} migrations, {now} of them made now");
            Ok(())
        }
        Configured::Backup { file } => {
            let size = store::backup(&config.database, &file).await?;
            println!("{}: {size} bytes, checked", file.display());
            Ok(())
        }
    }
}

async fn copy(from: &DatabaseUrl, to: &DatabaseUrl) -> Result<()> {
    let mut told = Instant::now();
    let copied = store::copy(from, to, &mut |step| match step {
        Step::Compared { table, rows } => println!("{table}: {rows} rows copied and compared"),
        Step::Copied { table, rows, of } => {
            // Of a table that takes long.
            if told.elapsed() >= Duration::from_secs(1) {
                told = Instant::now();
                eprintln!("{table}: {rows} of {of} rows copied");
            }
        }
    })
    .await?;
    println!(
        "all {} rows of {} tables are the same",
        copied.rows, copied.tables
    );
    if copied.replaced > 0 {
        println!(
            "but in {} texts a NUL, which PostgreSQL cannot store, has become U+FFFD",
            copied.replaced
        );
    }
    if copied.secret {
        println!("the session secret went along: people stay signed in");
    }
    println!(
        "next: set DATABASE_URL to what --to was, and start the server; RECORDINGS_URL stays as it is"
    );
    println!(
        "keep the old database until you have seen that all is well, and start no server on it"
    );
    Ok(())
}

async fn add_user(config: Config, email: &str, role: Role, password_stdin: bool) -> Result<()> {
    let given = password_stdin.then(password_from_stdin).transpose()?;
    let generated = given.is_none();
    let store = Store::open(&config.database).await?;
    let added = auth::add_user(&store, email, role, given, clock::now()).await;
    store.close().await;
    let (user, password) = added?;
    println!("added {} ({})", user.email, user.role);
    if generated {
        println!("password: {password}");
    }
    Ok(())
}

fn password_from_stdin() -> Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .take(4096)
        .read_to_string(&mut text)
        .context("reading the password from standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

async fn list_users(config: Config) -> Result<()> {
    let store = Store::open(&config.database).await?;
    let users = store.users().await;
    store.close().await;
    for user in users? {
        println!("{}\t{}\t{}", user.email, user.role, user.name);
    }
    Ok(())
}

async fn fetch_recordings(config: Config) -> Result<()> {
    let state = serve::prepare(config).await?;
    let summary = recordings::sync::fetch_missing(&state, None).await;
    state.store.close().await;
    let summary = summary?;
    println!("checked {}, added {}", summary.checked, summary.added);
    Ok(())
}

async fn move_recordings(config: Config, from: &str, to: &str, delete: bool) -> Result<()> {
    let env = |name: &str| env::var(name).ok();
    let plan = Plan {
        from: RecordingsUrl::read("--from", from, Variables::of_source(&env), &env)?,
        to: RecordingsUrl::read("--to", to, Variables::Archive, &env)?,
        delete,
    };
    let store = Store::open(&config.database).await?;
    let mut line = ProgressLine::new();
    let moved = moving::run(&store, &plan, &config.recordings, |progress| {
        line.show(progress);
    })
    .await;
    store.close().await;
    line.end();
    let moved = moved?;
    for (sid, problem) in &moved.problems {
        eprintln!("almasar: {sid}: {problem}");
    }
    println!(
        "{} of {} recordings are verified at {}: {} copied, {} there before ({:.1} MB); {} deleted from {}",
        moved.verified(),
        moved.total,
        plan.to,
        moved.copied,
        moved.there,
        moved.bytes as f64 / 1e6,
        moved.deleted,
        plan.from,
    );
    anyhow::ensure!(
        moved.problems.is_empty(),
        "{} could not be moved{}",
        moved.problems.len(),
        if delete { "; nothing was deleted" } else { "" }
    );
    Ok(())
}

/// One line that is written over again on a terminal; elsewhere a line now and then.
struct ProgressLine {
    on_terminal: bool,
    shown: Option<Instant>,
}

impl ProgressLine {
    fn new() -> Self {
        Self {
            on_terminal: io::stderr().is_terminal(),
            shown: None,
        }
    }

    fn show(&mut self, progress: &Progress) {
        let pause = Duration::from_millis(if self.on_terminal { 100 } else { 10_000 });
        if self.shown.is_some_and(|shown| shown.elapsed() < pause) {
            return;
        }
        self.shown = Some(Instant::now());
        let (done, total, deleted) = (progress.verified(), progress.total, progress.deleted);
        let megabytes = progress.bytes as f64 / 1e6;
        let text = match deleted {
            0 => format!("{done} of {total} verified, {megabytes:.1} MB"),
            _ => format!("{done} of {total} verified, {deleted} deleted from the source"),
        };
        match self.on_terminal {
            true => eprint!("\r\x1b[K{text}"),
            false => eprintln!("{text}"),
        }
    }

    fn end(&self) {
        if self.on_terminal && self.shown.is_some() {
            eprint!("\r\x1b[K");
        }
    }
}
