//! Checksums of whole files, which a store compares with what it gets.
//!
//! | field | header | bytes |
//! |---|---|---|
//! | `checksum_sha256` | `x-amz-checksum-sha256` | 32 |
//! | `checksum_crc32c` | `x-amz-checksum-crc32c` | 4 |
//! | `checksum_crc64nvme` | `x-amz-checksum-crc64nvme` | 8 |
//! | `content_md5` | `content-md5` | 16 |
//!
//! All are base64. Source: *Checking object integrity* in the Amazon S3 user guide.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// How a checksum is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChecksumAlgorithm {
    /// SHA-256.
    Sha256,
    /// CRC-32C.
    Crc32c,
    /// CRC-64/NVME.
    Crc64Nvme,
    /// MD5, which S3 and Swift compare, but do not keep by this name.
    Md5,
}

impl ChecksumAlgorithm {
    /// All of them with their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("sha256", Self::Sha256),
        ("crc32c", Self::Crc32c),
        ("crc64nvme", Self::Crc64Nvme),
        ("md5", Self::Md5),
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Crc32c => "crc32c",
            Self::Crc64Nvme => "crc64nvme",
            Self::Md5 => "md5",
        }
    }

    /// The field of an order that holds one.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Sha256 => "checksum_sha256",
            Self::Crc32c => "checksum_crc32c",
            Self::Crc64Nvme => "checksum_crc64nvme",
            Self::Md5 => "content_md5",
        }
    }

    /// The header that tells S3.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Sha256 => "x-amz-checksum-sha256",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Md5 => "content-md5",
        }
    }

    /// How many bytes it has.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Md5 => 16,
        }
    }
}

/// A checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// How it is computed.
    pub algorithm: ChecksumAlgorithm,
    /// Its base64.
    pub value: String,
}

impl Checksum {
    /// Reads the base64 of one.
    ///
    /// ```
    /// # use cloakroom_core::upload::checksum::{Checksum, ChecksumAlgorithm};
    /// assert!(Checksum::parse(ChecksumAlgorithm::Crc32c, "AAAAAA==").is_some());
    /// assert!(Checksum::parse(ChecksumAlgorithm::Sha256, "AAAAAA==").is_none());
    /// ```
    pub fn parse(algorithm: ChecksumAlgorithm, text: &str) -> Option<Self> {
        let bytes = BASE64_STANDARD.decode(text).ok()?;
        (bytes.len() == algorithm.length()).then(|| Self { algorithm, value: text.to_owned() })
    }
}
