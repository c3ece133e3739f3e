//! Digests: the one that names a body (MD5, the ETag) and the one that the client declares.
//!
//! A body is hashed once while it arrives, with MD5 and exactly one further algorithm: the
//! declared one, or CRC-64/NVME, which S3 adds by itself.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::{S3Result, TrailingHeaders, s3_error};
use serde::{Deserialize, Serialize};

use crate::error::custom;

/// A checksum algorithm of S3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 5] = [Self::Crc32, Self::Crc32c, Self::Crc64Nvme, Self::Sha1, Self::Sha256];

    /// Its name in headers and documents.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
        }
    }

    /// The header that carries its value.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    /// The algorithm of this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.name().eq_ignore_ascii_case(name))
    }

    /// Whether checksums of parts combine to one of the whole.
    pub(crate) fn is_crc(self) -> bool {
        matches!(self, Self::Crc32 | Self::Crc32c | Self::Crc64Nvme)
    }

    fn digest_len(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Whether a checksum covers the bytes of the object or the checksums of its parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Coverage {
    FullObject,
    Composite,
}

impl Coverage {
    /// Its name in headers and documents.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }
}

/// The checksum kept with an object: base64, with `-N` after it for a composite of N parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StoredChecksum {
    pub(crate) algorithm: Algorithm,
    pub(crate) coverage: Coverage,
    pub(crate) value: String,
}

impl StoredChecksum {
    /// A checksum over all bytes.
    pub(crate) fn full(algorithm: Algorithm, digest: &[u8]) -> Self {
        Self { algorithm, coverage: Coverage::FullObject, value: STANDARD.encode(digest) }
    }

    /// The value if it is of this algorithm.
    pub(crate) fn of(&self, algorithm: Algorithm) -> Option<String> {
        (self.algorithm == algorithm).then(|| self.value.clone())
    }
}

/// What a request says about the digests of its body.
#[derive(Debug)]
pub(crate) struct Declared {
    md5: Option<[u8; 16]>,
    checksum: Option<(Algorithm, Source)>,
}

#[derive(Debug)]
enum Source {
    Header(String),
    Trailer,
}

impl Declared {
    /// Reads Content-MD5, `x-amz-checksum-*`, `x-amz-trailer` and `x-amz-sdk-checksum-algorithm`.
    pub(crate) fn parse(headers: &HeaderMap) -> S3Result<Self> {
        let mut found = Vec::new();
        for algorithm in Algorithm::ALL {
            if let Some(value) = headers.get(algorithm.header()) {
                let value = value.to_str().unwrap_or_default();
                if STANDARD.decode(value).map(|d| d.len()) != Ok(algorithm.digest_len()) {
                    return Err(s3_error!(
                        InvalidRequest,
                        "Value for {} header is invalid.",
                        algorithm.header()
                    ));
                }
                found.push((algorithm, Source::Header(value.to_owned())));
            }
        }
        if let Some(value) = headers.get("x-amz-trailer") {
            let name = value.to_str().unwrap_or_default().trim();
            let algorithm =
                Algorithm::ALL.into_iter().find(|a| a.header().eq_ignore_ascii_case(name));
            let algorithm = algorithm.ok_or_else(|| {
                s3_error!(
                    InvalidRequest,
                    "The value specified in the x-amz-trailer header is not supported"
                )
            })?;
            found.push((algorithm, Source::Trailer));
        }
        if found.len() > 1 {
            return Err(s3_error!(
                InvalidRequest,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
            ));
        }
        let checksum = found.pop();
        if let Some(named) = headers.get("x-amz-sdk-checksum-algorithm") {
            let named = Algorithm::parse(named.to_str().unwrap_or_default()).ok_or_else(|| {
                s3_error!(
                    InvalidRequest,
                    "Value for x-amz-sdk-checksum-algorithm header is invalid."
                )
            })?;
            match &checksum {
                None => {
                    return Err(s3_error!(
                        InvalidRequest,
                        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer \
                         headers were found."
                    ));
                }
                Some((sent, _)) if *sent != named => {
                    return Err(s3_error!(
                        InvalidRequest,
                        "Value for x-amz-sdk-checksum-algorithm header is invalid."
                    ));
                }
                Some(_) => {}
            }
        }
        Ok(Self { md5: content_md5(headers)?, checksum })
    }

    /// The algorithm declared, by header or trailer.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        self.checksum.as_ref().map(|(algorithm, _)| *algorithm)
    }

    /// Whether anything is declared at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.md5.is_none() && self.checksum.is_none()
    }

    /// Compares with what arrived. The trailer is there once the body has been read to its end.
    pub(crate) fn verify(
        &self,
        digests: &Digests,
        trailer: Option<&TrailingHeaders>,
    ) -> S3Result<()> {
        if self.md5.is_some_and(|md5| md5 != digests.md5) {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        let Some((algorithm, source)) = &self.checksum else {
            return Ok(());
        };
        let expected = match source {
            Source::Header(value) => value.clone(),
            Source::Trailer => trailer
                .and_then(|t| t.read(|headers| headers.get(algorithm.header()).cloned()).flatten())
                .and_then(|value| value.to_str().map(str::to_owned).ok())
                .ok_or_else(|| {
                    custom(
                        "MalformedTrailerError",
                        StatusCode::BAD_REQUEST,
                        "The request contained trailing data that was not well-formed or did not conform to our \
                         published schema.",
                    )
                })?,
        };
        if digests.algorithm != *algorithm || expected != digests.encoded() {
            return Err(s3_error!(
                BadDigest,
                "The {} you specified did not match the calculated checksum.",
                algorithm.name()
            ));
        }
        Ok(())
    }
}

/// The digests of a whole body.
#[derive(Clone, Debug)]
pub(crate) struct Digests {
    pub(crate) md5: [u8; 16],
    pub(crate) algorithm: Algorithm,
    pub(crate) checksum: Vec<u8>,
}

impl Digests {
    /// The checksum as headers carry it.
    pub(crate) fn encoded(&self) -> String {
        STANDARD.encode(&self.checksum)
    }

    /// The checksum as an object keeps it.
    pub(crate) fn stored(&self) -> StoredChecksum {
        StoredChecksum::full(self.algorithm, &self.checksum)
    }
}

/// Computes the digests of a body while it passes.
pub(crate) struct Hasher {
    md5: Md5,
    algorithm: Algorithm,
    sum: Sum,
}

enum Sum {
    Crc32(Crc32),
    Crc32c(Crc32c),
    Crc64Nvme(Crc64Nvme),
    Sha1(Sha1),
    Sha256(Sha256),
}

impl Hasher {
    /// Starts with nothing hashed.
    pub(crate) fn new(algorithm: Algorithm) -> Self {
        let sum = match algorithm {
            Algorithm::Crc32 => Sum::Crc32(Crc32::new()),
            Algorithm::Crc32c => Sum::Crc32c(Crc32c::new()),
            Algorithm::Crc64Nvme => Sum::Crc64Nvme(Crc64Nvme::new()),
            Algorithm::Sha1 => Sum::Sha1(Sha1::new()),
            Algorithm::Sha256 => Sum::Sha256(Sha256::new()),
        };
        Self { md5: Md5::new(), algorithm, sum }
    }

    /// Hashes the next bytes.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        match &mut self.sum {
            Sum::Crc32(sum) => sum.update(bytes),
            Sum::Crc32c(sum) => sum.update(bytes),
            Sum::Crc64Nvme(sum) => sum.update(bytes),
            Sum::Sha1(sum) => sum.update(bytes),
            Sum::Sha256(sum) => sum.update(bytes),
        }
    }

    /// The digests of everything hashed.
    pub(crate) fn finish(self) -> Digests {
        let checksum = match self.sum {
            Sum::Crc32(sum) => sum.finalize().to_vec(),
            Sum::Crc32c(sum) => sum.finalize().to_vec(),
            Sum::Crc64Nvme(sum) => sum.finalize().to_vec(),
            Sum::Sha1(sum) => sum.finalize().to_vec(),
            Sum::Sha256(sum) => sum.finalize().to_vec(),
        };
        Digests { md5: self.md5.finalize(), algorithm: self.algorithm, checksum }
    }
}

/// Fills the five checksum fields that the answers of S3 have in common.
macro_rules! set_checksum {
    ($output:expr, $stored:expr) => {{
        use $crate::checksum::Algorithm;
        let stored = $stored;
        $output.checksum_crc32 = stored.of(Algorithm::Crc32);
        $output.checksum_crc32c = stored.of(Algorithm::Crc32c);
        $output.checksum_crc64nvme = stored.of(Algorithm::Crc64Nvme);
        $output.checksum_sha1 = stored.of(Algorithm::Sha1);
        $output.checksum_sha256 = stored.of(Algorithm::Sha256);
    }};
}
pub(crate) use set_checksum;

fn content_md5(headers: &HeaderMap) -> S3Result<Option<[u8; 16]>> {
    let Some(value) = headers.get("content-md5") else {
        return Ok(None);
    };
    let digest = STANDARD.decode(value.as_bytes()).ok().and_then(|d| <[u8; 16]>::try_from(d).ok());
    match digest {
        Some(digest) => Ok(Some(digest)),
        None => Err(s3_error!(InvalidDigest, "The Content-MD5 you specified was invalid.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the algorithms' catalogues over `123456789`.
    #[test]
    fn digests_match_their_published_check_values() {
        let cases = [
            (Algorithm::Crc32, "cbf43926"),
            (Algorithm::Crc32c, "e3069283"),
            (Algorithm::Crc64Nvme, "ae8b14860a799888"),
            (Algorithm::Sha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"),
            (Algorithm::Sha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"),
        ];
        for (algorithm, expected) in cases {
            let mut hasher = Hasher::new(algorithm);
            hasher.update(b"1234");
            hasher.update(b"56789");
            let digests = hasher.finish();
            assert_eq!(hex::encode(&digests.checksum), expected);
            assert_eq!(digests.checksum.len(), algorithm.digest_len());
            assert_eq!(hex::encode(digests.md5), "25f9e794323b453885f5181f1b624d0b");
        }
    }

    #[test]
    fn declarations_that_cannot_be_met_are_refused() {
        let cases: [(&[(&str, &str)], &str); 6] = [
            (&[("content-md5", "zzz")], "InvalidDigest"),
            (&[("x-amz-checksum-crc32", "AAA=")], "InvalidRequest"),
            (
                &[
                    ("x-amz-checksum-crc32", "AAAAAA=="),
                    ("x-amz-checksum-sha1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
                ],
                "InvalidRequest",
            ),
            (&[("x-amz-trailer", "x-amz-checksum-md4")], "InvalidRequest"),
            (&[("x-amz-sdk-checksum-algorithm", "CRC32")], "InvalidRequest"),
            (
                &[("x-amz-sdk-checksum-algorithm", "SHA1"), ("x-amz-checksum-crc32", "AAAAAA==")],
                "InvalidRequest",
            ),
        ];
        for (pairs, code) in cases {
            let headers: HeaderMap =
                pairs.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
            assert_eq!(Declared::parse(&headers).unwrap_err().code().as_str(), code, "{pairs:?}");
        }
    }
}
