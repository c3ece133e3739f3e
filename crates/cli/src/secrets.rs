//! Where secrets come from: the environment or a file, never the command line, which shells keep
//! and other users of the machine can see.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use cloakroom_core::secret::Secret;

use crate::Failure;

/// One secret.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct KeySource {
    /// The environment variable that holds the key
    #[arg(long, value_name = "NAME")]
    key_env: Option<String>,
    /// The file that holds the key, as its only line
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
}

impl KeySource {
    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        match (&self.key_env, &self.key_file) {
            (Some(name), _) => from_environment(name),
            (None, Some(file)) => from_file(file),
            (None, None) => Err("give --key-env or --key-file".to_owned()),
        }
    }
}

/// All secrets that a policy names.
#[derive(Debug, Args)]
pub(crate) struct PolicySecrets {
    /// A file of lines NAME=VALUE, as wrangler's .dev.vars; what it lacks is read from the
    /// environment
    #[arg(long = "secrets", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl PolicySecrets {
    /// What looks a secret up by its name.
    pub(crate) fn lookup(&self) -> Result<impl Fn(&str) -> Option<String>, Failure> {
        let listed = match &self.file {
            Some(file) => parse_list(&read(file)?)
                .map_err(|line| format!("{}: line {line} must be NAME=VALUE", file.display()))?,
            None => BTreeMap::new(),
        };
        Ok(move |name: &str| listed.get(name).cloned().or_else(|| std::env::var(name).ok()))
    }
}

/// The secret in an environment variable.
pub(crate) fn from_environment(name: &str) -> Result<Secret, Failure> {
    optional(name).ok_or_else(|| format!("set {name} in the environment"))
}

/// The secret in an environment variable, if it is set.
pub(crate) fn optional(name: &str) -> Option<Secret> {
    std::env::var(name).ok().filter(|value| !value.is_empty()).map(Secret::new)
}

/// The secret in a file.
pub(crate) fn from_file(file: &Path) -> Result<Secret, Failure> {
    let text = read(file)?;
    // Editors end a file with a new line.
    let key = text.strip_suffix('\n').map_or(text.as_str(), |text| text.trim_end_matches('\r'));
    if key.is_empty() || key.contains('\n') {
        return Err(format!("{} must hold the key as its only line", file.display()));
    }
    Ok(Secret::new(key))
}

fn read(file: &Path) -> Result<String, Failure> {
    fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

/// Reads `NAME=VALUE` lines; the number of one that is none is the error. Values may stand in
/// quotes; empty lines and those that begin with `#` count for nothing.
fn parse_list(text: &str) -> Result<BTreeMap<String, String>, usize> {
    let mut list = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once('=').ok_or(number)?;
        let (name, value) = (name.trim(), value.trim());
        let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
        let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
        if name.is_empty() {
            return Err(number);
        }
        list.insert(name.to_owned(), value.to_owned());
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_secrets() {
        let list = parse_list("# keys\n\nA=1=2\r\n B = \"x y\" \nC='z'\nD=\n").unwrap_or_default();
        let list: Vec<_> = list.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(list, [("A", "1=2"), ("B", "x y"), ("C", "z"), ("D", "")]);
        assert_eq!(parse_list("A=1\nsecret\n"), Err(2));
        assert_eq!(parse_list("=1"), Err(1));
    }
}
