//! As much of DER (ITU-T X.690, section 10) as keys and signatures need: each value has one
//! encoding, and any other is no value.

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const SEQUENCE: u8 = 0x30;

/// The content of a value of `tag`, and what follows the value. Up to 65535 bytes.
pub(super) fn value(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = match der.strip_prefix(&[tag])? {
        [length, rest @ ..] if *length < 0x80 => (usize::from(*length), rest),
        [0x81, length, rest @ ..] if *length >= 0x80 => (usize::from(*length), rest),
        [0x82, high, low, rest @ ..] if *high != 0 => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

/// The content of a value of `tag` that nothing follows.
pub(super) fn only(tag: u8, der: &[u8]) -> Option<&[u8]> {
    value(tag, der).filter(|(_, rest)| rest.is_empty()).map(|(content, _)| content)
}

/// The bytes of a number above zero, the first of which is not 0, and what follows it.
pub(super) fn positive(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (number, rest) = value(INTEGER, der)?;
    // A number whose first bit is set has one zero before it, and no other has.
    match number {
        [0, digits @ ..] if digits.first().is_some_and(|b| b & 0x80 != 0) => Some((digits, rest)),
        [first, ..] if first & 0x80 == 0 && *first != 0 => Some((number, rest)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_has_one_form() {
        let long = [&[SEQUENCE, 0x82, 1, 0][..], &[7; 256]].concat();
        assert_eq!(only(SEQUENCE, &long), Some(&[7; 256][..]));
        let middle = [&[SEQUENCE, 0x81, 0x80][..], &[7; 128]].concat();
        assert_eq!(only(SEQUENCE, &middle), Some(&[7; 128][..]));
        for der in [
            &b"\x30"[..],
            b"\x30\x01",
            b"\x30\x80\x00\x00",
            b"\x30\x81\x01\x07",
            b"\x30\x82\x00\x01\x07",
            b"\x30\x83\x00\x00\x01\x07",
            b"\x30\x01\x07\x07",
            b"\x31\x01\x07",
        ] {
            assert_eq!(only(SEQUENCE, der), None, "{der:?}");
        }
    }

    #[test]
    fn a_number_has_one_form() {
        assert_eq!(positive(b"\x02\x02\x00\x80\xff"), Some((&b"\x80"[..], &b"\xff"[..])));
        for der in [
            &b"\x02\x00"[..],
            b"\x02\x01\x00",
            b"\x02\x01\x80",
            b"\x02\x02\x00\x7f",
            b"\x02\x03\x00\x00\x80",
        ] {
            assert_eq!(positive(der), None, "{der:?}");
        }
    }
}
