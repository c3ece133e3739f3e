//! The folder on disk, and why a kill at any moment leaves it whole.
//!
//! ```text
//! DATA/lock                                    held while a store runs on the folder
//! DATA/tmp/<id>                                being written; emptied at start
//! DATA/buckets/<bucket>/bucket.json
//!                      /objects/<hh>/<hash>.json     one metadata file a key
//!                      /data/<hh>/<id>               one data file a version or part, never rewritten
//!                      /uploads/<upload>/upload.json
//!                      /uploads/<upload>/<number>.json
//! ```
//!
//! A write goes to `tmp`, is synced and renamed: first the data under a name of its own, then
//! the metadata over that of the version before. The second rename is the moment of the write;
//! data files that no metadata names are removed at the next start. No name on disk is made of
//! a key: `<hash>` is the SHA-256 of the key, which the metadata file holds.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use s3s::crypto::{Checksum as _, Sha256};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The folder of a store, locked.
#[derive(Debug)]
pub(crate) struct Layout {
    root: PathBuf,
    _lock: File,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub(crate) enum LayoutError {
    /// Another store runs on it.
    InUse(PathBuf),
    /// It cannot be created, written or read.
    Io(PathBuf, io::Error),
    /// A metadata file is not what this store writes.
    Corrupt(PathBuf, serde_json::Error),
}

impl Layout {
    /// Creates the folder if needed, locks it and removes what an interrupted write left.
    pub(crate) fn open(root: &Path) -> Result<Self, LayoutError> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |error| LayoutError::Io(path, error)
        };
        fs::create_dir_all(root.join("buckets")).map_err(at(root))?;
        let lock = File::create(root.join("lock")).map_err(at(root))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LayoutError::InUse(root.to_owned())),
            Err(TryLockError::Error(error)) => return Err(LayoutError::Io(root.to_owned(), error)),
        }
        let tmp = root.join("tmp");
        match fs::remove_dir_all(&tmp) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(LayoutError::Io(tmp, error));
            }
            _ => fs::create_dir(&tmp).map_err(at(&tmp))?,
        }
        Ok(Self { root: root.to_owned(), _lock: lock })
    }

    /// A new file in `tmp`, gone again unless it is published.
    pub(crate) fn stage(&self) -> io::Result<Staged> {
        let path = self.root.join("tmp").join(unique_name()?);
        let file = File::create_new(&path)?;
        Ok(Staged { path, file, published: false })
    }

    /// A document written and synced in `tmp`, one rename away from being in place.
    pub(crate) fn stage_document(&self, document: &impl Serialize) -> io::Result<Staged> {
        let mut staged = self.stage()?;
        staged.file.write_all(&serde_json::to_vec_pretty(document)?)?;
        staged.file.sync_all()?;
        Ok(staged)
    }

    /// Syncs staged bytes and publishes them as a data file of the bucket; returns its name.
    pub(crate) fn publish_data(&self, bucket: &str, staged: Staged) -> io::Result<String> {
        let name = unique_name()?;
        staged.file.sync_all()?;
        let path = self.data_path(bucket, &name);
        staged.publish(&path)?;
        sync_parent(&path)?;
        Ok(name)
    }

    /// Removes a data file that nothing names any more.
    pub(crate) fn remove_data(&self, bucket: &str, name: &str) {
        // One that stays behind is found at the next start.
        let _ = fs::remove_file(self.data_path(bucket, name));
    }

    /// Opens a data file.
    pub(crate) fn open_data(&self, bucket: &str, name: &str) -> io::Result<File> {
        File::open(self.data_path(bucket, name))
    }

    /// Where a bucket keeps everything.
    pub(crate) fn bucket_path(&self, bucket: &str) -> PathBuf {
        self.root.join("buckets").join(bucket)
    }

    /// The document that makes a folder a bucket.
    pub(crate) fn bucket_document(&self, bucket: &str) -> PathBuf {
        self.bucket_path(bucket).join("bucket.json")
    }

    /// The metadata file of a key.
    pub(crate) fn object_document(&self, bucket: &str, key: &str) -> PathBuf {
        let hash = hex::encode(Sha256::checksum(key.as_bytes()));
        self.bucket_path(bucket).join("objects").join(shard(&hash)).join(format!("{hash}.json"))
    }

    /// Where an upload keeps its documents.
    pub(crate) fn upload_path(&self, bucket: &str, upload: &str) -> PathBuf {
        self.bucket_path(bucket).join("uploads").join(upload)
    }

    /// The document that makes a folder an upload.
    pub(crate) fn upload_document(&self, bucket: &str, upload: &str) -> PathBuf {
        self.upload_path(bucket, upload).join("upload.json")
    }

    /// The document of a part.
    pub(crate) fn part_document(&self, bucket: &str, upload: &str, number: u16) -> PathBuf {
        self.upload_path(bucket, upload).join(format!("{number:05}.json"))
    }

    /// The buckets on disk: every folder with its document.
    pub(crate) fn bucket_names(&self) -> Result<Vec<String>, LayoutError> {
        let mut names = Vec::new();
        for path in entries(&self.root.join("buckets"))? {
            if path.join("bucket.json").is_file()
                && let Some(name) = file_name(&path)
            {
                names.push(name);
            }
        }
        Ok(names)
    }

    /// The document of a bucket.
    pub(crate) fn read_bucket_document<T: DeserializeOwned>(
        &self,
        bucket: &str,
    ) -> Result<T, LayoutError> {
        read_document(&self.bucket_document(bucket))
    }

    /// The metadata of every object of a bucket.
    pub(crate) fn read_objects<T: DeserializeOwned>(
        &self,
        bucket: &str,
    ) -> Result<Vec<T>, LayoutError> {
        let mut objects = Vec::new();
        for shard in entries(&self.bucket_path(bucket).join("objects"))? {
            for path in entries(&shard)? {
                objects.push(read_document(&path)?);
            }
        }
        Ok(objects)
    }

    /// The documents of every upload of a bucket, with those of its parts. A folder whose
    /// upload was not yet or is no longer there is removed.
    pub(crate) fn read_uploads<U: DeserializeOwned, P: DeserializeOwned>(
        &self,
        bucket: &str,
    ) -> Result<Vec<(U, Vec<P>)>, LayoutError> {
        let mut uploads = Vec::new();
        for folder in entries(&self.bucket_path(bucket).join("uploads"))? {
            let document = folder.join("upload.json");
            if !document.is_file() {
                fs::remove_dir_all(&folder).map_err(|error| LayoutError::Io(folder, error))?;
                continue;
            }
            let mut parts = Vec::new();
            for path in entries(&folder)?.into_iter().filter(|path| *path != document) {
                parts.push(read_document(&path)?);
            }
            uploads.push((read_document(&document)?, parts));
        }
        Ok(uploads)
    }

    /// Removes the data files of a bucket that nothing names.
    pub(crate) fn remove_unnamed_data(
        &self,
        bucket: &str,
        named: &HashSet<String>,
    ) -> Result<(), LayoutError> {
        for shard in entries(&self.bucket_path(bucket).join("data"))? {
            for path in entries(&shard)? {
                if !file_name(&path).is_some_and(|name| named.contains(&name)) {
                    fs::remove_file(&path).map_err(|error| LayoutError::Io(path, error))?;
                }
            }
        }
        Ok(())
    }

    fn data_path(&self, bucket: &str, name: &str) -> PathBuf {
        self.bucket_path(bucket).join("data").join(shard(name)).join(name)
    }
}

/// A file in `tmp`.
#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
    pub(crate) file: File,
    published: bool,
}

impl Staged {
    /// Moves the file to its place, over what is there.
    pub(crate) fn publish(mut self, to: &Path) -> io::Result<()> {
        if let Err(error) = fs::rename(&self.path, to) {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::rename(&self.path, to)?;
        }
        self.published = true;
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if !self.published {
            // One that stays behind is removed at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes the renames into a file's folder last through a loss of power.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// A name that was never used before and cannot be guessed: 128 random bits.
pub(crate) fn unique_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(hex::encode(bytes))
}

/// The first two digits, so that no folder grows too large.
fn shard(name: &str) -> String {
    name.chars().take(2).collect()
}

fn file_name(path: &Path) -> Option<String> {
    path.file_name().and_then(|name| name.to_str()).map(str::to_owned)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, LayoutError> {
    let fail = |error| LayoutError::Io(folder.to_owned(), error);
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| entry.map(|e| e.path()).map_err(fail)).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(fail(error)),
    }
}

fn read_document<T: DeserializeOwned>(path: &Path) -> Result<T, LayoutError> {
    let bytes = fs::read(path).map_err(|error| LayoutError::Io(path.to_owned(), error))?;
    serde_json::from_slice(&bytes).map_err(|error| LayoutError::Corrupt(path.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_on_disk_is_made_of_a_key() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        let objects = layout.bucket_path("media").join("objects");
        for key in ["..", "../../etc/passwd", "/", "a/b", "\0", &"k".repeat(1024)] {
            let path = layout.object_document("media", key);
            assert_eq!(path.parent().unwrap().parent().unwrap(), objects);
            assert_eq!(path.file_name().unwrap().len(), 64 + ".json".len());
        }
    }

    #[test]
    fn a_folder_serves_one_store_at_a_time_and_starts_with_an_empty_tmp() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::open(folder.path()).unwrap();
        assert!(matches!(Layout::open(folder.path()), Err(LayoutError::InUse(_))));
        std::mem::forget(layout.stage().unwrap());
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 1);
        drop(layout);
        drop(Layout::open(folder.path()).unwrap());
        assert_eq!(fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    }
}
