//! Times as Twilio writes them: RFC 2822 in the 2010 API and in callbacks, RFC 3339 in the newer ones.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// `Sun, 22 Nov 2026 21:13:22 +0000`.
pub fn rfc2822(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%a, %d %b %Y %H:%M:%S +0000")
        .to_string()
}

/// `2026-11-22T21:13:22Z`.
pub fn rfc3339(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

/// What a list filter may carry: a date (`2026-11-22`, midnight UTC) or an RFC 3339 time.
pub fn parse_filter(text: &str) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    let date: Date = text.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_read_as_twilio_writes_them() {
        let time = Timestamp::from_second(1_700_000_000).expect("in range");
        assert_eq!(rfc2822(time), "Tue, 14 Nov 2023 22:13:20 +0000");
        assert_eq!(rfc3339(time), "2023-11-14T22:13:20Z");
    }

    #[test]
    fn a_filter_is_a_date_or_a_time() {
        assert_eq!(
            parse_filter("1970-01-02"),
            Timestamp::from_second(86_400).ok()
        );
        assert_eq!(
            parse_filter("1970-01-01T00:00:10Z"),
            Timestamp::from_second(10).ok()
        );
        assert_eq!(parse_filter("yesterday"), None);
    }
}
