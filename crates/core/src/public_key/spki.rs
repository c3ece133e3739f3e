//! SubjectPublicKeyInfo (RFC 5280, section 4.1): the key inside, as strictly as the strictest of
//! those who check signatures with it. A key that one of them cannot use is an error of the
//! policy, and not a refusal of each ticket.

use std::ops::RangeInclusive;

use super::KeyType;
use super::der::{BIT_STRING, SEQUENCE, only, positive, value};

/// The sizes of RSA keys, in bits. RFC 7518, section 3.3 and CloudFront want 2048 at least.
const RSA_BITS: RangeInclusive<usize> = 2048..=4096;

/// Public exponents: 3, and 65537, which all tools choose. WebCrypto of Workers imports no key with
/// 257 or 65539, say.
const RSA_EXPONENTS: [&[u8]; 2] = [&[3], &[1, 0, 1]];

/// The key inside the DER of a key of type `wanted`: the end of it.
///
/// # Errors
/// Says what is wrong and what would be right.
pub(super) fn subject_public_key(wanted: KeyType, der: &[u8]) -> Result<&[u8], String> {
    let whole = || {
        let (identifier, rest) = value(SEQUENCE, only(SEQUENCE, der)?)?;
        // The first byte of a bit string counts the bits that its last byte lacks: none.
        Some((identifier, only(BIT_STRING, rest)?.strip_prefix(&[0])?))
    };
    let wrong_type = || format!("must be a public key of type {wanted}, for its algorithm");
    let (identifier, key) = whole().ok_or_else(wrong_type)?;
    if identifier != wanted.identifier() {
        return Err(wrong_type());
    }
    match wanted {
        KeyType::Rsa => require_rsa(key)?,
        // SEC 1, section 2.3.3: 4, then both coordinates.
        KeyType::P256 if key.len() == 65 && key.starts_with(&[4]) => {}
        KeyType::P256 => {
            return Err("must hold both coordinates of the point, uncompressed".to_owned());
        }
        KeyType::Ed25519 if key.len() == 32 => {}
        KeyType::Ed25519 => return Err("must be 32 bytes of key".to_owned()),
    }
    Ok(key)
}

/// RSAPublicKey (RFC 8017, appendix A.1.1).
fn require_rsa(key: &[u8]) -> Result<(), String> {
    let numbers = || {
        let (modulus, rest) = positive(only(SEQUENCE, key)?)?;
        let (exponent, rest) = positive(rest)?;
        let first = modulus.first()?;
        let bits = modulus.len() * 8 - usize::try_from(first.leading_zeros()).ok()?;
        rest.is_empty().then_some((bits, exponent))
    };
    let (bits, exponent) = numbers().ok_or("must be a whole RSA key")?;
    if !RSA_BITS.contains(&bits) {
        let (least, most) = (RSA_BITS.start(), RSA_BITS.end());
        return Err(format!("must be an RSA key of {least} to {most} bits, and has {bits}"));
    }
    if !RSA_EXPONENTS.contains(&exponent) {
        return Err("must be an RSA key with the public exponent 65537 or 3".to_owned());
    }
    Ok(())
}

impl KeyType {
    /// DER of the AlgorithmIdentifier's two fields (RFC 3279, RFC 5480, RFC 8410).
    const fn identifier(self) -> &'static [u8] {
        match self {
            // rsaEncryption, NULL
            Self::Rsa => b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00",
            // id-ecPublicKey, prime256v1
            Self::P256 => {
                b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
            }
            // id-Ed25519
            Self::Ed25519 => b"\x06\x03\x2b\x65\x70",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value of up to 65535 bytes.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap();
        let [high, low] = length.to_be_bytes();
        let head = match length {
            0..0x80 => vec![tag, low],
            0x80..0x100 => vec![tag, 0x81, low],
            _ => vec![tag, 0x82, high, low],
        };
        [&head, content].concat()
    }

    fn info(key_type: KeyType, key: &[u8]) -> Vec<u8> {
        let identifier = der(SEQUENCE, key_type.identifier());
        der(SEQUENCE, &[identifier, der(BIT_STRING, &[&[0], key].concat())].concat())
    }

    fn rsa(bits: usize, exponent: &[u8]) -> Vec<u8> {
        // One zero before a number whose first bit is set.
        let mut modulus = vec![0xff; bits.div_ceil(8)];
        match bits % 8 {
            0 => modulus.insert(0, 0),
            first => modulus[0] = (1 << first) - 1,
        }
        let numbers = [der(0x02, &modulus), der(0x02, exponent)].concat();
        info(KeyType::Rsa, &der(SEQUENCE, &numbers))
    }

    fn p256(point: &[u8]) -> Vec<u8> {
        info(KeyType::P256, point)
    }

    fn whole() -> [(KeyType, Vec<u8>); 3] {
        [
            (KeyType::Rsa, rsa(2048, &[1, 0, 1])),
            (KeyType::P256, p256(&[4; 65])),
            (KeyType::Ed25519, info(KeyType::Ed25519, &[7; 32])),
        ]
    }

    #[test]
    fn a_key_is_of_one_type_and_whole() {
        for (wanted, _) in whole() {
            for (found, der) in whole() {
                assert_eq!(
                    subject_public_key(wanted, &der).is_ok(),
                    wanted == found,
                    "{wanted}, {found}"
                );
            }
        }
        for (wanted, der) in whole() {
            for length in 0..der.len() {
                assert!(
                    subject_public_key(wanted, &der[..length]).is_err(),
                    "{wanted}, {length} bytes"
                );
            }
            assert!(subject_public_key(wanted, &[&der[..], &[0]].concat()).is_err(), "{wanted}");
        }
    }

    #[test]
    fn the_key_inside_is_the_bit_string_without_its_first_byte() {
        let der = p256(&[4; 65]);
        assert_eq!(subject_public_key(KeyType::P256, &der), Ok(&[4; 65][..]));
        let der = info(KeyType::Ed25519, &[7; 32]);
        assert_eq!(subject_public_key(KeyType::Ed25519, &der), Ok(&[7; 32][..]));
    }

    #[test]
    fn rsa_keys_have_2048_to_4096_bits() {
        for bits in [2048, 2049, 3072, 4096] {
            let der = rsa(bits, &[1, 0, 1]);
            assert!(subject_public_key(KeyType::Rsa, &der).is_ok(), "{bits}");
        }
        for bits in [512, 1024, 2040, 2047, 4097, 8192] {
            let error = subject_public_key(KeyType::Rsa, &rsa(bits, &[1, 0, 1])).unwrap_err();
            assert!(error.ends_with(&format!("has {bits}")), "{error}");
        }
    }

    #[test]
    fn rsa_keys_have_one_of_two_exponents() {
        assert!(subject_public_key(KeyType::Rsa, &rsa(2048, &[3])).is_ok());
        for exponent in [&[1][..], &[2], &[5], &[1, 0, 0], &[1, 0, 1, 0, 1]] {
            let error = subject_public_key(KeyType::Rsa, &rsa(2048, exponent)).unwrap_err();
            assert!(error.contains("65537"), "{error}");
        }
    }

    #[test]
    fn a_point_has_both_coordinates() {
        for point in [&[2; 33][..], &[2; 65], &[4; 64], &[4; 66], &[0]] {
            let error = subject_public_key(KeyType::P256, &p256(point)).unwrap_err();
            assert!(error.contains("uncompressed"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
            for key_type in [KeyType::Rsa, KeyType::P256, KeyType::Ed25519] {
                let _ = subject_public_key(key_type, &bytes);
                let _ = subject_public_key(key_type, &info(key_type, &bytes));
            }
        }
    }
}
