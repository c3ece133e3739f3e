//! Reading a token that a request carries.

use crate::request::Request;

use super::SwiftAuthError;
use super::token::Token;

/// A token as it was sent: a claim, not a fact.
#[derive(Clone)]
pub struct PresentedSwiftToken<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) token: Token<'r>,
}

impl<'r> PresentedSwiftToken<'r> {
    /// Reads the value of the header.
    ///
    /// # Errors
    /// [`SwiftAuthError::Malformed`].
    pub fn parse(request: &'r Request<'r>, token: &'r str) -> Result<Self, SwiftAuthError> {
        let token = Token::parse(token).ok_or(SwiftAuthError::Malformed)?;
        Ok(Self { request, token })
    }

    /// The key that it says it was sealed with.
    pub fn key_id(&self) -> &str {
        self.token.key_id()
    }
}
