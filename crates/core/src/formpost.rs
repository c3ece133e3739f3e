//! Swift's FormPost: what a browser may POST into a container.
//!
//! The signature covers where files go and how many and how large they may be, and nothing else: a
//! client chooses names, types and encodings, and when the object is deleted. The name of the object
//! is the path and then the file's name.
//!
//! ```text
//! /v1/AUTH_shop/photos/users/alice/          what is signed, line by line
//! https://shop.example/done
//! 104857600
//! 10
//! 1512508563
//! ```
//!
//! Source: *Form POST middleware* in the OpenStack Swift API documentation.

use std::fmt;

use crate::crypto::Hash;
use crate::form::SignedForm;
use crate::secret::Secret;
use crate::tempurl::{DIGESTS, split_container};
use crate::time::UnixTime;

/// A form in the making.
///
/// ```
/// # use cloakroom_core::{crypto::Hash, formpost::FormPost, secret::Secret, time::UnixTime};
/// let form = FormPost {
///     path: "/v1/AUTH_shop/photos/users/alice/",
///     redirect: None,
///     max_file_size: 104_857_600,
///     max_file_count: 10,
///     expires_at: UnixTime::from_secs(1_512_508_563),
///     digest: Hash::Sha256,
/// };
/// let signed = form.sign(&Secret::new("mykey")).unwrap();
/// let names: Vec<_> = signed.fields.iter().map(|(name, _)| name.as_str()).collect();
/// assert_eq!(names, ["max_file_size", "max_file_count", "expires", "signature"]);
/// // Without the slash, a file could become `users/alice2/evil`.
/// assert!(FormPost { path: "/v1/AUTH_shop/photos/users/alice", ..form }.sign(&Secret::new("k")).is_err());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct FormPost<'a> {
    /// The decoded path before the files' names: a container, or a folder in one.
    pub path: &'a str,
    /// Where the browser is sent afterwards; nowhere when absent.
    pub redirect: Option<&'a str>,
    /// The most bytes of a file.
    pub max_file_size: u64,
    /// The most files.
    pub max_file_count: u32,
    /// The last second at which it works.
    pub expires_at: UnixTime,
    /// SHA-1, SHA-256 or SHA-512.
    pub digest: Hash,
}

/// Why there can be no such form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnsignableError {
    /// The path is no container and no folder in one.
    NotAFolder,
    /// Swift would read another redirect than the one that is signed.
    Redirect,
    /// No file could be sent.
    NoFile,
    /// No form is signed with this hash.
    UnsupportedDigest(Hash),
}

impl fmt::Display for UnsignableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAFolder => f.write_str(
                "the path must be that of a container or a folder in it, and end with `/`, as in \
                 `/v1/account/container/folder/`",
            ),
            Self::Redirect => f.write_str(
                "the redirect must be a URL that does not end in `-` and has no line end: Swift \
                 cuts these off, and would find another signature",
            ),
            Self::NoFile => f.write_str("at least one file must be allowed"),
            Self::UnsupportedDigest(digest) => {
                write!(f, "forms are signed with sha1, sha256 or sha512, not with {digest}")
            }
        }
    }
}

impl FormPost<'_> {
    /// Signs it with a TempURL key of the account or the container.
    ///
    /// # Errors
    /// [`UnsignableError`] when Swift takes no such form, or it would allow more than it says.
    pub fn sign(&self, key: &Secret) -> Result<SignedForm, UnsignableError> {
        if !DIGESTS.contains(&self.digest) {
            return Err(UnsignableError::UnsupportedDigest(self.digest));
        }
        if !self.path.ends_with('/') || split_container(self.path).is_none() {
            return Err(UnsignableError::NotAFolder);
        }
        let is_cut = |text: &str| text.ends_with('-') || text.contains(['\r', '\n']);
        if self.redirect.is_some_and(|redirect| redirect.is_empty() || is_cut(redirect)) {
            return Err(UnsignableError::Redirect);
        }
        if self.max_file_count == 0 {
            return Err(UnsignableError::NoFile);
        }
        let (size, count) = (self.max_file_size.to_string(), self.max_file_count.to_string());
        let expires = self.expires_at.as_secs().to_string();
        let redirect = self.redirect.unwrap_or_default();
        let text = [self.path, redirect, &size, &count, &expires].join("\n");
        let signature = hex::encode(self.digest.hmac(key.expose().as_bytes(), &[text.as_bytes()]));
        let fields = [
            ("redirect", self.redirect.map(str::to_owned)),
            ("max_file_size", Some(size)),
            ("max_file_count", Some(count)),
            ("expires", Some(expires)),
            ("signature", Some(signature)),
        ];
        let fields = fields.into_iter();
        Ok(SignedForm {
            fields: fields
                .filter_map(|(name, value)| Some((name.to_owned(), Secret::new(value?))))
                .collect(),
            expires_at: self.expires_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: FormPost<'static> = FormPost {
        path: "/v1/AUTH_a/c/",
        redirect: Some("https://shop.example/done"),
        max_file_size: 7,
        max_file_count: 1,
        expires_at: UnixTime::from_secs(1_512_508_563),
        digest: Hash::Sha1,
    };

    #[test]
    fn what_would_allow_more_than_it_says_is_not_signed() {
        let sign = |form: FormPost<'_>| form.sign(&Secret::new("key")).map(|_| ());
        assert_eq!(sign(FORM), Ok(()));
        for path in ["/v1/AUTH_a/c", "/v1/AUTH_a/", "/v1/AUTH_a/c/u1", "c/", "", "/v1//c/"] {
            assert_eq!(sign(FormPost { path, ..FORM }), Err(UnsignableError::NotAFolder), "{path}");
        }
        for redirect in ["", "https://a.example/x-", "https://a.example/\n"] {
            let form = FormPost { redirect: Some(redirect), ..FORM };
            assert_eq!(sign(form), Err(UnsignableError::Redirect), "{redirect}");
        }
        let none = FormPost { max_file_count: 0, ..FORM };
        assert_eq!(sign(none), Err(UnsignableError::NoFile));
        let md5 = FormPost { digest: Hash::Md5, ..FORM };
        assert_eq!(sign(md5), Err(UnsignableError::UnsupportedDigest(Hash::Md5)));
    }

    #[test]
    fn a_form_says_nothing_when_it_is_shown() {
        let form = FORM.sign(&Secret::new("key")).unwrap();
        let (name, signature) = form.fields.last().unwrap();
        assert_eq!((name.as_str(), signature.expose().len()), ("signature", 40));
        assert!(!format!("{form:?}").contains(signature.expose()));
    }
}
