//! The signature of a form: `hex(HMAC-SHA256(signing key, policy))`, over the policy as it is sent,
//! in base64.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use s3s::{S3Result, s3_error};
use sha2::Sha256;

use crate::presented::Presented;

/// The secret of the one key pair.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    /// Wraps a secret access key.
    pub(crate) fn new(secret: String) -> Self {
        Self(secret)
    }

    /// Compares the signature of a form with that of its policy.
    pub(crate) fn verify(
        &self,
        ticket: &Presented<'_>,
        policy: &str,
        signature: &str,
    ) -> S3Result<()> {
        let mut key = format!("AWS4{}", self.0).into_bytes();
        for part in [ticket.day, ticket.region, ticket.service, "aws4_request"] {
            key = mac(&key, part)?.finalize().into_bytes().to_vec();
        }
        // Upper-case digits decode too, and S3 does not take them.
        let digits = hex::decode(signature).unwrap_or_default();
        let is_lower = !signature.bytes().any(|byte| byte.is_ascii_uppercase());
        if is_lower && mac(&key, policy)?.verify_slice(&digits).is_ok() {
            return Ok(());
        }
        Err(s3_error!(
            SignatureDoesNotMatch,
            "The request signature we calculated does not match the signature you provided. Check your key and \
             signing method."
        ))
    }
}

fn mac(key: &[u8], text: &str) -> S3Result<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(s3s::S3Error::internal_error)?;
    mac.update(text.as_bytes());
    Ok(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("hidden".to_owned())), "Secret(..)");
    }
}
