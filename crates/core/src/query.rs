//! A query, exactly as it was sent.
//!
//! `name=value&…` in the percent-encoding of forms, where `+` means a space: so S3 reads it, too.

use std::borrow::Cow;

use crate::encoding::{MalformedEscape, Slash, decode, encode, encode_alike};

/// A raw query string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Query<'a>(&'a str);

/// A parameter's name and value, decoded.
pub type DecodedPair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

impl<'a> Query<'a> {
    /// Takes the text between `?` and `#`.
    pub fn new(raw: &'a str) -> Self {
        Self(raw)
    }

    /// All of it, as sent.
    pub fn as_str(self) -> &'a str {
        self.0
    }

    /// The parameters as sent, still encoded. A parameter without `=` has an empty value.
    pub fn pairs(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.parameters().map(|(name, value)| (name.text, value.text))
    }

    /// The parameters decoded.
    ///
    /// # Errors
    /// [`MalformedEscape`] when a `%` does not begin an escape.
    pub fn decoded(self) -> Result<Vec<DecodedPair<'a>>, MalformedEscape> {
        self.parameters().map(|(name, value)| Ok((name.decode()?, value.decode()?))).collect()
    }

    /// The parameters, to be decoded one by one.
    pub(crate) fn parameters(self) -> impl Iterator<Item = (FormText<'a>, FormText<'a>)> {
        let mut rest = Some(self.0);
        let pairs = std::iter::from_fn(move || {
            let (name, mut behind) = FormText::cut(rest?, |mark| matches!(mark, b'=' | b'&'));
            let mut value = None;
            if let Some(text) = behind.and_then(|behind| behind.strip_prefix('=')) {
                let (text, end) = FormText::cut(text, |mark| mark == b'&');
                (value, behind) = (Some(text), end);
            }
            // It begins with the mark.
            rest = behind.and_then(|behind| behind.get(1..));
            Some((name, value))
        });
        pairs
            .filter(|(name, value)| !name.text.is_empty() || value.is_some())
            .map(|(name, value)| (name, value.unwrap_or(FormText::EMPTY)))
    }
}

/// A name or a value, encoded as forms are.
#[derive(Clone, Copy)]
pub(crate) struct FormText<'a> {
    text: &'a str,
    /// Whether it is made of what needs no escape: most are, and then there is nothing to do.
    is_plain: bool,
}

impl<'a> FormText<'a> {
    const EMPTY: Self = Self { text: "", is_plain: true };

    /// Cuts one off, up to a mark; none is behind the last one.
    fn cut(text: &'a str, is_end: impl Fn(u8) -> bool) -> (Self, Option<&'a str>) {
        let mut is_plain = true;
        for (at, byte) in text.bytes().enumerate() {
            if Slash::Encode.stays(byte) {
                continue;
            }
            if is_end(byte) {
                let (text, behind) = text.split_at_checked(at).unwrap_or((text, ""));
                return (Self { text, is_plain }, Some(behind));
            }
            is_plain = false;
        }
        (Self { text, is_plain }, None)
    }

    /// What it means.
    pub(crate) fn decode(self) -> Result<Cow<'a, [u8]>, MalformedEscape> {
        if self.is_plain {
            return Ok(Cow::Borrowed(self.text.as_bytes()));
        }
        if !self.text.contains('+') {
            return decode(self.text);
        }
        // Each `+` is one byte and so is each space, so an error's offset stays right.
        decode(&self.text.replace('+', " ")).map(|bytes| Cow::Owned(bytes.into_owned()))
    }

    /// The same meaning with exactly the escapes that SigV4 demands.
    pub(crate) fn encode_alike(self) -> Result<Cow<'a, str>, MalformedEscape> {
        if self.is_plain {
            return Ok(Cow::Borrowed(self.text));
        }
        if !self.text.contains('+') {
            return encode_alike(self.text, Slash::Encode);
        }
        self.decode().map(|bytes| Cow::Owned(encode(bytes, Slash::Encode)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_parameters_as_sent() {
        let pairs: Vec<_> = Query::new("x=1&x=2&y&=z&&a%3D=b=c&=&").pairs().collect();
        assert_eq!(
            pairs,
            [("x", "1"), ("x", "2"), ("y", ""), ("", "z"), ("a%3D", "b=c"), ("", "")]
        );
        assert_eq!(Query::new("").pairs().count(), 0);
    }

    #[test]
    fn plus_is_a_space() {
        let query = Query::new("a+b=c%2bd");
        assert_eq!(query.decoded().unwrap(), [(b"a b".into(), b"c+d".into())]);
        let (name, value) = query.parameters().next().unwrap();
        assert_eq!(name.encode_alike().unwrap(), "a%20b");
        assert_eq!(value.encode_alike().unwrap(), "c%2Bd");
    }
}
