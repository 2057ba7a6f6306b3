//! The call history in the browser: what changed is asked for as rows and put into the list, a row's recording plays, Fetch Recordings
//! says how far it is. The server draws all of it (`crate::components`).

mod fetch;
mod list;
pub mod place;
mod player;

use std::cell::RefCell;

thread_local! {
    static AWAKE: RefCell<Option<(Option<fetch::Fetch>, Option<list::List>)>> = const { RefCell::new(None) };
}

/// Wakes the page's one history.
pub fn wake() {
    AWAKE.set(Some((fetch::Fetch::wake(), list::List::wake())));
}
