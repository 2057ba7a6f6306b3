//! How long something took, as a clock shows it.

/// `2:31`, `1:02:31`
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_a_clock() {
        assert_eq!(
            [0, 9, 151, 3751, -4].map(duration),
            ["0:00", "0:09", "2:31", "1:02:31", "0:00"]
        );
    }
}
