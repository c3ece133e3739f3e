//! Where a rule puts what is uploaded: `users/{principal}/{random}/{filename}`.
//!
//! The server names the object. Of the client's file name the last part of the key is made, as
//! it is or not at all: a name that cannot be a key is refused, never changed.

use std::fmt;

use crate::object::{KeyError, ObjectKey};

/// A key with places to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Principal,
    Random,
    Filename,
}

/// Why a template cannot be filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FillError {
    /// The user's id is not one segment of a key.
    Principal,
    /// The file name has folders before it.
    Folders,
    /// The file name holds characters that turn text around, so that it reads as another one.
    Bidirectional,
    /// The file name cannot stand in a key.
    Filename(KeyError),
    /// All together is not a key: it is too long.
    Key(KeyError),
}

impl fmt::Display for FillError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal => f.write_str(
                "The user's id cannot be part of a key: it must be one segment without `/`.",
            ),
            Self::Folders => {
                f.write_str("`filename` must be a name without folders, so without `/`.")
            }
            Self::Bidirectional => f.write_str(
                "`filename` must not hold characters that change the direction of text.",
            ),
            Self::Filename(KeyError::DotSegment) => {
                f.write_str("`filename` must not be `.` or `..`.")
            }
            Self::Filename(KeyError::ControlCharacter) => {
                f.write_str("`filename` must not hold control characters.")
            }
            Self::Filename(KeyError::TooLong { .. }) | Self::Key(_) => {
                f.write_str("`filename` is too long: the key would exceed 1024 bytes.")
            }
            Self::Filename(error) => write!(f, "`filename` cannot be used: {error}."),
        }
    }
}

/// What is filled in.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'a> {
    /// The user.
    pub principal: &'a str,
    /// Sixteen bytes that nobody can guess.
    pub random: [u8; 16],
    /// The name of the file, without folders.
    pub filename: &'a str,
}

/// What is filled in to see whether a template makes keys.
const SAMPLE: Filling<'_> = Filling { principal: "p", random: [0; 16], filename: "f" };

impl KeyTemplate {
    /// Reads a template.
    ///
    /// ```
    /// # use cloakroom_core::upload::key_template::KeyTemplate;
    /// assert!(KeyTemplate::parse("users/{principal}/{random}/{filename}").is_ok());
    /// let error = KeyTemplate::parse("users/{principal}/{filename}").unwrap_err();
    /// assert_eq!(error, "must hold `{random}`, or two files of one name would get one key");
    /// ```
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('{') {
            let (name, tail) = tail.split_once('}').ok_or("has a `{` without a `}`")?;
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(match name {
                "principal" => Part::Principal,
                "random" => Part::Random,
                "filename" => Part::Filename,
                _ => {
                    return Err(format!(
                        "has a placeholder `{{{name}}}`; there are `{{principal}}`, `{{random}}` \
                         and `{{filename}}`"
                    ));
                }
            });
            rest = tail;
        }
        parts.push(Part::Literal(rest.to_owned()));
        parts.retain(|part| *part != Part::Literal(String::new()));
        let template = Self(parts);
        if !template.0.contains(&Part::Random) {
            return Err("must hold `{random}`, or two files of one name would get one key".into());
        }
        if let Some(at) = template.0.iter().position(|part| *part == Part::Filename)
            && at + 1 != template.0.len()
        {
            return Err("must have `{filename}` at its end, if at all".into());
        }
        if !template.has_principal_as_segment() {
            return Err(
                "must have `{principal}` between slashes, or `u1` could write as `u10`".into()
            );
        }
        if template.fill(SAMPLE).is_err() {
            return Err("must make keys: at most 1024 bytes, without segments `.` or `..`".into());
        }
        if text.starts_with('/') || text.contains("//") {
            return Err("must not begin with `/` or hold `//`".into());
        }
        Ok(template)
    }

    /// A key as uploads get it.
    pub(crate) fn sample(&self) -> String {
        self.fill(SAMPLE).map(|key| key.to_string()).unwrap_or_default()
    }

    /// This template with `location` before every key.
    ///
    /// # Errors
    /// When the keys become too long.
    pub fn below(mut self, location: &str) -> Result<Self, String> {
        if !location.is_empty() {
            self.0.insert(0, Part::Literal(location.to_owned()));
        }
        match self.fill(SAMPLE) {
            Ok(_) => Ok(self),
            Err(_) => Err(format!("makes keys that are too long below `{location}`")),
        }
    }

    /// The key of one upload.
    ///
    /// # Errors
    /// [`FillError`] when file name or principal cannot be part of a key.
    pub fn fill(&self, filling: Filling<'_>) -> Result<ObjectKey, FillError> {
        if filling.principal.contains('/') || ObjectKey::new(filling.principal).is_err() {
            return Err(FillError::Principal);
        }
        if filling.filename.contains('/') {
            return Err(FillError::Folders);
        }
        if filling.filename.contains(is_bidi_control) {
            return Err(FillError::Bidirectional);
        }
        ObjectKey::new(filling.filename).map_err(FillError::Filename)?;
        let mut key = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => key.push_str(text),
                Part::Principal => key.push_str(filling.principal),
                Part::Random => key.push_str(&hex::encode(filling.random)),
                Part::Filename => key.push_str(filling.filename),
            }
        }
        ObjectKey::new(key).map_err(FillError::Key)
    }

    fn has_principal_as_segment(&self) -> bool {
        let text: String = self
            .0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.as_str(),
                Part::Principal => "\0",
                Part::Random | Part::Filename => "x",
            })
            .collect();
        text.split('/').all(|segment| !segment.contains('\0') || segment == "\0")
    }
}

/// Bidi_Control of Unicode (UAX #9): with them `x\u{202E}gpj.exe` shows as `xexe.jpg`.
fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn refuses_what_is_not_a_template() {
        for (text, why) in [
            ("a/{random", "without a `}`"),
            ("a/{user}/{random}", "placeholder `{user}`"),
            ("a/{filename}", "must hold `{random}`"),
            ("{filename}-{random}", "at its end"),
            ("u{principal}/{random}", "between slashes"),
            ("{principal}{random}", "between slashes"),
            ("../{random}", "`.` or `..`"),
            ("/a/{random}", "must not begin"),
            ("a//{random}", "must not begin"),
        ] {
            let error = KeyTemplate::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_name_escapes_its_prefix(principal in "\\PC{0,20}", filename in "\\PC{0,40}") {
            let template = KeyTemplate::parse("users/{principal}/{random}/{filename}").unwrap();
            let filling = Filling { principal: &principal, random: [7; 16], filename: &filename };
            if let Ok(key) = template.fill(filling) {
                let prefix = format!("users/{principal}/{}/", "07".repeat(16));
                prop_assert_eq!(key.as_str().strip_prefix(&prefix), Some(filename.as_str()));
                prop_assert_eq!(key.as_str().split('/').count(), 4);
            }
        }
    }
}
