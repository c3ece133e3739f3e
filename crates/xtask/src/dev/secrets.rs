//! The secrets of a data folder: made at random once, kept in a file that only its owner reads.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::random;

/// The value of each secret that the development policy names.
#[derive(Clone)]
pub(super) struct Secrets {
    pub(super) store: String,
    pub(super) edge: String,
    pub(super) alice: String,
    pub(super) bob: String,
    pub(super) users: String,
    pub(super) seal: String,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Reads the secrets of the folder, and makes those that are not there yet.
    pub(super) fn open(data: &Path) -> Result<(Self, String)> {
        let path = data.join("secrets.json");
        let stored = match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice::<Map<String, Value>>(&bytes).with_context(|| {
                    format!("`{}` is damaged: delete it to have new secrets made", path.display())
                })?
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Map::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("`{}` cannot be read", path.display()));
            }
        };
        let mut all = stored.clone();
        let mut get = |name: &str| -> Result<String> {
            if let Some(value) = all.get(name).and_then(Value::as_str) {
                return Ok(value.to_owned());
            }
            let value = random::secret()?;
            all.insert(name.to_owned(), value.clone().into());
            Ok(value)
        };
        let secrets = Self {
            store: get("STORE_SECRET_ACCESS_KEY")?,
            edge: get("EDGE_SECRET_ACCESS_KEY")?,
            alice: get("ALICE_SECRET_ACCESS_KEY")?,
            bob: get("BOB_SECRET_ACCESS_KEY")?,
            users: get("USERS_JWT_SECRET")?,
            seal: get("UPLOADS_SEAL_SECRET")?,
        };
        if all == stored {
            return Ok((secrets, "from the data folder".to_owned()));
        }
        write_private(&path, &Value::Object(all).to_string())?;
        Ok((secrets, "new, at random".to_owned()))
    }

    /// Name and value of each, as the policy's document names them.
    pub(super) fn named(&self) -> Vec<(String, String)> {
        [
            ("STORE_ACCESS_KEY_ID", super::policy::STORE_KEY),
            ("STORE_SECRET_ACCESS_KEY", &self.store),
            ("EDGE_SECRET_ACCESS_KEY", &self.edge),
            ("ALICE_SECRET_ACCESS_KEY", &self.alice),
            ("BOB_SECRET_ACCESS_KEY", &self.bob),
            ("USERS_JWT_SECRET", &self.users),
            ("UPLOADS_SEAL_SECRET", &self.seal),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}

/// Writes beside the file and renames, so that a half-written file is never read.
fn write_private(path: &Path, text: &str) -> Result<()> {
    let beside = path.with_extension("new");
    let written = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, path)
        });
    written.with_context(|| format!("`{}` cannot be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn made_once_and_private() {
        let data =
            std::env::temp_dir().join(format!("cloakroom-secrets-test-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        let (first, _) = Secrets::open(&data).unwrap();
        let (second, _) = Secrets::open(&data).unwrap();
        assert_eq!(first.named(), second.named());
        assert_eq!(format!("{first:?}"), "Secrets(…)");
        let mode = fs::metadata(data.join("secrets.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let mut values: Vec<_> = first.named().into_iter().map(|(_, value)| value).collect();
        values.sort();
        values.dedup();
        assert_eq!(values.len(), 7);
        fs::remove_dir_all(data).unwrap();
    }

    /// The Django example keeps its own keys in the same file.
    #[test]
    fn what_others_made_is_kept() {
        let data =
            std::env::temp_dir().join(format!("cloakroom-secrets-kept-{}", std::process::id()));
        fs::create_dir_all(&data).unwrap();
        let file = data.join("secrets.json");
        fs::write(&file, r#"{"DJANGO_SECRET_KEY":"k","EDGE_SECRET_ACCESS_KEY":"e"}"#).unwrap();
        let (secrets, _) = Secrets::open(&data).unwrap();
        assert_eq!(secrets.edge, "e");
        let stored: Map<String, Value> = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(stored.get("DJANGO_SECRET_KEY"), Some(&Value::from("k")));
        assert_eq!(stored.get("STORE_SECRET_ACCESS_KEY"), Some(&Value::from(secrets.store)));
        fs::remove_dir_all(data).unwrap();
    }
}
