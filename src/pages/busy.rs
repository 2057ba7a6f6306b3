//! What a person sees when there is no room for them: a whole page that needs nothing of what is busy, and comes back by itself.

use crate::{
    components::layout::Notice,
    i18n::{Locale, *},
};
use leptos::prelude::*;

/// In so many seconds the browser asks for `again`, a path of ours, by itself.
pub fn busy(locale: Locale, stylesheet: String, again: String, seconds: u32) -> String {
    let (lang, dir) = match locale {
        Locale::ar => ("ar", "rtl"),
        Locale::en => ("en", "ltr"),
    };
    let title = format!(
        "{} · {}",
        td_string!(locale, busy.title),
        td_string!(locale, brand)
    );
    let refresh = format!("{seconds};url={again}");
    Owner::new().with(|| {
        view! {
            <!DOCTYPE html>
            <html lang=lang dir=dir>
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
                    <meta name="color-scheme" content="light dark" />
                    <meta http-equiv="refresh" content=refresh />
                    <title>{title}</title>
                    <link rel="stylesheet" href=stylesheet />
                    <link rel="icon" href="/icons-1/icon.svg" type="image/svg+xml" />
                    <link rel="apple-touch-icon" href="/icons-1/icon-180.png" />
                </head>
                <body>
                    <main class="page narrow">
                        <Notice
                            title=td_string!(locale, busy.title)
                            lead=td_string!(locale, busy.lead)
                            href=again
                            action=td_string!(locale, busy.again)
                        />
                    </main>
                </body>
            </html>
        }
        .to_html()
    })
}
