//! The shell that every page stands in, and the table of pages.

use crate::{
    domain::user::User,
    i18n::*,
    pages,
    server::{security::content_security_policy, state::AppState},
};
use axum::http::{HeaderValue, header::CONTENT_SECURITY_POLICY};
use leptos::{config::LeptosOptions, nonce::use_nonce, prelude::*};
use leptos_axum::ResponseOptions;
use leptos_i18n::td_string;
use std::collections::HashMap;

/// The pages, in the order of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    MobileCall,
    History,
    Setup,
    Login,
    NotFound,
}

impl Page {
    pub fn title(self, locale: Locale) -> &'static str {
        match self {
            Page::MobileCall => td_string!(locale, nav.phone),
            Page::History => td_string!(locale, nav.history),
            Page::Setup => td_string!(locale, nav.setup),
            Page::Login => td_string!(locale, nav.login),
            Page::NotFound => td_string!(locale, nav.not_found),
        }
    }

    /// Whether the page has islands; one that has none ships no code.
    fn has_islands(self) -> bool {
        matches!(self, Page::MobileCall | Page::History)
    }

    fn view(self) -> AnyView {
        match self {
            Page::MobileCall => view! { <pages::MobileCall /> }.into_any(),
            Page::History => view! { <pages::History /> }.into_any(),
            Page::Setup => view! { <pages::Setup /> }.into_any(),
            Page::Login => view! { <pages::Login /> }.into_any(),
            Page::NotFound => view! { <pages::NotFound /> }.into_any(),
        }
    }
}

/// What a page knows of the request that asked for it; a context, with [`Locale`] and [`AppState`] beside it.
#[derive(Debug, Clone)]
pub struct Asked {
    pub page: Page,
    pub user: Option<User>,
    pub query: HashMap<String, String>,
    /// Path and query, for coming back to.
    pub path: String,
}

impl Asked {
    /// A page that is streamed is put together by small scripts; a browser without them asks for it whole (`?wait`).
    pub fn finishes_by_script(&self) -> bool {
        self.page == Page::Setup && !self.query.contains_key("wait")
    }
}

/// The Voice SDK, from our own origin, under a name that changes with its version.
pub const VOICE_SDK: &str = concat!(
    "/vendor/twilio-voice-",
    env!("VOICE_SDK_VERSION"),
    ".min.js"
);

/// The whole document.
pub fn shell() -> impl IntoView {
    let state = expect_context::<AppState>();
    let asked = expect_context::<Asked>();
    let locale = expect_context::<Locale>();
    let nonce = use_nonce()
        .map(|nonce| nonce.to_string())
        .unwrap_or_default();
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&state.config, &nonce)) {
        expect_context::<ResponseOptions>().insert_header(CONTENT_SECURITY_POLICY, policy);
    }
    let (lang, dir) = match locale {
        Locale::ar => ("ar", "rtl"),
        Locale::en => ("en", "ltr"),
    };
    let title = format!(
        "{} · {}",
        asked.page.title(locale),
        td_string!(locale, brand)
    );
    let options = state.leptos_options.clone();
    view! {
        <!DOCTYPE html>
        <html lang=lang dir=dir>
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                <meta name="color-scheme" content="light dark" />
                <meta name="theme-color" content="#f5f4f0" media="(prefers-color-scheme: light)" />
                <meta name="theme-color" content="#101413" media="(prefers-color-scheme: dark)" />
                <title>{title}</title>
                <link rel="preload" r#as="font" type="font/woff2" crossorigin="" href="/vendor/readex-pro-arabic-5.3.0.woff2" />
                <link rel="preload" r#as="font" type="font/woff2" crossorigin="" href="/vendor/readex-pro-latin-5.3.0.woff2" />
                <Stylesheet options=options.clone() />
                <link rel="icon" href="/icons-1/icon.svg" type="image/svg+xml" />
                <link rel="apple-touch-icon" href="/icons-1/icon-180.png" />
                <link rel="manifest" href="/site.webmanifest" />
                {asked.finishes_by_script().then(|| view! { <noscript><meta http-equiv="refresh" content="0;url=/setup?wait" /></noscript> })}
                <AutoReload options=options.clone() />
                {asked.page.has_islands().then(|| view! { <HydrationScripts options islands=true /> })}
            </head>
            <body>{asked.page.view()}</body>
        </html>
    }
}

/// The style sheet, under its hashed name where the build has hashed it.
#[component]
fn Stylesheet(options: LeptosOptions) -> impl IntoView {
    view! { <link rel="stylesheet" href=crate::server::site::stylesheet(&options) /> }
}
