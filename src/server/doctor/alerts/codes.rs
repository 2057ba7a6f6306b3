//! Twilio's error codes that calls run into: what each means here, and what to do.
//! <https://www.twilio.com/docs/api/errors>

use crate::i18n::*;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explained {
    pub meaning: &'static str,
    pub remedy: &'static str,
}

macro_rules! table {
    ($($code:literal => $entry:ident),* $(,)?) => {
        /// The codes of the table.
        #[cfg(test)]
        pub(super) const CODES: &[i64] = &[$($code),*];

        pub(super) fn explained(locale: Locale, code: i64) -> Option<Explained> {
            Some(match code {
                $($code => Explained {
                    meaning: td_string!(locale, doctor.code.$entry.meaning),
                    remedy: td_string!(locale, doctor.code.$entry.remedy),
                },)*
                _ => return None,
            })
        }
    };
}

table! {
    11200 => e11200,
    11205 => e11205,
    11206 => e11205,
    11210 => e11210,
    11215 => e11215,
    11220 => e11237,
    11235 => e11237,
    11236 => e11237,
    11237 => e11237,
    12100 => e12100,
    12200 => e12100,
    12300 => e12300,
    13214 => e13214,
    13223 => e13223,
    13224 => e13224,
    13227 => e13227,
    15003 => e15003,
    20101 => e20101,
    20104 => e20104,
    20157 => e20157,
    21215 => e13227,
    21609 => e21609,
    31202 => e31202,
    31204 => e20101,
    31205 => e20104,
    31404 => e31404,
    32205 => e13227,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_explained_in_both_languages() {
        for code in CODES {
            let [ar, en] = [Locale::ar, Locale::en].map(|locale| explained(locale, *code));
            let (Some(ar), Some(en)) = (ar, en) else {
                panic!("{code} is not explained");
            };
            assert!(ar.meaning != en.meaning && ar.remedy != en.remedy, "{code}");
        }
        assert_eq!(explained(Locale::en, 1), None);
    }
}
