//! A query, exactly as it was sent.
//!
//! `name=value&…` in the percent-encoding of forms, where `+` means a space: so S3 reads it, too.

use std::borrow::Cow;

use crate::encoding::{MalformedEscape, Slash, decode, encode};

/// A query string, cut into its parameters once: more than one dialect may look for its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query<'a> {
    text: &'a str,
    parameters: Vec<Parameter<'a>>,
}

/// A parameter's name and value, decoded.
pub type DecodedPair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// A presigned URL has seven parameters, or eight.
const USUAL: usize = 8;

impl<'a> Query<'a> {
    /// Takes the text between `?` and `#`.
    pub fn new(text: &'a str) -> Self {
        let mut parameters = Vec::with_capacity(if text.is_empty() { 0 } else { USUAL });
        let mut rest = Some(text);
        while let Some(text) = rest {
            let (name, mut behind) = FormText::cut(text, |mark| matches!(mark, b'=' | b'&'));
            let mut value = None;
            if let Some(text) = behind.strip_prefix('=') {
                let (text, end) = FormText::cut(text, |mark| mark == b'&');
                (value, behind) = (Some(text), end);
            }
            if !name.text.is_empty() || value.is_some() {
                parameters.push(Parameter { name, value: value.unwrap_or(FormText::ABSENT) });
            }
            rest = behind.get(1..);
        }
        Self { text, parameters }
    }

    /// All of it, as sent.
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// The parameters as sent, still encoded. A parameter without `=` has an empty value.
    pub fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.parameters.iter().map(|Parameter { name, value }| (name.text, value.text))
    }

    /// The parameters decoded.
    ///
    /// # Errors
    /// [`MalformedEscape`] when a `%` does not begin an escape.
    pub fn decoded(&self) -> Result<Vec<DecodedPair<'a>>, MalformedEscape> {
        let decoded = |sent: &Parameter<'a>| Ok((sent.name.decode()?, sent.value.decode()?));
        self.parameters.iter().map(decoded).collect()
    }

    /// All of it without one parameter, in two pieces, when it is spelled and sorted as SigV4
    /// demands. Signers send it so.
    pub(crate) fn canonical_without(&self, name: &str) -> Option<[&'a str; 2]> {
        let all = self.parameters.as_slice();
        let place = all.iter().position(|sent| sent.name.text == name).unwrap_or(all.len());
        let (before, rest) = all.split_at_checked(place)?;
        let others = || before.iter().chain(rest.iter().skip(1));
        let length = |some: &[Parameter<'_>]| some.iter().map(Parameter::length).sum::<usize>();
        let is_canonical = all.iter().all(Parameter::is_canonical)
            // Where nothing stands between two `&`, the text is longer.
            && length(all) == self.text.len() + "&".len()
            && others().is_sorted_by_key(|sent| (sent.name.text, sent.value.text))
            && others().all(|sent| sent.name.text != name);
        let (before, rest) = self.text.split_at_checked(length(before)).unwrap_or((self.text, ""));
        let pieces = match rest.split_once('&') {
            Some((_, behind)) => [before, behind],
            None => [before.strip_suffix('&').unwrap_or(before), ""],
        };
        is_canonical.then_some(pieces)
    }

    /// The parameters, to be decoded one by one.
    pub(crate) fn parameters(&self) -> &[Parameter<'a>] {
        &self.parameters
    }
}

/// A parameter as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: FormText<'a>,
    pub(crate) value: FormText<'a>,
}

impl Parameter<'_> {
    /// Whether it has exactly the escapes that SigV4 demands, and a `=`.
    fn is_canonical(&self) -> bool {
        [self.name, self.value].iter().all(|text| text.spelling != Spelling::Other)
    }

    /// How long it is with its `=` and a `&`.
    fn length(&self) -> usize {
        self.name.text.len() + self.value.text.len() + "=&".len()
    }
}

/// A name or a value, encoded as forms are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FormText<'a> {
    text: &'a str,
    spelling: Spelling,
}

/// How a text is spelled. It is looked at once, for most are the same decoded or encoded again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spelling {
    /// It is made of what needs no escape.
    Plain,
    /// It has exactly the escapes that SigV4 demands.
    Canonical,
    /// It may hold anything.
    Other,
}

impl<'a> FormText<'a> {
    /// The value of a parameter without `=`, which is not as SigV4 demands it.
    const ABSENT: Self = Self { text: "", spelling: Spelling::Other };

    /// Cuts one off, up to a mark; what is behind it, with the mark, is empty at the end.
    fn cut(text: &'a str, is_end: impl Fn(u8) -> bool) -> (Self, &'a str) {
        let behind = |length: usize| text.as_bytes().get(length..).unwrap_or_default();
        let ends = |length: usize| behind(length).first().is_none_or(|mark| is_end(*mark));
        let plain = Slash::Encode.staying_prefix(text.as_bytes());
        let (spelling, length) = if ends(plain) {
            (Spelling::Plain, plain)
        } else {
            let encoded = plain + Slash::Encode.encoded_prefix(behind(plain));
            if ends(encoded) {
                (Spelling::Canonical, encoded)
            } else {
                let end = text.bytes().position(&is_end);
                (Spelling::Other, end.unwrap_or(text.len()))
            }
        };
        let (text, behind) = text.split_at_checked(length).unwrap_or((text, ""));
        (Self { text, spelling }, behind)
    }

    /// As it was sent.
    pub(crate) fn as_str(self) -> &'a str {
        self.text
    }

    /// What it means.
    pub(crate) fn decode(self) -> Result<Cow<'a, [u8]>, MalformedEscape> {
        match self.spelling {
            Spelling::Other if self.text.contains('+') => {
                // Each `+` is one byte and so is each space, so an error's offset stays right.
                let text = self.text.replace('+', " ");
                decode(&text).map(|bytes| Cow::Owned(bytes.into_owned()))
            }
            _ => self.unescape(),
        }
    }

    /// What it means where a `+` is no space.
    pub(crate) fn unescape(self) -> Result<Cow<'a, [u8]>, MalformedEscape> {
        match self.spelling {
            Spelling::Plain => Ok(Cow::Borrowed(self.text.as_bytes())),
            _ => decode(self.text),
        }
    }

    /// What it means, when that is text; `None` stands for other bytes.
    pub(crate) fn decode_text(self) -> Result<Option<Cow<'a, str>>, MalformedEscape> {
        if self.spelling == Spelling::Plain {
            return Ok(Some(Cow::Borrowed(self.text)));
        }
        Ok(match self.decode()? {
            Cow::Borrowed(bytes) => str::from_utf8(bytes).ok().map(Cow::Borrowed),
            Cow::Owned(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        })
    }

    /// The same meaning with exactly the escapes that SigV4 demands.
    pub(crate) fn encode_alike(self) -> Result<Cow<'a, str>, MalformedEscape> {
        match self.spelling {
            Spelling::Other => self.decode().map(|bytes| Cow::Owned(encode(bytes, Slash::Encode))),
            _ => Ok(Cow::Borrowed(self.text)),
        }
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
        let Parameter { name, value } = query.parameters()[0];
        assert_eq!(name.encode_alike().unwrap(), "a%20b");
        assert_eq!(value.encode_alike().unwrap(), "c%2Bd");
    }
}
