//! What Swift says when it is asked about an upload: by TempURLs that the core signs, and of files
//! in parts ([`large`]) by the account's token.

use std::collections::HashMap;

use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::store::{KeyChoice, ObjectCall, SwiftAuth};
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{CallError, MadeOf, Reply, StoreCall, StoredHead, What};
use tokio::sync::Mutex;

use crate::http::{Answer, Sent};
use crate::large;

/// Any cluster.
#[derive(Default)]
pub(crate) struct Swift {
    /// The token of each store, until it is refused.
    tokens: Mutex<HashMap<String, Secret>>,
}

impl Swift {
    /// Asks a store.
    pub(crate) async fn ask(&self, call: &StoreCall, now: UnixTime) -> Result<Reply, CallError> {
        match &call.what {
            What::Head => self.head(call, now).await.map(Reply::Head),
            What::FirstBytes(length) => {
                let range = format!("bytes=0-{}", length.saturating_sub(1));
                let range = [("range", range.as_str())];
                let answer = self.send_signed(call, Method::Get, &range, now).await?;
                let bytes = answer.first_bytes(*length).await;
                bytes.map(Reply::FirstBytes).ok_or(CallError::Unavailable)
            }
            _ => large::ask(self, call, now).await,
        }
    }

    /// What there is.
    pub(crate) async fn head(
        &self,
        call: &StoreCall,
        now: UnixTime,
    ) -> Result<StoredHead, CallError> {
        read_head(&self.send_signed(call, Method::Head, &[], now).await?)
    }

    /// Asks for the object by a TempURL, with one of the store's keys after the other.
    async fn send_signed(
        &self,
        call: &StoreCall,
        method: Method,
        headers: &[(&str, &str)],
        now: UnixTime,
    ) -> Result<Answer, CallError> {
        let object = ObjectCall { method, bucket: &call.bucket, key: &call.key, version: None };
        let mut key = KeyChoice::default();
        loop {
            let url = call.store.call(&object, key, now).url;
            let answer = send(Sent { headers, ..Sent::new(method, url.expose()) }).await?;
            match answer.status() {
                200 | 206 => return Ok(answer),
                404 => return Err(CallError::NotFound),
                status => match call.store.next_key(key, status) {
                    Some(next) => key = next,
                    None if status == 401 => return Err(CallError::Refused),
                    None => return Err(CallError::Unavailable),
                },
            }
        }
    }

    /// Asks as the account, and once again with a new token where the one that was known is
    /// refused.
    pub(crate) async fn send_as_account(
        &self,
        (store, auth): (&str, &SwiftAuth),
        sent: Sent<'_>,
    ) -> Result<Answer, CallError> {
        let token = self.token(store, auth, None).await?;
        let answer = send_with_token(sent, &token).await?;
        if answer.status() != 401 {
            return Ok(answer);
        }
        let token = self.token(store, auth, Some(&token)).await?;
        send_with_token(sent, &token).await
    }

    /// The token of a store, which is not the `refused` one.
    async fn token(
        &self,
        store: &str,
        auth: &SwiftAuth,
        refused: Option<&Secret>,
    ) -> Result<Secret, CallError> {
        // Held while it is asked for, so that many who wait ask once.
        let mut tokens = self.tokens.lock().await;
        let known = tokens.get(store);
        let known = known.filter(|known| refused.is_none_or(|old| old.expose() != known.expose()));
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let call = auth.call();
        let headers: Vec<_> =
            call.headers.iter().map(|(name, value)| (*name, value.expose())).collect();
        let sent = Sent {
            headers: &headers,
            body: call.body.expose(),
            ..Sent::new(call.method, &call.url)
        };
        let answer = send(sent).await?;
        let status = answer.status();
        match auth.token(status, |name| answer.header(name).map(str::to_owned)) {
            Some(token) => {
                tokens.insert(store.to_owned(), token.clone());
                Ok(token)
            }
            None if (400..500).contains(&status) => Err(CallError::Refused),
            None => Err(CallError::Unavailable),
        }
    }
}

async fn send_with_token(sent: Sent<'_>, token: &Secret) -> Result<Answer, CallError> {
    let token = [("x-auth-token", token.expose())];
    let headers = [sent.headers, &token].concat();
    send(Sent { headers: &headers, ..sent }).await
}

async fn send(sent: Sent<'_>) -> Result<Answer, CallError> {
    sent.send().await.map_err(|_| CallError::Unavailable)
}

fn read_head(answer: &Answer) -> Result<StoredHead, CallError> {
    let header = |name: &str| answer.header(name);
    let size = header("content-length").and_then(|size| size.parse().ok());
    Ok(StoredHead {
        size: size.ok_or(CallError::Unavailable)?,
        etag: header("etag")
            .map(|etag| format!("\"{}\"", etag.trim_matches('"')))
            .unwrap_or_default(),
        content_type: header("content-type").map(str::to_owned),
        made_of: match (header("x-object-manifest"), header("x-static-large-object")) {
            (Some(_), _) => MadeOf::Found,
            (None, Some(_)) => MadeOf::Listed,
            (None, None) => MadeOf::Bytes,
        },
        ..StoredHead::default()
    })
}
