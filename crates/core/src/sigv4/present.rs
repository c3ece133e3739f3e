//! Reading a SigV4 credential from a request, without proving anything yet.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use crate::query::Parameter;
use crate::request::{Method, Request};
use crate::time::AmzDate;

use super::credential::Credential;
use super::payload::Payload;
use super::signed_headers::SignedHeaderNames;
use super::signing_key::Signature;
use super::{ALGORITHM, ExpiresIn};

/// The query parameters that make up a presigned URL, and one that may be beside them.
const PARAMETERS: &[&str; 8] = &[
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
    PAYLOAD_PARAMETER,
];

/// How many of them make a URL a presigned one: all but the last.
const OWN: usize = PARAMETERS.len() - 1;

/// What a presigned URL says of the body, where it says something.
const PAYLOAD_PARAMETER: &str = "X-Amz-Content-Sha256";

/// The headers beside `Authorization` that a credential is read from.
const CREDENTIAL_HEADERS: [&str; 3] =
    ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// Why a credential cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresentError {
    /// A part is missing, or not of its form.
    Malformed {
        /// The parameter, header or field.
        part: &'static str,
        /// What would be right.
        expected: &'static str,
    },
    /// A parameter, field or header was given twice.
    DuplicateParameter(&'static str),
    /// `X-Amz-Expires` is not within 1 to 604,800 seconds.
    ExpiryOutOfRange,
}

impl fmt::Display for PresentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { part, expected } => write!(f, "`{part}` must be {expected}"),
            Self::DuplicateParameter(name) => write!(f, "`{name}` is given twice"),
            Self::ExpiryOutOfRange => {
                f.write_str("`X-Amz-Expires` must be a number of seconds from 1 to 604800")
            }
        }
    }
}

/// Where the credential stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// In the query, with a life of its own.
    Query {
        /// How long it lives from the time of signing.
        expires_in: ExpiresIn,
    },
    /// In the `Authorization` header.
    Header,
}

/// A credential as it was sent: claims, not facts.
#[derive(Clone)]
pub struct PresentedSigv4<'r> {
    pub(super) request: &'r Request<'r>,
    pub(super) carrier: Carrier,
    pub(super) credential: Credential<'r>,
    pub(super) signed_at: AmzDate,
    pub(super) signed_headers: SignedHeaderNames<'r>,
    pub(super) session_token: Option<Cow<'r, str>>,
    pub(super) payload: Cow<'r, str>,
    pub(super) signature: Signature,
}

impl<'r> PresentedSigv4<'r> {
    /// Where the credential stands.
    pub fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// The key that it says it was signed with.
    pub fn access_key_id(&self) -> &str {
        self.credential.access_key_id()
    }

    /// The region of the credential scope.
    pub fn region(&self) -> &str {
        self.credential.region()
    }

    /// Reads a presigned URL.
    ///
    /// # Errors
    /// [`PresentError`] for whatever AWS would call an `AuthorizationQueryParametersError`.
    pub fn parse_query(request: &'r Request<'r>) -> Result<Self, PresentError> {
        let mut found: [Option<Cow<'r, str>>; 8] = Default::default();
        let mut names = BTreeSet::new();
        for Parameter { name, value } in request.query().parameters() {
            // INVARIANT: every `%` of a request begins an escape.
            let name = name.decode().unwrap_or_default();
            let mut slots = PARAMETERS.iter().zip(&mut found);
            if let Some((name, slot)) = place(&name).and_then(|place| slots.nth(place)) {
                let Some(value) = value.decode_text().unwrap_or_default() else {
                    return malformed(name, "UTF-8");
                };
                if slot.replace(value).is_some() {
                    return Err(PresentError::DuplicateParameter(name));
                }
            } else if let Some(exact) = PARAMETERS.iter().find(|exact| is_meant(exact, &name)) {
                return malformed(exact, "spelled exactly so");
            } else if !names.insert(name) {
                // Whatever the query is used for, a name given twice can be read in two ways. It is
                // not repeated: the viewer's may be secrets of other systems.
                return Err(PresentError::DuplicateParameter("(not one of ours)"));
            }
        }
        let [
            algorithm,
            credential,
            date,
            expires,
            session_token,
            signed_headers,
            signature,
            payload,
        ] = found;
        // A header says the same as the parameter, for signers that cannot do without it.
        let header = unique_header(request, "x-amz-content-sha256")?;
        let payload = match (payload, header) {
            (Some(parameter), Some(header)) if parameter != header => {
                return malformed(PAYLOAD_PARAMETER, "what the header of that name is");
            }
            (Some(parameter), _) => parameter,
            (None, header) => header.unwrap_or(Payload::Unsigned.as_str()).into(),
        };
        if algorithm.as_deref() != Some(ALGORITHM) {
            return malformed("X-Amz-Algorithm", "`AWS4-HMAC-SHA256`");
        }
        let signed_at = parse_date(&date.unwrap_or_default(), "X-Amz-Date")?;
        let credential = credential.unwrap_or_default();
        let credential = Credential::parse(credential, signed_at, "X-Amz-Credential")?;
        let expires_in = parse_expires(&expires.unwrap_or_default())?;
        let signed_headers = signed_headers.unwrap_or_default();
        Ok(Self {
            request,
            carrier: Carrier::Query { expires_in },
            credential,
            signed_at,
            signed_headers: SignedHeaderNames::parse(signed_headers, "X-Amz-SignedHeaders")?,
            session_token,
            payload: parse_payload(payload, request, PAYLOAD_PARAMETER)?,
            signature: parse_signature(&signature.unwrap_or_default(), "X-Amz-Signature")?,
        })
    }

    /// Reads an `Authorization` header.
    ///
    /// # Errors
    /// [`PresentError`] for whatever AWS would call an `AuthorizationHeaderMalformed`.
    pub fn parse_header(request: &'r Request<'r>) -> Result<Self, PresentError> {
        let header = request.header("authorization").unwrap_or_default();
        let Some(fields) = header.strip_prefix(ALGORITHM).filter(|rest| rest.starts_with(' '))
        else {
            return malformed("Authorization", "`AWS4-HMAC-SHA256 Credential=…`");
        };
        let [mut credential, mut signed_headers, mut signature] = [None; 3];
        for field in fields.split(',') {
            let (name, value) = field.trim().split_once('=').unwrap_or((field.trim(), ""));
            let (name, slot) = match name {
                "Credential" => ("Credential", &mut credential),
                "SignedHeaders" => ("SignedHeaders", &mut signed_headers),
                "Signature" => ("Signature", &mut signature),
                _ => {
                    return malformed(
                        "Authorization",
                        "made of Credential, SignedHeaders and Signature only",
                    );
                }
            };
            if slot.replace(value).is_some() {
                return Err(PresentError::DuplicateParameter(name));
            }
        }
        for name in CREDENTIAL_HEADERS {
            unique_header(request, name)?;
        }
        let date = request.header("x-amz-date").unwrap_or_default();
        let signed_at = parse_date(date, "x-amz-date")?;
        let credential = credential.unwrap_or_default().into();
        let credential = Credential::parse(credential, signed_at, "Credential")?;
        let Some(payload) = request.header("x-amz-content-sha256") else {
            return malformed("x-amz-content-sha256", "sent, as S3 demands");
        };
        let signed_headers = signed_headers.unwrap_or_default().into();
        Ok(Self {
            request,
            carrier: Carrier::Header,
            credential,
            signed_at,
            signed_headers: SignedHeaderNames::parse(signed_headers, "SignedHeaders")?,
            session_token: request.header("x-amz-security-token").map(Cow::Borrowed),
            payload: parse_payload(payload.into(), request, "x-amz-content-sha256")?,
            signature: parse_signature(signature.unwrap_or_default(), "Signature")?,
        })
    }
}

/// Whether a parameter of this name, however it is spelled, makes a URL a presigned one.
pub(crate) fn is_of_presigned(name: &[u8]) -> bool {
    let (own, _) = PARAMETERS.split_at(OWN);
    place(name).is_some_and(|place| place < OWN) || own.iter().any(|exact| is_meant(exact, name))
}

/// The place among the parameters of one that is spelled exactly so.
fn place(name: &[u8]) -> Option<usize> {
    PARAMETERS.iter().position(|exact| exact.as_bytes() == name)
}

/// Whether a name is meant to be this one, in whatever letters.
fn is_meant(exact: &str, name: &[u8]) -> bool {
    exact.as_bytes().eq_ignore_ascii_case(name)
}

pub(super) fn malformed<T>(part: &'static str, expected: &'static str) -> Result<T, PresentError> {
    Err(PresentError::Malformed { part, expected })
}

fn unique_header<'r>(
    request: &Request<'r>,
    name: &'static str,
) -> Result<Option<&'r str>, PresentError> {
    let mut values = request.headers().filter(|(n, _)| *n == name).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(PresentError::DuplicateParameter(name)),
        (value, None) => Ok(value),
    }
}

/// The payload hash is kept as it was signed. Reads have no body that it could be wrong about,
/// but they can have been signed for one; S3 would refuse those.
fn parse_payload<'r>(
    text: Cow<'r, str>,
    request: &Request<'_>,
    part: &'static str,
) -> Result<Cow<'r, str>, PresentError> {
    let Some(payload) = Payload::parse(&text) else {
        return malformed(part, "64 lower-case hexadecimal digits, or `UNSIGNED-PAYLOAD`");
    };
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    if is_read && !payload.allows_no_body() {
        return malformed(part, "the hash of no bytes: reads have no body");
    }
    Ok(text)
}

fn parse_date(text: &str, part: &'static str) -> Result<AmzDate, PresentError> {
    let expected = "a time such as 20130524T000000Z";
    AmzDate::parse(text).ok_or(PresentError::Malformed { part, expected })
}

fn parse_expires(text: &str) -> Result<ExpiresIn, PresentError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return malformed("X-Amz-Expires", "a whole number of seconds");
    }
    // Digits that do not fit are a number still, only too large.
    let seconds = text.parse().unwrap_or(u64::MAX);
    ExpiresIn::from_secs(seconds).ok_or(PresentError::ExpiryOutOfRange)
}

fn parse_signature(text: &str, part: &'static str) -> Result<Signature, PresentError> {
    let expected = "64 lower-case hexadecimal digits";
    Signature::parse(text).ok_or(PresentError::Malformed { part, expected })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";

    fn parse_header(extra: &[(&str, &str)]) -> Result<(), PresentError> {
        let authorization = format!(
            "{ALGORITHM} Credential=AK/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature={SIGNATURE}"
        );
        let headers = [
            ("host", "h"),
            ("authorization", &authorization),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD"),
            ("x-amz-date", "20130524T000000Z"),
        ];
        let headers = headers.into_iter().chain(extra.iter().copied());
        let request = Request::parse("GET", "/", headers).unwrap();
        PresentedSigv4::parse_header(&request).map(|_| ())
    }

    #[test]
    fn a_header_of_the_credential_comes_once() {
        assert_eq!(parse_header(&[("x-amz-meta-a", "1"), ("x-amz-meta-a", "2")]), Ok(()));
        let token = ("x-amz-security-token", "t");
        assert_eq!(parse_header(&[token]), Ok(()));
        for (twice, name) in [
            ([token, token], "x-amz-security-token"),
            ([("x-amz-date", "20130524T000001Z"), token], "x-amz-date"),
            ([("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), token], "x-amz-content-sha256"),
        ] {
            assert_eq!(parse_header(&twice), Err(PresentError::DuplicateParameter(name)));
        }
    }
}
