//! Signatures of this crate against those of OpenSSL and of the specifications.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod openssl;
mod private_key;
mod published;
