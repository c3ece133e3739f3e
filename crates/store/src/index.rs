//! What the store holds, in memory, and the writes that change it.
//!
//! The folder is the truth and is read once at start. Every change is made under one lock:
//! precondition, rename, index, in this order, so that of two writers with `If-None-Match: *`
//! one loses, and a reader sees a version whole or not at all.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};

use crate::checksum::{Algorithm, Coverage};
use crate::conditional::WriteCondition;
use crate::error::storage;
use crate::layout::{Layout, LayoutError, Staged, sync_parent};
use crate::meta::{ObjectMeta, now};

/// Everything a bucket holds.
#[derive(Debug)]
pub(crate) struct Bucket {
    /// Seconds since 1970.
    pub(crate) created: i64,
    /// By key, in byte order.
    pub(crate) objects: BTreeMap<String, Arc<ObjectMeta>>,
    /// By key and upload id.
    pub(crate) uploads: BTreeMap<(String, String), Upload>,
}

/// A multipart upload in progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) id: String,
    pub(crate) key: String,
    /// Seconds since 1970.
    pub(crate) initiated: i64,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) algorithm: Algorithm,
    /// Whether the client named the algorithm, and so has to send each part's checksum.
    pub(crate) algorithm_named: bool,
    pub(crate) coverage: Coverage,
    #[serde(skip)]
    pub(crate) parts: BTreeMap<u16, Part>,
}

/// A part of an upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Part {
    pub(crate) number: u16,
    /// Bytes.
    pub(crate) size: u64,
    /// Hexadecimal MD5.
    pub(crate) etag: String,
    /// Base64, in the algorithm of the upload.
    pub(crate) checksum: String,
    /// Seconds since 1970.
    pub(crate) modified: i64,
    /// The name of the data file.
    pub(crate) data: String,
}

#[derive(Serialize, Deserialize)]
struct BucketDocument {
    created: i64,
}

/// The folder and its index.
#[derive(Debug)]
pub(crate) struct Index {
    pub(crate) layout: Layout,
    buckets: RwLock<BTreeMap<String, Bucket>>,
}

impl Index {
    /// Reads the folder.
    pub(crate) fn open(root: &Path) -> Result<Self, LayoutError> {
        let layout = Layout::open(root)?;
        let mut buckets = BTreeMap::new();
        for name in layout.bucket_names()? {
            let bucket = read_bucket(&layout, &name)?;
            buckets.insert(name, bucket);
        }
        Ok(Self { layout, buckets: RwLock::new(buckets) })
    }

    /// Reads under the lock.
    pub(crate) fn read(&self) -> Reading<'_> {
        Reading(self.buckets.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Bucket>> {
        self.buckets.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a bucket; the name has been validated. Says whether it was not there before.
    pub(crate) fn create_bucket(&self, name: &str) -> io::Result<bool> {
        let mut buckets = self.write();
        if buckets.contains_key(name) {
            return Ok(false);
        }
        let created = now();
        let document = self.layout.bucket_document(name);
        self.layout.stage_document(&BucketDocument { created })?.publish(&document)?;
        sync_parent(&document)?;
        buckets.insert(
            name.to_owned(),
            Bucket { created, objects: BTreeMap::new(), uploads: BTreeMap::new() },
        );
        Ok(true)
    }

    /// The object of a key, with its bytes opened in the same moment.
    pub(crate) fn open_object(&self, bucket: &str, key: &str) -> S3Result<(Arc<ObjectMeta>, File)> {
        let reading = self.read();
        let object = reading.object(bucket, key)?;
        let file =
            self.layout.open_data(bucket, &object.data).map_err(storage("opening an object"))?;
        Ok((object, file))
    }

    /// Puts an object in place if the precondition holds at that moment.
    pub(crate) fn commit_object(
        &self,
        bucket: &str,
        mut object: ObjectMeta,
        bytes: Staged,
        condition: &WriteCondition,
    ) -> S3Result<Arc<ObjectMeta>> {
        object.data = self.layout.publish_data(bucket, bytes).map_err(storage("storing data"))?;
        let data = object.data.clone();
        let document = self.layout.object_document(bucket, &object.key);
        let object = Arc::new(object);
        match self.commit_metadata(bucket, &object, &document, condition) {
            Ok(replaced) => {
                sync_parent(&document).map_err(storage("storing metadata"))?;
                if let Some(replaced) = replaced {
                    self.layout.remove_data(bucket, &replaced.data);
                }
                Ok(object)
            }
            Err(error) => {
                self.layout.remove_data(bucket, &data);
                Err(error)
            }
        }
    }

    /// Removes an object, if it is there and the precondition holds.
    pub(crate) fn remove_object(
        &self,
        bucket: &str,
        key: &str,
        condition: &WriteCondition,
    ) -> S3Result<()> {
        let removed = {
            let mut buckets = self.write();
            let held = bucket_mut(&mut buckets, bucket)?;
            condition.check(held.objects.get(key).map(AsRef::as_ref))?;
            let Some(object) = held.objects.get(key).cloned() else {
                return Ok(());
            };
            let document = self.layout.object_document(bucket, key);
            fs::remove_file(&document).map_err(storage("deleting an object"))?;
            held.objects.remove(key);
            drop(buckets);
            sync_parent(&document).map_err(storage("deleting an object"))?;
            object
        };
        self.layout.remove_data(bucket, &removed.data);
        Ok(())
    }

    /// Starts an upload.
    pub(crate) fn create_upload(&self, bucket: &str, upload: Upload) -> S3Result<()> {
        let staged = self.layout.stage_document(&upload).map_err(storage("creating an upload"))?;
        let mut buckets = self.write();
        let held = bucket_mut(&mut buckets, bucket)?;
        let document = self.layout.upload_document(bucket, &upload.id);
        staged.publish(&document).map_err(storage("creating an upload"))?;
        held.uploads.insert((upload.key.clone(), upload.id.clone()), upload);
        sync_parent(&document).map_err(storage("creating an upload"))
    }

    /// Puts a part in place, over an earlier one of its number.
    pub(crate) fn commit_part(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        mut part: Part,
        bytes: Staged,
    ) -> S3Result<()> {
        part.data = self.layout.publish_data(bucket, bytes).map_err(storage("storing a part"))?;
        let data = part.data.clone();
        let document = self.layout.part_document(bucket, id, part.number);
        match self.commit_part_document(bucket, key, id, part, &document) {
            Ok(replaced) => {
                sync_parent(&document).map_err(storage("storing a part"))?;
                if let Some(replaced) = replaced {
                    self.layout.remove_data(bucket, &replaced.data);
                }
                Ok(())
            }
            Err(error) => {
                self.layout.remove_data(bucket, &data);
                Err(error)
            }
        }
    }

    /// Takes an upload out, so that nobody else adds to, completes or aborts it.
    pub(crate) fn take_upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<Upload> {
        let mut buckets = self.write();
        let held = bucket_mut(&mut buckets, bucket)?;
        held.uploads.remove(&(key.to_owned(), id.to_owned())).ok_or_else(no_such_upload)
    }

    /// Puts an upload back that could not be completed.
    pub(crate) fn restore_upload(&self, bucket: &str, upload: Upload) {
        if let Some(held) = self.write().get_mut(bucket) {
            held.uploads.insert((upload.key.clone(), upload.id.clone()), upload);
        }
    }

    /// Removes the files of an upload that was taken out.
    pub(crate) fn remove_upload(&self, bucket: &str, upload: &Upload) -> S3Result<()> {
        // The document goes first: without it the rest is removed at the next start.
        let document = self.layout.upload_document(bucket, &upload.id);
        fs::remove_file(&document).map_err(storage("removing an upload"))?;
        fs::remove_dir_all(self.layout.upload_path(bucket, &upload.id))
            .map_err(storage("removing an upload"))?;
        for part in upload.parts.values() {
            self.layout.remove_data(bucket, &part.data);
        }
        Ok(())
    }

    /// An error says that nothing was published. Returns the version replaced.
    fn commit_metadata(
        &self,
        bucket: &str,
        object: &Arc<ObjectMeta>,
        document: &Path,
        condition: &WriteCondition,
    ) -> S3Result<Option<Arc<ObjectMeta>>> {
        let staged =
            self.layout.stage_document(object.as_ref()).map_err(storage("storing metadata"))?;
        let mut buckets = self.write();
        let held = bucket_mut(&mut buckets, bucket)?;
        condition.check(held.objects.get(&object.key).map(AsRef::as_ref))?;
        staged.publish(document).map_err(storage("storing metadata"))?;
        Ok(held.objects.insert(object.key.clone(), Arc::clone(object)))
    }

    /// An error says that nothing was published. Returns the part replaced.
    fn commit_part_document(
        &self,
        bucket: &str,
        key: &str,
        id: &str,
        part: Part,
        document: &Path,
    ) -> S3Result<Option<Part>> {
        let staged = self.layout.stage_document(&part).map_err(storage("storing a part"))?;
        let mut buckets = self.write();
        let held = bucket_mut(&mut buckets, bucket)?;
        let upload =
            held.uploads.get_mut(&(key.to_owned(), id.to_owned())).ok_or_else(no_such_upload)?;
        staged.publish(document).map_err(storage("storing a part"))?;
        Ok(upload.parts.insert(part.number, part))
    }
}

/// The index, locked for reading.
pub(crate) struct Reading<'a>(RwLockReadGuard<'a, BTreeMap<String, Bucket>>);

impl Reading<'_> {
    /// All buckets, by name.
    pub(crate) fn buckets(&self) -> &BTreeMap<String, Bucket> {
        &self.0
    }

    /// The bucket of this name.
    pub(crate) fn bucket(&self, name: &str) -> S3Result<&Bucket> {
        self.0.get(name).ok_or_else(no_such_bucket)
    }

    /// The object of this key.
    pub(crate) fn object(&self, bucket: &str, key: &str) -> S3Result<Arc<ObjectMeta>> {
        let object = self.bucket(bucket)?.objects.get(key);
        object.cloned().ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))
    }

    /// The upload of this key and id.
    pub(crate) fn upload(&self, bucket: &str, key: &str, id: &str) -> S3Result<&Upload> {
        let uploads = &self.bucket(bucket)?.uploads;
        uploads.get(&(key.to_owned(), id.to_owned())).ok_or_else(no_such_upload)
    }
}

fn bucket_mut<'a>(
    buckets: &'a mut BTreeMap<String, Bucket>,
    name: &str,
) -> S3Result<&'a mut Bucket> {
    buckets.get_mut(name).ok_or_else(no_such_bucket)
}

fn no_such_bucket() -> s3s::S3Error {
    s3_error!(NoSuchBucket, "The specified bucket does not exist")
}

fn no_such_upload() -> s3s::S3Error {
    s3_error!(
        NoSuchUpload,
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
         completed."
    )
}

fn read_bucket(layout: &Layout, name: &str) -> Result<Bucket, LayoutError> {
    let BucketDocument { created } = layout.read_bucket_document(name)?;
    let objects: BTreeMap<_, _> = layout
        .read_objects::<ObjectMeta>(name)?
        .into_iter()
        .map(|object| (object.key.clone(), Arc::new(object)))
        .collect();
    let mut uploads = BTreeMap::new();
    for (mut upload, parts) in layout.read_uploads::<Upload, Part>(name)? {
        upload.parts = parts.into_iter().map(|part| (part.number, part)).collect();
        uploads.insert((upload.key.clone(), upload.id.clone()), upload);
    }
    let named: HashSet<String> = objects
        .values()
        .map(|object| object.data.clone())
        .chain(
            uploads.values().flat_map(|upload| upload.parts.values().map(|part| part.data.clone())),
        )
        .collect();
    layout.remove_unnamed_data(name, &named)?;
    Ok(Bucket { created, objects, uploads })
}
