//! The phone, and beside it the history.

use super::history::HistoryCard;
use crate::{
    app::{Asked, VOICE_SDK},
    components::layout::Layout,
    dialer::{self, Dialer, plain_signaling_script},
    domain::user::User,
    i18n::*,
    server::{calls::attempt, state::AppState},
};
use leptos::{nonce::use_nonce, prelude::*};

#[component]
pub fn MobileCall() -> impl IntoView {
    let locale = expect_context::<Locale>();
    view! {
        <Layout class="page phone">
            <h1 class="sr">{td_string!(locale, mobile_call.title)}</h1>
            <div class="dialer-place">
                <Phone locale />
                <noscript>
                    <p class="note">{td_string!(locale, mobile_call.needs_script)}</p>
                </noscript>
            </div>
            <HistoryCard level=2 />
        </Layout>
    }
}

/// The dialer, and the Voice SDK that it drives: the only page that loads it.
#[component]
fn Phone(locale: Locale) -> impl IntoView {
    let state = expect_context::<AppState>();
    let Asked { query, .. } = expect_context::<Asked>();
    let user = expect_context::<User>();
    let twilio = &state.config.twilio;
    let signaling = twilio.signaling_host.as_ref();
    let rewrite = signaling
        .filter(|host| host.plain)
        .map(|host| plain_signaling_script(&host.authority));
    let setup = dialer::Setup {
        attempts: attempt::beginning(&user.identity()),
        user_id: user.id,
        signaling: signaling.map(|host| host.authority.clone()),
        edge: twilio.edge.clone(),
        debug: query.contains_key("debug"),
        leave_question: td_string!(locale, mobile_call.leave).to_owned(),
    };
    view! {
        {rewrite.map(|script| view! { <script nonce=use_nonce() inner_html=script></script> })}
        <script defer="" nonce=use_nonce() src=VOICE_SDK></script>
        <Dialer locale setup dial_plan=state.numbers.dial_plan().clone() to=query.get("to").cloned() may_set_up=user.role.may_set_up() />
    }
    .into_any()
}
