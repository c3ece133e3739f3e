//! The signed headers: names in lower case, values trimmed with inner white space folded, sorted
//! by name, several of one name joined by commas.

use std::borrow::Cow;

use crate::request::lower_case;

/// Headers in canonical form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CanonicalHeaders<'h>(Vec<(Cow<'h, str>, Cow<'h, str>)>);

impl<'h> CanonicalHeaders<'h> {
    /// Brings headers into canonical form.
    pub fn new(headers: impl IntoIterator<Item = (&'h str, &'h str)>) -> Self {
        let folded = |(name, value)| (lower_case(name), fold_white_space(value));
        let mut sorted: Vec<_> = headers.into_iter().map(folded).collect();
        // Stable, so that several values of one name keep the order they were sent in.
        sorted.sort_by(|(a, _), (b, _)| a.cmp(b));
        sorted.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                let all = first.1.to_mut();
                all.push(',');
                all.push_str(&later.1);
            }
            same
        });
        Self(sorted)
    }

    /// `host;range;x-amz-date`, in pieces: the value of `X-Amz-SignedHeaders`.
    pub(in crate::sigv4) fn names(&self) -> impl Iterator<Item = &str> {
        let names = self.0.iter().enumerate();
        names.flat_map(|(n, (name, _))| [if n == 0 { "" } else { ";" }, name])
    }

    /// A line for each of them.
    pub(super) fn write_lines(&self, out: &mut String) {
        for (name, value) in &self.0 {
            for part in [name, ":", value, "\n"] {
                out.push_str(part);
            }
        }
    }
}

fn fold_white_space(value: &str) -> Cow<'_, str> {
    if !value.bytes().any(|byte| byte <= b' ') {
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
        assert_eq!(headers.names().collect::<String>(), "host;x-a;x-b");
    }
}
