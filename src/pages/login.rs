//! Sign-in: a plain form.

use crate::{app::Asked, components::layout::Layout, i18n::*};
use leptos::prelude::*;

#[component]
pub fn Login() -> impl IntoView {
    let locale = expect_context::<Locale>();
    let asked = expect_context::<Asked>();
    let error = asked.query.get("error").map(|key| error_words(locale, key));
    let next = asked.query.get("next").cloned().unwrap_or_default();
    let described = error.map(|_| "login-error");
    view! {
        <Layout class="page narrow">
            <form class="card login" method="post" action="/api/auth/login">
                <h1>{td_string!(locale, login.title)}</h1>
                <p class="lead">{td_string!(locale, login.lead)}</p>
                {error.map(|words| view! { <p id="login-error" class="note bad" role="alert">{words}</p> })}
                <input type="hidden" name="next" value=next />
                <label>
                    <span>{td_string!(locale, login.email)}</span>
                    <input type="email" name="email" dir="ltr" autocomplete="username" inputmode="email" autocapitalize="none" spellcheck="false"
                        required autofocus aria-describedby=described data-testid="login-email" />
                </label>
                <label>
                    <span>{td_string!(locale, login.password)}</span>
                    <input type="password" name="password" dir="ltr" autocomplete="current-password" required aria-describedby=described data-testid="login-password" />
                </label>
                <button class="button go" data-testid="login-submit">{td_string!(locale, login.submit)}</button>
                <p class="hint">{td_string!(locale, login.forgotten)}</p>
            </form>
        </Layout>
    }
}

fn error_words(locale: Locale, key: &str) -> &'static str {
    match key {
        "credentials" => td_string!(locale, login.error.credentials),
        "throttled" => td_string!(locale, login.error.throttled),
        "expired" => td_string!(locale, login.error.expired),
        _ => td_string!(locale, login.error.unavailable),
    }
}
