//! Whether the first bytes of a file are those of the type that it was announced as.
//!
//! Types are known by their signatures (the `infer` library). Where a type has none, as `text/plain`
//! or `text/csv`, the bytes have to be of no other known type, so that a page of HTML is not stored
//! as one. `application/octet-stream` promises nothing, so everything fits.

use crate::upload::content_type::{ContentType, UNKNOWN};

/// How many bytes are looked at.
pub const FIRST_BYTES: u64 = 8192;

/// What the bytes say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sniffed {
    /// They may be what was announced.
    Fits,
    /// They are those of another type.
    Is(&'static str),
    /// They are not what was announced, and nothing that is known.
    IsNot,
}

/// Formats in which others are wrapped: what is inside is not in the first bytes.
const WRAPPERS: [&str; 5] =
    ["application/zip", "application/gzip", "text/xml", "application/x-ole-storage", "video/mp4"];

/// Looks at the first bytes of a file that was announced as `content_type`.
pub fn sniff(content_type: &ContentType, first: &[u8]) -> Sniffed {
    let announced = content_type.essence();
    if announced == UNKNOWN || first.is_empty() {
        return Sniffed::Fits;
    }
    let found = infer::get(first).map(|found| found.mime_type());
    if found == Some(announced.as_str()) || infer::is_mime(first, &announced) {
        return Sniffed::Fits;
    }
    match found {
        Some(found) if is_kin(&announced, found) => Sniffed::Fits,
        Some(found) => Sniffed::Is(found),
        None if infer::is_mime_supported(&announced) && !is_text(&announced) => Sniffed::IsNot,
        None => Sniffed::Fits,
    }
}

/// Whether a file of type `announced` may look like one of type `found`: the same under another
/// name, as `audio/wav` and `audio/x-wav`, or what is wrapped in it.
fn is_kin(announced: &str, found: &str) -> bool {
    let family = |text: &str| text.split('/').next().unwrap_or_default().to_owned();
    let (wanted, seen) = (family(announced), family(found));
    if wanted == seen && matches!(wanted.as_str(), "audio" | "video" | "image") {
        // A picture that is announced as another one is shown all the same; one that is a
        // document with scripts is not a picture.
        let alias = |text: &str| {
            text.split('/').nth(1).unwrap_or_default().trim_start_matches("x-").to_owned()
        };
        return alias(announced) == alias(found)
            || !infer::is_mime_supported(announced) && announced != "image/svg+xml";
    }
    WRAPPERS.contains(&found)
        && !infer::is_mime_supported(announced)
        && match found {
            "text/xml" => announced.ends_with("+xml") || announced == "application/xml",
            "video/mp4" => matches!(wanted.as_str(), "audio" | "video"),
            _ => wanted == "application",
        }
}

fn is_text(announced: &str) -> bool {
    announced.starts_with("text/") || announced.ends_with("xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";
    const PDF: &[u8] = b"%PDF-1.7\n";
    const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0";
    const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt ";
    const HTML: &[u8] = b"<!DOCTYPE html><html><script>";
    const XML: &[u8] = b"<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>";

    #[test]
    fn bytes_speak_for_themselves() {
        for (content_type, bytes, expected) in [
            ("image/png", PNG, Sniffed::Fits),
            ("IMAGE/PNG; x=y", PNG, Sniffed::Fits),
            ("image/jpeg", JPEG, Sniffed::Fits),
            ("image/jpeg", PNG, Sniffed::Is("image/png")),
            ("image/png", HTML, Sniffed::Is("text/html")),
            ("image/png", b"hello", Sniffed::IsNot),
            ("application/pdf", PDF, Sniffed::Fits),
            ("application/pdf", b"hello", Sniffed::IsNot),
            ("text/plain", b"hello", Sniffed::Fits),
            ("text/plain", HTML, Sniffed::Is("text/html")),
            ("text/csv", PDF, Sniffed::Is("application/pdf")),
            ("text/html", HTML, Sniffed::Fits),
            ("image/svg+xml", XML, Sniffed::Fits),
            ("image/svg+xml", b"<svg/>", Sniffed::Fits),
            ("image/svg+xml", HTML, Sniffed::Is("text/html")),
            ("image/svg+xml", PNG, Sniffed::Is("image/png")),
            ("audio/wav", WAV, Sniffed::Fits),
            ("application/x-own+zip", ZIP, Sniffed::Fits),
            ("image/x-own", ZIP, Sniffed::Is("application/zip")),
            ("application/octet-stream", HTML, Sniffed::Fits),
            ("image/png", b"", Sniffed::Fits),
        ] {
            let content_type = ContentType::parse(content_type).unwrap();
            assert_eq!(sniff(&content_type, bytes), expected, "{content_type}");
        }
    }
}
