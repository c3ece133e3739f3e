//! Finding the cookies of a request that may be ours.
//!
//! A browser sends every cookie whose path fits, those of folders around the file, too, and
//! some that another host of the same domain has set. So there may be several of one name. Each
//! opens what it opens, whoever made the browser send it, and one that was not sealed here opens
//! nothing; the first one that holds counts.

use crate::capability::{CapabilityError, malformed};
use crate::request::Request;

use super::token::has_form;

/// No more of them are tried.
pub const MAX_COOKIES: usize = 8;

/// The cookies, as sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedTicketCookie<'r> {
    pub(super) request: &'r Request<'r>,
    /// Names and values.
    pub(super) cookies: Vec<(&'r str, &'r str)>,
}

impl<'r> PresentedTicketCookie<'r> {
    /// Reads the cookies of which `is_ours` knows the names.
    ///
    /// # Errors
    /// [`CapabilityError::Malformed`] when none of them has the form of one.
    pub fn parse(
        request: &'r Request<'r>,
        is_ours: impl Fn(&str) -> bool,
    ) -> Result<Self, CapabilityError> {
        let cookies: Vec<_> = request
            .cookies()
            .filter(|(name, value)| is_ours(name) && has_form(value))
            .take(MAX_COOKIES)
            .collect();
        if cookies.is_empty() {
            return malformed("cookie", "one that was set here");
        }
        Ok(Self { request, cookies })
    }
}
