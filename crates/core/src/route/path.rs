//! Which paths a route is for: those below a prefix.
//!
//! ```text
//! /media/                       a prefix as it stands
//! /v1/{account}/{container}/    a prefix with placeholders, each one whole segment
//! ```

use std::fmt;

use super::template::parse_name;

/// A path prefix. It begins and ends with `/`.
///
/// ```
/// # use cloakroom_core::route::PathPattern;
/// let path = PathPattern::parse("/v1/{account}/{container}/").unwrap();
/// assert_eq!(path.names().collect::<Vec<_>>(), ["account", "container"]);
/// assert!(PathPattern::parse("/media").is_err());
/// assert!(PathPattern::parse("/t-{tenant}/").is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern(Vec<Segment>);

/// One segment of a prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    Literal(String),
    Placeholder(String),
}

impl PathPattern {
    /// Reads a prefix.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let inner = match text.strip_prefix('/').map(|rest| rest.strip_suffix('/').unwrap_or(rest))
        {
            Some(inner) if text.ends_with('/') => inner,
            _ => {
                return Err(format!(
                    "must begin and end with `/`, as in `/media/`; found `{text}`"
                ));
            }
        };
        let mut path = Self(Vec::new());
        if text == "/" {
            return Ok(path);
        }
        for segment in inner.split('/') {
            let segment = parse_segment(segment)?;
            if let Segment::Placeholder(name) = &segment {
                if path.names().any(|other| other == name) {
                    return Err(format!("has the placeholder `{{{name}}}` twice"));
                }
                if name == "host" {
                    return Err("must not have a placeholder `{host}`, which is what the star of \
                                `host` stands for"
                        .to_owned());
                }
            }
            path.0.push(segment);
        }
        Ok(path)
    }

    /// The names of its placeholders, from the left.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|segment| match segment {
            Segment::Literal(_) => None,
            Segment::Placeholder(name) => Some(name.as_str()),
        })
    }

    pub(super) fn segments(&self) -> &[Segment] {
        &self.0
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("/")?;
        self.0.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(f, "{text}/"),
            Segment::Placeholder(name) => write!(f, "{{{name}}}/"),
        })
    }
}

fn parse_segment(text: &str) -> Result<Segment, String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if let Some(inner) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
        && !inner.contains(['{', '}'])
    {
        return Ok(Segment::Placeholder(parse_name(inner)?));
    }
    if text.contains(['{', '}']) {
        return Err(format!(
            "may have braces around a whole segment only, as in `/t/{{tenant}}/`; found `{text}`"
        ));
    }
    if text.is_empty() || matches!(text, "." | "..") || !text.bytes().all(plain) {
        return Err(
            "must be made of letters, digits, `-`, `.`, `_`, `~` and single `/`, so that it \
                    needs no escapes"
                .to_owned(),
        );
    }
    Ok(Segment::Literal(text.to_owned()))
}
