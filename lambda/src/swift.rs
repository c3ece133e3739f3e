//! What Swift says when it is asked about an upload: by TempURLs that the core signs, and of files
//! in parts ([`large`]) by the account's token.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use aws_smithy_types::body::SdkBody;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::store::{KeyChoice, ObjectCall, SwiftAuth};
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::call::{CallError, MadeOf, Reply, StoreCall, StoredHead, What};
use tokio::sync::Mutex;

use crate::large;
use crate::store::first_of;

/// How long an answer may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// A client of any cluster.
pub(crate) struct Swift {
    connector: Connector,
    /// The token of each store, until it is refused.
    tokens: Mutex<HashMap<String, Secret>>,
}

/// What is sent.
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(String, String)],
    pub(crate) body: &'a str,
    pub(crate) timeout: Duration,
}

impl<'a> Sent<'a> {
    /// A question without a body.
    pub(crate) const fn new(method: Method, url: &'a str) -> Self {
        Self { method, url, headers: &[], body: "", timeout: TIMEOUT }
    }
}

impl Swift {
    pub(crate) fn new() -> Self {
        let tls = Provider::Rustls(CryptoMode::Ring);
        let connector = Connector::builder().tls_provider(tls).build();
        Self { connector, tokens: Mutex::default() }
    }

    /// Asks a store.
    pub(crate) async fn ask(&self, call: &StoreCall, now: UnixTime) -> Result<Reply, CallError> {
        match &call.what {
            What::Head => self.head(call, now).await.map(Reply::Head),
            What::FirstBytes(length) => {
                let range = format!("bytes=0-{}", length.saturating_sub(1));
                let range = [("range".to_owned(), range)];
                let answer = self.send_signed(call, Method::Get, &range, now).await?;
                first_of(answer.into_body().into(), *length).await.map(Reply::FirstBytes)
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
        headers: &[(String, String)],
        now: UnixTime,
    ) -> Result<HttpResponse, CallError> {
        let object = ObjectCall { method, bucket: &call.bucket, key: &call.key, version: None };
        let mut key = KeyChoice::default();
        loop {
            let url = call.store.call(&object, key, now).url;
            let answer =
                self.send(&Sent { headers, ..Sent::new(method, url.expose()) }, None).await?;
            match answer.status().as_u16() {
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
        sent: &Sent<'_>,
    ) -> Result<HttpResponse, CallError> {
        let token = self.token(store, auth, None).await?;
        let answer = self.send(sent, Some(&token)).await?;
        if answer.status().as_u16() != 401 {
            return Ok(answer);
        }
        let token = self.token(store, auth, Some(&token)).await?;
        self.send(sent, Some(&token)).await
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
        let headers: Vec<_> = call
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.expose().to_owned()))
            .collect();
        let sent = Sent {
            headers: &headers,
            body: call.body.expose(),
            ..Sent::new(call.method, &call.url)
        };
        let answer = self.send(&sent, None).await?;
        let status = answer.status().as_u16();
        match auth.token(status, |name| answer.headers().get(name).map(str::to_owned)) {
            Some(token) => {
                tokens.insert(store.to_owned(), token.clone());
                Ok(token)
            }
            None if (400..500).contains(&status) => Err(CallError::Refused),
            None => Err(CallError::Unavailable),
        }
    }

    async fn send(
        &self,
        sent: &Sent<'_>,
        token: Option<&Secret>,
    ) -> Result<HttpResponse, CallError> {
        let mut request = HttpRequest::new(SdkBody::from(sent.body));
        let made =
            request.set_method(sent.method.as_str()).is_ok() && request.set_uri(sent.url).is_ok();
        if !made {
            return Err(CallError::Unavailable);
        }
        let headers = request.headers_mut();
        for (name, value) in sent.headers {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(token) = token {
            headers.insert("x-auth-token", token.expose().to_owned());
        }
        match tokio::time::timeout(sent.timeout, self.connector.call(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(CallError::Unavailable),
        }
    }
}

fn read_head(answer: &HttpResponse) -> Result<StoredHead, CallError> {
    let header = |name: &str| answer.headers().get(name);
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
