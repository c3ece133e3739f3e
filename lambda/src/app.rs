//! The app, told of uploads by webhooks that the core has signed.

use cloakroom_core::request::Method;
use cloakroom_core::store::Unanswered;
use cloakroom_core::webhook::Delivery;

use crate::http::Sent;

/// Sends a webhook. Answers the status.
pub(crate) async fn tell(delivery: &Delivery) -> Result<u16, Unanswered> {
    let headers: Vec<_> =
        delivery.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let sent = Sent {
        headers: &headers,
        body: &delivery.body,
        ..Sent::new(Method::Post, delivery.url.as_str())
    };
    sent.send().await.map(|answer| answer.status())
}
