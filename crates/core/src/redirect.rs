//! The other way to hand out an object: a signed URL of the store, to which the viewer goes.
//!
//! A function answers so, since it cannot stream, and the edge does where the route says so. The URL is as narrow as the
//! decision behind it: one object, one method, no longer than the credential lives.

use std::time::Duration;

use crate::access::Access;
use crate::secret::Secret;
use crate::store::{Link, ObjectCall};
use crate::time::UnixTime;

/// How long a URL of the store lives at most: an hour, so that a film can be watched with it.
pub const MAX_LIFE: Duration = Duration::from_secs(3600);

/// How long it lives at most where the viewer's address or page was a condition. The store does
/// not ask for either, so there is time to follow the redirect and for little more.
pub const MAX_LIFE_OF_BOUND: Duration = Duration::from_secs(60);

/// A signed URL of the store: made by [`Access::redirect`] alone.
///
/// ```
/// # use cloakroom_core::{access::Access, redirect::Redirect, time::UnixTime};
/// fn redirect(access: Access<'_, '_>, now: UnixTime) -> Redirect {
///     access.redirect(now)
/// }
/// ```
///
/// ```compile_fail,E0451
/// # use cloakroom_core::{redirect::Redirect, secret::Secret};
/// # fn forge(location: Secret) -> Redirect {
/// Redirect { location, life: Default::default(), cors: Vec::new() }
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Redirect {
    location: Secret,
    life: Duration,
    cors: Vec<(&'static str, String)>,
}

impl Access<'_, '_> {
    /// Signs a URL of the store for the viewer to go to.
    pub fn redirect(self, now: UnixTime) -> Redirect {
        Redirect::to_object(&self, now)
    }
}

impl Redirect {
    fn to_object(access: &Access<'_, '_>, now: UnixTime) -> Self {
        let located = access.located();
        let (source, view) = (located.source(), located.view());
        let request = located.grant().request();
        let call = ObjectCall {
            method: request.method(),
            bucket: &source.bucket,
            key: &source.key,
            version: view.version.as_deref(),
        };
        let max_life = if access.is_bound_to_place() { MAX_LIFE_OF_BOUND } else { MAX_LIFE };
        let rest = located.grant().expires_at().map_or(max_life, |end| end.since(now));
        // A credential in its last second still opens, and a URL lives for one at least.
        let life = rest.clamp(Duration::from_secs(1), max_life);
        let disposition = access.disposition();
        let link = Link { call, headers: &view.headers, disposition: disposition.as_ref(), life };
        Self {
            location: source.store.link(&link, now),
            life,
            cors: located.route().cors.headers(request),
        }
    }

    /// The status: 302.
    pub const STATUS: u16 = 302;

    /// The URL without its query, which is what opens the object: for people to read.
    pub fn shown(&self) -> &str {
        self.location.expose().split('?').next().unwrap_or_default()
    }

    /// How long the URL lives.
    pub fn life(&self) -> Duration {
        self.life
    }

    /// The headers of the answer. `location` opens the object, so they are not for the log.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = vec![
            ("location", self.location.expose().to_owned()),
            // The next time, the answer may be no.
            ("cache-control", "no-store".to_owned()),
            ("referrer-policy", "no-referrer".to_owned()),
        ];
        headers.extend(self.cors.iter().cloned());
        headers
    }
}
