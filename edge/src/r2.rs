//! Questions to buckets of R2 that the Worker is bound to. What the answers mean, the core says.

use cloakroom_core::origin::OriginRequest;
use cloakroom_core::request::Method;
use cloakroom_core::store::R2Call;
use cloakroom_core::store::r2::{Part, R2Object, answer};
use cloakroom_core::time::UnixTime;
use js_sys::{Date, Number, Object, Promise, Reflect};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Headers, ReadableStream, Response, ResponseInit};
use worker::Env;

use crate::viewer::read_headers;

/// 2⁵³ − 1: beyond it JavaScript's numbers are no whole ones any more, and no object ends there.
const MAX_SAFE_INTEGER: u64 = 9_007_199_254_740_991;

#[wasm_bindgen]
extern "C" {
    /// A bucket, as the platform binds it to the Worker.
    type Binding;

    #[wasm_bindgen(method, catch)]
    fn get(this: &Binding, key: &str, options: &Object) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn head(this: &Binding, key: &str) -> Result<Promise, JsValue>;

    /// An object of it; with a body when it was got.
    type Found;

    #[wasm_bindgen(method, getter)]
    fn size(this: &Found) -> Number;

    #[wasm_bindgen(method, getter, js_name = httpEtag)]
    fn http_etag(this: &Found) -> String;

    #[wasm_bindgen(method, getter)]
    fn uploaded(this: &Found) -> Date;

    #[wasm_bindgen(method, getter)]
    fn body(this: &Found) -> Option<ReadableStream>;

    #[wasm_bindgen(method, catch, js_name = writeHttpMetadata)]
    fn write_http_metadata(this: &Found, headers: &Headers) -> Result<(), JsValue>;
}

/// Asks a bucket, and makes of what it says the answer that a store would give.
pub(crate) async fn ask(
    env: &Env,
    request: &OriginRequest,
    call: &R2Call,
) -> Result<Response, JsValue> {
    let binding = Reflect::get(env, &call.binding.as_str().into())?;
    // What is not bound has nothing to call, and that is an error below.
    let binding: Binding = binding.unchecked_into();
    let mut failure = None;
    let found = match request.method() {
        Method::Head => found(binding.head(&call.key)?).await?,
        _ => match found(binding.get(&call.key, &options(request.part())?)?).await {
            // A part that is not there is an error, and the size is needed to say so.
            Err(error) if request.part().is_some() => {
                failure = Some(error);
                found(binding.head(&call.key)?).await?
            }
            found => found?,
        },
    };
    let object = found.as_ref().map(describe).transpose()?;
    let (status, headers) = answer(request, object);
    let is_sent = matches!(status, 200 | 206);
    if let Some(error) = failure.filter(|_| is_sent) {
        // The part is there, so something else went wrong.
        return Err(error);
    }
    let body = found.and_then(|found| found.body());
    if let Some(body) = body.as_ref().filter(|_| !is_sent) {
        let _cancelled = body.cancel();
    }
    let body = body.filter(|_| is_sent);
    let list = Headers::new()?;
    for (name, value) in &headers {
        list.append(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(status);
    init.set_headers(&list);
    Response::new_with_opt_readable_stream_and_init(body.as_ref(), &init)
}

async fn found(promise: Promise) -> Result<Option<Found>, JsValue> {
    let found = JsFuture::from(promise).await?;
    Ok((!found.is_null()).then(|| found.unchecked_into()))
}

fn options(part: Option<Part>) -> Result<Object, JsValue> {
    let (options, range) = (Object::new(), Object::new());
    let set = |name: &str, bytes: u64| {
        let bytes = Number::parse_float(&bytes.to_string());
        Reflect::set(&range, &name.into(), &bytes.into())
    };
    match part {
        None => return Ok(options),
        Some(Part::Last(count)) => set("suffix", count)?,
        Some(Part::From { first, last }) => {
            set("offset", first)?;
            if let Some(last) = last.filter(|last| *last < MAX_SAFE_INTEGER) {
                set("length", last.saturating_sub(first).saturating_add(1))?;
            }
            true
        }
    };
    Reflect::set(&options, &"range".into(), &range)?;
    Ok(options)
}

fn describe(found: &Found) -> Result<R2Object, JsValue> {
    let headers = Headers::new()?;
    found.write_http_metadata(&headers)?;
    let milliseconds = whole(&Number::from(found.uploaded().get_time()));
    Ok(R2Object {
        size: whole(&found.size()),
        etag: found.http_etag(),
        uploaded: UnixTime::from_secs(milliseconds / 1000),
        headers: read_headers(&headers),
    })
}

/// A number that is whole and not negative.
fn whole(number: &Number) -> u64 {
    let text = number.to_string_with_radix(10).ok().and_then(|text| text.as_string());
    text.and_then(|text| text.parse().ok()).unwrap_or_default()
}
