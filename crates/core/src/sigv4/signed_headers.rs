//! Which headers of a request a signature covers, as the request says it: `host;x-amz-date`.

use std::borrow::Cow;

use super::present::{PresentError, malformed};

/// More signed headers than this are refused before anything is computed. SDKs sign a dozen, and
/// one more for each line of an object's metadata.
const MAX_SIGNED_HEADERS: usize = 128;

/// Names of headers in lower case, sorted, each once, with `;` between. `host` is one of them.
#[derive(Clone)]
pub(super) struct SignedHeaderNames<'r>(Cow<'r, str>);

impl<'r> SignedHeaderNames<'r> {
    pub(super) fn parse(text: Cow<'r, str>, part: &'static str) -> Result<Self, PresentError> {
        let names = Self(text);
        if names.0.bytes().filter(|byte| *byte == b';').count() >= MAX_SIGNED_HEADERS {
            return malformed(part, "at most 128 header names");
        }
        let may_stand = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
        let well_formed = |name: &[u8]| !name.is_empty() && name.iter().all(may_stand);
        if !names.bytes().all(well_formed) || !names.bytes().is_sorted_by(|a, b| a < b) {
            return malformed(
                part,
                "header names in lower case, sorted, each once, with `;` between",
            );
        }
        if !names.contain("host") {
            return malformed(part, "a list with `host` in it");
        }
        Ok(names)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.bytes().map(|name| str::from_utf8(name).unwrap_or_default())
    }

    pub(super) fn contain(&self, header: &str) -> bool {
        self.bytes().any(|name| name == header.as_bytes())
    }

    /// Names are short, and searching for the end of one as text takes long to begin.
    fn bytes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.as_bytes().split(|byte| *byte == b';')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_so_many_headers() {
        let list = |count: usize| {
            let names: Vec<_> = (0..count).map(|n| format!("a{n:03}")).collect();
            SignedHeaderNames::parse((names.join(";") + ";host").into(), "SignedHeaders")
                .map(|_| ())
        };
        assert_eq!(list(MAX_SIGNED_HEADERS - 1), Ok(()));
        let (part, expected) = ("SignedHeaders", "at most 128 header names");
        assert_eq!(list(MAX_SIGNED_HEADERS), Err(PresentError::Malformed { part, expected }));
    }
}
