//! What the server turned away, for administrators: the signature and the CORS explainer.

use crate::{
    i18n::*,
    server::{
        refusals::{Reason, Refused},
        state::AppState,
        twilio::signature::Difference,
    },
};
use jiff::{Timestamp, tz::TimeZone};
use leptos::prelude::*;

/// Nothing, as long as nothing was refused.
#[component]
pub fn Refusals() -> impl IntoView {
    let locale = expect_context::<Locale>();
    let state = expect_context::<AppState>();
    let refused = state.refusals.summary().latest;
    let zone = state.config.time_zone.clone();
    (!refused.is_empty()).then(|| {
        let rows = refused.into_iter().map(|one| {
            let reason = one.reason.as_str();
            let count = td_string!(
                locale,
                refusal.count,
                count = one.count,
                at = when(one.last_at, &zone)
            );
            view! {
                <li data-testid="refusal" data-reason=reason>
                    <p>{words(locale, &one)}</p>
                    <p class="hint"><code dir="ltr">{one.place.clone()}</code>" "<bdi>{count}</bdi></p>
                </li>
            }
        });
        view! {
            <section class="card">
                <h2>{td_string!(locale, refusal.title)}</h2>
                <p class="lead">{td_string!(locale, refusal.lead)}</p>
                <ul class="refusals">{rows.collect_view()}</ul>
            </section>
        }
    })
}

/// What happened and what mends it.
fn words(locale: Locale, refused: &Refused) -> String {
    let signed = refused.signed.as_ref().map(|variant| variant.url.as_str());
    if let Some(signed) = signed {
        return match refused.difference() {
            Some(Difference::Scheme) => td_string!(locale, refusal.wrong_scheme, signed = signed),
            Some(Difference::Host) => td_string!(locale, refusal.wrong_host, signed = signed),
            Some(Difference::Port) => td_string!(locale, refusal.wrong_port, signed = signed),
            Some(Difference::Path) => td_string!(locale, refusal.wrong_path, signed = signed),
            Some(Difference::Slash) => td_string!(locale, refusal.wrong_slash, signed = signed),
            None => td_string!(locale, refusal.wrong_several, signed = signed),
        };
    }
    let words = match refused.reason {
        Reason::NoToken => td_string!(locale, refusal.no_token),
        Reason::Missing => td_string!(locale, refusal.missing),
        Reason::Malformed => td_string!(locale, refusal.malformed),
        Reason::Wrong => td_string!(locale, refusal.wrong),
        Reason::OtherBody => td_string!(locale, refusal.other_body),
        Reason::OtherAccount => td_string!(locale, refusal.other_account),
        Reason::Origin => {
            return td_string!(locale, refusal.origin, origin = refused.place.as_str());
        }
    };
    words.to_owned()
}

/// `2026-11-22 09:00`
fn when(ms: i64, zone: &TimeZone) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or_default();
    at.to_zoned(zone.clone())
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}
