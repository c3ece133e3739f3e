//! The app, told of uploads by webhooks that the core has signed.

use std::time::Duration;

use aws_sdk_s3::config::http::HttpRequest;
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::http::HttpConnector as _;
use cloakroom_core::store::Unanswered;
use cloakroom_core::webhook::Delivery;
use tokio::sync::OnceCell;

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A client, made when it is first needed. It follows no redirects.
#[derive(Default)]
pub(crate) struct App(OnceCell<Connector>);

impl App {
    /// Sends a webhook. Answers the status.
    pub(crate) async fn tell(&self, delivery: Delivery) -> Result<u16, Unanswered> {
        let connector = self.0.get_or_init(|| async {
            Connector::builder().tls_provider(Provider::Rustls(CryptoMode::Ring)).build()
        });
        let mut request = HttpRequest::new(SdkBody::from(delivery.body));
        let made =
            request.set_method("POST").is_ok() && request.set_uri(delivery.url.as_str()).is_ok();
        if !made {
            return Err(Unanswered::NotSent);
        }
        for (name, value) in delivery.headers {
            request.headers_mut().insert(name, value);
        }
        match tokio::time::timeout(TIMEOUT, connector.await.call(request)).await {
            Ok(Ok(answer)) => Ok(answer.status().as_u16()),
            Ok(Err(_)) => Err(Unanswered::Unreachable),
            Err(_) => Err(Unanswered::TimedOut),
        }
    }
}
