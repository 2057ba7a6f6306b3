//! The only place that reads the clock; everything below takes `now` as an argument.

use jiff::Timestamp;

/// Milliseconds since 1970, UTC.
pub fn now() -> i64 {
    Timestamp::now().as_millisecond()
}

/// RFC 3339 with whole seconds, UTC.
pub fn rfc3339(ms: i64) -> String {
    Timestamp::from_second(ms.div_euclid(1000))
        .unwrap_or_default()
        .to_string()
}
