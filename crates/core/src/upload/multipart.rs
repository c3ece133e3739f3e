//! Files in parts, each sent by itself: what can be cut off and resumed.
//!
//! To S3, a part has 5 MiB at least, but for the last one, and an upload has 10,000 parts at most
//! (*Amazon S3 multipart upload limits*). To Swift, where parts are objects ([`segments`]), it is a
//! byte, and 1,000 parts. Where the size of the file was announced, the length of every part is
//! known, and signed for S3; the parts are added up before they are put together. So what is stored
//! has the size that the rule allows, or is not stored.
//!
//! [`segments`]: crate::upload::segments

use std::ops::RangeInclusive;

use crate::object::ObjectKey;
use crate::request::Method;
use crate::secret::Secret;
use crate::sigv4::ExpiresIn;
use crate::sigv4::sign::Unsigned;
use crate::store::{S3Store, Store};
use crate::time::UnixTime;
use crate::upload::UploadError;
use crate::upload::kind::Taker;
use crate::upload::rule::Destination;
use crate::upload::segments::LargeObject;

/// The numbers that parts can have.
pub const PART_NUMBERS: RangeInclusive<u16> = 1..=10_000;

/// The smallest size of a part, but for the last one: 5 MiB.
pub const MIN_PART_SIZE: u64 = 5 * 1024 * 1024;

/// The largest size of a part: 5 GiB.
pub const MAX_PART_SIZE: u64 = 5 * 1024 * 1024 * 1024;

/// The answer to steps of an upload that has no parts.
pub(crate) const NOT_IN_PARTS: UploadError =
    UploadError::OtherKind { problem: "This upload is not sent in parts." };

/// How large parts are unless the policy says something else: 16 MiB.
pub const DEFAULT_PART_SIZE: u64 = 16 * 1024 * 1024;

/// An upload that the store knows by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Multipart {
    /// The store's id of it.
    pub upload_id: String,
    /// How large parts are, in bytes.
    pub part_size: u64,
    /// How large the file is, in bytes, when that was announced.
    pub size: Option<u64>,
}

/// A part that the store has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub number: u16,
    /// Its size in bytes.
    pub size: u64,
    /// Its ETag, as the store says it.
    pub etag: String,
}

/// A part that a client says it has sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentPart {
    /// Its number.
    pub number: u16,
    /// Its ETag, with or without quotes.
    pub etag: String,
}

/// A permission to send one part.
#[derive(Clone, Debug)]
pub struct SignedPart {
    /// Its number.
    pub number: u16,
    /// Where to PUT it.
    pub url: Secret,
    /// How many bytes it has, when the size of the file is known.
    pub size: Option<u64>,
}

/// How large the parts of a file of at most `size` bytes are: as large as `wished`, unless there
/// would be too many for the store.
pub fn part_size(size: u64, wished: u64, taker: Taker) -> u64 {
    size.div_ceil(u64::from(taker.max_parts())).max(wished)
}

/// The number of a part.
///
/// # Errors
/// [`UploadError::Order`] says which there are.
pub fn part_number(text: &str) -> Result<u16, UploadError> {
    let digits = text.bytes().all(|b| b.is_ascii_digit());
    in_range(text.parse().ok().filter(|_| digits))
}

/// The number of a part, as far as it is one.
///
/// # Errors
/// As of [`part_number`].
pub(crate) fn in_range(number: Option<u16>) -> Result<u16, UploadError> {
    number
        .filter(|number| PART_NUMBERS.contains(number))
        .ok_or_else(|| no_part(*PART_NUMBERS.end()))
}

fn no_part(most: u16) -> UploadError {
    UploadError::Order {
        problem: format!("The number of a part is a whole number from 1 to {most}."),
    }
}

impl Multipart {
    /// How many parts there are, when the size of the file is known. An empty file has one.
    pub fn parts(&self) -> Option<u64> {
        self.size.map(|size| size.div_ceil(self.part_size.max(1)).max(1))
    }

    /// The length of a part, when the size of the file is known.
    ///
    /// # Errors
    /// [`UploadError::Order`] when there is no part of this number.
    pub fn length_of(&self, number: u16) -> Result<Option<u64>, UploadError> {
        let (Some(size), Some(parts)) = (self.size, self.parts()) else { return Ok(None) };
        if u64::from(number) > parts {
            return Err(UploadError::Order {
                problem: format!(
                    "The file has {parts} parts of {} bytes, so there is no part {number}.",
                    self.part_size
                ),
            });
        }
        let before = u64::from(number).saturating_sub(1).saturating_mul(self.part_size);
        Ok(Some(size.saturating_sub(before).min(self.part_size)))
    }

    /// Signs the PUT of a part of the object that has this key there.
    ///
    /// # Errors
    /// When there is no part of this number.
    pub fn sign_part(
        &self,
        (place, key): (&Destination, &ObjectKey),
        number: u16,
        (now, expires_in): (UnixTime, ExpiresIn),
    ) -> Result<SignedPart, UploadError> {
        let size = self.length_of(number)?;
        let url = match &place.store {
            Store::S3(store) => {
                self.sign_s3_part(store, (place, key), (number, size), (now, expires_in))
            }
            Store::Swift(store) => {
                let most = Taker::Swift.max_parts();
                if number > most {
                    return Err(no_part(most));
                }
                // INVARIANT: the policy has a container for segments where there are parts.
                let segments = place.segments.as_deref().ok_or(NOT_IN_PARTS)?;
                let (container, upload_id) = (&place.bucket, self.upload_id.as_str());
                LargeObject { store, segments, container, key, upload_id }
                    .part_url(number, now.saturating_add(expires_in.duration()))?
            }
            // INVARIANT: the policy has no rules for a binding, which has no URL.
            Store::R2(_) => return Err(NOT_IN_PARTS),
        };
        Ok(SignedPart { number, url, size })
    }

    fn sign_s3_part(
        &self,
        store: &S3Store,
        (place, key): (&Destination, &ObjectKey),
        (number, size): (u16, Option<u64>),
        (now, expires_in): (UnixTime, ExpiresIn),
    ) -> Secret {
        let (endpoint, path) = store.address(&place.bucket, key);
        let (text, length) = (number.to_string(), size.map(|size| size.to_string()));
        let headers: Vec<_> =
            length.iter().map(|length| ("content-length", length.as_str())).collect();
        let request = Unsigned {
            method: Method::Put,
            endpoint: &endpoint,
            path: &path,
            query: &[("partNumber", &text), ("uploadId", &self.upload_id)],
            headers: &headers,
        };
        store.signer(now).presign(&request, expires_in)
    }
}

/// Why parts are not put together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// They are not what was agreed; the client may send others.
    Wrong(UploadError),
    /// They are more than is allowed: nothing is left to do but to throw them away.
    TooLarge(UploadError),
}

/// The parts to put together: those that a client names, or all that the store has.
///
/// # Errors
/// When one is missing or another one, or their sum is not a size that is allowed.
pub fn choose(
    stored: Vec<Part>,
    sent: Option<&[SentPart]>,
    sizes: &RangeInclusive<u64>,
) -> Result<Vec<Part>, Unfit> {
    let wrong = |problem: String| Unfit::Wrong(UploadError::Mismatch { problem });
    // What is too much is so whatever the client names: it has filled the store.
    let all = sum(&stored);
    if all > *sizes.end() {
        return Err(Unfit::TooLarge(UploadError::Mismatch {
            problem: format!(
                "The parts have {all} bytes; up to {} are allowed. They were thrown away.",
                sizes.end()
            ),
        }));
    }
    let chosen = match sent {
        None => stored,
        Some(sent) => {
            let mut chosen: Vec<Part> = Vec::with_capacity(sent.len());
            for SentPart { number, etag } in sent {
                if chosen.last().is_some_and(|last| last.number >= *number) {
                    return Err(wrong("The parts must be in the order of their numbers.".into()));
                }
                let found = stored.iter().find(|part| part.number == *number);
                match found.filter(|part| part.etag.trim_matches('"') == etag.trim_matches('"')) {
                    Some(part) => chosen.push(part.clone()),
                    None => {
                        return Err(wrong(format!(
                            "The store has no part {number} with this ETag. Send it again."
                        )));
                    }
                }
            }
            chosen
        }
    };
    if chosen.is_empty() {
        return Err(wrong("The store has no parts of this file. Send them first.".into()));
    }
    let total = sum(&chosen);
    if !sizes.contains(&total) {
        let allowed = if sizes.start() == sizes.end() {
            format!("{} were announced", sizes.start())
        } else {
            format!("from {} to {} are allowed", sizes.start(), sizes.end())
        };
        return Err(wrong(format!("The parts have {total} bytes; {allowed}.")));
    }
    Ok(chosen)
}

fn sum(parts: &[Part]) -> u64 {
    parts.iter().fold(0, |sum: u64, part| sum.saturating_add(part.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(sizes: &[u64]) -> Vec<Part> {
        let part = |(n, size): (usize, &u64)| Part {
            number: u16::try_from(n + 1).unwrap(),
            size: *size,
            etag: format!("\"e{}\"", n + 1),
        };
        sizes.iter().enumerate().map(part).collect()
    }

    fn sent(parts: &[(u16, &str)]) -> Vec<SentPart> {
        parts
            .iter()
            .map(|(number, etag)| SentPart { number: *number, etag: (*etag).into() })
            .collect()
    }

    #[test]
    fn parts_have_lengths() {
        let file = |size, part_size| Multipart { upload_id: "u".into(), part_size, size };
        let ten = file(Some(10), 4);
        assert_eq!(ten.parts(), Some(3));
        let lengths: Vec<_> = (1..=3).map(|number| ten.length_of(number).unwrap()).collect();
        assert_eq!(lengths, [Some(4), Some(4), Some(2)]);
        assert!(ten.length_of(4).is_err());
        assert_eq!(file(Some(8), 4).length_of(2), Ok(Some(4)));
        assert_eq!(
            (file(Some(0), 4).parts(), file(Some(0), 4).length_of(1)),
            (Some(1), Ok(Some(0)))
        );
        assert_eq!((file(None, 4).parts(), file(None, 4).length_of(9)), (None, Ok(None)));
        for taker in [Taker::S3, Taker::Swift] {
            assert_eq!(part_size(100, DEFAULT_PART_SIZE, taker), DEFAULT_PART_SIZE);
            let most = taker.max_object_size();
            let part_size = part_size(most, MIN_PART_SIZE, taker);
            assert!(part_size <= MAX_PART_SIZE);
            assert_eq!(file(Some(most), part_size).parts(), Some(u64::from(taker.max_parts())));
        }
    }

    #[test]
    fn numbers_of_parts() {
        assert_eq!((part_number("1"), part_number("10000")), (Ok(1), Ok(10_000)));
        for text in ["0", "10001", "1abc", "", "+1", "-1", "1.0", "99999999999"] {
            assert!(part_number(text).is_err(), "{text}");
        }
    }

    #[test]
    fn parts_are_chosen_as_they_were_agreed() {
        let stored = || parts(&[5, 5, 2]);
        assert_eq!(choose(stored(), None, &(12..=12)).unwrap().len(), 3);
        let named = sent(&[(1, "e1"), (2, "\"e2\""), (3, "e3")]);
        assert_eq!(choose(stored(), Some(&named), &(1..=20)).unwrap().len(), 3);
        for (sent, sizes, expected) in [
            (None, 13..=13, "The parts have 12 bytes; 13 were announced."),
            (None, 13..=20, "The parts have 12 bytes; from 13 to 20 are allowed."),
            (Some(sent(&[(1, "e1")])), 12..=12, "The parts have 5 bytes; 12 were announced."),
            (Some(sent(&[(1, "e2")])), 1..=20, "no part 1 with this ETag"),
            (Some(sent(&[(4, "e4")])), 1..=20, "no part 4 with this ETag"),
            (Some(sent(&[(2, "e2"), (1, "e1")])), 1..=20, "in the order of their numbers"),
            (Some(sent(&[(1, "e1"), (1, "e1")])), 1..=20, "in the order of their numbers"),
            (Some(Vec::new()), 0..=20, "has no parts"),
        ] {
            match choose(stored(), sent.as_deref(), &sizes) {
                Err(Unfit::Wrong(UploadError::Mismatch { problem })) => {
                    assert!(problem.contains(expected), "{problem}");
                }
                other => panic!("{expected}: {other:?}"),
            }
        }
        // What is too much is thrown away, also when a client names less of it.
        for sent in [None, Some(sent(&[(1, "e1")]))] {
            let chosen = choose(stored(), sent.as_deref(), &(1..=11));
            assert!(matches!(chosen, Err(Unfit::TooLarge(_))), "{chosen:?}");
        }
    }
}
