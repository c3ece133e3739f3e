//! Buckets and locations that take over a part of path or host: `media-{tenant}`.
//!
//! A segment holds one placeholder at most. What stands for a placeholder holds no `/`, so what
//! was filled in can be read back: two paths that differ never meet in one object.

use std::fmt;

/// Text with places to fill in.
///
/// ```
/// # use cloakroom_core::route::Template;
/// assert!(Template::parse("site/{tenant}/").is_ok());
/// let error = Template::parse("{a}-{b}").unwrap_err();
/// assert!(error.starts_with("may have one placeholder between slashes only"), "{error}");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Placeholder(String),
}

/// What placeholders stand for in one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Bindings<'r>(Vec<(&'r str, &'r str)>);

impl<'r> Bindings<'r> {
    pub(super) fn bind(&mut self, name: &'r str, value: &'r str) {
        self.0.push((name, value));
    }

    fn get(&self, name: &str) -> Option<&'r str> {
        self.0.iter().find(|(bound, _)| *bound == name).map(|(_, value)| *value)
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    /// Says what would be right.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, tail)) = rest.split_once('{') {
            let (name, tail) = tail.split_once('}').ok_or("has a `{` without a `}`")?;
            if !parts.is_empty() && !literal.contains('/') {
                return Err("may have one placeholder between slashes only, or paths that differ \
                            could be one object"
                    .to_owned());
            }
            parts.push(Part::Literal(literal.to_owned()));
            parts.push(Part::Placeholder(parse_name(name)?));
            rest = tail;
        }
        parts.push(Part::Literal(rest.to_owned()));
        if parts.iter().any(|part| matches!(part, Part::Literal(text) if text.contains('}'))) {
            return Err("has a `}` without a `{`".to_owned());
        }
        parts.retain(|part| *part != Part::Literal(String::new()));
        Ok(Self(parts))
    }

    /// The names of its placeholders.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Literal(_) => None,
            Part::Placeholder(name) => Some(name.as_str()),
        })
    }

    /// The text with `value` in every place.
    pub fn sample(&self, value: &str) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.as_str(),
                Part::Placeholder(_) => value,
            })
            .collect()
    }

    /// The text, if there are values for all places.
    pub(super) fn fill(&self, bindings: &Bindings<'_>) -> Option<String> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => Some(text.as_str()),
                Part::Placeholder(name) => bindings.get(name),
            })
            .collect()
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|part| match part {
            Part::Literal(text) => f.write_str(text),
            Part::Placeholder(name) => write!(f, "{{{name}}}"),
        })
    }
}

/// Reads the name of a placeholder, from between its braces.
pub(super) fn parse_name(text: &str) -> Result<String, String> {
    let name = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    if begins_well && text.bytes().all(name) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "has a placeholder `{{{text}}}`; names are made of `a`-`z`, `0`-`9` and `_`, beginning with \
         a letter"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_not_a_template() {
        for (text, why) in [
            ("{a", "without a `}`"),
            ("a}", "without a `{`"),
            ("{a}}", "without a `{`"),
            ("{a}{b}", "one placeholder between slashes"),
            ("x/{a}-{b}/", "one placeholder between slashes"),
            ("{}", "has a placeholder `{}`"),
            ("{A}", "has a placeholder `{A}`"),
            ("{1}", "has a placeholder `{1}`"),
            ("{{a}}", "has a placeholder `{{a}`"),
            ("{a/b}", "has a placeholder `{a/b}`"),
        ] {
            let error = Template::parse(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn what_is_filled_in_is_not_read_again() {
        let template = Template::parse("a/{x}/{y}/").unwrap();
        let mut bindings = Bindings::default();
        bindings.bind("x", "{y}");
        assert_eq!(template.fill(&bindings), None);
        bindings.bind("y", "2");
        assert_eq!(template.fill(&bindings).as_deref(), Some("a/{y}/2/"));
    }
}
