//! What is asked of a bucket, from the query.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>,
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html>
//!
//! Whatever is not known here may ask for something else, so it is refused.

use super::error::{ListError, argument};
use crate::request::{Method, Request};

/// The most entries of a page, and as many as a page has when nothing else is asked.
pub const MAX_KEYS: usize = 1000;

/// The one delimiter. Where access depends on folders, other groups would tell of what is in
/// those of others: that a name has an `x`, say, by the page at which a listing ends.
pub const DELIMITER: &str = "/";

/// Prefixes and markers are no longer than keys, but that a token is longer.
const MAX_TEXT_LENGTH: usize = 4096;

/// Parameters of S3's other operations on buckets, which an error may name. Any other name is
/// the viewer's own text, and may be a secret put into the wrong place.
const SUB_RESOURCES: [&str; 28] = [
    "accelerate",
    "acl",
    "analytics",
    "continuation-token",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "lifecycle",
    "logging",
    "marker",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "prefix",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "start-after",
    "tagging",
    "uploads",
    "versioning",
    "versions",
    "website",
];

/// What is asked of a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BucketQuery {
    /// HeadBucket: whether there is one.
    Head,
    /// GetBucketLocation: its region.
    Location,
    /// ListObjects or ListObjectsV2.
    Objects(ObjectsQuery),
}

/// How a listing of objects is asked for, and is to be answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectsQuery {
    /// The operation.
    pub version: Version,
    /// What keys begin with.
    pub prefix: String,
    /// Up to where keys are put together: [`DELIMITER`], or empty when they are not.
    pub delimiter: String,
    /// The most entries of the page.
    pub max_keys: usize,
    /// Whether keys are percent-encoded in the answer.
    pub is_encoded: bool,
    /// `marker` or `start-after`, as sent.
    pub after: Option<String>,
    /// `continuation-token`, as sent.
    pub token: Option<String>,
}

/// The two operations, which differ in how a listing goes on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// ListObjects: after a `marker`.
    #[default]
    V1,
    /// ListObjectsV2: after a key, or at a token.
    V2,
}

impl BucketQuery {
    /// Reads the query of a request.
    ///
    /// # Errors
    /// [`ListError::Argument`] when a value is wrong, [`ListError::SubResource`] when something
    /// else is asked.
    pub fn parse(request: &Request<'_>) -> Result<Self, ListError> {
        let mut parameters = Parameters::read(request)?;
        if request.method() == Method::Head {
            return parameters.done(Self::Head);
        }
        if parameters.take("location")?.is_some() {
            return parameters.done(Self::Location);
        }
        let version = match parameters.take("list-type")?.as_deref() {
            None => Version::V1,
            Some("2") => Version::V2,
            Some(_) => return argument("list-type", "`2`, or be left out"),
        };
        let max_keys = match parameters.take("max-keys")? {
            None => MAX_KEYS,
            Some(text) => match text.parse::<i32>().map(usize::try_from) {
                Ok(Ok(max)) => max.min(MAX_KEYS),
                _ => return argument("max-keys", "a number from 0 to 2147483647"),
            },
        };
        let is_encoded = match parameters.take("encoding-type")?.as_deref() {
            None | Some("") => false,
            Some("url") => true,
            Some(_) => return argument("encoding-type", "`url`, or be left out"),
        };
        // Who owns the objects is not told.
        parameters.take("fetch-owner")?;
        let (after, token) = match version {
            Version::V1 => (parameters.take("marker")?, None),
            Version::V2 => {
                (parameters.take("start-after")?, parameters.take("continuation-token")?)
            }
        };
        let objects = ObjectsQuery {
            version,
            prefix: parameters.take("prefix")?.unwrap_or_default(),
            delimiter: match parameters.take("delimiter")? {
                Some(other) if !other.is_empty() && other != DELIMITER => {
                    return argument("delimiter", "`/`, or be left out");
                }
                delimiter => delimiter.unwrap_or_default(),
            },
            max_keys,
            is_encoded,
            after,
            token,
        };
        parameters.done(Self::Objects(objects))
    }
}

/// The parameters that were not read yet.
pub(super) struct Parameters(Vec<(String, Vec<u8>)>);

impl Parameters {
    pub(super) fn read(request: &Request<'_>) -> Result<Self, ListError> {
        let pairs = request.query().decoded().unwrap_or_default();
        let pairs = pairs.into_iter().map(|(name, value)| {
            let name = String::from_utf8(name.into_owned());
            Ok((name.or(argument("a parameter", "UTF-8"))?, value.into_owned()))
        });
        let mut all: Vec<_> = pairs.collect::<Result<_, _>>()?;
        // Those of the signature, and the operation's name, which SDKs for JavaScript send.
        all.retain(|(name, _)| {
            !name.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("x-amz-"))
                && name != "x-id"
        });
        Ok(Self(all))
    }

    pub(super) fn take(&mut self, name: &'static str) -> Result<Option<String>, ListError> {
        let Some(at) = self.0.iter().position(|(known, _)| known == name) else { return Ok(None) };
        let (_, value) = self.0.remove(at);
        if self.0.iter().any(|(known, _)| known == name) {
            return argument(name, "given once");
        }
        match String::from_utf8(value) {
            // XML could not say again what was asked.
            Ok(text) if text.chars().any(char::is_control) => {
                argument(name, "without control characters, which no key has")
            }
            Ok(text) if text.len() <= MAX_TEXT_LENGTH => Ok(Some(text)),
            _ => argument(name, "UTF-8, and no longer than keys"),
        }
    }

    /// What was read of them, if that is all there is.
    pub(super) fn done<T>(self, query: T) -> Result<T, ListError> {
        match self.0.into_iter().next() {
            Some((name, _)) => {
                let name = SUB_RESOURCES.into_iter().find(|known| *known == name);
                Err(ListError::SubResource { name })
            }
            None => Ok(query),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<BucketQuery, ListError> {
        let target = format!("/media?{query}");
        BucketQuery::parse(&Request::parse("GET", &target, [("host", "h")]).unwrap())
    }

    #[test]
    fn reads_both_operations() {
        let expected = ObjectsQuery { max_keys: 1000, ..ObjectsQuery::default() };
        assert_eq!(parse(""), Ok(BucketQuery::Objects(expected.clone())));
        assert_eq!(parse("prefix=&delimiter="), Ok(BucketQuery::Objects(expected)));
        let expected = ObjectsQuery {
            version: Version::V2,
            prefix: "a b/é".to_owned(),
            delimiter: "/".to_owned(),
            max_keys: 7,
            is_encoded: true,
            after: Some("a".to_owned()),
            token: Some("t".to_owned()),
        };
        let query = "list-type=2&prefix=a+b/%C3%A9&delimiter=%2F&max-keys=7&encoding-type=url\
                     &start-after=a&continuation-token=t&fetch-owner=true&x-id=ListObjectsV2\
                     &X-Amz-Date=20261126T060000Z";
        assert_eq!(parse(query), Ok(BucketQuery::Objects(expected)));
        assert_eq!(parse("location"), Ok(BucketQuery::Location));
        let head = Request::parse("HEAD", "/media", [("host", "h")]).unwrap();
        assert_eq!(BucketQuery::parse(&head), Ok(BucketQuery::Head));
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for query in ["acl", "versioning", "list-type=2&versions", "list-type=2&marker=a", "utm=1"]
        {
            let error = parse(query).unwrap_err();
            assert!(matches!(error, ListError::SubResource { .. }), "{query}: {error}");
        }
        let error = parse("my-secret=1").unwrap_err();
        assert_eq!(error.to_string(), "a query parameter that no listing has is not served");
        for query in [
            "list-type=1",
            "max-keys=-1",
            "max-keys=a",
            "max-keys=2147483648",
            "encoding-type=xml",
            "delimiter=a",
            "delimiter=//",
            "prefix=a&prefix=b",
            "prefix=%ff",
            "marker=a%00",
            "%ff",
        ] {
            let error = parse(query).unwrap_err();
            assert!(matches!(error, ListError::Argument { .. }), "{query}: {error}");
        }
    }
}
