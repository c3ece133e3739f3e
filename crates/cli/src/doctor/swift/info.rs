//! What a cluster says of itself.
//!
//! Source: *Discoverability* in the OpenStack Object Storage API guide.
//!
//! ```text
//! {"tempurl": {"methods": ["GET", …], "allowed_digests": ["sha1", …]},
//!  "formpost": {"allowed_digests": […]}, "slo": {"max_manifest_segments": 1000, …}}
//! ```

use serde_json::Value;

/// What `/info` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Info {
    /// The methods that TempURLs may be for; none when there are no TempURLs.
    pub(super) methods: Option<Vec<String>>,
    /// What TempURLs may be signed with; none when it does not say.
    pub(super) digests: Option<Vec<String>>,
    /// What forms may be signed with; none when there are no forms.
    pub(super) form_digests: Option<Vec<String>>,
    /// The most segments of a large object, and the fewest bytes of one.
    pub(super) segments: Option<(u64, u64)>,
}

impl Info {
    /// Reads it; none when it is something else.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let info: Value = serde_json::from_slice(body).ok()?;
        info.as_object()?;
        let words = |value: Option<&Value>| -> Option<Vec<String>> {
            let words = value?.as_array()?.iter().filter_map(Value::as_str);
            let plain = |b: u8| b.is_ascii_alphanumeric();
            Some(words.filter(|word| word.bytes().all(plain)).map(str::to_owned).collect())
        };
        let tempurl = info.get("tempurl");
        let form = info.get("formpost");
        let slo = info.get("slo");
        let number = |name| slo.and_then(|slo| slo.get(name)).and_then(Value::as_u64);
        Some(Self {
            methods: words(tempurl.and_then(|tempurl| tempurl.get("methods"))),
            digests: words(tempurl.and_then(|tempurl| tempurl.get("allowed_digests"))),
            // A cluster that does not say so is of the time when there was SHA-1 alone.
            form_digests: form.map(|form| {
                words(form.get("allowed_digests")).unwrap_or_else(|| vec!["sha1".to_owned()])
            }),
            segments: number("max_manifest_segments")
                .map(|most| (most, number("min_segment_size").unwrap_or(1))),
        })
    }

    /// For people.
    pub(super) fn summary(&self) -> String {
        let list = |words: &Option<Vec<String>>, otherwise: &str| match words {
            Some(words) => words.join(" "),
            None => otherwise.to_owned(),
        };
        let segments = match self.segments {
            Some((most, least)) => format!("{most} of at least {least} bytes"),
            None => "none".to_owned(),
        };
        format!(
            "TempURL methods {}; digests {}; digests of forms {}; segments of large objects {}",
            list(&self.methods, "none"),
            list(&self.digests, "not said"),
            list(&self.form_digests, "none"),
            segments
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clusters_say() {
        let info = Info::parse(
            br#"{"swift": {}, "formpost": {}, "slo": {"max_manifest_segments": 1000},
                "tempurl": {"methods": ["GET", "PUT"], "allowed_digests": ["sha256", "<x>"]}}"#,
        );
        assert_eq!(
            info.unwrap_or_default().summary(),
            "TempURL methods GET PUT; digests sha256; digests of forms sha1; \
             segments of large objects 1000 of at least 1 bytes"
        );
        assert_eq!(Info::parse(b"{}"), Some(Info::default()));
        assert_eq!(Info::parse(b"<html>"), None);
        assert_eq!(Info::parse(b"[]"), None);
    }
}
