//! Why there is no ticket.

use std::fmt;

/// Why something is not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedUrlError {
    /// No bearer token was sent.
    SignIn,
    /// The credential is no bearer token.
    NotABearer,
    /// The order is not well formed.
    Order {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// There can be no such ticket, whoever asks.
    Unsignable {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The caller may not read all of a folder, as far as the rules tell.
    Folder {
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The gate would not take the ticket for what it is for.
    NotOpened,
    /// The adapter did not sign.
    NotSigned,
}

impl fmt::Display for SignedUrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "no bearer token was sent",
            Self::NotABearer => "the credential is no bearer token",
            Self::Order { problem } | Self::Unsignable { problem } | Self::Folder { problem } => {
                problem
            }
            Self::NotOpened => "the edge would not take such a ticket for the file",
            Self::NotSigned => "the private key did not sign",
        })
    }
}

/// Shorthand for what cannot be signed.
pub(super) fn unsignable<T>(problem: impl Into<String>) -> Result<T, SignedUrlError> {
    Err(SignedUrlError::Unsignable { problem: problem.into() })
}
