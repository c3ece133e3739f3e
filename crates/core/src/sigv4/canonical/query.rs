//! The canonical query: encoded, and sorted by name, then by value. The same text is signed and
//! sent.

use crate::encoding::{Slash, write_encoded};
use crate::query::{Parameter, Query};

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
    pub(super) fn sent(mut self, query: &Query<'_>, left_out: &str) {
        if let Some(pieces) = query.canonical_without(left_out) {
            return self.write(&pieces);
        }
        for Parameter { name, value } in query.parameters() {
            // INVARIANT: every `%` of a request begins an escape.
            let name = name.encode_alike().unwrap_or_default();
            if name != left_out {
                self.begin();
                self.write(&[&name, "=", &value.encode_alike().unwrap_or_default()]);
            }
        }
        self.sort();
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
    use proptest::prelude::*;

    use super::*;
    use crate::encoding::encode;

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

    proptest! {
        #[test]
        fn what_was_sent_is_decoded_and_written_anew(
            text in "((a|a-|b|s|%73|%2d|%2D|[+])?(=(1|2|%2B|%2b|[+])?)?&?){0,6}"
        ) {
            let query = Query::new(&text);
            let encoded = |bytes| encode(bytes, Slash::Encode);
            let pairs = query.decoded().unwrap().into_iter();
            let mut pairs: Vec<_> =
                pairs.map(|(name, value)| (encoded(name), encoded(value))).collect();
            pairs.retain(|(name, _)| name != "s");
            pairs.sort();
            let pairs: Vec<_> =
                pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mut sent = String::new();
            QueryWriter::new(&mut sent).sent(&query, "s");
            prop_assert_eq!(sent, pairs.join("&"));
        }
    }
}
