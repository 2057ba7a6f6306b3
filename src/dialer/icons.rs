//! The dialer's drawings: 24 × 24, stroked in the colour of the text, unseen by screen readers.

use leptos::prelude::*;

fn icon(paths: &'static str) -> impl IntoView {
    view! { <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d=paths /></svg> }
}

pub fn handset() -> impl IntoView {
    icon(
        "M6.6 3.6 9.1 3l1.9 4.6-2.3 1.8a13.6 13.6 0 0 0 5.9 5.9l1.8-2.3 4.6 1.9-.6 2.5a3 3 0 0 1-3 2.4C10 19.4 4.600 14 4.200 6.600a3 3 0 0 1 2.400-3Z",
    )
}

pub fn microphone() -> impl IntoView {
    icon(
        "M12 3.200a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0v-5a3 3 0 0 1 3-3ZM5.500 11.200a6.500 6.500 0 0 0 13 0M12 17.700V21",
    )
}

pub fn microphone_off() -> impl IntoView {
    icon(
        "M15 9.500V6.200a3 3 0 0 0-5.700-1.300M9 9v2.200a3 3 0 0 0 4.600 2.500M5.500 11.200a6.500 6.500 0 0 0 10.600 5M18.500 11.200q0 1.300-.5 2.600M12 17.700V21M4 4l16 16",
    )
}

pub fn keys() -> impl IntoView {
    icon("M6 6h.01M12 6h.01M18 6h.01M6 12h.01M12 12h.01M18 12h.01M6 18h.01M12 18h.01M18 18h.01")
}

pub fn speaker() -> impl IntoView {
    icon(
        "M4 10v4h3.800l4.700 3.800V6.200L7.800 10H4ZM16.500 9a4.200 4.200 0 0 1 0 6M19 6.500a7.800 7.800 0 0 1 0 11",
    )
}
