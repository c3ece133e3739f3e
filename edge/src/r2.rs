//! Questions to buckets of R2 that the Worker is bound to. What the answers mean, the core says.

use std::time::Duration;

use cloakroom_core::origin::OriginRequest;
use cloakroom_core::request::Method;
use cloakroom_core::store::R2Call;
use cloakroom_core::store::r2::{Part, R2Object, answer};
use cloakroom_core::time::UnixTime;

use crate::platform::{Body, Failure, Found, body_of, bucket, owned_pairs};

/// 2⁵³ − 1: beyond it JavaScript's numbers are no whole ones any more, and no object ends there.
const MAX_SAFE_INTEGER: u64 = 9_007_199_254_740_991;

/// Asks a bucket, and makes of what it says the answer that a store would give.
pub(crate) async fn ask(request: &OriginRequest, call: &R2Call) -> Result<Found, Failure> {
    let timeout = request.timeout();
    let ask = |method, options| found(call, method, options, timeout);
    let mut failure = None;
    let found = match request.method() {
        Method::Head => ask("head", String::new()).await?,
        _ => match ask("get", options(request.part())).await {
            // A part that is not there is an error, and the size is needed to say so.
            Err(error) if request.part().is_some() => {
                failure = Some(error);
                ask("head", String::new()).await?
            }
            found => found?,
        },
    };
    let (object, body) = found.unzip();
    let body = body.flatten();
    let (status, headers) = answer(request, object);
    let is_sent = matches!(status, 200 | 206);
    if let Some(error) = failure.filter(|_| is_sent) {
        // The part is there, so something else went wrong.
        return Err(error);
    }
    if let Some(body) = body.filter(|_| !is_sent) {
        body.cancel();
    }
    Ok(Found { status, headers, body: body.filter(|_| is_sent) })
}

async fn found(
    call: &R2Call,
    method: &str,
    options: String,
    timeout: Duration,
) -> Result<Option<(R2Object, Option<Body>)>, Failure> {
    let found = bucket(&call.binding, method, &call.key, &options, timeout).await?;
    Ok(found.map(|written| describe(&written)))
}

/// The second argument of `get`, in JSON.
fn options(part: Option<Part>) -> String {
    let range = match part {
        None => return String::new(),
        Some(Part::Last(count)) => format!(r#""suffix":{count}"#),
        Some(Part::From { first, last }) => {
            let last = last.filter(|last| *last < MAX_SAFE_INTEGER);
            let length = last.map(|last| last.saturating_sub(first).saturating_add(1));
            let length = length.map(|length| format!(r#","length":{length}"#));
            format!(r#""offset":{first}{}"#, length.unwrap_or_default())
        }
    };
    format!(r#"{{"range":{{{range}}}}}"#)
}

/// An object as the platform has written it: the number of its body, size, ETag and time on lines,
/// then headers.
fn describe(written: &str) -> (R2Object, Option<Body>) {
    let mut parts = written.splitn(5, '\n');
    let mut next = || parts.next().unwrap_or_default();
    let body = body_of(next());
    let size = next().parse().unwrap_or_default();
    let etag = next().to_owned();
    let milliseconds: u64 = next().parse().unwrap_or_default();
    let uploaded = UnixTime::from_secs(milliseconds / 1000);
    (R2Object { size, etag, uploaded, headers: owned_pairs(next()) }, body)
}
