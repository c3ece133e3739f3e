//! Copies in the platform's cache. Which ones, the core says; here they are found and kept.
//!
//! The cache is that of one data centre. Objects that several viewers want at once are fetched
//! once by each instance: the others wait for the copy. They wait on timers of their own, since
//! the platform lets no request wait for the I/O of another.

use std::cell::RefCell;
use std::time::Duration;

use cloakroom_core::cache::{CopyKey, Keep, Renewal};

use crate::now;
use crate::platform::{self, Body, Found};
use crate::tasks::{clock, spawn};

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
    until: Duration,
}

impl Awaited {
    fn promise(&mut self, key: &str) -> Option<Promised> {
        let now = clock();
        self.open.retain(|promise| promise.until > now);
        if self.open.iter().any(|promise| promise.key == key) {
            return None;
        }
        self.promises = self.promises.wrapping_add(1);
        let until = now.saturating_add(PATIENCE);
        self.open.push(Promise { key: key.to_owned(), number: self.promises, until });
        Some(Promised { number: self.promises })
    }

    fn is_promised(&self, key: &str) -> bool {
        let now = clock();
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
        platform::wait(LOOK_EVERY).await;
        waited = waited.saturating_add(LOOK_EVERY);
    }
}

/// Looks for a copy, or for a part of one. A cache that fails is an empty one.
pub(crate) async fn find(key: &CopyKey, part: Option<&str>) -> Option<Found> {
    platform::look(key.as_str(), part).await
}

/// Keeps a copy of an answer while its body goes to the viewer.
pub(crate) fn keep(keep: Keep, body: Option<Body>, promised: Option<Promised>) {
    let twin = match body {
        None => None,
        Some(body) => {
            let Some(twin) = body.twin() else { return };
            Some(twin)
        }
    };
    spawn(async move {
        put(keep, twin).await;
        drop(promised);
    });
}

/// Keeps a copy again, of which a part goes to the viewer. Once is enough for all who ask.
pub(crate) fn renew(renewal: Renewal) {
    let Some(promised) = Promised::new(&renewal.key) else { return };
    spawn(async move {
        if let Some(whole) = find(&renewal.key, None).await
            && let Some(keep) = renewal.keep(whole.as_answer(), now())
        {
            put(keep, whole.body).await;
        }
        drop(promised);
    });
}

/// Forgets a copy.
pub(crate) fn forget(key: CopyKey) {
    spawn(async move { platform::forget(key.as_str()).await });
}

/// Keeps a body, or what has none.
pub(crate) async fn put(keep: Keep, body: Option<Body>) {
    let mut headers = keep.headers.iter().map(|(name, value)| (*name, value.as_str()));
    platform::put(keep.key.as_str(), &mut headers, body).await;
}
