//! The canonical query: encoded, and sorted by name, then by value. The same text is signed and
//! sent.

use std::borrow::Cow;

use crate::encoding::{Slash, write_encoded};
use crate::query::Parameter;

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
    pub(super) fn pair(&mut self, name: &str, value: &str) {
        self.begin();
        self.write_encoded(name);
        self.write(&["="]);
        self.write_encoded(value);
    }

    /// Writes pieces of the query that are encoded already.
    pub(in crate::sigv4) fn write(&mut self, pieces: &[&str]) {
        for piece in pieces {
            self.out.push_str(piece);
        }
    }

    /// Writes a piece of a name or a value that has to be encoded.
    pub(in crate::sigv4) fn write_encoded(&mut self, piece: &str) {
        write_encoded(piece, Slash::Encode, self.out);
    }

    fn begin(&mut self) {
        if self.out.len() > self.start {
            self.out.push('&');
        }
    }

    /// Writes those of a query that was sent, without one of them.
    pub(super) fn sent(mut self, parameters: &[Parameter<'_>], left_out: &str) {
        let mut are_in_order = true;
        let mut last = (Cow::default(), Cow::default());
        for Parameter { name, value } in parameters {
            // INVARIANT: every `%` of a request begins an escape.
            let name = name.encode_alike().unwrap_or_default();
            if name != left_out {
                let pair = (name, value.encode_alike().unwrap_or_default());
                self.begin();
                self.write(&[&pair.0, "=", &pair.1]);
                are_in_order &= last <= pair;
                last = pair;
            }
        }
        if !are_in_order {
            self.sort();
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
