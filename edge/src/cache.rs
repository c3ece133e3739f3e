//! Copies in the platform's cache. Which ones, the core says; here they are found and kept.
//!
//! The cache is that of one data centre. Objects that several viewers want at once are fetched
//! once by each instance: the others wait for the copy. They wait on timers of their own, since
//! the platform lets no request wait for the I/O of another.

use std::cell::RefCell;
use std::time::Duration;

use cloakroom_core::cache::{CopyKey, Keep, Renewal};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Cache, Headers, ReadableStream, Request, RequestInit, Response, ResponseInit, WorkerGlobalScope,
};
use worker::{Context, Delay};

use crate::origin::head_of;
use crate::{later, now};

/// The name of the cache, so that no `fetch` of anybody finds what is in it.
const NAME: &str = "cloakroom";

/// How long to wait for a copy that another request is about to keep, and how often to look.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_EVERY: Duration = Duration::from_millis(20);

thread_local! {
    /// The copies that requests of this instance are about to keep.
    static AWAITED: RefCell<Awaited> = RefCell::default();
}

/// Copies that somebody has promised, each until when. A request that its viewer gives up is
/// never taken further by the platform, so a promise may be left as it is; then its time ends it.
#[derive(Default)]
struct Awaited {
    promises: u64,
    /// Few at a time: requests of one instance that wait for a store.
    open: Vec<Promise>,
}

struct Promise {
    key: String,
    number: u64,
    until: u64,
}

impl Awaited {
    fn promise(&mut self, key: &str) -> Option<Promised> {
        let now = worker::Date::now().as_millis();
        self.open.retain(|promise| promise.until > now);
        if self.open.iter().any(|promise| promise.key == key) {
            return None;
        }
        self.promises = self.promises.wrapping_add(1);
        let until = now.saturating_add(u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX));
        self.open.push(Promise { key: key.to_owned(), number: self.promises, until });
        Some(Promised { number: self.promises })
    }

    fn is_promised(&self, key: &str) -> bool {
        let now = worker::Date::now().as_millis();
        self.open.iter().any(|promise| promise.key == key && promise.until > now)
    }

    fn end(&mut self, promised: &Promised) {
        self.open.retain(|promise| promise.number != promised.number);
    }
}

/// The promise of a copy: others wait for it until it is dropped, or its time is over.
pub(crate) struct Promised {
    number: u64,
}

impl Promised {
    /// Promises a copy; none when somebody else has.
    pub(crate) fn new(key: &CopyKey) -> Option<Self> {
        AWAITED.with_borrow_mut(|awaited| awaited.promise(key.as_str()))
    }
}

impl Drop for Promised {
    fn drop(&mut self) {
        AWAITED.with_borrow_mut(|awaited| awaited.end(self));
    }
}

/// Waits until nobody has promised a copy any more.
pub(crate) async fn wait_for(key: &CopyKey) {
    let mut waited = Duration::ZERO;
    while waited < PATIENCE && AWAITED.with_borrow(|awaited| awaited.is_promised(key.as_str())) {
        Delay::from(LOOK_EVERY).await;
        waited = waited.saturating_add(LOOK_EVERY);
    }
}

/// Looks for a copy, or for a part of one. A cache that fails is an empty one.
pub(crate) async fn find(key: &CopyKey, part: Option<&str>) -> Option<Response> {
    let find = async {
        let init = RequestInit::new();
        if let Some(part) = part {
            let headers = Headers::new()?;
            headers.append("range", part)?;
            init.set_headers(&headers);
        }
        let request = Request::new_with_str_and_init(key.as_str(), &init)?;
        JsFuture::from(open().await?.match_with_request(&request)).await
    };
    find.await.ok().and_then(|found: JsValue| found.dyn_into().ok())
}

/// Keeps a copy of an answer while its body goes to the viewer.
pub(crate) fn keep(context: &Context, keep: Keep, answer: &Response, promised: Option<Promised>) {
    // The runtime hands the body on to both, natively.
    let Ok(twin) = answer.clone() else { return };
    later(context, async move {
        // A cache that does not take it keeps nobody from being served.
        let _kept = put(keep, twin.body().as_ref()).await;
        drop(promised);
    });
}

/// Keeps what has no body.
pub(crate) fn keep_bare(context: &Context, keep: Keep) {
    later(context, async move {
        let _kept = put(keep, None).await;
    });
}

/// Keeps a copy again, of which a part goes to the viewer. Once is enough for all who ask.
pub(crate) fn renew(context: &Context, renewal: Renewal) {
    let Some(promised) = Promised::new(&renewal.key) else { return };
    later(context, async move {
        if let Some(whole) = find(&renewal.key, None).await
            && let Some(keep) = renewal.keep(head_of(&whole).as_answer(), now())
        {
            let _kept = put(keep, whole.body().as_ref()).await;
        }
        drop(promised);
    });
}

/// Forgets a copy.
pub(crate) fn forget(context: &Context, key: CopyKey) {
    later(context, async move {
        let _forgotten = delete(&key).await;
    });
}

pub(crate) async fn put(keep: Keep, body: Option<&ReadableStream>) -> Result<(), JsValue> {
    let headers = Headers::new()?;
    for (name, value) in &keep.headers {
        headers.append(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(200);
    init.set_headers(&headers);
    let copy = Response::new_with_opt_readable_stream_and_init(body, &init)?;
    JsFuture::from(open().await?.put_with_str(keep.key.as_str(), &copy)).await?;
    Ok(())
}

async fn delete(key: &CopyKey) -> Result<(), JsValue> {
    JsFuture::from(open().await?.delete_with_str(key.as_str())).await?;
    Ok(())
}

async fn open() -> Result<Cache, JsValue> {
    let global: WorkerGlobalScope = js_sys::global().unchecked_into();
    JsFuture::from(global.caches()?.open(NAME)).await.map(JsCast::unchecked_into)
}
