//! A ticket in a URL, exchanged for a cookie that opens the rest of its folder.
//!
//! A player opens a playlist with a ticket and then asks for its segments, by URLs that are
//! relative to it and carry none. A browser sends a cookie along with them.
//!
//! ```text
//! GET /media/film/master.m3u8?…&ticket=cookie
//!     Set-Cookie: cloakroom=1.eyJ….qL3…; Path=/media/film/; Max-Age=3540; HttpOnly; Secure; SameSite=Lax
//! GET /media/film/720p/seg-07.ts
//!     Cookie: cloakroom=1.eyJ….qL3…
//! ```
//!
//! The cookie is a [`token`]: the JSON of what it opens and an HMAC over it. It never opens more
//! than these together:
//!
//! - what is below the folder of the object that was asked for, at least one segment below the
//!   route's prefix, of that route and that host alone
//! - what the key that signed the ticket may read, as long as the key is live, has the same
//!   secret, and acts for the same principal
//! - what the ticket itself opens: all of the folder, or else the route must say
//!   [`Scope::Folder`] and the signature must cover the parameter that asks for the cookie
//!
//! It lives no longer than the ticket, and works at the address of the exchange alone where the
//! ticket was for some addresses. [`exchange`] makes it, [`present`] and `verify` read it.

pub mod token;

pub mod exchange;
pub mod present;
mod verify;

use crate::secret::Secret;

/// The parameter that asks for a cookie, with its value.
pub const PARAMETER: (&str, &str) = ("ticket", "cookie");

/// The name of the cookie when the route has no other.
pub const DEFAULT_NAME: &str = "cloakroom";

/// What seals the cookies of a route.
#[derive(Clone, Debug)]
pub struct CookieKey {
    /// The route.
    pub route: String,
    /// The name of the cookie.
    pub name: String,
    /// The secret.
    pub secret: Secret,
    /// How much a ticket may be exchanged for.
    pub scope: Scope,
}

/// How much a ticket may be exchanged for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// A folder all of which it opens by itself.
    #[default]
    Ticket,
    /// The folder of its object, too, when its signature covers the wish.
    Folder,
}

/// `path` up to its last slash.
///
/// ```
/// # use cloakroom_core::ticket_cookie::folder_of;
/// assert_eq!(folder_of("/media/film/a.m3u8"), "/media/film/");
/// assert_eq!(folder_of("/media/film/"), "/media/film/");
/// assert_eq!(folder_of("a.m3u8"), "");
/// ```
pub fn folder_of(path: &str) -> &str {
    path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or_default()
}
