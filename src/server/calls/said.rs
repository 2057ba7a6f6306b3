//! What pages are told of a change: worked out once for all who read alike.

use crate::{domain::user::User, i18n::Locale};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::OnceCell;

/// Of so many changes what was said of them is kept, for those who have not heard it yet.
const KEPT: usize = 256;

/// Those who are told the same in the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reader {
    locale: Locale,
    may_set_up: bool,
}

impl Reader {
    pub fn of(user: &User, locale: Locale) -> Self {
        Self {
            locale,
            may_set_up: user.role.may_set_up(),
        }
    }
}

/// What is said of the newest changes, worked out once for all who read alike: why a call ended is read from its log, and with five
/// hundred pages open that must not be done five hundred times while Twilio waits.
#[derive(Clone, Default)]
pub struct Said(Arc<Mutex<BTreeMap<i64, HashMap<Reader, Words>>>>);

type Words = Arc<OnceCell<Arc<str>>>;

impl Said {
    /// What such readers are told of that change. Only the first of them works it out; the others wait for it.
    pub async fn once<F: Future<Output = String>>(
        &self,
        change: i64,
        reader: Reader,
        work_out: impl FnOnce() -> F,
    ) -> Arc<str> {
        let words = self.of(change, reader);
        let said = words.get_or_init(|| async { work_out().await.into() });
        said.await.clone()
    }

    fn of(&self, change: i64, reader: Reader) -> Words {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let words = kept.entry(change).or_default().entry(reader).or_default();
        let words = words.clone();
        while kept.len() > KEPT {
            kept.pop_first();
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const READER: Reader = Reader {
        locale: Locale::en,
        may_set_up: false,
    };

    #[test]
    fn those_who_read_alike_share_what_is_said_and_others_do_not() {
        let said = Said::default();
        let first = said.of(1, READER);
        assert!(Arc::ptr_eq(&first, &said.of(1, READER)));
        let others = [
            (2, READER),
            (
                1,
                Reader {
                    locale: Locale::ar,
                    ..READER
                },
            ),
            (
                1,
                Reader {
                    may_set_up: true,
                    ..READER
                },
            ),
        ];
        for (change, reader) in others {
            assert!(!Arc::ptr_eq(&first, &said.of(change, reader)));
        }
    }

    #[test]
    fn only_what_was_said_of_the_newest_changes_is_kept() {
        let said = Said::default();
        let newest = KEPT as i64 + 10;
        for change in 1..=newest {
            said.of(change, READER);
        }
        let kept = said.0.lock().expect("nobody failed");
        assert_eq!(kept.len(), KEPT);
        assert_eq!(kept.keys().next_back(), Some(&newest));
    }
}
