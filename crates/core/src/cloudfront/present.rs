//! Reading signed URLs and signed cookies.

use crate::capability::{CapabilityError, malformed};
use crate::grant::Dialect;
use crate::request::Request;
use crate::time::UnixTime;

use super::resource::Resource;
use super::statement::Statement;
use super::{HashAlgorithm, Names, decode_base64, is_meant};

/// The query parameters of which any one makes a URL a signed one.
pub(crate) const PARAMETERS: [&str; 4] = super::PARAMETERS.telling();

/// The cookies of which any one makes a request a signed one.
pub(crate) const COOKIES: [&str; 4] = super::COOKIES.telling();

/// URLs and values longer than this are refused: 8 KiB, as long as a URL may be for CloudFront.
const MAX_LENGTH: usize = 8192;

/// A CloudFront credential as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedCloudFront<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) dialect: Dialect,
    /// The request's URL without the parameters of the credential.
    pub(super) url: String,
    pub(super) statement: Statement,
    /// The bytes that were signed, of which `statement` was read.
    pub(super) policy: String,
    pub(super) signature: Vec<u8>,
    pub(super) key_pair_id: &'r str,
    pub(super) hash_algorithm: HashAlgorithm,
}

impl<'r> PresentedCloudFront<'r> {
    /// Reads a signed URL.
    ///
    /// # Errors
    /// [`CapabilityError::Malformed`] or [`CapabilityError::Duplicate`] when it is not one, or
    /// could be read in two ways. A parameter that is a name of CloudFront's in other letters
    /// (`policy`, `%50olicy`) is refused.
    pub fn parse_url(request: &'r Request<'r>) -> Result<Self, CapabilityError> {
        let names = &super::PARAMETERS;
        let parts = Parts::find(names, request.query().pairs())?;
        let url = url_without(names, request)?;
        parts.read(request, Dialect::CloudFrontUrl, names, url)
    }

    /// Reads signed cookies. All of the query is then the app's own.
    ///
    /// # Errors
    /// As [`PresentedCloudFront::parse_url`].
    pub fn parse_cookies(request: &'r Request<'r>) -> Result<Self, CapabilityError> {
        let names = &super::COOKIES;
        let parts = Parts::find(names, request.cookies())?;
        let url = url_without(names, request)?;
        parts.read(request, Dialect::CloudFrontCookie, names, url)
    }

    /// Where the credential stands.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The policy that must be signed: the one that was sent, or the canned one of the URL.
    pub fn policy(&self) -> &str {
        &self.policy
    }

    /// The key that it says it was signed with.
    pub fn key_pair_id(&self) -> &str {
        self.key_pair_id
    }
}

/// The parts of a credential, not read yet.
struct Parts<'r> {
    expires: Option<&'r str>,
    policy: Option<&'r str>,
    signature: Option<&'r str>,
    key_pair_id: Option<&'r str>,
    hash_algorithm: Option<&'r str>,
}

impl<'r> Parts<'r> {
    fn find(
        names: &Names,
        pairs: impl Iterator<Item = (&'r str, &'r str)>,
    ) -> Result<Self, CapabilityError> {
        let mut found = [None; 5];
        for (name, value) in pairs {
            let slots = names.all().into_iter().zip(&mut found);
            let Some((exact, slot)) = slots.into_iter().find(|(known, _)| is_meant(known, name))
            else {
                continue;
            };
            if name != exact {
                return malformed(exact, "spelled exactly so");
            }
            if slot.replace(value).is_some() {
                return Err(CapabilityError::Duplicate(exact));
            }
        }
        let [expires, policy, signature, key_pair_id, hash_algorithm] = found;
        Ok(Self { expires, policy, signature, key_pair_id, hash_algorithm })
    }

    fn read(
        self,
        request: &'r Request<'r>,
        dialect: Dialect,
        names: &Names,
        url: String,
    ) -> Result<PresentedCloudFront<'r>, CapabilityError> {
        let (statement, policy) = match (self.expires, self.policy) {
            (Some(expires), None) => read_canned(names, &url, expires)?,
            (None, Some(policy)) => read_custom(names, policy)?,
            (Some(_), Some(_)) => return malformed(names.expires, "left out beside a policy"),
            (None, None) => return malformed(names.expires, "given, or a policy in its place"),
        };
        let signature = self.signature.and_then(decode_value);
        let Some(signature) = signature.filter(|signature| !signature.is_empty()) else {
            return malformed(names.signature, "base64 with `-_~` for `+=/`");
        };
        let Some(key_pair_id) = self.key_pair_id.filter(|id| !id.is_empty()) else {
            return malformed(names.key_pair_id, "the id of a key");
        };
        let hash_algorithm = self.hash_algorithm.unwrap_or(HashAlgorithm::Sha1.as_str());
        let Some(hash_algorithm) = HashAlgorithm::parse(hash_algorithm) else {
            return malformed(names.hash_algorithm, "`SHA1` or `SHA256`");
        };
        Ok(PresentedCloudFront {
            request,
            dialect,
            url,
            statement,
            policy,
            signature,
            key_pair_id,
            hash_algorithm,
        })
    }
}

/// A canned policy, which was not sent: it opens `url` alone.
fn read_canned(
    names: &Names,
    url: &str,
    expires: &str,
) -> Result<(Statement, String), CapabilityError> {
    let time = expires.parse().ok().map(UnixTime::from_secs);
    // The number is written into the policy again, so it must have the one spelling.
    let Some(expires_at) = time.filter(|time| time.as_secs().to_string() == expires) else {
        return malformed(names.expires, "a whole number of seconds");
    };
    let Some(resource) = Resource::parse(url) else {
        return malformed("URL", "at most 1024 bytes long when there is a `*` in it");
    };
    let statement =
        Statement { resource: Some(resource), expires_at, starts_at: None, source_ip: None };
    let policy = statement.to_json();
    Ok((statement, policy))
}

/// A custom policy. What was signed is kept as it is: other signers order and space it their
/// own way.
fn read_custom(names: &Names, policy: &str) -> Result<(Statement, String), CapabilityError> {
    let decoded = decode_value(policy).and_then(|bytes| String::from_utf8(bytes).ok());
    let Some(policy) = decoded else {
        return malformed(names.policy, "base64 of UTF-8 with `-_~` for `+=/`");
    };
    Ok((Statement::parse(&policy)?, policy))
}

fn decode_value(text: &str) -> Option<Vec<u8>> {
    (text.len() <= MAX_LENGTH).then(|| decode_base64(text)).flatten()
}

/// The whole URL of `request` without the parameters in `names`; all else as it was sent.
fn url_without(names: &Names, request: &Request<'_>) -> Result<String, CapabilityError> {
    let host = request.host();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    // With other bytes in it, where the host ends would be for the viewer to say.
    if !host.bytes().all(plain) {
        return malformed("host", "a name or an address, and perhaps a port");
    }
    let mut url = format!("{}://{host}{}", request.scheme().as_str(), request.path());
    let is_own = |pair: &&str| pair.split('=').next().is_some_and(|n| names.all().contains(&n));
    let query = request.query().as_str();
    let others: Vec<_> = query.split('&').filter(|pair| !is_own(pair)).collect();
    if !query.is_empty() && !others.is_empty() {
        url.push('?');
        url.push_str(&others.join("&"));
    }
    if url.len() > MAX_LENGTH {
        return malformed("URL", "at most 8192 bytes long");
    }
    Ok(url)
}
