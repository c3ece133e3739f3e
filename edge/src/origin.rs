//! The one request that leaves the edge.

use cloakroom_core::origin::OriginRequest;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Headers, Request, RequestCache, RequestInit, RequestRedirect, Response, WorkerGlobalScope,
};

/// Sends a signed request to the store.
pub(crate) async fn fetch(origin_request: &OriginRequest) -> worker::Result<Response> {
    let headers = Headers::new()?;
    for (name, value) in origin_request.headers() {
        headers.append(name, value.expose())?;
    }
    let init = RequestInit::new();
    init.set_method(origin_request.method().as_str());
    init.set_headers(&headers);
    // A redirect would carry the signed headers to wherever the store points.
    init.set_redirect(RequestRedirect::Manual);
    // For what it takes to be cacheable the platform turns HEAD and Range into a GET of the
    // whole object, and that is not what was signed.
    init.set_cache(RequestCache::NoStore);
    let request = Request::new_with_str_and_init(origin_request.url(), &init)?;
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    let answer = JsFuture::from(global.fetch_with_request(&request)).await?;
    Ok(answer.unchecked_into())
}
