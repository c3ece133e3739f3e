//! What a store says when it is asked about an upload.

use std::time::Duration;

use cloakroom_core::store::Store;
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{CallError, OpenUploads, Reply, StoreCall, UploadsCall, What};

use crate::sdk::Clients;
use crate::swift::Swift;
use crate::{multipart, object};

/// How long S3 may take, other tries and all.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(20);

/// All stores.
#[derive(Default)]
pub(crate) struct Stores {
    s3: Clients,
    swift: Swift,
}

impl Stores {
    /// Asks a store.
    pub(crate) async fn ask(&self, call: &StoreCall, now: UnixTime) -> Result<Reply, CallError> {
        let store = match &call.store {
            Store::S3(store) => store,
            Store::Swift(_) => return self.swift.ask(call, now).await,
            // INVARIANT: the policy has no uploads to a binding.
            Store::R2(_) => return Err(CallError::Unavailable),
        };
        match &call.what {
            What::Head => object::head(store, call, now).await.map(Reply::Head),
            What::FirstBytes(length) => {
                object::first_bytes(store, call, *length, now).await.map(Reply::FirstBytes)
            }
            _ => multipart::ask(&self.s3.of(store).await, call).await,
        }
    }

    /// Asks for the uploads in parts that are not at their end.
    pub(crate) async fn list(&self, call: &UploadsCall) -> Result<OpenUploads, CallError> {
        multipart::list(&self.s3.of(&call.store).await, call).await
    }
}

/// What the status of a refusal says.
pub(crate) fn refusal(status: u16) -> CallError {
    match status {
        404 => CallError::NotFound,
        412 => CallError::Exists,
        400 | 403 => CallError::Refused,
        _ => CallError::Unavailable,
    }
}
