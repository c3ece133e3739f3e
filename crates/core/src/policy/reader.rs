//! A cursor over the policy's JSON that knows where it is, so that every error names its place
//! and says what would be right.

use std::fmt;
use std::ops::RangeInclusive;

use crate::json::Json;
use crate::public_key::{Algorithm, PublicKey};

/// What is wrong with a policy, and where.
///
/// ```
/// # use cloakroom_core::policy::Policy;
/// let error = Policy::parse(r#"{"version": 2}"#).unwrap_err();
/// assert_eq!(error.to_string(), "policy: at `version`: must be 1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(Box<Fault>);

/// In a box, because nearly all functions that read a policy hand it on: each of them copies one
/// word, and not six.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fault {
    place: String,
    problem: String,
}

impl PolicyError {
    pub(crate) fn new(place: String, problem: String) -> Self {
        Self(Box::new(Fault { place, problem }))
    }

    /// The names that lead to the value, with dots between; empty for the document itself.
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// What is wrong, and what would be right.
    pub fn problem(&self) -> &str {
        &self.0.problem
    }

    /// Writes it as an error of this document.
    pub(super) fn write(&self, document: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Fault { place, problem } = &*self.0;
        if place.is_empty() {
            write!(f, "{document}: {problem}")
        } else {
            write!(f, "{document}: at `{place}`: {problem}")
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write("policy", f)
    }
}

impl std::error::Error for PolicyError {}

/// One value with its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    json: &'a Json,
    place: Place<'a>,
}

/// The way to a value, which is written out only where something is wrong with it.
#[derive(Clone, Copy, Debug)]
enum Place<'a> {
    Root,
    Field(&'a Place<'a>, &'a str),
    Item(&'a Place<'a>, usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Field(Self::Root, name) => f.write_str(name),
            Self::Field(parent, name) => write!(f, "{parent}.{name}"),
            Self::Item(parent, n) => write!(f, "{parent}.{n}"),
        }
    }
}

impl<'a> Node<'a> {
    pub(super) fn root(json: &'a Json) -> Self {
        Self { json, place: Place::Root }
    }

    pub(super) fn place(&self) -> String {
        self.place.to_string()
    }

    pub(super) fn error<T>(&self, problem: impl AsRef<str>) -> Result<T, PolicyError> {
        Err(self.problem(problem.as_ref()))
    }

    // Never inlined, for there are hundreds of errors.
    #[inline(never)]
    fn problem(&self, problem: &str) -> PolicyError {
        PolicyError::new(self.place(), problem.to_owned())
    }

    fn kind_error<T>(&self, expected: &str) -> Result<T, PolicyError> {
        self.error(format!("must be {expected}, not {}", self.json.kind()))
    }

    /// An object with these fields and no others.
    pub(super) fn object(&self, known: &[&str]) -> Result<Fields<'_>, PolicyError> {
        let Json::Object(fields) = self.json else {
            return self.kind_error("an object");
        };
        if let Some((name, _)) = fields.iter().find(|(name, _)| !known.contains(&name.as_str())) {
            return self.error(format!(
                "has no field `{name}`; its fields are {}",
                quoted_list(&mut known.iter().copied())
            ));
        }
        Ok(Fields { node: self })
    }

    /// An object whose fields are told later.
    pub(super) fn fields(&self) -> Result<Fields<'_>, PolicyError> {
        match self.json {
            Json::Object(_) => Ok(Fields { node: self }),
            _ => self.kind_error("an object"),
        }
    }

    /// An object with names of the operator's own.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Node<'_>)>, PolicyError> {
        let Json::Object(fields) = self.json else {
            return self.kind_error("an object");
        };
        if fields.iter().any(|(name, _)| name.is_empty()) {
            return self.error("has an entry without a name");
        }
        let entry = |(name, json): &'a (String, Json)| {
            (name.as_str(), Node { json, place: Place::Field(&self.place, name) })
        };
        Ok(fields.iter().map(entry).collect())
    }

    pub(super) fn list(&self) -> Result<Vec<Node<'_>>, PolicyError> {
        let Json::Array(items) = self.json else {
            return self.kind_error("an array");
        };
        let item = |(n, json)| Node { json, place: Place::Item(&self.place, n) };
        Ok(items.iter().enumerate().map(item).collect())
    }

    /// The items of an array, read one by one.
    pub(super) fn each<T>(
        &self,
        read: impl Fn(&Node<'_>) -> Result<T, PolicyError>,
    ) -> Result<Vec<T>, PolicyError> {
        let mut items = Vec::new();
        for node in self.list()? {
            items.push(read(&node)?);
        }
        Ok(items)
    }

    pub(super) fn string(&self) -> Result<&'a str, PolicyError> {
        match self.json {
            Json::String(text) if text.is_empty() => self.error("must not be empty"),
            Json::String(text) => Ok(text),
            _ => self.kind_error("a string"),
        }
    }

    /// A string that may be empty.
    pub(super) fn text(&self) -> Result<&'a str, PolicyError> {
        match self.json {
            Json::String(text) => Ok(text),
            _ => self.kind_error("a string"),
        }
    }

    pub(super) fn is_false(&self) -> bool {
        matches!(self.json, Json::Bool(false))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.json, Json::Null)
    }

    pub(super) fn is_one(&self) -> bool {
        matches!(self.json, Json::Unsigned(1))
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.json, Json::String(_))
    }

    pub(super) fn number_in(
        &self,
        range: RangeInclusive<u64>,
        unit: &str,
    ) -> Result<u64, PolicyError> {
        match self.json {
            Json::Unsigned(number) if range.contains(number) => Ok(*number),
            Json::Unsigned(_) | Json::Fraction(_) | Json::OtherNumber => self.error(format!(
                "must be a whole number of {unit} from {} to {}",
                range.start(),
                range.end()
            )),
            _ => self.kind_error("a number"),
        }
    }

    pub(super) fn one_of<T: Clone>(&self, choices: &[(&str, T)]) -> Result<T, PolicyError> {
        let text = self.string()?;
        match choices.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(value.clone()),
            None => Err(self.no_choice(text, &mut choices.iter().map(|(name, _)| *name))),
        }
    }

    fn no_choice(&self, text: &str, names: &mut dyn Iterator<Item = &str>) -> PolicyError {
        let names = quoted_list(names);
        PolicyError::new(self.place(), format!("must be {names}, not `{text}`"))
    }

    pub(super) fn boolean(&self) -> Result<bool, PolicyError> {
        match self.json {
            Json::Bool(value) => Ok(*value),
            _ => self.kind_error("`true` or `false`"),
        }
    }

    /// A path, as viewers send it.
    pub(super) fn path(&self) -> Result<String, PolicyError> {
        let text = self.string()?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if text.starts_with('/') && text.bytes().all(is_plain) && !text.contains("/.") {
            return Ok(text.to_owned());
        }
        self.error(
            "must begin with `/` and be made of letters, digits and `-._~/`, as in `/healthz`",
        )
    }

    /// A public key in PEM.
    pub(super) fn public_key(&self, algorithm: Algorithm) -> Result<PublicKey, PolicyError> {
        PublicKey::from_pem(algorithm, self.string()?).or_else(|why| self.error(why))
    }

    /// The name of a cookie or parameter that carries a token.
    pub(super) fn token_name(&self) -> Result<String, PolicyError> {
        let text = self.string()?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-".contains(&b);
        if text.bytes().all(plain) {
            return Ok(text.to_owned());
        }
        self.error("must be made of `a`-`z`, `0`-`9`, `_` and `-`, as in `session`")
    }

    /// The name of a secret, in the form that environment variables have.
    pub(super) fn secret_name(&self) -> Result<String, PolicyError> {
        let text = self.string()?;
        let name = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
        let begins_well = text.bytes().next().is_some_and(|b| !b.is_ascii_digit());
        if begins_well && text.len() <= 128 && text.bytes().all(name) {
            return Ok(text.to_owned());
        }
        // The text may be a secret that was put here by mistake, so it is not repeated.
        self.error(
            "must be the name of a secret, such as `EDGE_SECRET_ACCESS_KEY`; the secret itself \
             never stands in a policy",
        )
    }
}

/// The fields of an object.
pub(super) struct Fields<'n> {
    node: &'n Node<'n>,
}

impl<'n> Fields<'n> {
    pub(super) fn required(&self, name: &'n str) -> Result<Node<'n>, PolicyError> {
        self.optional(name).map_or_else(|| self.node.error(format!("needs a field `{name}`")), Ok)
    }

    pub(super) fn optional(&self, name: &'n str) -> Option<Node<'n>> {
        let place = Place::Field(&self.node.place, name);
        self.node.json.get(name).map(|json| Node { json, place })
    }
}

pub(super) fn quoted_list(names: &mut dyn Iterator<Item = &str>) -> String {
    let mut list = String::new();
    let mut names = names.peekable();
    while let Some(name) = names.next() {
        let before = match names.peek() {
            _ if list.is_empty() => "",
            Some(_) => ", ",
            None => " or ",
        };
        list.extend([before, "`", name, "`"]);
    }
    list
}
