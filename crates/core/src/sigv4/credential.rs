//! Who signed, and in which scope, as the request says it.

use std::borrow::Cow;
use std::ops::Range;

use crate::time::AmzDate;

use super::present::PresentError;

const SERVICE: &[u8] = b"/s3/aws4_request";

/// `AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request`. Key ids of S3-compatibles may
/// hold a `/` themselves, so it is read from the end.
#[derive(Clone)]
pub(super) struct Credential<'r> {
    text: Cow<'r, str>,
    access_key_id: Range<usize>,
    region: Range<usize>,
}

impl<'r> Credential<'r> {
    /// Reads that of a signature of this day.
    pub(super) fn parse(
        text: Cow<'r, str>,
        signed_at: AmzDate,
        part: &'static str,
    ) -> Result<Self, PresentError> {
        let expected = "<key id>/<day of the signature>/<region>/s3/aws4_request";
        let ranges = ranges(&text, &signed_at.date());
        let (access_key_id, region) = ranges.ok_or(PresentError::Malformed { part, expected })?;
        Ok(Self { text, access_key_id, region })
    }

    pub(super) fn access_key_id(&self) -> &str {
        self.text.get(self.access_key_id.clone()).unwrap_or_default()
    }

    pub(super) fn region(&self) -> &str {
        self.text.get(self.region.clone()).unwrap_or_default()
    }
}

/// Where the key id stands, and where the region does.
fn ranges(text: &str, day: &[u8]) -> Option<(Range<usize>, Range<usize>)> {
    let before_service = text.as_bytes().strip_suffix(SERVICE)?;
    let slash = before_service.iter().rposition(|byte| *byte == b'/')?;
    let id = before_service.get(..slash)?.strip_suffix(day)?.strip_suffix(b"/")?;
    let region = slash + 1..before_service.len();
    (!id.is_empty() && !region.is_empty()).then_some((0..id.len(), region))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String)> {
        let signed_at = AmzDate::parse("20130524T000000Z").unwrap();
        let credential = Credential::parse(text.into(), signed_at, "Credential").ok()?;
        Some((credential.access_key_id().to_owned(), credential.region().to_owned()))
    }

    #[test]
    fn it_is_read_from_the_end() {
        let both = |id: &str, region: &str| Some((id.to_owned(), region.to_owned()));
        assert_eq!(read("AK/20130524/us-east-1/s3/aws4_request"), both("AK", "us-east-1"));
        assert_eq!(read("A/K//20130524/auto/s3/aws4_request"), both("A/K/", "auto"));
        for wrong in [
            "",
            "/s3/aws4_request",
            "20130524/us-east-1/s3/aws4_request",
            "/20130524/us-east-1/s3/aws4_request",
            "AK/20130525/us-east-1/s3/aws4_request",
            "AK20130524/us-east-1/s3/aws4_request",
            "AK/20130524//s3/aws4_request",
            "AK/20130524/s3/aws4_request",
            "AK/20130524/us-east-1/sts/aws4_request",
            "AK/20130524/us-east-1/s3/aws4_request/",
            "AK/20130524/us-east-1/s3",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
