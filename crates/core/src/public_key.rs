//! Signatures with public keys, which the core never checks itself.
//!
//! RSA, ECDSA and Ed25519 are the adapter's: WebCrypto at the edge, a crate elsewhere. The core
//! says what to check ([`SignatureCheck`]), the adapter says whether it holds, and until then
//! there is no grant ([`PendingGrant`](crate::grant::PendingGrant)).
//!
//! Keys are SubjectPublicKeyInfo (RFC 5280, section 4.1) in PEM (RFC 7468), what
//! `openssl pkey -pubout` writes. Signatures are in the form that WebCrypto takes: PKCS #1 v1.5
//! for RSA, `r` and `s` side by side for ECDSA (IEEE P1363), 64 bytes for Ed25519 (RFC 8032).

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// An algorithm, fixed by the key and never by what was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-1, which CloudFront's signers use to this day.
    RsaSha1,
    /// RSASSA-PKCS1-v1_5 with SHA-256; `RS256` of RFC 7518.
    RsaSha256,
    /// ECDSA over P-256 with SHA-1.
    EcdsaSha1,
    /// ECDSA over P-256 with SHA-256; `ES256` of RFC 7518.
    EcdsaSha256,
    /// Ed25519; `EdDSA` of RFC 8037.
    Ed25519,
}

/// What a key is for, told by the identifiers in its SubjectPublicKeyInfo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `rsaEncryption`
    Rsa,
    /// `id-ecPublicKey` on `prime256v1`
    P256,
    /// `id-Ed25519`
    Ed25519,
}

impl Algorithm {
    /// The type of the keys it takes.
    pub const fn key_type(self) -> KeyType {
        match self {
            Self::RsaSha1 | Self::RsaSha256 => KeyType::Rsa,
            Self::EcdsaSha1 | Self::EcdsaSha256 => KeyType::P256,
            Self::Ed25519 => KeyType::Ed25519,
        }
    }
}

impl KeyType {
    /// DER of the AlgorithmIdentifier's OIDs, by which a SubjectPublicKeyInfo is told.
    fn identifiers(self) -> &'static [&'static [u8]] {
        match self {
            Self::Rsa => &[b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"],
            Self::P256 => &[
                b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01",
                b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
            ],
            Self::Ed25519 => &[b"\x06\x03\x2b\x65\x70"],
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rsa => "RSA",
            Self::P256 => "P-256",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// A public key and the one algorithm it is used with.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: Algorithm,
    spki: Vec<u8>,
}

impl PublicKey {
    /// Reads `-----BEGIN PUBLIC KEY-----`.
    ///
    /// # Errors
    /// Says what is wrong and what would be right.
    pub fn from_pem(algorithm: Algorithm, pem: &str) -> Result<Self, String> {
        let body = pem
            .trim()
            .strip_prefix("-----BEGIN PUBLIC KEY-----")
            .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
            .ok_or(
                "must be a public key in PEM, as `openssl pkey -in key.pem -pubout` writes it",
            )?;
        let base64: String = body.split_ascii_whitespace().collect();
        let spki = BASE64_STANDARD
            .decode(base64)
            .map_err(|_| "has something else than base64 between its two lines".to_owned())?;
        let wanted = algorithm.key_type();
        // The identifiers stand in the first bytes of the structure, before the key itself.
        let head = spki.get(..spki.len().min(32)).unwrap_or_default();
        let has = |oid: &[u8]| head.windows(oid.len()).any(|window| window == oid);
        if spki.first() != Some(&0x30) || !wanted.identifiers().iter().all(|oid| has(oid)) {
            return Err(format!("must be a public key of type {wanted}, for its algorithm"));
        }
        Ok(Self { algorithm, spki })
    }

    /// The algorithm that it is used with.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The DER of its SubjectPublicKeyInfo.
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({:?}, {} bytes)", self.algorithm, self.spki.len())
    }
}

/// A question to the adapter: is this the signature of that key on that message?
#[derive(Clone)]
pub struct SignatureCheck {
    /// The key, with its algorithm.
    pub key: PublicKey,
    /// What was signed.
    pub message: Vec<u8>,
    /// The signature in WebCrypto's form.
    pub signature: Vec<u8>,
}

impl fmt::Debug for SignatureCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignatureCheck({:?})", self.key)
    }
}

/// The two numbers of an ECDSA signature side by side, from the DER that OpenSSL writes
/// (RFC 3279, section 2.2.3). None unless it is the one DER encoding of two numbers of up to 32
/// bytes.
pub fn p1363_from_der(der: &[u8]) -> Option<Vec<u8>> {
    let (numbers, rest) = tlv(0x30, der)?;
    let (r, numbers) = tlv(0x02, numbers)?;
    let (s, numbers) = tlv(0x02, numbers)?;
    if !rest.is_empty() || !numbers.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(64);
    for number in [r, s] {
        // A positive number whose first bit is set has one zero before it, and no other has.
        let digits = match number {
            [0, rest @ ..] if rest.first().is_some_and(|b| b & 0x80 != 0) => rest,
            [first, ..] if first & 0x80 == 0 && *first != 0 => number,
            _ => return None,
        };
        out.resize(out.len() + 32_usize.checked_sub(digits.len())?, 0);
        out.extend_from_slice(digits);
    }
    Some(out)
}

/// The DER that OpenSSL writes, from two numbers side by side.
pub fn der_from_p1363(signature: &[u8; 64]) -> Vec<u8> {
    let mut numbers = Vec::with_capacity(70);
    let (r, s) = signature.split_at(32);
    for number in [r, s] {
        let zeros = number.iter().take(31).take_while(|b| **b == 0).count();
        let digits = number.get(zeros..).unwrap_or_default();
        let sign = digits.first().is_some_and(|b| b & 0x80 != 0);
        let length = digits.len() + usize::from(sign);
        numbers.extend([0x02, u8::try_from(length).unwrap_or_default()]);
        numbers.extend(sign.then_some(0));
        numbers.extend_from_slice(digits);
    }
    let mut der = vec![0x30, u8::try_from(numbers.len()).unwrap_or_default()];
    der.append(&mut numbers);
    der
}

/// A value of `tag` in the short form, and what follows it.
fn tlv(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    match der {
        [found, length, rest @ ..] if *found == tag && *length < 0x80 => {
            rest.split_at_checked(usize::from(*length))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ED25519: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
";

    #[test]
    fn a_key_fits_its_algorithm() {
        assert_eq!(PublicKey::from_pem(Algorithm::Ed25519, ED25519).unwrap().spki().len(), 44);
        let error = PublicKey::from_pem(Algorithm::RsaSha256, ED25519).unwrap_err();
        assert!(error.contains("RSA"), "{error}");
        for (text, why) in [
            ("", "in PEM"),
            ("-----BEGIN RSA PRIVATE KEY-----\nAA==\n-----END RSA PRIVATE KEY-----", "in PEM"),
            ("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----", "base64"),
            ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "Ed25519"),
        ] {
            let error = PublicKey::from_pem(Algorithm::Ed25519, text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    #[test]
    fn refuses_other_encodings_of_a_signature() {
        for der in [
            &b""[..],
            b"\x30\x06\x02\x01\x01\x02\x01",
            b"\x30\x06\x02\x01\x01\x02\x01\x01\x00",
            b"\x30\x07\x02\x02\x00\x01\x02\x01\x01",
            b"\x30\x06\x02\x01\x81\x02\x01\x01",
            b"\x30\x06\x02\x01\x00\x02\x01\x01",
            b"\x30\x81\x06\x02\x01\x01\x02\x01\x01",
        ] {
            assert_eq!(p1363_from_der(der), None, "{der:?}");
        }
    }

    proptest! {
        #[test]
        fn both_forms_of_a_signature_are_one(r in 1_u8.., s in 1_u8.., zeros in 0_usize..31) {
            let mut signature = [0; 64];
            signature[zeros] = r;
            signature[63 - zeros / 2] = s;
            prop_assert_eq!(p1363_from_der(&der_from_p1363(&signature)), Some(signature.to_vec()));
        }

        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            let _ = p1363_from_der(&bytes);
        }
    }
}
