//! The checks as they are made: a row each, and above them what they come to.

use super::{CopyButton, mend::Mend};
use crate::{
    app::Asked,
    components::{
        icon::{Glyph, Icon},
        plural,
    },
    i18n::*,
    server::{
        doctor::{Change, Check, Group, Report, Status},
        setup::{Examination, mend},
        state::AppState,
    },
};
use leptos::prelude::*;

/// What all checks come to, once the last is in.
#[component]
pub fn Summary(locale: Locale) -> impl IntoView {
    let examination = expect_context::<Examination>();
    let total = Check::ALL.len();
    let running = move || {
        view! {
            <p class="verdict"><span class="disc running"><Glyph icon=Icon::Wait /></span>{td_string!(locale, setup.checking)}</p>
            <progress id="progress" max=total value="0" aria-label=td_string!(locale, setup.progress)></progress>
        }
    };
    view! {
        <div class="summary" role="status">
            <Suspense fallback=running>
                {Suspend::new(async move {
                    let reports = examination.whole().await;
                    view! { <Verdict locale reports /> }
                })}
            </Suspense>
        </div>
    }
    .into_any()
}

#[component]
fn Verdict(locale: Locale, reports: Vec<Report>) -> impl IntoView {
    let count = |wanted| {
        let such = reports.iter().filter(|report| report.status() == wanted);
        such.count() as u64
    };
    let (problems, warnings) = (count(Status::Problem), count(Status::Warning));
    let mut words = Vec::new();
    if problems > 0 {
        words.push(plural::problems(locale, problems));
    }
    if warnings > 0 {
        words.push(plural::warnings(locale, warnings));
    }
    let (status, words) = match (problems, warnings) {
        (0, 0) => (Status::Ok, td_string!(locale, setup.well).to_owned()),
        (0, _) => (Status::Warning, words.concat()),
        _ => (Status::Problem, words.join(td_string!(locale, setup.and))),
    };
    let urgent: Vec<_> = reports
        .into_iter()
        .filter(|report| matches!(report.status(), Status::Problem | Status::Warning))
        .map(|report| {
            let href = format!("#check-{}", report.check);
            view! { <li><a class="pill" href=href data-tone=report.status().as_str()>{report.check.name(locale)}</a></li> }
        })
        .collect();
    let lead = match urgent.is_empty() {
        true => td_string!(locale, setup.well_lead),
        false => td_string!(locale, setup.look_at),
    };
    view! {
        <p class="verdict" data-testid="setup-verdict" data-status=status.as_str()><Disc status />{words}</p>
        <p class="lead">{lead}</p>
        <ul class="urgent">{urgent}</ul>
    }
    .into_any()
}

/// The checks, in their groups.
#[component]
pub fn Checks(locale: Locale) -> impl IntoView {
    let groups = Group::ALL.map(|group| {
        let id = format!("group-{}", group.id());
        let rows = group.checks().map(|check| view! { <Row locale check /> });
        view! {
            <section class="card" aria-labelledby=id>
                <h2 id=id.clone()>{group.name(locale)}</h2>
                <ul>{rows.collect_view()}</ul>
            </section>
        }
    });
    view! { <div id="checks" class="checks">{groups.collect_view()}</div> }.into_any()
}

#[component]
fn Row(locale: Locale, check: Check) -> impl IntoView {
    let examination = expect_context::<Examination>();
    let state = expect_context::<AppState>();
    let whole = !expect_context::<Asked>().finishes_by_script();
    let running = move || {
        view! {
            <Standing locale check status=Status::Running>
                <p>{check.asks(locale)}</p>
            </Standing>
        }
    };
    let made = Suspend::new(async move {
        let report = examination.of(check).await;
        let offer = mend::offer(&state, &report).await;
        // The button is the remedy, where there is one.
        let remedy = report.remedy(locale).filter(|_| offer.is_none());
        view! {
            <Standing locale check status=report.status()>
                <p>{report.words(locale)}</p>
                {remedy.map(|remedy| view! { <p class="remedy">{remedy}</p> })}
                {match offer {
                    Some(offer) => view! { <Mend locale offer whole /> }.into_any(),
                    None => view! { <Changes locale changes=report.changes().to_vec() /> }.into_any(),
                }}
                {report.detail().map(|detail| view! {
                    <details>
                        <summary>{td_string!(locale, setup.details)}</summary>
                        <div class="field"><pre dir="auto" tabindex="0">{detail.clone()}</pre><CopyButton locale text=detail /></div>
                    </details>
                })}
            </Standing>
        }
    });
    view! { <Suspense fallback=running>{made}</Suspense> }.into_any()
}

/// A row's frame: what is asked and how it stands, by icon and word.
#[component]
fn Standing(locale: Locale, check: Check, status: Status, children: Children) -> impl IntoView {
    view! {
        <li class="check" id=format!("check-{check}") data-testid="check-row" data-check=check.id() data-status=status.as_str()>
            <Disc status />
            <div>
                <h3>{check.name(locale)}</h3>
                <span class="standing">{status.name(locale)}</span>
                {children()}
            </div>
        </li>
    }
    .into_any()
}

#[component]
fn Disc(status: Status) -> impl IntoView {
    let (class, icon) = match status {
        Status::Problem => ("disc bad", Icon::Failed),
        Status::Warning => ("disc warn", Icon::Alert),
        Status::Skipped => ("disc", Icon::Skipped),
        Status::Running => ("disc running", Icon::Wait),
        Status::Ok => ("disc good", Icon::Done),
    };
    view! { <span class=class><Glyph icon /></span> }
}

/// Field by field: what is there and what it has to be, or what it was and has become.
#[component]
pub fn Changes(
    locale: Locale,
    changes: Vec<Change>,
    #[prop(optional)] done: bool,
) -> impl IntoView {
    let (first, second) = match done {
        true => (
            td_string!(locale, setup.was),
            td_string!(locale, setup.became),
        ),
        false => (
            td_string!(locale, setup.before),
            td_string!(locale, setup.after),
        ),
    };
    let value = move |text: String| match text.is_empty() {
        true => view! { <span class="soft">{td_string!(locale, setup.empty)}</span> }.into_any(),
        false => view! { <code dir="ltr">{text}</code> }.into_any(),
    };
    let rows = changes.into_iter().map(|change| {
        let Change {
            field,
            before,
            after,
        } = change;
        view! {
            <div data-field=field.clone()>
                <dt>{field_name(locale, &field)}</dt>
                <dd><span class="label">{first}</span><del>{value(before)}</del></dd>
                <dd><span class="label">{second}</span><ins>{value(after)}</ins></dd>
            </div>
        }
    });
    let rows = rows.collect_view();
    (!rows.is_empty()).then(|| view! { <dl class="changes">{rows}</dl> })
}

/// The field as Twilio's console calls it.
fn field_name(locale: Locale, field: &str) -> String {
    match field {
        "voice_url" => td_string!(locale, setup.voice_url),
        "voice_method" => td_string!(locale, setup.voice_method),
        "voice_fallback_url" => td_string!(locale, setup.voice_fallback_url),
        "status_callback" => td_string!(locale, setup.status_url),
        "status_callback_method" => td_string!(locale, setup.status_method),
        "friendly_name" => td_string!(locale, setup.friendly_name),
        other => other,
    }
    .to_owned()
}
