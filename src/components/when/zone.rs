//! The zone in which times are shown, and the clock on its wall.

use super::{Day, Local};
use jiff::{Timestamp, tz::TimeZone};

/// Where the people who read the page are.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

impl Zone {
    /// By IANA name; UTC where the name is unknown.
    pub fn new(name: &str) -> Self {
        Self(TimeZone::get(name).unwrap_or(TimeZone::UTC))
    }

    /// An RFC 3339 moment on the wall of this zone; `None` where it is no such text.
    pub fn local(&self, moment: &str) -> Option<Local> {
        moment.parse().ok().map(|moment| self.at(moment))
    }

    pub fn today(&self) -> Day {
        self.at(Timestamp::now()).day
    }

    fn at(&self, moment: Timestamp) -> Local {
        let zoned = self.0.to_datetime(moment);
        Local {
            day: Day::new(zoned.year().into(), zoned.month() as u8, zoned.day() as u8),
            hour: zoned.hour() as u8,
            minute: zoned.minute() as u8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_where_the_people_are() {
        let local = Zone::new("Asia/Riyadh")
            .local("2026-11-22T22:30:00Z")
            .expect("is RFC 3339");
        assert_eq!(
            (local.clock().as_str(), local.day),
            ("01:30", Day::new(2026, 11, 23))
        );
        assert_eq!(Zone::new("Nowhere/Else").local("not a time"), None);
    }
}
