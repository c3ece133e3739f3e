//! What differs between S3 and the other services of AWS.
//!
//! | | S3 | others |
//! |---|---|---|
//! | path | encoded once, as it was sent | normalized, encoded twice |
//! | payload hash | named in `x-amz-content-sha256` | computed from the body that arrives |
//! | presigned URLs | cover no body | cover the body, mostly an empty one |
//!
//! Source: *Create a signed AWS API request* in the AWS IAM user guide.

use super::payload::Payload;

/// How a service has its requests signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How often the path is encoded.
    pub path_encoding: PathEncoding,
    /// Whether dots and slashes are removed from the path.
    pub path_normalization: PathNormalization,
    /// How the service learns what the payload hash is.
    pub payload_hash: PayloadHash,
    /// Whether the session token is signed.
    pub session_token: SessionToken,
}

/// How often a path is percent-encoded on its way into the canonical request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathEncoding {
    /// Once, as it is sent.
    Once,
    /// Twice: what is sent is encoded once more.
    Twice,
}

/// What becomes of `.`, `..` and empty segments of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathNormalization {
    /// They stay: in S3 they are part of an object's key.
    AsSent,
    /// They are removed.
    Normalized,
}

/// How a service learns the payload hash that was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadHash {
    /// From `x-amz-content-sha256`; a presigned URL that has none covers no payload.
    Named,
    /// It hashes the body. What no hash could give, such as `UNSIGNED-PAYLOAD`, is named.
    Computed,
}

/// Whether a session token is part of what is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionToken {
    /// Yes.
    Signed,
    /// It is added to the request after signing, as AWS IoT has it.
    Appended,
}

impl Settings {
    /// Those of S3 and of the stores that speak its language.
    pub const S3: Self = Self {
        path_encoding: PathEncoding::Once,
        path_normalization: PathNormalization::AsSent,
        payload_hash: PayloadHash::Named,
        session_token: SessionToken::Signed,
    };

    /// Those of the other services.
    pub const GENERAL: Self = Self {
        path_encoding: PathEncoding::Twice,
        path_normalization: PathNormalization::Normalized,
        payload_hash: PayloadHash::Computed,
        session_token: SessionToken::Signed,
    };

    /// Those of the service that a credential scope names.
    ///
    /// ```
    /// # use cloakroom_core::sigv4::settings::Settings;
    /// assert_eq!(Settings::of_service("s3"), Settings::S3);
    /// assert_eq!(Settings::of_service("sts"), Settings::GENERAL);
    /// ```
    pub fn of_service(service: &str) -> Self {
        match service {
            "s3" | "s3express" | "s3-outposts" | "s3-object-lambda" => Self::S3,
            _ => Self::GENERAL,
        }
    }

    /// Whether the path of the canonical request is the one that is sent.
    pub(super) fn signs_path_as_sent(&self) -> bool {
        self.path_encoding == PathEncoding::Once
            && self.path_normalization == PathNormalization::AsSent
    }

    /// What a presigned URL covers of the body when nobody says otherwise.
    pub(super) fn presigned_payload(&self) -> Payload<'static> {
        match self.payload_hash {
            PayloadHash::Named => Payload::Unsigned,
            PayloadHash::Computed => Payload::EMPTY,
        }
    }

    /// Whether a request signed in its headers must name this payload.
    pub(super) fn is_named_in_headers(&self, payload: Payload<'_>) -> bool {
        self.payload_hash == PayloadHash::Named || !matches!(payload, Payload::Sha256(_))
    }

    /// Whether a presigned URL must name this payload.
    pub(super) fn is_named_in_query(&self, payload: Payload<'_>) -> bool {
        match self.payload_hash {
            PayloadHash::Named => payload != Payload::Unsigned,
            PayloadHash::Computed => !matches!(payload, Payload::Sha256(_)),
        }
    }
}
