//! What stands around every page: the header with the phone's state, the navigation, the language and the way out.

use super::icon::{Glyph, Icon};
use crate::{
    app::{Asked, Page},
    domain::user::User,
    i18n::*,
};
use leptos::prelude::*;

/// The header and the page's `<main>`.
#[component]
pub fn Layout(
    /// The class of `<main>`: how the page is laid out.
    class: &'static str,
    children: Children,
) -> impl IntoView {
    let locale = expect_context::<Locale>();
    let asked = expect_context::<Asked>();
    view! {
        <a class="skip" href="#content">{td_string!(locale, skip_to_content)}</a>
        <Header locale asked />
        <main id="content" class=class>{children()}</main>
    }
}

#[component]
fn Header(locale: Locale, asked: Asked) -> impl IntoView {
    let user = asked.user.clone();
    view! {
        <header class="top">
            <a class="brand" href="/mobile-call" aria-label=td_string!(locale, nav.home)>{td_string!(locale, brand)}</a>
            <span data-phone-state="" role="status"></span>
            {user.clone().map(|user| view! { <Navigation locale user here=asked.page /> })}
            <div class="doors">
                <LocaleSwitch locale next=asked.path />
                {user.map(|user| view! {
                    <form method="post" action="/api/auth/logout">
                        <button class="quiet" data-testid="logout" title=user.email>{td_string!(locale, nav.logout)}</button>
                    </form>
                })}
            </div>
        </header>
    }
    .into_any()
}

#[component]
fn Navigation(locale: Locale, user: User, here: Page) -> impl IntoView {
    let pages = [
        (Page::MobileCall, "/mobile-call", true),
        (Page::History, "/history", true),
        (Page::Setup, "/setup", user.role.may_set_up()),
    ];
    let links = pages.into_iter().filter(|(_, _, may)| *may).map(|(page, href, _)| {
        view! { <a href=href aria-current=(page == here).then_some("page")>{page.title(locale)}</a> }
    });
    view! { <nav class="pages" aria-label=td_string!(locale, nav.label)>{links.collect_view()}</nav> }
}

/// A plain form, so that the language can be changed before any script has come, and without one.
#[component]
fn LocaleSwitch(locale: Locale, next: String) -> impl IntoView {
    let code = td_string!(locale, nav.other_language_code);
    view! {
        <form method="post" action="/app/locale">
            <input type="hidden" name="next" value=next />
            <button class="quiet" name="locale" value=code lang=code data-testid="locale-switch" title=td_string!(locale, nav.switch_language)>
                {td_string!(locale, nav.other_language)}
            </button>
        </form>
    }
}

/// A page, or a part of one, that has one thing to say and one thing to do.
#[component]
pub fn Notice(
    title: &'static str,
    lead: &'static str,
    href: String,
    action: &'static str,
) -> impl IntoView {
    view! {
        <section class="card notice">
            <span class="disc"><Glyph icon=Icon::Alert /></span>
            <h1>{title}</h1>
            <p>{lead}</p>
            <a class="button" href=href>{action}</a>
        </section>
    }
}
