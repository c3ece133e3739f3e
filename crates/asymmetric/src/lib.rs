//! Public-key signatures for programs outside the edge: the function and the command line.
//!
//! The core says what to check and what to sign; here it is done with ring where ring can, and
//! with the RustCrypto crates. At the edge WebCrypto does it. All take the keys and the forms of
//! signatures that [`cloakroom_core::public_key`] names.

mod private_key;
mod rsa_key;
mod verify;

pub use crate::private_key::PrivateKey;
pub use crate::verify::holds;
