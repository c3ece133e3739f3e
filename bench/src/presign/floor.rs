//! What a signature costs when nothing but SHA-256 costs anything.

use std::hint::black_box;

use cloakroom_core::sigv4::sign::Prepared;
use sha2::block_api::compress256;

use crate::Contest;

const BLOCK: usize = 64;

/// What FIPS 180-4 appends to a message at least: a bit, and its length in 64.
const PADDING: usize = 9;

/// The compressions of the canonical request's hash, and of the string to sign's HMAC under a key
/// whose two blocks are hashed already: the inner hash and one block for the outer.
pub fn add(contest: &mut Contest<'_>, prepared: &Prepared<'_>) {
    let blocks = |bytes: usize| vec![[7_u8; BLOCK]; (bytes + PADDING).div_ceil(BLOCK)];
    let canonical = blocks(prepared.canonical_request().as_str().len());
    let inner = blocks(prepared.string_to_sign().len());
    let outer = blocks(size_of::<[u8; 32]>());
    let count = canonical.len() + inner.len() + outer.len();
    let mut state = [1_u32; 8];
    let work = move || {
        for message in [&canonical, &inner, &outer] {
            compress256(black_box(&mut state), black_box(message));
        }
    };
    contest.add("sign", "hash floor", work).note(format!("{count} compressions of SHA-256"));
}
