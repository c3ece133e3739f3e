//! Requests to others: to Swift, to the app and to AWS. Those to S3 are the SDK's.

use std::sync::OnceLock;
use std::time::Duration;

use aws_sdk_s3::config::http::{HttpRequest, HttpResponse};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use cloakroom_core::request::Method;
use cloakroom_core::store::Unanswered;

/// How TLS is spoken.
pub(crate) const TLS: Provider = Provider::Rustls(CryptoMode::Ring);

/// How long an answer may take, mostly.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(10);

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
    pub(crate) async fn send(self) -> Result<HttpResponse, Unanswered> {
        let mut request = HttpRequest::new(SdkBody::from(self.body));
        let made =
            request.set_method(self.method.as_str()).is_ok() && request.set_uri(self.url).is_ok();
        if !made {
            return Err(Unanswered::NotSent);
        }
        for (name, value) in self.headers {
            request.headers_mut().insert((*name).to_owned(), (*value).to_owned());
        }
        match tokio::time::timeout(self.timeout, connector().call(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(Unanswered::Unreachable),
            Err(_) => Err(Unanswered::TimedOut),
        }
    }
}

/// Made when it is first needed: most uploads are issued without asking anybody, so a cold start
/// does not pay for TLS.
fn connector() -> &'static Connector {
    static CONNECTOR: OnceLock<Connector> = OnceLock::new();
    CONNECTOR.get_or_init(|| Connector::builder().tls_provider(TLS).build())
}
