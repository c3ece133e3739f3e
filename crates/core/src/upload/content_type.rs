//! Content types (RFC 9110, section 8.3.1) and the patterns that rules allow.

use std::fmt;

/// What a file is taken for when its type is not known.
pub const UNKNOWN: &str = "application/octet-stream";

/// What S3 stores when it is told no type (*PutObject* in the Amazon S3 API reference).
const UNKNOWN_TO_S3: &str = "binary/octet-stream";

/// A content type such as `image/jpeg` or `text/plain; charset=utf-8`, kept as it was sent; or that
/// the type is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContentType(Option<String>);

impl ContentType {
    /// Reads a content type.
    ///
    /// ```
    /// # use cloakroom_core::upload::content_type::ContentType;
    /// assert!(ContentType::parse("Text/Plain; charset=utf-8").is_some());
    /// assert!(ContentType::parse("image").is_none());
    /// assert!(ContentType::parse("image/png; x=y, text/html").is_none());
    /// assert!(ContentType::parse("image/png\r\nx: y").is_none());
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(';');
        let (kind, subtype) = parts.next()?.trim().split_once('/')?;
        let fine = text.len() <= 255
            && is_token(kind)
            && is_token(subtype)
            && parts.all(|part| is_parameter(part.trim_matches(' ')));
        fine.then(|| Self(Some(text.trim().to_owned())))
    }

    /// The type of a file whose client knows none, and sends none. It counts as [`UNKNOWN`].
    pub fn none() -> Self {
        Self(None)
    }

    /// What a store says that an object has: nothing, perhaps.
    pub fn of_stored(text: &str) -> Option<Self> {
        if text.is_empty() { Some(Self::none()) } else { Self::parse(text) }
    }

    /// The type as it was sent.
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or(UNKNOWN)
    }

    /// What the client sends as `Content-Type`: nothing when it knows no type.
    pub fn header(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// The type without its parameters, in lower case.
    pub fn essence(&self) -> String {
        essence(self.as_str()).to_ascii_lowercase()
    }

    /// Whether a file of this type is stored as of the `other`: stores write types in other ways,
    /// add a charset, or have a name of their own for what is not known.
    pub fn is_stored_as(&self, other: &Self) -> bool {
        let [one, other] = [self.essence(), other.essence()];
        one == other || one == UNKNOWN && other == UNKNOWN_TO_S3
    }
}

impl fmt::Display for ContentType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The types that a rule allows: `image/png`, `image/*` or `*/*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ContentTypes(Vec<String>);

impl ContentTypes {
    /// Allows one more.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn add(&mut self, pattern: &str) -> Result<(), String> {
        let fine = match pattern.split_once('/') {
            Some(("*", "*")) => true,
            Some((kind, "*")) => is_token(kind) && kind != "*",
            Some((kind, subtype)) => is_token(kind) && is_token(subtype) && !pattern.contains('*'),
            None => false,
        };
        if !fine {
            return Err("must be a type such as `image/png`, `image/*` or `*/*`".to_owned());
        }
        self.0.push(pattern.to_ascii_lowercase());
        Ok(())
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all are allowed.
    pub fn allow_all(&self) -> bool {
        self.0.iter().any(|pattern| pattern == "*/*")
    }

    /// Whether `content_type` is allowed; its parameters do not matter.
    pub fn allow(&self, content_type: &ContentType) -> bool {
        let essence = content_type.essence();
        let kind = essence.split('/').next().unwrap_or_default();
        self.0.iter().any(|pattern| match pattern.strip_suffix("/*") {
            Some("*") => true,
            Some(allowed) => allowed == kind,
            None => *pattern == essence,
        })
    }
}

impl fmt::Display for ContentTypes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

fn essence(text: &str) -> &str {
    text.split(';').next().unwrap_or_default().trim()
}

/// `name=token` or `name="text"`. Neither may hold a comma or a semicolon: browsers take what
/// follows a comma for another type.
fn is_parameter(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else { return false };
    let quoted = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let plain = |b: u8| b == b' ' || b.is_ascii_graphic() && !b"\"\\,".contains(&b);
    is_token(name) && quoted.map_or_else(|| is_token(value), |text| text.bytes().all(plain))
}

/// `token` of RFC 9110, section 5.6.2.
fn is_token(text: &str) -> bool {
    let symbol = |b| b"!#$%&'*+-.^_`|~".contains(&b);
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || symbol(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_is_an_empty_header_and_counts_as_unknown() {
        let none = ContentType::none();
        assert_eq!((none.as_str(), none.header()), (UNKNOWN, ""));
        let mut types = ContentTypes::default();
        types.add("image/*").unwrap();
        assert!(!types.allow(&none));
        types.add(UNKNOWN).unwrap();
        assert!(types.allow(&none));
    }

    #[test]
    fn stores_write_types_in_their_own_way() {
        for (announced, stored, fits) in [
            ("image/jpeg", "IMAGE/JPEG; q=1", true),
            ("image/jpeg", "image/png", false),
            (UNKNOWN, "binary/octet-stream", true),
            ("binary/octet-stream", UNKNOWN, false),
            ("image/jpeg", "binary/octet-stream", false),
            (UNKNOWN, "text/html", false),
        ] {
            let [announced, stored] =
                [announced, stored].map(|text| ContentType::parse(text).unwrap());
            assert_eq!(announced.is_stored_as(&stored), fits, "{announced}, {stored}");
        }
    }

    #[test]
    fn patterns_allow_what_they_say() {
        let mut types = ContentTypes::default();
        types.add("image/*").unwrap();
        types.add("Application/PDF").unwrap();
        for (text, allowed) in [
            ("image/jpeg", true),
            ("IMAGE/PNG", true),
            ("application/pdf; x=y", true),
            ("imagex/png", false),
            ("application/pdfx", false),
        ] {
            let content_type = ContentType::parse(text).unwrap();
            assert_eq!(types.allow(&content_type), allowed, "{text}");
        }
        for text in [
            "text/html; image/png",
            "image/png; x=y, text/html",
            "image/png; x=\"a,b\"",
            "image/png;",
        ] {
            assert_eq!(ContentType::parse(text), None, "{text}");
        }
        for pattern in ["", "image", "*", "*/png", "ima*/png", "image/p*", "a/b/c"] {
            assert!(ContentTypes::default().add(pattern).is_err(), "{pattern}");
        }
    }
}
