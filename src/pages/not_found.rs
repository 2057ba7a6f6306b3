//! What an address that names nothing, or nothing for this user, is answered with.

use crate::{
    components::layout::{Layout, Notice},
    i18n::*,
};
use leptos::prelude::*;

#[component]
pub fn NotFound() -> impl IntoView {
    let locale = expect_context::<Locale>();
    view! {
        <Layout class="page narrow">
            <Notice
                title=td_string!(locale, not_found.title)
                lead=td_string!(locale, not_found.lead)
                href="/mobile-call".to_owned()
                action=td_string!(locale, not_found.home)
            />
        </Layout>
    }
}
