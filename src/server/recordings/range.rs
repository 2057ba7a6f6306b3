//! Which bytes a player asks for. RFC 9110, section 14.

use http_range_header::{EndPosition, StartPosition, parse_range_header};
use std::ops::Range;

/// More ranges than these in one request are an attack, not a player.
const MOST_RANGES: usize = 8;

/// What to answer to a `Range`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// 200: no range, or one that a server may leave aside (another unit, several ranges at once).
    Whole,
    /// 206: these bytes, the end excluded.
    Part(Range<u64>),
    /// 416.
    Unsatisfiable,
}

/// Reads the header for a representation of `size` bytes.
pub fn asked(header: Option<&str>, size: u64) -> Asked {
    let Some(header) = header.filter(|header| {
        header
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("bytes")
    }) else {
        return Asked::Whole;
    };
    let Ok(parsed) = parse_range_header(header) else {
        return Asked::Unsatisfiable;
    };
    match parsed.ranges.as_slice() {
        [only] => part(only.start, only.end, size),
        several if several.len() <= MOST_RANGES => Asked::Whole,
        _ => Asked::Unsatisfiable,
    }
}

fn part(start: StartPosition, end: EndPosition, size: u64) -> Asked {
    let start = match start {
        StartPosition::Index(first) => first,
        // A suffix longer than the representation is all of it; one of no bytes is nothing.
        StartPosition::FromLast(0) => return Asked::Unsatisfiable,
        StartPosition::FromLast(last) => size.saturating_sub(last),
    };
    let end = match end {
        EndPosition::Index(last) if last < start => return Asked::Unsatisfiable,
        EndPosition::Index(last) => last.saturating_add(1).min(size),
        EndPosition::LastByte => size,
    };
    if start < end {
        Asked::Part(start..end)
    } else {
        Asked::Unsatisfiable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_range_is_the_part_it_names() {
        for (header, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=-1", 99..100),
            ("bytes=-1000", 0..100),
            ("bytes=50-", 50..100),
            ("bytes=90-1000", 90..100),
        ] {
            assert_eq!(asked(Some(header), 100), Asked::Part(part), "{header}");
        }
    }

    #[test]
    fn what_cannot_be_given_is_unsatisfiable() {
        let many = format!("bytes={}", vec!["0-0"; 200].join(","));
        for header in [
            "bytes=100-",
            "bytes=5-2",
            "bytes=-0",
            "bytes=",
            "bytes=a-b",
            "bytes=99999999999999999999-",
            &many,
        ] {
            assert_eq!(asked(Some(header), 100), Asked::Unsatisfiable, "{header}");
        }
        assert_eq!(asked(Some("bytes=0-0"), 0), Asked::Unsatisfiable);
    }

    #[test]
    fn no_range_another_unit_and_a_few_ranges_are_answered_whole() {
        for header in [None, Some("seconds=1-2"), Some("bytes=0-1,5-6")] {
            assert_eq!(asked(header, 100), Asked::Whole, "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn a_part_is_never_empty_and_never_beyond_the_end(header in "bytes=[0-9,-]{0,24}|\\PC{0,24}", size in 0u64..1000) {
            if let Asked::Part(part) = asked(Some(&header), size) {
                prop_assert!(part.start < part.end && part.end <= size);
            }
        }
    }
}
