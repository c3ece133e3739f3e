//! The doctor's own objects: where they are, and that none of them stays.

use super::http::{Answer, Silence};

/// By this, people know the doctor's own folders.
const MARK: &str = "cloakroom-doctor-";

/// What was stored, or may have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) key: String,
    /// Where the bucket keeps versions, which one it is: otherwise it would outlive its deletion.
    pub(super) version: Option<String>,
}

/// A folder that nobody else has, and what is in it.
#[derive(Debug)]
pub(super) struct Scratch {
    prefix: String,
    stored: Vec<Stored>,
}

impl Scratch {
    /// Below `location`, under a random name. The name is a mark for people, not a secret.
    pub(super) fn new(location: &str, random: [u8; 8]) -> Self {
        let name = hex::encode(random);
        Self { prefix: format!("{location}{MARK}{name}/"), stored: Vec::new() }
    }

    /// The last segment of the prefix, with its slash: what nobody else's keys hold.
    pub(super) fn folder(&self) -> &str {
        let at = self.prefix.rfind(MARK).unwrap_or_default();
        self.prefix.get(at..).unwrap_or(&self.prefix)
    }

    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(super) fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Notes what may have been stored under a key: it was if the store says so, and nobody
    /// knows if the store says nothing or fails.
    pub(super) fn note(&mut self, key: &str, answer: &Result<Answer, Silence>) {
        let version = match answer {
            Ok(answer) if (300..500).contains(&answer.status) => return,
            Ok(answer) => answer.header("x-amz-version-id").filter(|id| id != "null"),
            Err(_) => None,
        };
        let stored = Stored { key: key.to_owned(), version };
        if !self.stored.contains(&stored) {
            self.stored.push(stored);
        }
    }

    /// What is to be removed.
    pub(super) fn stored(&self) -> &[Stored] {
        &self.stored
    }
}

/// Removes what was stored; returns what could not be.
pub(super) fn remove(
    all: &[Stored],
    mut delete: impl FnMut(&Stored) -> Result<Answer, Silence>,
) -> Vec<String> {
    let mut left = Vec::new();
    for stored in all {
        let is_gone = match delete(stored) {
            Ok(answer) => answer.is_success() || answer.status == 404,
            Err(_) => false,
        };
        if !is_gone {
            left.push(match &stored.version {
                Some(version) => format!("{} (version {version})", stored.key),
                None => stored.key.clone(),
            });
        }
    }
    left.dedup();
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_removed_is_named() {
        let mut scratch = Scratch::new("site/", [0xab; 8]);
        assert_eq!(scratch.prefix(), "site/cloakroom-doctor-abababababababab/");
        assert_eq!(scratch.folder(), "cloakroom-doctor-abababababababab/");
        let (a, b) = (scratch.key("a"), scratch.key("b"));
        scratch.note(&a, &Err(Silence::TimedOut));
        scratch.note(&b, &Err(Silence::TimedOut));
        scratch.note(&b, &Err(Silence::TimedOut));
        let mut asked = Vec::new();
        let left = remove(scratch.stored(), |stored| {
            asked.push(stored.key.clone());
            Err(Silence::Refused)
        });
        assert_eq!(left, [a.clone(), b.clone()]);
        assert_eq!(asked, [a, b]);
    }
}
