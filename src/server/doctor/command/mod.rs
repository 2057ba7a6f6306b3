//! `almasar doctor`: examines, mends if asked to, and says what came of it, to a person or to a machine.

mod json;
mod text;

use super::{
    Installation, Limits, Report, Status, examine, gravest,
    mend::{self, By, Mended, Outlook, Plan},
};
use crate::{
    i18n::*,
    server::{clock, config::Settings},
};
use clap::Args;
use futures::StreamExt;
use std::io::{self, BufRead, Write};
use text::Page;

/// Exit codes: `0` good, `1` a problem found, `2` wrong usage.
const GOOD: u8 = 0;
const PROBLEM: u8 = 1;
const WRONG_USAGE: u8 = 2;

/// What `--help` says of `--json`.
pub const AFTER_HELP: &str = "\
Exits with 0 when all is well (warnings included), 1 when a problem was found, 2 for wrong usage.
English, or Arabic where LC_ALL, LC_MESSAGES or LANG begins with \"ar\".

--json prints one document:
  status     ok | warning | problem
  language   en | ar: of name, words and remedy
  checks     problems first, each:
    check    stable name, e.g. twiml-app
    group    configuration | twilio | calls | address | storage
    status   ok | warning | problem | skipped
    found    stable word for what was found, e.g. points-elsewhere
    name, words, remedy, detail    for people; remedy and detail may be null
    waits_for    the check to be mended first, or null
    changes  [{field, before, after}] of the TwiML App
    took_ms
  mend       null, or what --fix did:
    plan     change | create | adopt, or null where PUBLIC_URL has to be mended first
    applied  true | false
    words, application, changes
    set      {\"TWILIO_TWIML_APP_SID\": \"AP…\"} when the environment has to be changed, else null";

/// What `almasar doctor` may be asked for.
#[derive(Args, Debug, Clone, Copy, Default)]
pub struct Options {
    /// Mend the TwiML App: shows what would change, and asks
    #[arg(long)]
    pub fix: bool,
    /// Do not ask
    #[arg(long, requires = "fix")]
    pub yes: bool,
    /// One JSON document, for machines
    #[arg(long)]
    pub json: bool,
}

/// Where the command reads and writes.
pub struct Terminal<'a> {
    pub out: &'a mut dyn Write,
    pub input: &'a mut dyn BufRead,
    /// Is there a person who can be asked?
    pub interactive: bool,
    pub colour: bool,
    pub locale: Locale,
}

/// What became of `--fix`.
enum Mending {
    NotNeeded,
    /// `PUBLIC_URL` is wrong: the App would be pointed at nothing of ours.
    AddressFirst,
    Done(Plan, Mended),
    /// The person said no.
    Declined(Plan),
    /// There is nobody to ask, and no `--yes`.
    Unasked(Plan),
    Failed(Option<Plan>, mend::Failed),
}

/// Does it all, and returns the exit code.
pub async fn perform(
    options: Options,
    settings: &Settings,
    env: &dyn Fn(&str) -> Option<String>,
    limits: Limits,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<u8> {
    let installation = Installation::open(settings, env, limits.answer / 2).await?;
    let code = with(&installation, options, limits, terminal).await;
    installation.close().await;
    Ok(code?)
}

async fn with(
    installation: &Installation,
    options: Options,
    limits: Limits,
    terminal: &mut Terminal<'_>,
) -> io::Result<u8> {
    let mut reports = examined(installation, options, limits, terminal).await?;
    let mending = match options.fix {
        true => Some(mended(installation, options, &reports, terminal).await?),
        false => None,
    };
    if let Some(Mending::Done(_, mended)) = &mending
        && !mended.changes.is_empty()
    {
        if !options.json {
            Page::of(terminal).again()?;
        }
        reports = examined(installation, options, limits, terminal).await?;
    }
    super::by_urgency(&mut reports);
    if options.json {
        json::write(terminal, &reports, mending.as_ref())?;
    } else {
        Page::of(terminal).summary(&reports)?;
        if let Some(mending) = &mending {
            Page::of(terminal).mending(mending)?;
        }
    }
    Ok(match (&mending, gravest(&reports)) {
        (Some(Mending::Unasked(_)), _) => WRONG_USAGE,
        (Some(Mending::Failed(..)), _) | (_, Status::Problem) => PROBLEM,
        _ => GOOD,
    })
}

async fn examined(
    installation: &Installation,
    options: Options,
    limits: Limits,
    terminal: &mut Terminal<'_>,
) -> io::Result<Vec<Report>> {
    let mut stream = std::pin::pin!(examine(installation.clone(), limits, clock::now()));
    let mut reports = Vec::new();
    while let Some(report) = stream.next().await {
        if !options.json {
            Page::of(terminal).line(&report)?;
        }
        reports.push(report);
    }
    Ok(reports)
}

/// Plans, shows, asks, applies.
async fn mended(
    installation: &Installation,
    options: Options,
    reports: &[Report],
    terminal: &mut Terminal<'_>,
) -> io::Result<Mending> {
    match mend::outlook(reports) {
        Outlook::Needed => {}
        Outlook::NotNeeded => return Ok(Mending::NotNeeded),
        Outlook::AddressFirst => return Ok(Mending::AddressFirst),
    }
    let plan = match mend::plan(installation).await {
        Ok(Some(plan)) => plan,
        Ok(None) => return Ok(Mending::NotNeeded),
        Err(failed) => return Ok(Mending::Failed(None, failed)),
    };
    if !options.json {
        Page::of(terminal).plan(&plan)?;
    }
    if !options.yes && !plan.changes().is_empty() {
        if !terminal.interactive || options.json {
            return Ok(Mending::Unasked(plan));
        }
        if !Page::of(terminal).agreed()? {
            return Ok(Mending::Declined(plan));
        }
    }
    Ok(
        match mend::apply(installation, &plan, By::CommandLine, clock::now()).await {
            Ok(mended) => Mending::Done(plan, mended),
            Err(failed) => Mending::Failed(Some(plan), failed),
        },
    )
}

/// Which language the terminal speaks, by POSIX's order of precedence: the first of these that is set decides.
pub fn locale(env: &dyn Fn(&str) -> Option<String>) -> Locale {
    let language = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| env(name).filter(|value| !value.is_empty()));
    match language {
        Some(language) if language.starts_with("ar") => Locale::ar,
        _ => Locale::en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terminal_speaks_arabic_where_its_language_is_arabic() {
        for (set, expected) in [
            (&[][..], Locale::en),
            (&[("LANG", "ar_SA.UTF-8")], Locale::ar),
            (&[("LANG", "ar_SA.UTF-8"), ("LC_ALL", "C")], Locale::en),
            (
                &[("LC_ALL", ""), ("LC_MESSAGES", "ar"), ("LANG", "en_GB")],
                Locale::ar,
            ),
        ] {
            let env = |name: &str| {
                set.iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            };
            assert_eq!(locale(&env), expected, "{set:?}");
        }
    }
}
