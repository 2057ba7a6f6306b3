//! How a number and the thing that it counts are written: Arabic has six forms, English two. The forms of a thing stand in one text of
//! `locales/*.json`, between bars and in the order of [`Category`], with `#` where the number goes.
//!
//! leptos_i18n has plurals of its own, by ICU's data, which would weigh more in the browser than all our texts.

use crate::i18n::*;

/// The plural categories of whole numbers. <https://www.unicode.org/cldr/charts/latest/supplemental/language_plural_rules.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Category {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

fn category(locale: Locale, count: u64) -> Category {
    match (locale, count, count % 100) {
        (_, 1, _) => Category::One,
        (Locale::en, ..) => Category::Other,
        (Locale::ar, 0, _) => Category::Zero,
        (Locale::ar, 2, _) => Category::Two,
        (Locale::ar, _, 3..=10) => Category::Few,
        (Locale::ar, _, 11..=99) => Category::Many,
        (Locale::ar, ..) => Category::Other,
    }
}

/// The form of `forms` for that many. English writes `one|other`, Arabic `zero|one|two|few|many|other`.
fn counted(locale: Locale, forms: &str, count: u64) -> String {
    let place = match locale {
        Locale::ar => category(locale, count) as usize,
        Locale::en => usize::from(category(locale, count) != Category::One),
    };
    let form = forms.split('|').nth(place).unwrap_or(forms);
    form.replace('#', &count.to_string())
}

/// `5 days`, `خمسة أيام` with the number in digits.
pub fn days(locale: Locale, count: u64) -> String {
    counted(locale, td_string!(locale, counted.days), count)
}

pub fn minutes(locale: Locale, count: u64) -> String {
    counted(locale, td_string!(locale, counted.minutes), count)
}

pub fn seconds(locale: Locale, count: u64) -> String {
    counted(locale, td_string!(locale, counted.seconds), count)
}

/// `tried 5 times`
pub fn attempts(locale: Locale, count: u64) -> String {
    counted(locale, td_string!(locale, counted.attempts), count)
}

pub fn problems(locale: Locale, count: u64) -> String {
    counted(locale, td_string!(locale, counted.problems), count)
}

pub fn warnings(locale: Locale, count: u64) -> String {
    counted(locale, td_string!(locale, counted.warnings), count)
}

/// A length of time as it is said: minutes and seconds, without those that are none.
pub fn length(locale: Locale, secs: i64) -> String {
    let secs = secs.max(0).unsigned_abs();
    match (secs / 60, secs % 60) {
        (0, rest) => seconds(locale, rest),
        (whole, 0) => minutes(locale, whole),
        (whole, rest) => td_string!(
            locale,
            counted.minutes_and_seconds,
            minutes = minutes(locale, whole),
            seconds = seconds(locale, rest)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arabic_has_six_categories_and_english_two() {
        use Category::*;
        for (count, arabic, english) in [
            (0, Zero, Other),
            (1, One, One),
            (2, Two, Other),
            (3, Few, Other),
            (10, Few, Other),
            (11, Many, Other),
            (26, Many, Other),
            (99, Many, Other),
            (100, Other, Other),
            (101, Other, Other),
            (102, Other, Other),
            (103, Few, Other),
            (110, Few, Other),
            (111, Many, Other),
            (365, Many, Other),
            (1000, Other, Other),
            (1003, Few, Other),
        ] {
            assert_eq!(category(Locale::ar, count), arabic, "{count}");
            assert_eq!(category(Locale::en, count), english, "{count}");
        }
    }

    #[test]
    fn every_counted_thing_has_all_its_forms() {
        for (locale, forms) in [(Locale::ar, 6), (Locale::en, 2)] {
            for text in [
                td_string!(locale, counted.days),
                td_string!(locale, counted.minutes),
                td_string!(locale, counted.seconds),
                td_string!(locale, counted.problems),
                td_string!(locale, counted.warnings),
            ] {
                assert_eq!(text.split('|').count(), forms, "{text}");
                assert!(text.split('|').next_back().unwrap().contains('#'), "{text}");
            }
        }
    }

    #[test]
    fn a_number_and_its_thing_agree() {
        let said = |count| [days(Locale::ar, count), days(Locale::en, count)];
        assert_eq!(said(1), ["يوم واحد", "1 day"]);
        assert_eq!(said(2), ["يومان", "2 days"]);
        assert_eq!(said(7), ["7 أيام", "7 days"]);
        assert_eq!(said(30), ["30 يومًا", "30 days"]);
        assert_eq!(said(100), ["100 يوم", "100 days"]);
        assert_eq!(said(365), ["365 يومًا", "365 days"]);
    }

    #[test]
    fn a_length_is_said_without_what_is_none() {
        let said = |secs| [length(Locale::ar, secs), length(Locale::en, secs)];
        assert_eq!(said(0), ["لا ثوانٍ", "0 seconds"]);
        assert_eq!(said(1), ["ثانية واحدة", "1 second"]);
        assert_eq!(said(60), ["دقيقة واحدة", "1 minute"]);
        assert_eq!(said(151), ["دقيقتان و31 ثانية", "2 minutes 31 seconds"]);
        assert_eq!(said(185), ["3 دقائق و5 ثوانٍ", "3 minutes 5 seconds"]);
        assert_eq!(said(-5), said(0));
    }
}
