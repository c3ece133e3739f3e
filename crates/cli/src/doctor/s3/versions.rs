//! What is left in a bucket that keeps versions: not every store says which version it stored.
//!
//! Source: *ListObjectVersions* in the Amazon S3 API reference.

use super::super::http::is_word;
use super::super::scratch::{Scratch, Stored};

/// The versions and deletion markers of the doctor's own objects in a listing.
pub(super) fn versions(listing: &str, scratch: &Scratch) -> Vec<Stored> {
    let entries = listing.split("<Key>").skip(1).filter_map(|entry| {
        let (key, rest) = entry.split_once("</Key>")?;
        let (_, version) = rest.split_once("<VersionId>")?;
        let (version, _) = version.split_once("</VersionId>")?;
        // Before the folder, a key may be escaped in one way or another.
        let (_, name) = key.split_once(scratch.folder())?;
        let key = scratch.key(name);
        let version = Some(version.to_owned()).filter(|version| is_word(version));
        (!name.contains('/')).then_some(Stored { key, version })
    });
    entries.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_versions_alone() {
        let scratch = Scratch::new("a&b/", [0; 8]);
        let listing = "<ListVersionsResult><Prefix>x</Prefix>\
            <Version><Key>a%26b/cloakroom-doctor-0000000000000000/control</Key>\
            <VersionId>v1.-_</VersionId></Version>\
            <DeleteMarker><Key>a&amp;b/cloakroom-doctor-0000000000000000/acl</Key>\
            <IsLatest>true</IsLatest><VersionId>null</VersionId></DeleteMarker>\
            <Version><Key>a/other</Key><VersionId>v3</VersionId></Version>\
            <Version><Key>a%26b/cloakroom-doctor-0000000000000000/x</Key></Version>";
        let stored = |name: &str, version: &str| Stored {
            key: format!("a&b/cloakroom-doctor-0000000000000000/{name}"),
            version: Some(version.to_owned()),
        };
        assert_eq!(
            versions(listing, &scratch),
            [stored("control", "v1.-_"), stored("acl", "null")]
        );
    }
}
