//! The phone, and beside it the history.

use super::history::HistoryCard;
use crate::{app::VOICE_SDK, components::layout::Layout, i18n::*};
use leptos::{nonce::use_nonce, prelude::*};

#[component]
pub fn MobileCall() -> impl IntoView {
    let locale = expect_context::<Locale>();
    view! {
        <Layout class="page phone">
            <h1 class="sr">{td_string!(locale, mobile_call.title)}</h1>
            <div class="dialer-place">
                <noscript><p class="note">{td_string!(locale, mobile_call.needs_script)}</p></noscript>
            </div>
            <HistoryCard level=2 />
        </Layout>
        <script defer="" nonce=use_nonce() src=VOICE_SDK></script>
    }
}
