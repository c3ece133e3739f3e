//! A served store, a client that sends exactly what it is told, and a signer.

use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as AwsCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use cloakroom_store::{Config, Credentials, Log, Store};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

pub(crate) const ACCESS_KEY_ID: &str = "STOREDEVELOPMENT";
pub(crate) const SECRET: &str = "store-development-secret";
pub(crate) const REGION: &str = "us-east-1";
pub(crate) const ORIGIN: &str = "http://127.0.0.1:8000";

/// Headers by name.
pub(crate) type Headers<'a> = &'a [(&'a str, &'a str)];

/// A store on a folder of its own, with the bucket `media`.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl Served {
    pub(crate) async fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap())
    }

    pub(crate) fn on(folder: TempDir) -> Self {
        let store = Store::open(config(&folder)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            store.serve(listener, async { stopped.await.unwrap_or(()) }).await.unwrap();
        });
        Self { address, folder, stop: Some(stop), task: Some(task) }
    }

    /// Stops the store and starts another on the same folder.
    pub(crate) async fn restarted(mut self) -> Self {
        drop(self.stop.take());
        self.task.take().unwrap().await.unwrap();
        Self::on(self.folder)
    }

    /// Sends a request signed in its header.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.send(self.signed(&Signer::default(), method, path, headers, body)).await
    }

    pub(crate) async fn put(&self, key: &str, body: &[u8]) -> Reply {
        let reply = self.call(Method::PUT, &format!("/media/{key}"), &[], body).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        reply
    }

    pub(crate) async fn get(&self, key: &str, headers: &[(&str, &str)]) -> Reply {
        self.call(Method::GET, &format!("/media/{key}"), headers, b"").await
    }

    /// The keys of the bucket.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let reply = self.call(Method::GET, "/media?list-type=2", &[], b"").await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        reply.all("Key")
    }

    /// How many files the folder holds for data, staged or published.
    pub(crate) fn data_files(&self) -> usize {
        let data = self.folder.path().join("buckets/media/data");
        files(&data) + files(&self.folder.path().join("tmp"))
    }

    /// A request with an Authorization header.
    pub(crate) fn signed(
        &self,
        signer: &Signer,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Request<Bytes> {
        let mut request = self.unsigned(method, path, headers, body);
        signer.sign_header(&mut request);
        request
    }

    /// A presigned request: `headers` are signed and sent.
    pub(crate) fn presigned(
        &self,
        signer: &Signer,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        life: u64,
    ) -> Request<Bytes> {
        let mut request = self.unsigned(method, path, headers, body);
        signer.apply(&mut request, SignableBody::UnsignedPayload, Some(Duration::from_secs(life)));
        request
    }

    pub(crate) fn unsigned(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Request<Bytes> {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Bytes::copy_from_slice(body)).unwrap()
    }

    /// Sends a request as it is; Host and Content-Length are added where they are missing.
    pub(crate) async fn send(&self, request: Request<Bytes>) -> Reply {
        send_to(self.address, request).await.unwrap()
    }

    /// Sends raw bytes, closes the sending side and returns what comes back.
    pub(crate) async fn send_raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        // A connection that the store resets has no answer.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }
}

pub(crate) fn config(folder: &TempDir) -> Config {
    Config {
        data: folder.path().to_owned(),
        region: REGION.to_owned(),
        buckets: vec!["media".to_owned()],
        credentials: Credentials {
            access_key_id: ACCESS_KEY_ID.to_owned(),
            secret_access_key: SECRET.to_owned(),
        },
        allow_origins: vec![ORIGIN.to_owned()],
        log: Log::Off,
    }
}

/// Signs with the SDK's signer.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) access_key_id: &'static str,
    pub(crate) secret: &'static str,
    pub(crate) token: Option<&'static str>,
    pub(crate) region: &'static str,
    pub(crate) service: &'static str,
    pub(crate) time: SystemTime,
}

impl Default for Signer {
    fn default() -> Self {
        Self {
            access_key_id: ACCESS_KEY_ID,
            secret: SECRET,
            token: None,
            region: REGION,
            service: "s3",
            time: SystemTime::now(),
        }
    }
}

impl Signer {
    pub(crate) fn shifted(seconds: i64) -> Self {
        let by = Duration::from_secs(seconds.unsigned_abs());
        let now = SystemTime::now();
        Self { time: if seconds < 0 { now - by } else { now + by }, ..Self::default() }
    }

    /// Adds an Authorization header, over the payload hash that the request declares or has.
    pub(crate) fn sign_header(&self, request: &mut Request<Bytes>) {
        let body = request.body().clone();
        let payload = match request.headers().get("x-amz-content-sha256") {
            Some(value) => SignableBody::Precomputed(value.to_str().unwrap().to_owned()),
            None => SignableBody::Bytes(&body),
        };
        self.apply(request, payload, None);
    }

    fn apply(
        &self,
        request: &mut Request<Bytes>,
        payload: SignableBody<'_>,
        life: Option<Duration>,
    ) {
        let identity = AwsCredentials::new(
            self.access_key_id,
            self.secret,
            self.token.map(str::to_owned),
            None,
            "test",
        )
        .into();
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        if life.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
            settings.expires_in = life;
        }
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = request.uri().to_string();
        let headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .filter(|(name, _)| *name != "x-amz-content-sha256")
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        let headers = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let signable =
            SignableRequest::new(request.method().as_str(), &uri, headers, payload).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        request.headers_mut().remove("x-amz-content-sha256");
        instructions.apply_to_request_http1x(request);
    }
}

/// Sends one request over a connection of its own; none is the answer of a store that is gone.
pub(crate) async fn send_to(address: SocketAddr, request: Request<Bytes>) -> Option<Reply> {
    let (mut parts, body) = request.into_parts();
    if !parts.headers.contains_key("host") {
        parts.headers.insert("host", address.to_string().parse().unwrap());
    }
    parts.uri = parts.uri.path_and_query().unwrap().as_str().parse().unwrap();
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let reply = sender.send_request(Request::from_parts(parts, Full::new(body))).await.ok()?;
    let (parts, body) = reply.into_parts();
    let body = body.collect().await.ok()?.to_bytes();
    Some(Reply { status: parts.status, headers: parts.headers, body })
}

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The code of an error document.
    pub(crate) fn code(&self) -> String {
        self.all("Code").into_iter().next().unwrap_or_default()
    }

    /// The text of every element of this name.
    pub(crate) fn all(&self, element: &str) -> Vec<String> {
        let text = self.text();
        let (open, close) = (format!("<{element}>"), format!("</{element}>"));
        text.split(open.as_str())
            .skip(1)
            .map(|rest| rest.split(close.as_str()).next().unwrap().to_owned())
            .collect()
    }

    #[track_caller]
    pub(crate) fn refused(&self, status: u16, code: &str) {
        assert_eq!((self.status.as_u16(), self.code().as_str()), (status, code), "{}", self.text());
        assert!(
            !self.all("Message").is_empty() && !self.all("RequestId").is_empty(),
            "{}",
            self.text()
        );
    }
}

pub(crate) fn base64(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

/// Bytes that do not repeat.
pub(crate) fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[3]
        })
        .collect()
}

fn files(folder: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    entries
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { files(&path) } else { 1 })
        .sum()
}
