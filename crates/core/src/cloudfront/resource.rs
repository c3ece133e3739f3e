//! `Resource`: the URLs that a statement opens.

use crate::wildcard::covers;

/// A URL with wildcards: `*` stands for any bytes, `?` for exactly one.
///
/// - begins with `http://`, `https://`, `http*://` or `*`, or with no scheme at all, and then
///   stands for both
/// - is printable ASCII without `"` and `\`, as URLs are
/// - has at most 1024 bytes when there is a `*` in it
///
/// ```
/// # use cloakroom_core::cloudfront::resource::Resource;
/// let resource = Resource::parse("http*://media.example/users/alice/*").unwrap();
/// assert!(resource.covers("https://media.example/users/alice/a.jpg?size=large"));
/// assert!(!resource.covers("https://media.example/users/bob/a.jpg"));
/// assert!(Resource::parse("ftp://media.example/*").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource(String);

/// The most bytes that a resource with a `*` has. It is matched before the signature is known to
/// hold, in steps of the order of both lengths multiplied.
const MAX_PATTERN_LENGTH: usize = 1024;

/// How a `Resource` that says something about the scheme begins.
const BEGINNINGS: [&str; 4] = ["http://", "https://", "http*://", "*"];

impl Resource {
    /// Reads a resource.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
        let fits = !text.is_empty() && text.bytes().all(plain);
        let known = names_scheme(text) || !text.contains("://");
        let short = text.len() <= MAX_PATTERN_LENGTH || !text.contains('*');
        (fits && known && short).then(|| Self(text.to_owned()))
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it opens `url`, which is whole: `https://host/path?query`.
    ///
    /// As CloudFront has it, wildcards run over the query, too. But anyone can add a query, and
    /// `https://media.example/*.jpg` shall not open `/a.mp4?.jpg`. So the URL without its query
    /// must be covered by itself: by the whole resource, or by what stands before a `?` of the
    /// resource that means the query's beginning.
    pub fn covers(&self, url: &str) -> bool {
        let url = if names_scheme(&self.0) { url } else { without_scheme(url) };
        let covers = |text: &str| covers(self.0.as_bytes(), text.as_bytes());
        match url.split_once('?') {
            Some((bare, query)) => (covers(bare) && covers(url)) || self.covers_apart(bare, query),
            None => covers(url),
        }
    }

    /// Whether it opens every URL without a query that begins with `folder`.
    pub fn covers_all_below(&self, folder: &str) -> bool {
        self.0.ends_with('*') && !folder.contains('?') && self.covers(folder)
    }

    /// Whether a `?` parts it in what covers `bare` and what covers `query`.
    fn covers_apart(&self, bare: &str, query: &str) -> bool {
        let pattern = self.0.as_bytes();
        let ends = places_after(pattern, vec![0], bare.as_bytes());
        let begins = ends.into_iter().filter(|at| pattern.get(*at) == Some(&b'?'));
        let begins = begins.map(|at| at.saturating_add(1)).collect();
        places_after(pattern, begins, query.as_bytes()).contains(&pattern.len())
    }

    /// Whether it is `url`, letter for letter.
    pub fn is(&self, url: &str) -> bool {
        self.0 == url
    }
}

/// All places of `pattern` that can be reached from those in `from` by covering `text`, in order.
///
/// The steps are of the order of both lengths multiplied, whatever the pattern.
fn places_after(pattern: &[u8], from: Vec<usize>, text: &[u8]) -> Vec<usize> {
    /// A `*` may also cover nothing.
    fn with_runs_passed(pattern: &[u8], places: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut passed: Vec<usize> = Vec::new();
        for place in places {
            let mut place = place;
            // Places come in order, so one that is there already was passed from there, too.
            while passed.last().is_none_or(|last| *last < place) {
                passed.push(place);
                if pattern.get(place) != Some(&b'*') {
                    break;
                }
                place = place.saturating_add(1);
            }
        }
        passed
    }
    let mut places = with_runs_passed(pattern, from);
    for byte in text {
        let next = places.iter().filter_map(|place| match pattern.get(*place)? {
            b'*' => Some(*place),
            b'?' => Some(place.saturating_add(1)),
            other => (other == byte).then(|| place.saturating_add(1)),
        });
        places = with_runs_passed(pattern, next);
    }
    places
}

fn names_scheme(text: &str) -> bool {
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

fn without_scheme(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_with_a_scheme_or_none() {
        for text in [
            "http://h/a",
            "https://h/a",
            "http*://h/a",
            "*",
            "*/a",
            "*://h/a",
            "h/a*",
            "https://h/*?x=?",
        ] {
            assert_eq!(Resource::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "ftp://h/a",
            "HTTPS://h/a",
            "http?://h/a",
            "https://h/a b",
            "https://h/é",
            "https://h/\"",
            "https://h/\\",
            "https://h/\n",
        ] {
            assert_eq!(Resource::parse(text), None, "{text}");
        }
        for (wildcard, length, expected) in
            [("*", 1024, true), ("*", 1025, false), ("?", 8000, true)]
        {
            let text = format!("{wildcard:a<length$}");
            assert_eq!(Resource::parse(&text).is_some(), expected, "{length}");
        }
    }

    #[test]
    fn opens_a_folder_when_it_ends_in_a_star() {
        for (resource, folder, expected) in [
            ("https://d1.net/hls/*", "https://d1.net/hls/film/", true),
            ("http*://d1.net/hls/*", "https://d1.net/hls/", true),
            ("*", "https://d1.net/hls/", true),
            ("https://d1.net/hls/film/*", "https://d1.net/hls/", false),
            ("https://d1.net/u1/*", "https://d1.net/u10/", false),
            ("https://d1.net/hls/*.ts", "https://d1.net/hls/film/", false),
            ("https://d1.net/hls/film/a.m3u8?*", "https://d1.net/hls/film/", false),
            ("https://d1.net/hls/film/", "https://d1.net/hls/film/", false),
            ("https://d2.net/*", "https://d1.net/hls/", false),
        ] {
            let found = Resource::parse(resource).unwrap().covers_all_below(folder);
            assert_eq!(found, expected, "{resource} {folder}");
        }
    }

    #[test]
    fn covers_as_the_developer_guide_says() {
        for (resource, url, expected) in [
            // The examples of the page on custom policies.
            ("http://d1.net/*game_download.zip*", "http://d1.net/game_download.zip", true),
            ("http://d1.net/*game_download.zip*", "http://d1.net/a_game_download.zip?l=yes", true),
            ("http://d1.net/training/*", "http://d1.net/training/orientation.pdf", true),
            ("http://*", "http://d1.net/training/orientation.pdf", true),
            // The scheme counts where one is named.
            ("http://*", "https://d1.net/a", false),
            ("http*://d1.net/a", "https://d1.net/a", true),
            ("http*://d1.net/a", "http://d1.net/a", true),
            ("d1.net/a", "https://d1.net/a", true),
            ("d1.net/a", "http://d1.net/a", true),
            ("d1.net/a", "https://d1.net.example/a", false),
            ("*", "http://d1.net/a?b", true),
            // A query that the signer did not speak of.
            ("https://d1.net/a", "https://d1.net/a?b", false),
            ("https://d1.net/*.jpg", "https://d1.net/a.mp4?.jpg", false),
            ("https://d1.net/*.jpg*", "https://d1.net/a.mp4?.jpg", false),
            ("https://d1.net/*.jpg*", "https://d1.net/a.jpg?b", true),
            ("d1.net/*.jpg", "https://d1.net/a.mp4?.jpg", false),
            // A query that the signer did speak of.
            ("https://d1.net/a?b=1", "https://d1.net/a?b=1", true),
            ("https://d1.net/a?b=*", "https://d1.net/a?b=1&c", true),
            ("https://d1.net/a?b=*", "https://d1.net/a", false),
            ("https://d1.net/img-?.jpg?*", "https://d1.net/img-7.jpg?b", true),
            ("https://d1.net/a?*?*", "https://d1.net/a?b?c", true),
            // The signed text, moved into the query of another URL.
            ("http*://d1.net/a.jpg?*", "https://d1.net/b.mp4?x=://d1.net/a.jpg?", false),
            ("http*://d1.net/a.jpg?b", "https://d1.net/c.mp4?x=://d1.net/a.jpg?b", false),
            ("http*://d1.net/a.jpg?b", "https://d1.net/a.jpg?b", true),
            ("*/a.jpg?*", "https://d1.net/b.mp4?/a.jpg?", false),
            ("*/a.jpg?*", "https://d1.net/a.jpg?b", true),
            ("https://d1.net/pub/*.jpg?*", "https://d1.net/pub/x.mp4?a.jpgy", false),
            ("https://d1.net/pub/*.jpg?*", "https://d1.net/pub/x.jpg?", true),
            ("https://d1.net/img-?.jpg", "https://d1.net/img-7.jpg", true),
            ("https://d1.net/img-?.jpg", "https://d1.net/img-77.jpg", false),
            // Letters are compared as they were sent.
            ("https://d1.net/%C3%A9", "https://d1.net/%c3%a9", false),
            ("https://d1.net/a", "https://D1.net/a", false),
        ] {
            let found = Resource::parse(resource).unwrap().covers(url);
            assert_eq!(found, expected, "{resource} {url}");
        }
    }
}
