//! The two forms of an ECDSA signature.

use super::der::{INTEGER, SEQUENCE, only, positive};

/// The two numbers of an ECDSA signature side by side, from the DER that OpenSSL writes
/// (RFC 3279, section 2.2.3). None unless it is the one DER encoding of two numbers of up to 32
/// bytes.
pub fn p1363_from_der(der: &[u8]) -> Option<Vec<u8>> {
    let numbers = only(SEQUENCE, der)?;
    let (r, numbers) = positive(numbers)?;
    let (s, numbers) = positive(numbers)?;
    if !numbers.is_empty() {
        return None;
    }
    let mut out = Vec::with_capacity(64);
    for digits in [r, s] {
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
        numbers.extend([INTEGER, u8::try_from(length).unwrap_or_default()]);
        numbers.extend(sign.then_some(0));
        numbers.extend_from_slice(digits);
    }
    let mut der = vec![SEQUENCE, u8::try_from(numbers.len()).unwrap_or_default()];
    der.append(&mut numbers);
    der
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
