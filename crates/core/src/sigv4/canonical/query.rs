//! The canonical query: encoded, and sorted by name, then by value. The same text is signed and
//! sent.

use crate::encoding::{Slash, write_encoded};

/// Writes a canonical query behind what is there.
pub(in crate::sigv4) struct QueryWriter<'o> {
    out: &'o mut String,
    start: usize,
}

impl<'o> QueryWriter<'o> {
    pub(super) fn new(out: &'o mut String) -> Self {
        Self { start: out.len(), out }
    }

    /// Writes a decoded parameter.
    pub(in crate::sigv4) fn pair(&mut self, name: &str, value: &str) {
        self.begin();
        write_encoded(name, Slash::Encode, self.out);
        self.out.push('=');
        write_encoded(value, Slash::Encode, self.out);
    }

    /// Writes a parameter that is encoded already.
    pub(in crate::sigv4) fn encoded_pair(&mut self, name: &str, value: &str) {
        self.begin();
        self.out.push_str(name);
        self.out.push('=');
        self.out.push_str(value);
    }

    /// Writes a parameter of which the value has to be encoded, piece by piece.
    pub(in crate::sigv4) fn pieces<'v>(
        &mut self,
        name: &str,
        value: impl IntoIterator<Item = &'v str>,
    ) {
        self.encoded_pair(name, "");
        for piece in value {
            write_encoded(piece, Slash::Encode, self.out);
        }
    }

    /// Adds to the value that was written last.
    pub(in crate::sigv4) fn append_encoded(&mut self, value: &str) {
        self.out.push_str(value);
    }

    fn begin(&mut self) {
        if self.out.len() > self.start {
            self.out.push('&');
        }
    }

    /// Brings the parameters into their order.
    pub(super) fn sort(self) {
        // Not the same as sorting the pairs as they are: a `-` comes before the `=`.
        fn order<'p>(pair: &&'p str) -> Option<(&'p str, &'p str)> {
            pair.split_once('=')
        }
        let written = self.out.get(self.start..).unwrap_or_default();
        if written.split('&').is_sorted_by_key(|pair| order(&pair)) {
            return;
        }
        let written = self.out.split_off(self.start);
        let mut pairs: Vec<_> = written.split('&').collect();
        pairs.sort_unstable_by_key(order);
        self.out.push_str(&pairs.join("&"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical(pairs: &[(&str, &str)]) -> String {
        let mut text = "?".to_owned();
        let mut writer = QueryWriter::new(&mut text);
        for (name, value) in pairs {
            writer.pair(name, value);
        }
        writer.sort();
        text
    }

    #[test]
    fn query_is_encoded_then_sorted() {
        let pairs = [("b", ""), ("a", "2"), ("a", "1"), ("a b", "/"), ("A", "+"), ("é", "~")];
        assert_eq!(canonical(&pairs), "?%C3%A9=~&A=%2B&a=1&a=2&a%20b=%2F&b=");
        assert_eq!(canonical(&[("a-b", ""), ("a", "=&")]), "?a=%3D%26&a-b=");
        assert_eq!(canonical(&[("a", ""), ("a-b", "")]), "?a=&a-b=");
        assert_eq!(canonical(&[("", ""), ("", "")]), "?=&=");
        assert_eq!(canonical(&[]), "?");
    }
}
