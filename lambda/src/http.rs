//! The one HTTP client: requests to stores, to the app and to AWS. The SDK sends by it, too
//! ([`crate::sdk`]).

use std::error::Error;
use std::sync::OnceLock;
use std::time::Duration;

use cloakroom_core::request::Method;
use cloakroom_core::store::Unanswered;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};

/// How long an answer may take, mostly.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

/// How long it may take until somebody can be spoken to.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// What is sent.
#[derive(Clone, Copy)]
pub(crate) struct Sent<'a> {
    pub(crate) method: Method,
    pub(crate) url: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body: &'a str,
    pub(crate) timeout: Duration,
}

impl<'a> Sent<'a> {
    /// A question without a body.
    pub(crate) const fn new(method: Method, url: &'a str) -> Self {
        Self { method, url, headers: &[], body: "", timeout: TIMEOUT }
    }

    /// Sends it. The headers of the answer are there within the timeout; redirects are not
    /// followed.
    pub(crate) async fn send(self) -> Result<Answer, Unanswered> {
        let request = self.request().ok_or(Unanswered::NotSent)?;
        match tokio::time::timeout(self.timeout, send(request)).await {
            Ok(Ok(answer)) => Ok(Answer(answer)),
            Ok(Err(_)) => Err(Unanswered::Unreachable),
            Err(_) => Err(Unanswered::TimedOut),
        }
    }

    fn request(&self) -> Option<Request<Full<Bytes>>> {
        let body = Full::from(self.body.to_owned());
        let mut request =
            Request::builder().method(self.method.as_str()).uri(self.url).body(body).ok()?;
        for (name, value) in self.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            request.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
        }
        Some(request)
    }
}

/// What was answered.
pub(crate) struct Answer(Response<Incoming>);

impl Answer {
    /// The status.
    pub(crate) fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The first bytes of the body, within the [`TIMEOUT`]; none when it breaks off before.
    pub(crate) async fn first_bytes(self, length: u64) -> Option<Vec<u8>> {
        tokio::time::timeout(TIMEOUT, read(self.0.into_body(), length)).await.ok()?
    }
}

async fn read(mut body: Incoming, length: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    // A store that knows no ranges sends everything, of which no more is read than was wanted.
    let wanted = usize::try_from(length).unwrap_or(usize::MAX);
    while bytes.len() < wanted {
        match body.frame().await {
            Some(Ok(frame)) => bytes.extend(frame.into_data().unwrap_or_default()),
            Some(Err(_)) => return None,
            None => break,
        }
    }
    bytes.truncate(wanted);
    Some(bytes)
}

/// Why there is no answer.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// Sends a request. The client is made when it is first needed: most uploads are issued without
/// asking anybody, so a cold start does not pay for TLS.
pub(crate) async fn send(request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Failure> {
    static CLIENT: OnceLock<Result<Https, rustls::Error>> = OnceLock::new();
    Ok(CLIENT.get_or_init(client).as_ref()?.request(request).await?)
}

fn client() -> Result<Https, rustls::Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    let schemes = HttpsConnectorBuilder::new().with_tls_config(tls()?).https_or_http();
    Ok(Client::builder(TokioExecutor::new()).build(schemes.enable_http1().wrap_connector(tcp)))
}

/// Trusts whom the machine trusts, or whom `SSL_CERT_FILE` names.
fn tls() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let builder = ClientConfig::builder_with_provider(ring::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions()?;
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}
