//! The signed headers: names in lower case, values trimmed with inner white space folded, sorted
//! by name, several of one name joined by commas.

use std::borrow::Cow;

use crate::endpoint::Endpoint;
use crate::request::lower_case;

/// Headers in canonical form.
#[derive(Clone, Debug)]
pub struct CanonicalHeaders<'h>(Lines<'h>);

type Line<'h> = (Cow<'h, str>, Cow<'h, str>);

#[derive(Clone, Debug)]
enum Lines<'h> {
    /// Mostly `host` is all there is.
    One([Line<'h>; 1]),
    Several(Vec<Line<'h>>),
}

impl Default for CanonicalHeaders<'_> {
    fn default() -> Self {
        Self(Lines::Several(Vec::new()))
    }
}

impl<'h> CanonicalHeaders<'h> {
    /// `host` alone, which is in this form already.
    pub(in crate::sigv4) fn of(endpoint: &'h Endpoint) -> Self {
        Self(Lines::One([("host".into(), endpoint.host().into())]))
    }

    /// Brings headers into canonical form.
    pub fn new(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Self {
        let folded = |(name, value)| (lower_case(name), fold_white_space(value));
        let mut headers = headers.into_iter().map(folded);
        Self(match (headers.next(), headers.next()) {
            (Some(one), None) => Lines::One([one]),
            (one, other) => {
                Lines::Several(sorted(one.into_iter().chain(other).chain(headers).collect()))
            }
        })
    }

    /// `host;range;x-amz-date`: the value of `X-Amz-SignedHeaders`.
    pub(super) fn write_names(&self, out: &mut String) {
        for (n, name) in self.names().enumerate() {
            if n > 0 {
                out.push(';');
            }
            out.push_str(name);
        }
    }

    pub(in crate::sigv4) fn names(&self) -> impl Iterator<Item = &str> {
        self.lines().iter().map(|(name, _)| name.as_ref())
    }

    /// A line for each of them.
    pub(super) fn write_lines(&self, out: &mut String) {
        for (name, value) in self.lines() {
            out.push_str(name);
            out.push(':');
            out.push_str(value);
            out.push('\n');
        }
    }

    fn lines(&self) -> &[Line<'h>] {
        match &self.0 {
            Lines::One(line) => line,
            Lines::Several(lines) => lines,
        }
    }
}

fn sorted(mut lines: Vec<Line<'_>>) -> Vec<Line<'_>> {
    // Stable, so that several values of one name keep the order they were sent in.
    lines.sort_by(|(a, _), (b, _)| a.cmp(b));
    lines.dedup_by(|later, first| {
        let same = later.0 == first.0;
        if same {
            let all = first.1.to_mut();
            all.push(',');
            all.push_str(&later.1);
        }
        same
    });
    lines
}

fn fold_white_space(value: &str) -> Cow<'_, str> {
    // All are looked at, so that the compiler looks at many at a time.
    if !value.bytes().fold(false, |any, byte| any | (byte <= b' ')) {
        return Cow::Borrowed(value);
    }
    let mut folded = String::with_capacity(value.len());
    for word in value.split_ascii_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    Cow::Owned(folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_folded_sorted_and_joined() {
        let headers = [("X-B", " 1   2\t3 "), ("host", "h"), ("x-b", "4"), ("x-a", " ")];
        let mut text = String::new();
        let headers = CanonicalHeaders::new(headers);
        headers.write_lines(&mut text);
        assert_eq!(text, "host:h\nx-a:\nx-b:1 2 3,4\n");
        text.clear();
        headers.write_names(&mut text);
        assert_eq!(text, "host;x-a;x-b");
    }
}
