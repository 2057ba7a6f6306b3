//! One fault of the configuration, in words.

use super::Shape;
use crate::i18n::*;

/// One thing that is wrong, and with which variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    Missing(&'static str),
    /// Each holds what belongs into the other.
    Swapped(&'static str, &'static str),
    /// It looks like something else.
    LooksLike {
        name: &'static str,
        shape: Shape,
    },
    Length {
        name: &'static str,
        chars: usize,
        wanted: usize,
    },
    /// Blanks or line breaks within.
    Blanks(&'static str),
    /// Quotation marks that were taken for a part of the value.
    Quotes(&'static str),
    /// Not accepted, for a reason in the words of who read it.
    NotAccepted {
        name: &'static str,
        problem: String,
    },
    /// Blanks around it, which are ignored here, but perhaps not elsewhere.
    Padded(&'static str),
}

impl Fault {
    pub(in super::super) fn names(&self) -> Vec<&'static str> {
        match self {
            Self::Swapped(one, other) => vec![one, other],
            Self::Missing(name)
            | Self::LooksLike { name, .. }
            | Self::Length { name, .. }
            | Self::Blanks(name)
            | Self::Quotes(name)
            | Self::NotAccepted { name, .. }
            | Self::Padded(name) => vec![name],
        }
    }

    /// Can nothing that needs the variable be checked?
    pub(in super::super) fn spoils(&self) -> bool {
        !matches!(self, Self::Padded(_))
    }

    pub(super) fn words(&self, locale: Locale) -> String {
        match self {
            Self::Missing(name) => td_string!(locale, doctor.configuration.missing, name = name),
            Self::Swapped(one, other) => {
                td_string!(
                    locale,
                    doctor.configuration.swapped,
                    one = one,
                    other = other
                )
            }
            Self::LooksLike { name, shape } => td_string!(
                locale,
                doctor.configuration.looks_like,
                name = name,
                shape = shape.name(locale)
            ),
            Self::Length {
                name,
                chars,
                wanted,
            } => td_string!(
                locale,
                doctor.configuration.length,
                name = name,
                chars = chars,
                wanted = wanted
            ),
            Self::Blanks(name) => td_string!(locale, doctor.configuration.blanks, name = name),
            Self::Quotes(name) => td_string!(locale, doctor.configuration.quotes, name = name),
            Self::NotAccepted { name, .. } => {
                td_string!(locale, doctor.configuration.not_accepted, name = name)
            }
            Self::Padded(name) => td_string!(locale, doctor.configuration.padded, name = name),
        }
    }
}
