//! One call.

use super::Manner;
use crate::{
    components::{
        duration::duration,
        icon::{Glyph, Icon},
        outcome::{direction_word, recording_words, status_icon, status_tone, status_word},
        phone_number::{call_href, grouped},
        player::recording_url,
        plural::length,
        reason::reason_words,
    },
    domain::{call::Direction, recording::RecordingStatus, view::CallView},
    i18n::*,
};
use leptos::prelude::*;

/// A row as it now is; a player that is open in it stands at its end, and is the browser's.
#[component]
pub fn Row<'a>(call: CallView, manner: &'a Manner) -> impl IntoView {
    let Manner {
        locale,
        with_agent,
        recorded,
        ..
    } = *manner;
    let customer = match call.direction {
        Direction::Outbound => &call.to,
        Direction::Inbound => &call.from,
    };
    let number = match customer.is_empty() {
        true => td_string!(locale, history.unknown_number).to_string(),
        false => grouped(customer),
    };
    let talked = call.duration_secs.filter(|seconds| *seconds > 0);
    let time = manner
        .zone
        .local(&call.started_at)
        .map(|local| local.clock());
    let words = recording_words(locale, &call, recorded);
    let agent = call
        .agent
        .as_ref()
        .filter(|_| with_agent)
        .map(|agent| agent.name.clone());
    let playable = call
        .recording
        .as_ref()
        .filter(|recording| recording.status == RecordingStatus::Completed)
        .map(|recording| recording.duration_secs.unwrap_or_default());
    let again = (!customer.is_empty() && call.status.is_terminal())
        .then(|| (call_href(customer), number.clone()));
    let url = recording_url(&call.sid);
    let started_at = call.started_at.clone();
    view! {
        <li class="call" data-testid="call-row" data-sid=call.sid.to_string() data-status=call.status.as_str() data-at=started_at>
            <span class=status_tone(call.status)><Glyph icon=status_icon(call.status, call.direction) /></span>
            <bdi class="number" dir="ltr">{number.clone()}</bdi>
            <span class="what">
                <span class="outcome">
                    <span class="sr">{direction_word(locale, call.direction)}" "</span>
                    {status_word(locale, call.status)}
                </span>
                <span class="talk">
                    {talked.map(|seconds| view! {
                        <bdi dir="ltr" aria-hidden="true">{duration(seconds)}</bdi>
                        <span class="sr">{td_string!(locale, history.talked, length = length(locale, seconds))}</span>
                    })}
                </span>
                <span class="agent">{agent.map(|name| view! { <bdi>{name}</bdi> })}</span>
                <span class="recording">{words}</span>
            </span>
            <time class="when" datetime=call.started_at>{time}</time>
            <span class="acts">
                {again.map(|(href, number)| view! {
                    <a class=if playable.is_some() { "pill round" } else { "pill" } href=href data-testid="call-again" aria-label=td_string!(locale, history.call_again_to, number = number)>
                        <Glyph icon=Icon::Phone />
                        <span>{td_string!(locale, history.call_again)}</span>
                    </a>
                })}
                {playable.map(|seconds| view! { <PlayButton locale number seconds /> })}
            </span>
            {match (call.cause, call.reason) {
                (Some(cause), _) => view! {
                    <details class="reason" data-testid="call-cause" data-cause=cause.id>
                        <summary>{cause.title}</summary>
                        <p>{cause.remedy}</p>
                        {cause.link.map(|href| view! { <a href=href>{td_string!(locale, dialer.open_setup)}</a> })}
                    </details>
                }.into_any(),
                (None, Some(reason)) => view! { <p class="reason">{reason_words(locale, reason)}</p> }.into_any(),
                (None, None) => ().into_any(),
            }}
            {playable.map(|_| view! { <noscript inner_html=native_player(locale, &url)></noscript> })}
        </li>
    }
    .into_any()
}

/// Opens and closes the player; the style sheet shows what the button would do next.
#[component]
fn PlayButton(locale: Locale, number: String, seconds: i64) -> impl IntoView {
    let label = td_string!(locale, player.open_of, number = number);
    view! {
        <button class="pill play" type="button" data-testid="call-play" aria-expanded="false" data-seconds=seconds title=label>
            <Glyph icon=Icon::Play />
            <span>{td_string!(locale, player.open)}</span>
            <Glyph icon=Icon::Close />
            <span>{td_string!(locale, player.close)}</span>
        </button>
    }
}

/// The browser's own player, for pages without JavaScript.
fn native_player(locale: Locale, url: &str) -> String {
    let label = td_string!(locale, player.label);
    format!(
        r#"<audio controls preload="none" data-testid="recording-audio" src="{url}" aria-label="{label}"></audio>"#
    )
}
