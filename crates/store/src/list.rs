//! ListObjects and ListObjectsV2: keys in byte order, grouped by a delimiter, page by page.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use s3s::dto::{
    CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectStorageClass,
};
use s3s::{S3Response, S3Result, s3_error};

use crate::bucket::owner;
use crate::index::Index;
use crate::meta::{ObjectMeta, timestamp};

/// The most entries of a page.
const MAX_KEYS: i32 = 1000;

/// What to list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listing<'a> {
    pub(crate) prefix: &'a str,
    /// Not empty.
    pub(crate) delimiter: Option<&'a str>,
    /// The key or common prefix that the page starts after.
    pub(crate) after: Option<&'a str>,
    pub(crate) max: usize,
}

/// One page.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) entries: Vec<T>,
    pub(crate) prefixes: Vec<String>,
    /// The last key or common prefix of this page, if there are more after it.
    pub(crate) next: Option<String>,
}

/// Takes a page out of a sorted map. Groups are skipped by search, not one by one.
pub(crate) fn page<T: Clone>(sorted: &BTreeMap<String, T>, listing: Listing<'_>) -> Page<T> {
    let mut page = Page { entries: Vec::new(), prefixes: Vec::new(), next: None };
    let mut last: Option<String> = None;
    let mut from = match listing.after {
        Some(after) if after >= listing.prefix => Bound::Excluded(after.to_owned()),
        _ => Bound::Included(listing.prefix.to_owned()),
    };
    if listing.max == 0 {
        return page;
    }
    loop {
        let mut skip_to = None;
        for (key, value) in
            sorted.range::<str, _>((from.as_ref().map(String::as_str), Bound::Unbounded))
        {
            let Some(rest) = key.strip_prefix(listing.prefix) else {
                return page;
            };
            let group = listing.delimiter.and_then(|delimiter| {
                let (head, _) = rest.split_once(delimiter)?;
                Some(format!("{}{head}{delimiter}", listing.prefix))
            });
            let listed_before = group.as_deref().is_some_and(|group| listing.after == Some(group));
            if !listed_before && page.entries.len() + page.prefixes.len() == listing.max {
                page.next = last;
                return page;
            }
            match group {
                None => {
                    page.entries.push(value.clone());
                    last = Some(key.clone());
                }
                Some(group) => {
                    skip_to = Some(successor(&group));
                    if !listed_before {
                        last = Some(group.clone());
                        page.prefixes.push(group);
                    }
                    break;
                }
            }
        }
        match skip_to.flatten() {
            Some(next) => from = Bound::Included(next),
            None => return page,
        }
    }
}

/// ListObjects, the first version.
pub(crate) fn list_v1(
    index: &Index,
    input: &ListObjectsInput,
) -> S3Result<S3Response<ListObjectsOutput>> {
    let max = max_keys(input.max_keys)?;
    let encode = Encoding::parse(input.encoding_type.as_ref())?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input.delimiter.as_deref().filter(|d| !d.is_empty());
    let after = input.marker.as_deref().filter(|m| !m.is_empty());
    let page = {
        let reading = index.read();
        page(
            &reading.bucket(&input.bucket)?.objects,
            Listing { prefix, delimiter, after, max: usize_of(max) },
        )
    };
    Ok(S3Response::new(ListObjectsOutput {
        name: Some(input.bucket.clone()),
        prefix: Some(encode.text(prefix)),
        marker: Some(encode.text(after.unwrap_or_default())),
        max_keys: Some(max),
        is_truncated: Some(page.next.is_some()),
        // Without a delimiter clients go on from the last key by themselves.
        next_marker: page
            .next
            .as_deref()
            .filter(|_| delimiter.is_some())
            .map(|next| encode.text(next)),
        contents: Some(page.entries.iter().map(|object| entry(object, encode, true)).collect()),
        common_prefixes: Some(common_prefixes(&page.prefixes, encode)),
        delimiter: delimiter.map(|d| encode.text(d)),
        encoding_type: input.encoding_type.clone(),
        ..ListObjectsOutput::default()
    }))
}

/// ListObjectsV2.
pub(crate) fn list_v2(
    index: &Index,
    input: &ListObjectsV2Input,
) -> S3Result<S3Response<ListObjectsV2Output>> {
    let max = max_keys(input.max_keys)?;
    let encode = Encoding::parse(input.encoding_type.as_ref())?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let delimiter = input.delimiter.as_deref().filter(|d| !d.is_empty());
    let resumed = input.continuation_token.as_deref().map(open_token).transpose()?;
    let after = resumed.as_deref().or(input.start_after.as_deref()).filter(|a| !a.is_empty());
    let page = {
        let reading = index.read();
        page(
            &reading.bucket(&input.bucket)?.objects,
            Listing { prefix, delimiter, after, max: usize_of(max) },
        )
    };
    let with_owner = input.fetch_owner == Some(true);
    let count = page.entries.len() + page.prefixes.len();
    Ok(S3Response::new(ListObjectsV2Output {
        name: Some(input.bucket.clone()),
        prefix: Some(encode.text(prefix)),
        max_keys: Some(max),
        key_count: Some(i32::try_from(count).unwrap_or(MAX_KEYS)),
        continuation_token: input.continuation_token.clone(),
        is_truncated: Some(page.next.is_some()),
        next_continuation_token: page.next.as_deref().map(|next| URL_SAFE_NO_PAD.encode(next)),
        contents: Some(
            page.entries.iter().map(|object| entry(object, encode, with_owner)).collect(),
        ),
        common_prefixes: Some(common_prefixes(&page.prefixes, encode)),
        delimiter: delimiter.map(|d| encode.text(d)),
        encoding_type: input.encoding_type.clone(),
        start_after: input.start_after.as_deref().map(|s| encode.text(s)),
        ..ListObjectsV2Output::default()
    }))
}

/// How keys are written into a document.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Encoding {
    /// As they are.
    Plain,
    /// Percent-encoded, for keys that XML cannot hold.
    Url,
}

impl Encoding {
    /// Reads `encoding-type`.
    pub(crate) fn parse(value: Option<&EncodingType>) -> S3Result<Self> {
        match value.map(EncodingType::as_str) {
            None => Ok(Self::Plain),
            Some(EncodingType::URL) => Ok(Self::Url),
            Some(_) => {
                Err(s3_error!(InvalidArgument, "Invalid Encoding Method specified in Request"))
            }
        }
    }

    /// Writes a key, prefix, delimiter or marker.
    pub(crate) fn text(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            // S3 encodes as an HTML form does, a space as `+`, but leaves the slashes.
            Self::Url => form_urlencoded::byte_serialize(text.as_bytes())
                .collect::<String>()
                .replace("%2F", "/"),
        }
    }
}

/// The common prefixes of a page.
pub(crate) fn common_prefixes(prefixes: &[String], encode: Encoding) -> Vec<CommonPrefix> {
    prefixes.iter().map(|prefix| CommonPrefix { prefix: Some(encode.text(prefix)) }).collect()
}

/// Reads a page size; S3 gives less when more is asked.
pub(crate) fn max_keys(asked: Option<i32>) -> S3Result<i32> {
    match asked.unwrap_or(MAX_KEYS) {
        asked if asked < 0 => Err(s3_error!(
            InvalidArgument,
            "Argument maxKeys must be an integer between 0 and 2147483647"
        )),
        asked => Ok(asked.min(MAX_KEYS)),
    }
}

/// A page size as a length.
pub(crate) fn usize_of(max: i32) -> usize {
    usize::try_from(max).unwrap_or_default()
}

fn entry(object: &Arc<ObjectMeta>, encode: Encoding, with_owner: bool) -> Object {
    Object {
        checksum_algorithm: Some(vec![object.checksum.algorithm.name().to_owned().into()]),
        checksum_type: Some(object.checksum.coverage.name().to_owned().into()),
        e_tag: Some(ETag::Strong(object.etag.clone())),
        key: Some(encode.text(&object.key)),
        last_modified: Some(timestamp(object.modified)),
        owner: with_owner.then(owner),
        restore_status: None,
        size: i64::try_from(object.size).ok(),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
    }
}

fn open_token(token: &str) -> S3Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))
}

/// The smallest string above every string that starts with `prefix`, if there is one. UTF-8
/// sorts as the characters it encodes.
fn successor(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        let next = match last {
            char::MAX => continue,
            '\u{D7FF}' => Some('\u{E000}'),
            last => char::from_u32(u32::from(last) + 1),
        };
        if let Some(next) = next {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 9] = ["/x", "a", "a/1", "a/2", "a0", "b/c/1", "b/d", "é/1", "\u{10FFFF}/1"];

    fn all_pages(
        keys: &[&str],
        prefix: &str,
        delimiter: Option<&str>,
        max: usize,
    ) -> Vec<(Vec<String>, Vec<String>)> {
        let sorted: BTreeMap<String, String> =
            keys.iter().map(|k| ((*k).to_owned(), (*k).to_owned())).collect();
        let (mut pages, mut after) = (Vec::new(), None::<String>);
        loop {
            let listing = Listing { prefix, delimiter, after: after.as_deref(), max };
            let page = page(&sorted, listing);
            pages.push((page.entries, page.prefixes));
            match page.next {
                Some(next) => after = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_of_any_size_add_up_to_the_same_listing() {
        for (prefix, delimiter) in [
            ("", None),
            ("", Some("/")),
            ("a", Some("/")),
            ("b/", Some("/")),
            ("", Some("1")),
            ("zz", None),
        ] {
            let whole = all_pages(&KEYS, prefix, delimiter, 1000);
            assert_eq!(whole.len(), 1);
            for max in 1..KEYS.len() {
                let pages = all_pages(&KEYS, prefix, delimiter, max);
                let (mut entries, mut prefixes) = (Vec::new(), Vec::new());
                let last = pages.len() - 1;
                for (i, (e, p)) in pages.into_iter().enumerate() {
                    assert!(
                        i == last || e.len() + p.len() == max,
                        "a page before the last one is full"
                    );
                    entries.extend(e);
                    prefixes.extend(p);
                }
                assert_eq!(
                    whole,
                    [(entries, prefixes)],
                    "prefix {prefix:?} delimiter {delimiter:?} max {max}"
                );
            }
        }
    }

    #[test]
    fn a_delimiter_groups_what_follows_the_prefix() {
        let (entries, prefixes) = all_pages(&KEYS, "", Some("/"), 1000).remove(0);
        assert_eq!(entries, ["a", "a0"]);
        assert_eq!(prefixes, ["/", "a/", "b/", "é/", "\u{10FFFF}/"]);
        let (entries, prefixes) = all_pages(&KEYS, "b/", Some("/"), 1000).remove(0);
        assert_eq!((entries, prefixes), (vec!["b/d".to_owned()], vec!["b/c/".to_owned()]));
    }

    #[test]
    fn the_successor_is_above_the_group_and_nothing_between() {
        let cases = [
            ("a/", Some("a0")),
            ("\u{D7FF}", Some("\u{E000}")),
            ("a\u{10FFFF}", Some("b")),
            ("\u{10FFFF}", None),
        ];
        for (prefix, expected) in cases {
            assert_eq!(successor(prefix).as_deref(), expected);
        }
    }

    #[test]
    fn url_encoding_is_that_of_a_form_with_slashes() {
        assert_eq!(Encoding::Url.text("a b/c+d%é\u{1}~*"), "a+b/c%2Bd%25%C3%A9%01%7E*");
    }
}
