//! What a viewer learns from a no.

/// Whether a viewer may tell an object that is denied from one that is absent.
///
/// The log always has the true reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Disclosure {
    /// Yes: each reason has its own answer.
    #[default]
    Full,
    /// No: what is denied looks absent, 404.
    NotFound,
    /// No: what is absent looks denied, 403.
    Forbidden,
}
