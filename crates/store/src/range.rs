//! `Range`: which bytes of an object a read asks for.
//!
//! `bytes=0-9`, `bytes=10-`, `bytes=-10`. As in S3, several ranges at once and anything
//! malformed are ignored, and the whole object is the answer.
//! <https://www.rfc-editor.org/rfc/rfc9110#section-14.2>

/// The bytes to answer with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// Everything: 200.
    Whole,
    /// The bytes from `first` to `last`, both included: 206.
    Part {
        /// The first byte.
        first: u64,
        /// The last byte.
        last: u64,
    },
    /// Nothing of the object: 416.
    Unsatisfiable,
}

impl Selection {
    /// Reads the value of a `Range` header for an object of `size` bytes.
    pub(crate) fn parse(header: &str, size: u64) -> Self {
        let Some((first, last)) =
            header.trim().strip_prefix("bytes=").and_then(|set| set.trim().split_once('-'))
        else {
            return Self::Whole;
        };
        match (number(first), number(last)) {
            (Number::Absent, Number::Is(0)) => Self::Unsatisfiable,
            (Number::Absent, Number::Is(length)) => {
                Self::between(size.saturating_sub(length), u64::MAX, size)
            }
            (Number::Is(first), Number::Absent) => Self::between(first, u64::MAX, size),
            (Number::Is(first), Number::Is(last)) if first <= last => {
                Self::between(first, last, size)
            }
            _ => Self::Whole,
        }
    }

    fn between(first: u64, last: u64, size: u64) -> Self {
        match size.checked_sub(1) {
            Some(end) if first <= end => Self::Part { first, last: last.min(end) },
            _ => Self::Unsatisfiable,
        }
    }
}

enum Number {
    Absent,
    Is(u64),
    Malformed,
}

fn number(digits: &str) -> Number {
    if digits.is_empty() {
        return Number::Absent;
    }
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Number::Malformed;
    }
    // A number too large to count is past the end of every object.
    Number::Is(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_select_as_s3_does() {
        let part = |first, last| Selection::Part { first, last };
        let cases = [
            ("bytes=0-9", 10, part(0, 9)),
            ("bytes=0-0", 10, part(0, 0)),
            ("bytes=5-", 10, part(5, 9)),
            ("bytes=-3", 10, part(7, 9)),
            ("bytes=-30", 10, part(0, 9)),
            ("bytes=8-99999999999999999999999", 10, part(8, 9)),
            ("bytes=10-", 10, Selection::Unsatisfiable),
            ("bytes=10-20", 10, Selection::Unsatisfiable),
            ("bytes=-0", 10, Selection::Unsatisfiable),
            ("bytes=0-", 0, Selection::Unsatisfiable),
            ("bytes=-1", 0, Selection::Unsatisfiable),
            ("bytes=9-5", 10, Selection::Whole),
            ("bytes=0-1,3-4", 10, Selection::Whole),
            ("bytes=a-b", 10, Selection::Whole),
            ("bytes=+1-2", 10, Selection::Whole),
            ("bytes=-", 10, Selection::Whole),
            ("bytes=", 10, Selection::Whole),
            ("items=0-1", 10, Selection::Whole),
            ("", 10, Selection::Whole),
        ];
        for (header, size, expected) in cases {
            assert_eq!(Selection::parse(header, size), expected, "{header} of {size}");
        }
    }
}
