//! One call.

use super::entries::Entry;
use crate::{
    components::{
        icon::{Glyph, Icon},
        outcome::{
            direction_word, reason_words, recording_words, status_icon, status_tone, status_word,
        },
        phone_number::{call_href, grouped},
        player::{Player, recording_url},
        plural::length,
        when::{Zone, duration},
    },
    domain::{call::Direction, recording::RecordingStatus, sid::CallSid, view::CallView},
    i18n::*,
};
use leptos::{prelude::*, web_sys};

/// What every row of a list shares.
#[derive(Debug, Clone)]
pub struct Place {
    pub locale: Locale,
    pub zone: Zone,
    pub with_agent: bool,
    pub recorded: bool,
    /// The call whose player is open: one at a time, so that two recordings never sound at once.
    pub open: RwSignal<Option<CallSid>>,
}

#[component]
pub fn Row(entry: Entry, place: StoredValue<Place>) -> impl IntoView {
    let Entry {
        sid, call, arrived, ..
    } = entry;
    let place = place.get_value();
    let (locale, open) = (place.locale, place.open);
    let status = {
        let call = call.clone();
        move || call.with(|call| call.status.as_str())
    };
    let is_open = {
        let sid = sid.clone();
        Memo::new(move |_| open.with(|open| open.as_ref() == Some(&sid)))
    };
    let player = {
        let (call, sid) = (call.clone(), sid.clone());
        move || {
            let recording = call.with_untracked(|call| call.recording.clone());
            let seconds = recording
                .as_ref()
                .and_then(|recording| recording.duration_secs);
            view! { <Player locale sid=sid.clone() seconds=seconds.unwrap_or_default() /> }
        }
    };
    let sid_text = sid.to_string();
    view! {
        <li class="call" class:arrived=arrived class:open=is_open data-testid="call-row" data-sid=sid_text data-status=status>
            {move || view! { <Summary call=call.get() place=place.clone() is_open /> }}
            <Show when=move || is_open.get()>{player.clone()}</Show>
        </li>
    }
    .into_any()
}

/// All of a row but its player, which must live on while these words change.
#[component]
fn Summary(call: CallView, place: Place, is_open: Memo<bool>) -> impl IntoView {
    let Place {
        locale,
        zone,
        with_agent,
        recorded,
        open,
    } = place;
    let customer = match call.direction {
        Direction::Outbound => &call.to,
        Direction::Inbound => &call.from,
    };
    let number = match customer.is_empty() {
        true => td_string!(locale, history.unknown_number).to_string(),
        false => grouped(customer),
    };
    let talked = call.duration_secs.filter(|seconds| *seconds > 0);
    let time = zone.local(&call.started_at).map(|local| local.clock());
    let words = recording_words(locale, &call, recorded);
    let agent = call
        .agent
        .as_ref()
        .filter(|_| with_agent)
        .map(|agent| agent.name.clone());
    let playable = call
        .recording
        .as_ref()
        .is_some_and(|recording| recording.status == RecordingStatus::Completed);
    let again = (!customer.is_empty() && call.status.is_terminal())
        .then(|| (call_href(customer), number.clone()));
    let url = recording_url(&call.sid);
    view! {
        <span class=status_tone(call.status)><Glyph icon=status_icon(call.status, call.direction) /></span>
        <bdi class="number" dir="ltr" on:click=call_this_again>{number.clone()}</bdi>
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
                <a class=if playable { "pill round" } else { "pill" } href=href data-testid="call-again" aria-label=td_string!(locale, history.call_again_to, number = number)>
                    <Glyph icon=Icon::Phone />
                    <span>{td_string!(locale, history.call_again)}</span>
                </a>
            })}
            {playable.then(|| view! { <PlayButton locale sid=call.sid.clone() number open is_open /> })}
        </span>
        {call.reason.map(|reason| view! { <p class="reason">{reason_words(locale, reason)}</p> })}
        {playable.then(|| view! { <noscript inner_html=native_player(locale, &url)></noscript> })}
    }
    .into_any()
}

#[component]
fn PlayButton(
    locale: Locale,
    sid: CallSid,
    number: String,
    open: RwSignal<Option<CallSid>>,
    is_open: Memo<bool>,
) -> impl IntoView {
    let toggle = move |_| open.set((!is_open.get_untracked()).then(|| sid.clone()));
    let label = td_string!(locale, player.open_of, number = number);
    view! {
        <button class="pill play" data-testid="call-play" aria-expanded=move || is_open.get().to_string() title=label on:click=toggle>
            {move || match is_open.get() {
                true => view! { <Glyph icon=Icon::Close /> <span>{td_string!(locale, player.close)}</span> },
                false => view! { <Glyph icon=Icon::Play /> <span>{td_string!(locale, player.open)}</span> },
            }}
        </button>
    }
}

/// The number is a larger target for what `call-again` in the same row does.
fn call_this_again(event: web_sys::MouseEvent) {
    use leptos::wasm_bindgen::JsCast;
    let number = event
        .target()
        .and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let again = number.and_then(|number| {
        number
            .parent_element()?
            .query_selector("[data-testid=call-again]")
            .ok()?
    });
    if let Some(again) = again.and_then(|again| again.dyn_into::<web_sys::HtmlElement>().ok()) {
        again.click();
    }
}

/// The browser's own player, for pages without JavaScript.
fn native_player(locale: Locale, url: &str) -> String {
    let label = td_string!(locale, player.label);
    format!(
        r#"<audio controls preload="none" data-testid="recording-audio" src="{url}" aria-label="{label}"></audio>"#
    )
}
