//! Signing URLs, in each dialect that has them.

use crate::cloudfront::sign::{Policy, Url};
use crate::crypto::Hash;
use crate::disposition::{ContentDisposition, Disposition};
use crate::edgeauth::Signer as EdgeAuthSigner;
use crate::edgeauth::sign::{Opens, Unsigned as UnsignedToken};
use crate::encoding::{Slash, encode};
use crate::key::{CloudFrontKey, EdgeAuthKey, Sigv4Key, TempUrlKey};
use crate::lifetime::Lifetime;
use crate::request::Method;
use crate::secret::Secret;
use crate::sigv4::Credentials;
use crate::sigv4::sign::{Signer, Unsigned};
use crate::tempurl::message::Resource;
use crate::tempurl::sign::{ExpiryNotation, TempUrl};

use super::error::{SignedUrlError, unsignable};
use super::issuer::{Issuer, IssuerKey};
use super::readable::Readable;
use super::signing::{Draft, Message, Scope, Ticket, Waiting};

/// The parameter of GetObject by which a signed URL names the file.
const DISPOSITION: &str = "response-content-disposition";

/// The region of a key that takes any.
const DEFAULT_REGION: &str = "us-east-1";

impl Issuer {
    /// Signs the URL of one object.
    pub(super) fn sign_url(
        &self,
        readable: Readable,
        method: Method,
        download: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<Draft, SignedUrlError> {
        let url = match &self.key {
            IssuerKey::Sigv4(key) => {
                self.presign(key, readable.path(), method, download, lifetime)?
            }
            IssuerKey::TempUrl(key) => {
                self.tempurl(key, readable.path(), method, download, lifetime)?
            }
            IssuerKey::EdgeAuth(key) if download.is_none() => {
                self.edgeauth(key, &readable, lifetime)?
            }
            IssuerKey::CloudFront { key, .. } => {
                let message = self.cloudfront(key, &readable, download, lifetime)?;
                let scope = Scope::Object(readable, method);
                return Ok(Draft::Waiting(Box::new(Waiting { message, scope })));
            }
            IssuerKey::EdgeAuth(_) | IssuerKey::Jwt { .. } => {
                return unsignable("This issuer's links cannot name a file: leave `download` out.");
            }
        };
        Ok(Draft::Signed(Box::new(Ticket::url(url, Scope::Object(readable, method)))))
    }

    fn presign(
        &self,
        key: &Sigv4Key,
        path: &str,
        method: Method,
        download: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<Secret, SignedUrlError> {
        let credentials = Credentials {
            access_key_id: key.id.clone(),
            secret_access_key: key.secret_access_key.clone(),
            session_token: key.session_token.clone(),
        };
        let signer = Signer {
            credentials: &credentials,
            region: key.regions.first().map_or(DEFAULT_REGION, String::as_str),
            service: "s3",
            time: lifetime.signed_at(),
        };
        let disposition = download.and_then(attachment);
        let query: Vec<_> = disposition.iter().map(|value| (DISPOSITION, value.as_str())).collect();
        let request = Unsigned { method, endpoint: &self.url, path, query: &query, headers: &[] };
        // INVARIANT: the policy has no life that presigned URLs cannot have.
        let expires_in = lifetime.expires_in().ok_or(SignedUrlError::NotSigned)?;
        Ok(signer.presign(&request, expires_in))
    }

    fn tempurl(
        &self,
        key: &TempUrlKey,
        path: &str,
        method: Method,
        download: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<Secret, SignedUrlError> {
        if !path.starts_with(&key.path) {
            return unsignable(format!("This issuer signs for files below `{}` only.", key.path));
        }
        let best = [Hash::Sha256, Hash::Sha512, Hash::Sha1];
        let digest = best.into_iter().find(|digest| key.digests.contains(digest));
        let url = TempUrl {
            method,
            resource: Resource::Object(path),
            expires_at: lifetime.expires_at(),
            notation: ExpiryNotation::Epoch,
            ip_range: None,
            digest: digest.unwrap_or(Hash::Sha256),
        };
        let signed = url.sign(&key.secret).or_else(|why| unsignable(format!("{why}.")))?;
        // The name is not signed, in Swift either.
        let name = download.map(|name| format!("&filename={}", encode(name, Slash::Encode)));
        let name = name.unwrap_or_default();
        Ok(Secret::new(format!("{}{}{name}", self.url, signed.encoded().expose())))
    }

    fn edgeauth(
        &self,
        key: &EdgeAuthKey,
        readable: &Readable,
        lifetime: Lifetime,
    ) -> Result<Secret, SignedUrlError> {
        let path = without_tilde(&readable.path_as_sent());
        let token = sign_token(key, Opens::Url(&path), lifetime)?;
        let token = encode(token.expose(), Slash::Encode);
        Ok(Secret::new(format!("{}{path}?{}={token}", self.url, key.token_name)))
    }

    fn cloudfront(
        &self,
        key: &CloudFrontKey,
        readable: &Readable,
        download: Option<&str>,
        lifetime: Lifetime,
    ) -> Result<Message, SignedUrlError> {
        let mut url = format!("{}{}", self.url, readable.path_as_sent());
        if let Some(value) = download.and_then(attachment) {
            url.push_str(&format!("?{DISPOSITION}={}", encode(value, Slash::Encode)));
        }
        let parsed = Url::parse(&url).or_else(|why| unsignable(format!("{why}.")))?;
        let policy = Policy::canned(parsed, lifetime.expires_at())
            .or_else(|why| unsignable(format!("{why}.")))?;
        Ok(Message::CloudFrontUrl { key: key.clone(), policy, url })
    }
}

/// An EdgeAuth token.
pub(super) fn sign_token(
    key: &EdgeAuthKey,
    opens: Opens<'_>,
    lifetime: Lifetime,
) -> Result<Secret, SignedUrlError> {
    let unsigned = UnsignedToken {
        opens,
        starts_at: None,
        expires_at: lifetime.expires_at(),
        address: None,
        id: None,
        data: None,
    };
    EdgeAuthSigner::new(key).sign(&unsigned).or_else(|why| unsignable(format!("{why}.")))
}

/// A path as it is sent, without the character that ends the fields of a token.
pub(super) fn without_tilde(path: &str) -> String {
    path.replace('~', "%7E")
}

fn attachment(name: &str) -> Option<String> {
    let asked = Disposition { inline: false, filename: Some(name.to_owned()) };
    ContentDisposition::new(&asked, name).chosen()
}
