//! What a person reads: a line as each check finishes, then what is wrong, the gravest first.

use super::{Mending, Terminal};
use crate::{
    i18n::*,
    server::doctor::{Change, Report, Status, mend::Plan},
};
use std::io::{self, Write};

pub(super) struct Page<'t, 'a> {
    terminal: &'t mut Terminal<'a>,
}

impl<'t, 'a> Page<'t, 'a> {
    pub(super) fn of(terminal: &'t mut Terminal<'a>) -> Self {
        Self { terminal }
    }

    pub(super) fn line(&mut self, report: &Report) -> io::Result<()> {
        let locale = self.terminal.locale;
        let mark = self.mark(report.status());
        let (name, words) = (report.check.name(locale), report.words(locale));
        writeln!(self.terminal.out, "{mark} {name}: {words}")?;
        self.terminal.out.flush()
    }

    pub(super) fn again(&mut self) -> io::Result<()> {
        let locale = self.terminal.locale;
        writeln!(
            self.terminal.out,
            "\n{}\n",
            td_string!(locale, doctor.command.again)
        )
    }

    /// What is wrong, in the order in which it should be mended.
    pub(super) fn summary(&mut self, reports: &[Report]) -> io::Result<()> {
        let locale = self.terminal.locale;
        let wrong: Vec<&Report> = reports
            .iter()
            .filter(|report| matches!(report.status(), Status::Problem | Status::Warning))
            .collect();
        if wrong.is_empty() {
            return writeln!(
                self.terminal.out,
                "\n{}",
                td_string!(locale, doctor.command.all_well)
            );
        }
        let count = |status| {
            wrong
                .iter()
                .filter(|report| report.status() == status)
                .count()
        };
        writeln!(
            self.terminal.out,
            "\n{}",
            td_string!(
                locale,
                doctor.command.counted,
                problems = count(Status::Problem),
                warnings = count(Status::Warning)
            )
        )?;
        for report in wrong {
            let mark = self.mark(report.status());
            let out = &mut *self.terminal.out;
            writeln!(out, "\n{mark} {}", report.check.name(locale))?;
            writeln!(out, "  {}", report.words(locale))?;
            if let Some(detail) = report.detail() {
                writeln!(out, "  ({detail})")?;
            }
            changes(out, locale, report.changes())?;
            if let Some(remedy) = report.remedy(locale) {
                writeln!(
                    out,
                    "  {} {remedy}",
                    td_string!(locale, doctor.command.do_this)
                )?;
            }
        }
        Ok(())
    }

    pub(super) fn plan(&mut self, plan: &Plan) -> io::Result<()> {
        let locale = self.terminal.locale;
        writeln!(self.terminal.out, "\n{}", plan.words(locale))?;
        changes(&mut *self.terminal.out, locale, plan.changes())
    }

    /// Asks; anything but a yes is a no.
    pub(super) fn agreed(&mut self) -> io::Result<bool> {
        let locale = self.terminal.locale;
        write!(
            self.terminal.out,
            "{} ",
            td_string!(locale, doctor.command.ask)
        )?;
        self.terminal.out.flush()?;
        let mut answer = String::new();
        self.terminal.input.read_line(&mut answer)?;
        let answer = answer.trim().to_lowercase();
        Ok(matches!(answer.as_str(), "y" | "yes" | "نعم" | "ن"))
    }

    pub(super) fn mending(&mut self, mending: &Mending) -> io::Result<()> {
        let locale = self.terminal.locale;
        let words = match mending {
            Mending::NotNeeded => td_string!(locale, doctor.command.nothing_to_mend).to_owned(),
            Mending::AddressFirst => td_string!(locale, doctor.command.address_first).to_owned(),
            Mending::Done(_, mended) => mended.words(locale),
            Mending::Declined(_) => td_string!(locale, doctor.command.declined).to_owned(),
            Mending::Unasked(_) => td_string!(locale, doctor.command.needs_yes).to_owned(),
            Mending::Failed(_, failed) => match failed.detail() {
                Some(detail) => format!("{} ({detail})", failed.words(locale)),
                None => failed.words(locale),
            },
        };
        writeln!(self.terminal.out, "\n{words}")?;
        if let Mending::Done(_, mended) = mending
            && mended.to_be_set
        {
            writeln!(
                self.terminal.out,
                "\n  TWILIO_TWIML_APP_SID={}",
                mended.application
            )?;
        }
        Ok(())
    }

    /// A sign and, where it may be, a colour; never the colour alone.
    fn mark(&self, status: Status) -> String {
        let (sign, colour) = match status {
            Status::Ok => ("✓", "32"),
            Status::Warning => ("!", "33"),
            Status::Problem => ("✗", "31"),
            Status::Skipped | Status::Running => ("-", "2"),
        };
        match self.terminal.colour {
            true => format!("\u{1b}[{colour}m{sign}\u{1b}[0m"),
            false => sign.to_owned(),
        }
    }
}

fn changes(out: &mut dyn Write, locale: Locale, changes: &[Change]) -> io::Result<()> {
    let shown = |value: &str| match value {
        "" => td_string!(locale, doctor.command.empty).to_owned(),
        value => value.to_owned(),
    };
    for change in changes {
        writeln!(out, "    {}", change.field)?;
        let (before, after) = (shown(&change.before), shown(&change.after));
        writeln!(
            out,
            "      {} {before}",
            td_string!(locale, doctor.command.is)
        )?;
        writeln!(
            out,
            "      {} {after}",
            td_string!(locale, doctor.command.should_be)
        )?;
    }
    Ok(())
}
