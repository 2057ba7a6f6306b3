//! A number as people read it.

/// Calling codes of one and of two digits; every other has three (ITU-T E.164, list of assigned codes).
fn calling_code_digits(digits: &str) -> usize {
    const TWO: [&str; 43] = [
        "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
        "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
        "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95",
    ];
    match digits.as_bytes() {
        [b'1' | b'7', ..] => 1,
        [b'9', b'8', ..] => 2,
        _ if digits.get(..2).is_some_and(|two| TWO.contains(&two)) => 2,
        _ => 3,
    }
}

/// `+966569705616` as `+966 56 970 5616`: the calling code, then groups of three with four at the end. Anything but E.164 as it is.
pub fn grouped(number: &str) -> String {
    let Some(digits) = number
        .strip_prefix('+')
        .filter(|d| d.len() >= 8 && d.bytes().all(|b| b.is_ascii_digit()))
    else {
        return number.to_owned();
    };
    let (code, national) = digits.split_at(calling_code_digits(digits));
    let (head, last) = national.split_at(national.len().saturating_sub(4));
    let mut text = format!("+{code}");
    let mut start = 0;
    let mut end = match head.len() % 3 {
        0 => 3,
        odd => odd,
    };
    while start < head.len() {
        text.push(' ');
        text.push_str(&head[start..end]);
        (start, end) = (end, end + 3);
    }
    format!("{text} {last}")
}

/// Where the phone page is told whom to call: `+` in a query would be a space.
pub fn call_href(number: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric();
    let mut to = String::with_capacity(number.len() + 2);
    for c in number.chars() {
        match c {
            '+' => to.push_str("%2B"),
            c if plain(c) => to.push(c),
            _ => {}
        }
    }
    format!("/mobile-call?to={to}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_as_they_are_read_out() {
        assert_eq!(grouped("+966569705616"), "+966 56 970 5616");
        assert_eq!(grouped("+966112345678"), "+966 11 234 5678");
        assert_eq!(grouped("+12025550123"), "+1 202 555 0123");
        assert_eq!(grouped("+971501234567"), "+971 50 123 4567");
        assert_eq!(grouped("+9665697056"), "+966 569 7056");
        assert_eq!(grouped("+96656970"), "+966 5 6970");
    }

    #[test]
    fn what_is_no_number_stays_as_it_came() {
        for text in ["", "+", "client:user_1", "sip:a@b", "+12", "+٩٦٦٥٦٩٧٠٥"] {
            assert_eq!(grouped(text), text);
        }
    }

    #[test]
    fn a_link_carries_nothing_but_digits_letters_and_the_plus() {
        assert_eq!(
            call_href("+966569705616"),
            "/mobile-call?to=%2B966569705616"
        );
        assert_eq!(call_href("\"><script>&to=1"), "/mobile-call?to=scriptto1");
    }
}
