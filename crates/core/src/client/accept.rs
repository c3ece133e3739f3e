//! `Accept` (RFC 9110, section 12.5.1), as far as it tells what a client does with an answer.
//!
//! ```text
//! Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8     a page
//! Accept: image/avif,image/webp,image/*,*/*;q=0.8                              a part of one
//! Accept: */*                                                                  anything
//! ```

/// The media ranges of the header.
#[derive(Clone, Debug)]
pub struct Accept<'a>(Vec<Range<'a>>);

/// A media range and how much it is wanted.
#[derive(Clone, Copy, Debug)]
struct Range<'a> {
    kind: &'a str,
    /// In thousandths.
    quality: u16,
}

impl<'a> Accept<'a> {
    /// Reads the header. What is not a media range says nothing.
    pub fn parse(header: &'a str) -> Self {
        Self(header.split(',').filter_map(Range::parse).collect())
    }

    /// Whether HTML is named, and nothing that programs read is wanted more.
    pub fn prefers_page(&self) -> bool {
        let quality = |kind: &str| self.quality(kind).unwrap_or(0);
        let data = ["application/json", "application/xml", "text/xml"];
        let html = quality("text/html");
        html > 0 && data.into_iter().all(|kind| quality(kind) <= html)
    }

    /// Whether media are named, and nothing else but `*/*`.
    pub fn is_for_media(&self) -> bool {
        let mut named = self.0.iter().filter(|range| range.kind != "*/*").peekable();
        let is_media = |kind: &str| {
            let kind = kind.split('/').next().unwrap_or_default().to_ascii_lowercase();
            matches!(kind.as_str(), "image" | "video" | "audio" | "font")
        };
        named.peek().is_some() && named.all(|range| is_media(range.kind))
    }

    fn quality(&self, kind: &str) -> Option<u16> {
        self.0.iter().find(|range| range.kind.eq_ignore_ascii_case(kind)).map(|range| range.quality)
    }
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';').map(str::trim);
        let kind = parts.next().filter(|kind| kind.contains('/'))?;
        let quality = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
        Some(Self { kind, quality: quality.map_or(1000, thousandths) })
    }
}

/// A weight, `0` to `1` with up to three decimals; 0 when it is not one.
fn thousandths(weight: &str) -> u16 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    match (whole, format!("{decimals:0<3}").parse()) {
        ("0", Ok(thousandths)) if decimals.len() <= 3 => thousandths,
        ("1", Ok(0)) => 1000,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_browsers_send() {
        for (header, is_page, is_media) in [
            // Chromium, Firefox and Safari open a page.
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true, false),
            ("text/html", true, false),
            ("TEXT/HTML;Q=0.5, */*;q=0.5", true, false),
            // They load an image or a video.
            ("image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", false, true),
            ("image/webp,video/*;q=0.8,image/*;q=0.8,*/*;q=0.5", false, true),
            ("video/webm,video/ogg,video/*;q=0.9,audio/*;q=0.6,*/*;q=0.5", false, true),
            ("video/webm,video/*;q=0.9,application/ogg;q=0.7,audio/*;q=0.6", false, false),
            ("image/png", false, true),
            // Programs.
            ("*/*", false, false),
            ("", false, false),
            ("application/json, text/html;q=0.9", false, false),
            ("application/json;q=0.9, text/html", true, false),
            ("text/html;q=0", false, false),
            ("text/html;q=0.0", false, false),
            ("text/html;q=2", false, false),
            ("text/htmlx, text/plain", false, false),
            ("image, html", false, false),
        ] {
            let accept = Accept::parse(header);
            assert_eq!(
                (accept.prefers_page(), accept.is_for_media()),
                (is_page, is_media),
                "{header}"
            );
        }
    }

    #[test]
    fn a_weight_has_three_decimals_at_most() {
        for (weight, expected) in [
            ("1", 1000),
            ("1.000", 1000),
            ("0.5", 500),
            ("0.05", 50),
            ("0.123", 123),
            ("0", 0),
            ("0.1234", 0),
            ("1.1", 0),
            ("-1", 0),
            ("", 0),
        ] {
            assert_eq!(thousandths(weight), expected, "{weight}");
        }
    }
}
