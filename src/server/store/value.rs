//! A value to bind, whatever the engine.

/// What a statement's `$n` may be. Integers are always `i64`: PostgreSQL caches a statement with its parameters' types.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Int(Option<i64>),
    Text(Option<String>),
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
    String => |value| Self::Text(Some(value)),
    Option<String> => |value| Self::Text(value),
    &str => |value| Self::Text(Some(value.to_owned())),
    &String => |value| Self::Text(Some(value.clone())),
    Option<&str> => |value| Self::Text(value.map(str::to_owned)),
    &Option<String> => |value| Self::Text(value.clone()),
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
