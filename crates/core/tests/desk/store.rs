//! A store in memory, as far as uploads ask one.

use std::collections::BTreeMap;

use cloakroom_core::store::Unanswered;
use cloakroom_core::upload::call::{CallError, MadeOf, Reply, StoreCall, StoredHead, What};
use cloakroom_core::upload::multipart::Part;
use cloakroom_core::webhook::Delivery;

/// A bucket: objects by their keys, and uploads in parts.
#[derive(Default)]
pub(crate) struct Bucket {
    pub(crate) objects: BTreeMap<String, StoredHead>,
    /// The first bytes of every object.
    pub(crate) bytes: Vec<u8>,
    pub(crate) uploads: BTreeMap<String, Upload>,
    /// What was asked, in order.
    pub(crate) asked: Vec<&'static str>,
    pub(crate) begun: usize,
    /// What objects are made of that were sent in parts.
    pub(crate) made_of: MadeOf,
    /// The headers that came when parts were put together.
    pub(crate) completed_with: Vec<(String, String)>,
    /// What the app was told, in order.
    pub(crate) told: Vec<Delivery>,
    /// What the app answers, unless it takes everything.
    pub(crate) app: Option<Result<u16, Unanswered>>,
}

/// An upload in parts.
pub(crate) struct Upload {
    pub(crate) key: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) parts: BTreeMap<u16, u64>,
}

impl Bucket {
    /// One that has nothing.
    pub(crate) fn untouched() -> Self {
        Self::default()
    }

    /// Sends a part to the only upload.
    pub(crate) fn send(&mut self, number: u16, size: u64) {
        self.uploads.values_mut().next().unwrap().parts.insert(number, size);
    }

    pub(crate) fn tell(&mut self, delivery: Delivery) -> Result<u16, Unanswered> {
        self.told.push(delivery);
        self.app.unwrap_or(Ok(204))
    }

    pub(crate) fn ask(&mut self, call: &StoreCall) -> Result<Reply, CallError> {
        let key = call.key.as_str();
        let (name, reply) = match &call.what {
            What::Head => {
                let head = self.objects.get(key).cloned().map(Reply::Head);
                ("head", head.ok_or(CallError::NotFound))
            }
            What::FirstBytes(_) => ("first_bytes", Ok(Reply::FirstBytes(self.bytes.clone()))),
            What::CreateMultipart(headers) => {
                self.begun += 1;
                let id = format!("store-id-{}", self.begun);
                let (key, headers) = (key.to_owned(), headers.clone());
                let upload = Upload { key, headers, parts: BTreeMap::new() };
                self.uploads.insert(id.clone(), upload);
                ("create", Ok(Reply::Created(id)))
            }
            What::ListParts { upload_id } => {
                let upload = self.upload(upload_id, key);
                ("list", upload.map(|upload| Reply::Parts(upload.listed())))
            }
            What::CompleteMultipart { upload_id, parts, create_only, headers } => {
                ("complete", self.complete(upload_id, key, parts, *create_only, headers))
            }
            What::AbortMultipart { upload_id } => {
                let found = self.upload(upload_id, key).map(|_| ());
                let aborted = found.map(|()| self.uploads.remove(upload_id));
                ("abort", aborted.map(|_| Reply::Done))
            }
        };
        self.asked.push(name);
        reply
    }

    fn upload(&self, upload_id: &str, key: &str) -> Result<&Upload, CallError> {
        let found = self.uploads.get(upload_id).filter(|upload| upload.key == key);
        found.ok_or(CallError::NotFound)
    }

    fn complete(
        &mut self,
        upload_id: &str,
        key: &str,
        parts: &[Part],
        create_only: bool,
        headers: &[(String, String)],
    ) -> Result<Reply, CallError> {
        let upload = self.upload(upload_id, key)?;
        if parts.iter().any(|part| !upload.listed().contains(part)) {
            return Err(CallError::Refused);
        }
        if create_only && self.objects.contains_key(key) {
            return Err(CallError::Exists);
        }
        let mut told = upload.headers.iter().chain(headers);
        let content_type = told.find(|(name, _)| name == "content-type");
        let head = StoredHead {
            size: parts.iter().map(|part| part.size).sum(),
            etag: "\"whole\"".to_owned(),
            content_type: content_type.map(|(_, value)| value.clone()),
            made_of: self.made_of,
            ..StoredHead::default()
        };
        self.completed_with = headers.to_vec();
        self.uploads.remove(upload_id);
        self.objects.insert(key.to_owned(), head);
        Ok(Reply::Done)
    }
}

impl Upload {
    pub(crate) fn listed(&self) -> Vec<Part> {
        let part = |(number, size): (&u16, &u64)| Part {
            number: *number,
            size: *size,
            etag: format!("\"etag-{number}\""),
        };
        self.parts.iter().map(part).collect()
    }
}
