//! Reading a TempURL.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::capability::{CapabilityError, malformed};
use crate::crypto::Hash;
use crate::disposition::Disposition;
use crate::object::decode_path;
use crate::request::Request;
use crate::time::UnixTime;

use super::ip_range::IpRange;
use super::{DIGESTS, EXPIRES, FILENAME, INLINE, IP_RANGE, PREFIX, SIGNATURE};

/// A TempURL as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedTempUrl<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) path: String,
    pub(super) digest: Hash,
    pub(super) signature: Vec<u8>,
    pub(super) expires_at: UnixTime,
    pub(super) prefix: Option<String>,
    pub(super) ip_range: Option<IpRange>,
    pub(super) disposition: Disposition,
}

impl<'r> PresentedTempUrl<'r> {
    /// Reads the parameters of a TempURL.
    ///
    /// # Errors
    /// [`CapabilityError`] when they are not those of one: one is missing, is not of its form,
    /// is escaped or in another case, or is there twice.
    pub fn parse(request: &'r Request<'r>) -> Result<Self, CapabilityError> {
        let mut parameters = Parameters::read(request)?;
        let Some((digest, signature)) = read_signature(&parameters.required(SIGNATURE)?) else {
            return malformed(SIGNATURE, "a signature in hex, or its digest, `:` and base64");
        };
        let Some(expires_at) = read_expires(&parameters.required(EXPIRES)?) else {
            return malformed(EXPIRES, "seconds since the epoch, or `YYYY-MM-DDTHH:MM:SSZ`");
        };
        let ip_range = match parameters.take(IP_RANGE).map(|text| IpRange::parse(&text)) {
            Some(None) => return malformed(IP_RANGE, "an IP address or a CIDR range"),
            range => range.flatten(),
        };
        let Ok(path) = decode_path(request.path()) else {
            return malformed("path", "UTF-8, with each slash sent as `/`");
        };
        let disposition = Disposition {
            inline: parameters.take(INLINE).is_some(),
            filename: parameters.take(FILENAME).filter(|name| !name.is_empty()),
        };
        let prefix = parameters.take(PREFIX);
        Ok(Self { request, path, digest, signature, expires_at, prefix, ip_range, disposition })
    }
}

const KNOWN: [&str; 6] = [SIGNATURE, EXPIRES, PREFIX, IP_RANGE, FILENAME, INLINE];

/// The parameters that have a meaning, decoded.
struct Parameters(Vec<(&'static str, String)>);

impl Parameters {
    fn read(request: &Request<'_>) -> Result<Self, CapabilityError> {
        let mut found: Vec<(&'static str, String)> = Vec::new();
        let decoded = request.query().decoded().unwrap_or_default();
        for ((raw, _), (name, value)) in request.query().pairs().zip(decoded) {
            let mut known = KNOWN.into_iter();
            let Some(known) = known.find(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            else {
                continue;
            };
            // Another layer might not know it in this spelling, or take it for the parameter.
            if raw != known {
                return malformed(known, "written exactly like this");
            }
            if found.iter().any(|(name, _)| *name == known) {
                return Err(CapabilityError::Duplicate(known));
            }
            match String::from_utf8(value.into_owned()) {
                Ok(value) => found.push((known, value)),
                Err(_) => return malformed(known, "UTF-8"),
            }
        }
        Ok(Self(found))
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    fn required(&mut self, name: &'static str) -> Result<String, CapabilityError> {
        self.take(name).map_or_else(|| malformed(name, "given"), Ok)
    }
}

/// The digest and the signature. In hex the length tells the digest.
fn read_signature(text: &str) -> Option<(Hash, Vec<u8>)> {
    let (digest, signature) = if let Some((name, text)) = text.split_once(':') {
        let digest = DIGESTS.into_iter().find(|digest| digest.as_str() == name)?;
        (digest, read_base64(text)?)
    } else {
        // Swift compares the text, so upper-case digits are wrong there, too.
        let signature = hex::decode(text).ok().filter(|bytes| hex::encode(bytes) == text)?;
        let mut digests = DIGESTS.into_iter();
        (digests.find(|digest| digest.digest_length() == signature.len())?, signature)
    };
    (signature.len() == digest.digest_length()).then_some((digest, signature))
}

/// Reads base64 in either alphabet (RFC 4648, sections 4 and 5), padded or not.
fn read_base64(text: &str) -> Option<Vec<u8>> {
    const CONFIG: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

fn read_expires(text: &str) -> Option<UnixTime> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return UnixTime::parse_rfc3339(text);
    }
    let seconds: u64 = text.parse().ok()?;
    // What is signed is the number that was sent, so none may be clamped.
    (seconds <= UnixTime::MAX.as_secs()).then(|| UnixTime::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_has_many_spellings() {
        let bytes = [0xfb_u8; 20];
        for text in [
            hex::encode(bytes),
            "sha1:+/v7+/v7+/v7+/v7+/v7+/v7+/s=".into(),
            "sha1:+/v7+/v7+/v7+/v7+/v7+/v7+/s".into(),
            "sha1:-_v7-_v7-_v7-_v7-_v7-_v7-_s=".into(),
            "sha1:-_v7-_v7-_v7-_v7-_v7-_v7-_s".into(),
        ] {
            assert_eq!(read_signature(&text), Some((Hash::Sha1, bytes.to_vec())), "{text}");
        }
        for digest in DIGESTS {
            let signature = vec![7; digest.digest_length()];
            let read = read_signature(&hex::encode(&signature));
            assert_eq!(read, Some((digest, signature)));
        }
    }

    #[test]
    fn refuses_what_is_no_signature() {
        for text in [
            String::new(),
            ":".into(),
            "sha256:".into(),
            "g".repeat(64),
            "0".repeat(63),
            "0".repeat(32),
            hex::encode([0xfb_u8; 20]).to_uppercase(),
            // Both alphabets at once, spare bits, too much padding, too short, no such digest.
            "sha1:+_v7-_v7-_v7-_v7-_v7-_v7-_s".into(),
            "sha1:-_v7-_v7-_v7-_v7-_v7-_v7-_t".into(),
            "sha1:-_v7-_v7-_v7-_v7-_v7-_v7-_s==".into(),
            "sha256:-_v7-_v7-_v7-_v7-_v7-_v7-_s".into(),
            "md5:+/v7+/v7+/v7+/v7+/v7+w".into(),
            "SHA1:+/v7+/v7+/v7+/v7+/v7+/v7+/s".into(),
        ] {
            assert_eq!(read_signature(&text), None, "{text}");
        }
    }

    #[test]
    fn a_time_has_two_notations() {
        let read = |text| read_expires(text).map(UnixTime::as_secs);
        assert_eq!(read("1512508563"), Some(1_512_508_563));
        assert_eq!(read("0001"), Some(1));
        assert_eq!(read("2017-12-05T21:16:03Z"), Some(1_512_508_563));
        assert_eq!(read("253402300799"), Some(253_402_300_799));
        for text in [
            "",
            "+1",
            "-1",
            "1.5",
            " 1",
            "1_000",
            "253402300800",
            "99999999999999999999",
            "2017-12-05T21:16:03",
            "2017-12-05",
            "2017-12-05T21:16:03+00:00",
            "٣",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
