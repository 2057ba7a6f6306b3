//! Icons: one stroke each, 24 by 24, drawn in the colour of the text beside them and never the only sign.

use leptos::prelude::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Phone,
    Outgoing,
    Incoming,
    Missed,
    Busy,
    Failed,
    Ringing,
    Download,
    Play,
    Pause,
    Back,
    Forward,
    Close,
    Alert,
    Copy,
    Done,
    Skipped,
    Wait,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Icon::Phone => {
                "M6.6 3.5 9 3l1.8 4.6-2.2 1.7a14 14 0 0 0 6.1 6.1l1.7-2.2L21 15l-.5 2.4a3 3 0 0 1-3 2.4C10 19.5 4.5 14 4.2 6.5a3 3 0 0 1 2.4-3Z"
            }
            Icon::Outgoing => "M7 17 17 7M9 7h8v8",
            Icon::Incoming => "M17 7 7 17M15 17H7V9",
            Icon::Missed => "M4 8l8 8 8-8M4 14V8h6",
            Icon::Busy => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM6.5 6.5l11 11",
            Icon::Failed => "M7 7l10 10M17 7 7 17",
            Icon::Ringing => "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15L6 16ZM10 21h4",
            Icon::Download => "M12 4v11m0 0 4-4m-4 4-4-4M5 20h14",
            Icon::Play => "M8 5.5v13l10.5-6.5Z",
            Icon::Pause => "M8.5 5.5v13M15.5 5.5v13",
            Icon::Back => "M4 5v5h5M4.7 10A8 8 0 1 1 4 13.5",
            Icon::Forward => "M20 5v5h-5M19.3 10A8 8 0 1 0 20 13.5",
            Icon::Close => "M6 6l12 12M18 6 6 18",
            Icon::Alert => "M12 4 2.8 19.5h18.4ZM12 10v4M12 17v.100",
            Icon::Copy => "M9 9h11v11H9ZM15 9V4H4v11h5",
            Icon::Done => "M5 12.5l4.5 4.5L19 7.5",
            Icon::Skipped => "M6 12h12",
            Icon::Wait => "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 8v4.5l3 1.8",
        }
    }
}

/// The icon, hidden from screen readers: the word beside it says what it means.
#[component]
pub fn Glyph(icon: Icon) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <path d=icon.path() />
        </svg>
    }
}
