//! Where a rule puts what is uploaded: `users/{principal}/{random}/{filename}`.
//!
//! The server names the object. Of the client's file name the last part of the key is made: by
//! `{filename}` as it is or not at all, so that a name that cannot be a key is refused and never
//! changed; by `{safe_filename}` whatever it is, of letters, digits and `.`, `_`, `-` alone.

use std::fmt;

use crate::object::{KeyError, ObjectKey};
use crate::time::UnixTime;

/// A key with places to fill in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTemplate(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Principal,
    Date,
    Random,
    Filename,
    SafeFilename,
}

const PLACEHOLDERS: [(&str, Part); 5] = [
    ("principal", Part::Principal),
    ("date", Part::Date),
    ("random", Part::Random),
    ("filename", Part::Filename),
    ("safe_filename", Part::SafeFilename),
];

/// The longest name that is made of a file's name, in bytes.
const MAX_SAFE_NAME: usize = 100;

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

/// Whose a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'k> {
    /// This user's.
    User(&'k str),
    /// It does not say.
    Unnamed,
}

/// What is filled in.
#[derive(Clone, Copy, Debug)]
pub struct Filling<'a> {
    /// The user.
    pub principal: &'a str,
    /// The time, of which `{date}` is the day in UTC.
    pub now: UnixTime,
    /// Sixteen bytes that nobody can guess.
    pub random: [u8; 16],
    /// The name of the file, without folders.
    pub filename: &'a str,
}

/// What is filled in to see whether a template makes keys.
const SAMPLE: Filling<'_> =
    Filling { principal: "p", now: UnixTime::from_secs(0), random: [0; 16], filename: "f" };

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
            match PLACEHOLDERS.into_iter().find(|(known, _)| *known == name) {
                Some((_, part)) => parts.push(part),
                None => {
                    let known = PLACEHOLDERS.map(|(known, _)| format!("`{{{known}}}`")).join(", ");
                    return Err(format!("has a placeholder `{{{name}}}`; there are {known}"));
                }
            }
            rest = tail;
        }
        parts.push(Part::Literal(rest.to_owned()));
        parts.retain(|part| *part != Part::Literal(String::new()));
        let template = Self(parts);
        if !template.0.contains(&Part::Random) {
            return Err("must hold `{random}`, or two files of one name would get one key".into());
        }
        if let Some(at) = template.0.iter().position(Part::is_name)
            && at + 1 != template.0.len()
        {
            return Err("must have `{filename}` or `{safe_filename}` at its end, if at all".into());
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

    /// Whether keys say whose they are.
    pub(crate) fn names_principal(&self) -> bool {
        self.0.contains(&Part::Principal)
    }

    /// Whether the name of the file, as it is, is the last segment of the key.
    pub(crate) fn ends_in_filename(&self) -> bool {
        match self.0.as_slice() {
            [.., Part::Literal(before), Part::Filename] => before.ends_with('/'),
            _ => false,
        }
    }

    /// A key as uploads get it.
    pub(crate) fn sample(&self) -> String {
        self.fill(SAMPLE).map(|key| key.to_string()).unwrap_or_default()
    }

    /// What all keys begin with: the template up to its first placeholder.
    pub(crate) fn prefix(&self) -> String {
        let literals = self.0.iter().map_while(|part| match part {
            Part::Literal(text) => Some(text.as_str()),
            _ => None,
        });
        literals.collect()
    }

    /// Whose a key is that this template can have made; none when it cannot.
    ///
    /// A user's id is a whole segment and everything else but the name at the end has its length,
    /// so that a key can be read in one way only.
    pub fn read<'k>(&self, key: &'k ObjectKey) -> Option<Owner<'k>> {
        let (mut rest, mut owner) = (key.as_str(), Owner::Unnamed);
        for part in &self.0 {
            rest = match part {
                Part::Literal(text) => rest.strip_prefix(text.as_str())?,
                Part::Principal => {
                    let (segment, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                    let is_other = matches!(owner, Owner::User(user) if user != segment);
                    if segment.is_empty() || is_other {
                        return None;
                    }
                    owner = Owner::User(segment);
                    rest
                }
                Part::Date => {
                    let (date, rest) = rest.split_at_checked(10)?;
                    let is_like = |(shown, b): (u8, u8)| {
                        if shown == b'/' { b == b'/' } else { b.is_ascii_digit() }
                    };
                    let is_date = b"2026/11/26".iter().copied().zip(date.bytes()).all(is_like);
                    is_date.then_some(rest)?
                }
                Part::Random => {
                    let (random, rest) = rest.split_at_checked(32)?;
                    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
                    random.bytes().all(is_hex).then_some(rest)?
                }
                Part::Filename => check_filename(rest).is_ok().then_some("")?,
                Part::SafeFilename => {
                    (!rest.is_empty() && safe_name(rest) == rest).then_some("")?
                }
            };
        }
        rest.is_empty().then_some(owner)
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
        if self.0.contains(&Part::Filename) {
            check_filename(filling.filename)?;
        }
        let mut key = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => key.push_str(text),
                Part::Principal => key.push_str(filling.principal),
                Part::Date => key.push_str(&date(filling.now)),
                Part::Random => key.push_str(&hex::encode(filling.random)),
                Part::Filename => key.push_str(filling.filename),
                Part::SafeFilename => key.push_str(&safe_name(filling.filename)),
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
                Part::Date | Part::Random | Part::Filename | Part::SafeFilename => "x",
            })
            .collect();
        text.split('/').all(|segment| !segment.contains('\0') || segment == "\0")
    }
}

impl Part {
    fn is_name(&self) -> bool {
        matches!(self, Self::Filename | Self::SafeFilename)
    }
}

fn check_filename(name: &str) -> Result<(), FillError> {
    if name.contains('/') {
        return Err(FillError::Folders);
    }
    if name.contains(is_bidi_control) {
        return Err(FillError::Bidirectional);
    }
    ObjectKey::new(name).map(|_| ()).map_err(FillError::Filename)
}

/// `2026/11/26`
fn date(now: UnixTime) -> String {
    now.to_rfc3339().get(..10).unwrap_or_default().replace('-', "/")
}

/// What is left of a name of letters, digits, `.`, `_` and `-`: at most 100 bytes, with the end of
/// the name, which says what the file is.
fn safe_name(name: &str) -> String {
    let mut safe = String::new();
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() || matches!(c, '.' | '_') { c } else { '-' };
        match (safe.chars().next_back(), c) {
            (Some('.'), '.' | '-') | (Some('-'), '-') => {}
            (Some('-'), '.') => {
                safe.pop();
                safe.push('.');
            }
            _ => safe.push(c),
        }
    }
    let safe = safe.trim_start_matches('-').trim_end_matches(['.', '-']);
    // It is ASCII, so every place is one between characters.
    let from = safe.len().saturating_sub(MAX_SAFE_NAME.saturating_sub(FILE.len()));
    let safe = safe.get(from..).unwrap_or_default().trim_start_matches('-');
    if safe.is_empty() || safe.starts_with('.') { format!("{FILE}{safe}") } else { safe.to_owned() }
}

/// What a name is called that nothing else is left of.
const FILE: &str = "file";

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

    #[test]
    fn names_are_made_safe() {
        for (name, expected) in [
            ("harbour.jpg", "harbour.jpg"),
            ("a b (1).tar.gz", "a-b-1.tar.gz"),
            ("../../etc/passwd", "file.etc-passwd"),
            ("été.jpg", "t.jpg"),
            ("日本.png", "file.png"),
            (".htaccess", "file.htaccess"),
            ("..", "file"),
            ("x\u{202e}gpj.exe", "x-gpj.exe"),
            ("${filename}", "filename"),
        ] {
            assert_eq!(safe_name(name), expected, "{name}");
        }
        let long = format!("{}.jpeg", "x".repeat(300));
        assert_eq!(safe_name(&long), format!("{}.jpeg", "x".repeat(91)));
    }

    fn owner<'k>(template: &str, key: &'k ObjectKey) -> Option<Owner<'k>> {
        KeyTemplate::parse(template).unwrap().below("in/").unwrap().read(key)
    }

    #[test]
    fn keys_say_whose_they_are() {
        let random = "0123456789abcdef0123456789abcdef";
        let check = |template: &str, key: &str, expected: Option<Owner<'_>>| {
            let key = ObjectKey::new(key.replace("{r}", random)).unwrap();
            assert_eq!(owner(template, &key), expected, "{template}: {key}");
        };
        let users = "users/{principal}/{random}/{filename}";
        check(users, "in/users/alice/{r}/a b+c%.jpg", Some(Owner::User("alice")));
        check(users, "in/users/été/{r}/日本", Some(Owner::User("été")));
        for other in [
            "users/alice/{r}/a",
            "in/users/alice/{r}/",
            "in/users/alice/{r}",
            "in/users/alice/{r}/a/b",
            "in/users//{r}/a",
            "in/users/a/b/{r}/a",
            "in/users/alice/0123456789ABCDEF0123456789ABCDEF/a",
            "in/users/alice/{r}0/a",
            "in/users/alice/été3456789abcdef0123456789abcdef/a",
            "in/users/alice/{r}/x\u{202e}gpj.exe",
        ] {
            check(users, other, None);
        }
        let dated = "{date}/{random}-{safe_filename}";
        check(dated, "in/2026/11/26/{r}-a.jpg", Some(Owner::Unnamed));
        for other in ["in/2026/1126/{r}-a.jpg", "in/2026/11/2é/{r}-a", "in/2026/11/26/{r}-a b"] {
            check(dated, other, None);
        }
        let twice = "{principal}/{random}/{principal}";
        check(twice, "in/a/{r}/a", Some(Owner::User("a")));
        check(twice, "in/a/{r}/b", None);
    }

    #[test]
    fn keys_begin_with_a_prefix() {
        for (template, prefix) in [
            ("users/{principal}/{random}", "in/users/"),
            ("{date}/{random}", "in/"),
            ("drop-{random}", "in/drop-"),
        ] {
            let template = KeyTemplate::parse(template).unwrap().below("in/").unwrap();
            assert_eq!(template.prefix(), prefix);
        }
    }

    proptest! {
        #[test]
        fn what_a_template_makes_it_reads(
            principal in "\\PC{1,20}",
            filename in "\\PC{1,40}",
            secs in 0_u64..4_000_000_000,
            random in any::<[u8; 16]>(),
        ) {
            let filling = Filling {
                principal: &principal,
                now: UnixTime::from_secs(secs),
                random,
                filename: &filename,
            };
            for template in [
                "users/{principal}/{random}/{filename}",
                "{date}/{principal}/{random}{safe_filename}",
                "{random}/{principal}",
            ] {
                let template = KeyTemplate::parse(template).unwrap().below("in/").unwrap();
                if let Ok(key) = template.fill(filling) {
                    prop_assert_eq!(template.read(&key), Some(Owner::User(&principal)));
                }
            }
        }

        #[test]
        fn no_name_escapes_its_prefix(principal in "\\PC{0,20}", filename in "\\PC{0,40}") {
            let template = KeyTemplate::parse("users/{principal}/{random}/{filename}").unwrap();
            let now = UnixTime::from_secs(0);
            let filling =
                Filling { principal: &principal, now, random: [7; 16], filename: &filename };
            if let Ok(key) = template.fill(filling) {
                let prefix = format!("users/{principal}/{}/", "07".repeat(16));
                prop_assert_eq!(key.as_str().strip_prefix(&prefix), Some(filename.as_str()));
                prop_assert_eq!(key.as_str().split('/').count(), 4);
            }
        }

        #[test]
        fn every_name_makes_a_safe_one(filename in "\\PC{0,200}|[./-]{0,9}|.{0,9}") {
            let template = KeyTemplate::parse("{date}/{random}/{safe_filename}").unwrap();
            let now = UnixTime::from_secs(1_795_694_400);
            let filling = Filling { principal: "u", now, random: [7; 16], filename: &filename };
            let key = template.fill(filling).unwrap();
            let name = key.as_str().strip_prefix(&format!("2026/11/26/{}/", "07".repeat(16)));
            let name = name.unwrap();
            prop_assert!(!name.is_empty() && name.len() <= 100, "{}", name);
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
            prop_assert!(name.bytes().all(plain) && !name.contains(".."), "{}", name);
            prop_assert!(!name.starts_with(['.', '-']), "{}", name);
        }
    }
}
