//! Amazon CloudFront signed URLs and signed cookies, signing and verifying.
//!
//! A policy [`statement`] says which [`resource`] is opened, until when, and perhaps from when
//! and for which addresses. A key signs its bytes. A *canned* policy is not sent: it follows
//! from the URL and the expiry, and is the statement that [`statement::Statement::to_json`]
//! writes for them. A *custom* policy is sent in base64 and may open many URLs.
//!
//! Sources: *Use signed URLs* and *Use signed cookies* in the Amazon CloudFront developer
//! guide, with their pages on canned and on custom policies; `botocore.signers.CloudFrontSigner`
//! for the order of names.
//!
//! ```text
//! https://d111111abcdef8.cloudfront.net/image.jpg?size=large&Expires=1767290400
//!     &Signature=nitfHR…NYGQI6&Key-Pair-Id=K2JCJMDEHXQW5F&Hash-Algorithm=SHA256
//! Cookie: CloudFront-Policy=eyJTdGF0…_; CloudFront-Signature=nitfHR…;
//!     CloudFront-Key-Pair-Id=K2JCJMDEHXQW5F
//!
//! {"Statement":[{"Resource":"https://d111111abcdef8.cloudfront.net/image.jpg?size=large",
//!     "Condition":{"DateLessThan":{"AWS:EpochTime":1767290400}}}]}
//! ```
//!
//! What is signed does not say whether it was meant as a canned or as a custom policy. Whoever
//! gets a canned URL with a `*` in it can send the same bytes as a custom policy, and has a
//! pattern. [`sign`] therefore makes no such URL: write `%2A`.

pub mod resource;
pub mod source_ip;
pub mod statement;

pub mod sign;

pub mod present;
mod verify;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::encoding::decode;
use crate::public_key::Algorithm;

/// The names under which the parts of a credential stand.
#[derive(Clone, Copy)]
struct Names {
    expires: &'static str,
    policy: &'static str,
    signature: &'static str,
    key_pair_id: &'static str,
    hash_algorithm: &'static str,
}

const PARAMETERS: Names = Names {
    expires: "Expires",
    policy: "Policy",
    signature: "Signature",
    key_pair_id: "Key-Pair-Id",
    hash_algorithm: "Hash-Algorithm",
};

const COOKIES: Names = Names {
    expires: "CloudFront-Expires",
    policy: "CloudFront-Policy",
    signature: "CloudFront-Signature",
    key_pair_id: "CloudFront-Key-Pair-Id",
    hash_algorithm: "CloudFront-Hash-Algorithm",
};

impl Names {
    /// Those that make a request a signed one. The hash by itself means nothing.
    const fn telling(&self) -> [&'static str; 4] {
        [self.expires, self.policy, self.signature, self.key_pair_id]
    }

    const fn all(&self) -> [&'static str; 5] {
        let Self { expires, policy, signature, key_pair_id, hash_algorithm } = *self;
        [expires, policy, signature, key_pair_id, hash_algorithm]
    }
}

/// Whether `name`, however it is spelled, is the name `known`.
fn is_meant(known: &str, name: &str) -> bool {
    decode(name).is_ok_and(|name| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// What `Hash-Algorithm` says; SHA-1 when it is not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HashAlgorithm {
    Sha1,
    Sha256,
}

impl HashAlgorithm {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Sha1, Self::Sha256].into_iter().find(|hash| hash.as_str() == text)
    }

    /// The hash that an algorithm takes; none when CloudFront has no such keys.
    const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::RsaSha1 | Algorithm::EcdsaSha1 => Some(Self::Sha1),
            Algorithm::RsaSha256 | Algorithm::EcdsaSha256 => Some(Self::Sha256),
            Algorithm::Ed25519 => None,
        }
    }
}

/// Base64 (RFC 4648, section 4) with the characters that URLs do not like replaced: `-` for
/// `+`, `_` for `=`, `~` for `/`.
fn encode_base64(bytes: &[u8]) -> String {
    let replaced = |c: char| match c {
        '+' => '-',
        '=' => '_',
        '/' => '~',
        other => other,
    };
    BASE64_STANDARD.encode(bytes).chars().map(replaced).collect()
}

/// Undoes [`encode_base64`], and takes nothing but what it writes: each value has one spelling.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let original = |c: char| match c {
        '-' => Some('+'),
        '_' => Some('='),
        '~' => Some('/'),
        '+' | '=' | '/' => None,
        other => Some(other),
    };
    let base64: String = text.chars().map(original).collect::<Option<_>>()?;
    BASE64_STANDARD.decode(base64).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base64_of_cloudfront() {
        assert_eq!(encode_base64(b"\xfb\xef\xff\xfa"), "--~~-g__");
        assert_eq!(decode_base64("--~~-g__"), Some(b"\xfb\xef\xff\xfa".to_vec()));
        for other in ["++//+g==", "--~~-g", "--~~-g_", "--~~-h__", "--~~-g__ ", "%2D-~~-g__", "é"]
        {
            assert_eq!(decode_base64(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes in any::<Vec<u8>>()) {
            let text = encode_base64(&bytes);
            prop_assert_eq!(decode_base64(&text), Some(bytes));
        }

        #[test]
        fn a_value_has_one_spelling(text in "[A-D0-3~_=-]{0,12}") {
            if let Some(bytes) = decode_base64(&text) {
                prop_assert_eq!(encode_base64(&bytes), text);
            }
        }
    }
}
