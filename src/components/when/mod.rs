//! When a call was, in words.

mod zone;

pub use zone::Zone;

use crate::i18n::*;

/// A day of the calendar in some zone. `month` and `day` count from 1; `days` counts days from 1970-01-01, so that the day before can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day {
    pub days: i64,
    pub year: i32,
    pub month: u8,
    pub day: u8,
}

impl Day {
    pub fn new(year: i32, month: u8, day: u8) -> Self {
        Self {
            days: days_from_civil(year, month, day),
            year,
            month,
            day,
        }
    }

    /// `2026-11-22`, which sorts as text.
    pub fn iso(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// Today, yesterday, a weekday and its date, and the year where it is another.
    pub fn in_words(self, locale: Locale, today: Day) -> String {
        let day = self.day;
        match today.days - self.days {
            0 => td_string!(locale, history.today).to_string(),
            1 => td_string!(locale, history.yesterday).to_string(),
            _ if self.year == today.year => td_string!(
                locale,
                day,
                weekday = self.weekday(locale),
                day,
                month = self.month_name(locale)
            ),
            _ => td_string!(
                locale,
                day_of_year,
                weekday = self.weekday(locale),
                day,
                month = self.month_name(locale),
                year = self.year
            ),
        }
    }

    fn weekday(self, locale: Locale) -> &'static str {
        // 1970-01-01 was a Thursday.
        match (self.days + 3).rem_euclid(7) {
            0 => td_string!(locale, weekday.monday),
            1 => td_string!(locale, weekday.tuesday),
            2 => td_string!(locale, weekday.wednesday),
            3 => td_string!(locale, weekday.thursday),
            4 => td_string!(locale, weekday.friday),
            5 => td_string!(locale, weekday.saturday),
            _ => td_string!(locale, weekday.sunday),
        }
    }

    fn month_name(self, locale: Locale) -> &'static str {
        match self.month {
            1 => td_string!(locale, month.january),
            2 => td_string!(locale, month.february),
            3 => td_string!(locale, month.march),
            4 => td_string!(locale, month.april),
            5 => td_string!(locale, month.may),
            6 => td_string!(locale, month.june),
            7 => td_string!(locale, month.july),
            8 => td_string!(locale, month.august),
            9 => td_string!(locale, month.september),
            10 => td_string!(locale, month.october),
            11 => td_string!(locale, month.november),
            _ => td_string!(locale, month.december),
        }
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar. <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>
fn days_from_civil(year: i32, month: u8, day: u8) -> i64 {
    let (month, day) = (i64::from(month), i64::from(day));
    let year = i64::from(year) - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// A moment as the clock on the wall of some zone shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    pub day: Day,
    pub hour: u8,
    pub minute: u8,
}

impl Local {
    /// `09:58`
    pub fn clock(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_their_words_in_both_languages() {
        let today = Day::new(2026, 11, 22);
        assert_eq!(today.in_words(Locale::ar, today), "اليوم");
        assert_eq!(
            Day::new(2026, 11, 21).in_words(Locale::en, today),
            "Yesterday"
        );
        assert_eq!(
            Day::new(2026, 11, 20).in_words(Locale::ar, today),
            "الجمعة، 20 نوفمبر"
        );
        assert_eq!(
            Day::new(2025, 12, 31).in_words(Locale::en, today),
            "Wednesday 31 December 2025"
        );
    }

    #[test]
    fn yesterday_reaches_over_the_year() {
        assert_eq!(
            Day::new(2025, 12, 31).in_words(Locale::en, Day::new(2026, 1, 1)),
            "Yesterday"
        );
        assert_eq!(Day::new(2024, 2, 29).days - Day::new(2024, 2, 28).days, 1);
        assert_eq!(Day::new(1970, 1, 1).days, 0);
    }
}
