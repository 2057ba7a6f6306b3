//! A value to bind, whatever the engine.

use std::borrow::Cow;

/// What a statement's `$n` may be. Integers are always `i64`: PostgreSQL caches a statement with its parameters' types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
}

/// The text as both engines can have it: PostgreSQL has no NUL in a text, and refuses even to look for one.
pub(super) fn storable(text: &str) -> Cow<'_, str> {
    match text.contains('\0') {
        true => text.replace('\0', "\u{fffd}").into(),
        false => text.into(),
    }
}

macro_rules! from {
    ($($source:ty => |$value:ident| $made:expr),* $(,)?) => {
        $(impl From<$source> for Value {
            fn from($value: $source) -> Self {
                $made
            }
        })*
    };
}

from! {
    i64 => |value| Self::Int(Some(value)),
    Option<i64> => |value| Self::Int(value),
    &str => |value| Self::Text(Some(storable(value).into_owned())),
    Option<&str> => |value| Self::Text(value.map(|text| storable(text).into_owned())),
    String => |value| value.as_str().into(),
    &String => |value| value.as_str().into(),
    Option<String> => |value| value.as_deref().into(),
    &Option<String> => |value| value.as_deref().into(),
}

/// `sqlx::query` with its values bound, for whichever engine runs it.
macro_rules! bound {
    (@bind $query:expr, $args:expr) => {{
        let mut query = $query;
        for value in $args {
            query = match value {
                $crate::server::store::Value::Int(value) => query.bind(value),
                $crate::server::store::Value::Text(value) => query.bind(value),
            };
        }
        query
    }};
    ($sql:expr, $args:expr) => { $crate::server::store::value::bound!(@bind sqlx::query($sql), $args) };
}
pub(in crate::server::store) use bound;
