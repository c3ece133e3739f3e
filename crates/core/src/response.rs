//! What the viewer may see of the store's answer.
//!
//! As with the request, headers are passed by a list. The store's `x-amz-*`, its `Server` and
//! whatever it may add some day are not on it.

use std::time::Duration;

use crate::cache::rest;
use crate::disposition::ContentDisposition;
use crate::store::StoreAnswer;
use crate::ticket_cookie::exchange::SetCookie;
use crate::time::UnixTime;

/// The store's headers that the viewer gets.
pub const PASSED_HEADERS: [&str; 10] = [
    "accept-ranges",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "expires",
    "last-modified",
];

/// How long a viewer's browser may keep a private object for which the store says nothing.
pub const DEFAULT_MAX_AGE: Duration = Duration::from_secs(300);

/// To whom else an answer may be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sharing {
    /// To everyone: the object is public.
    Everyone,
    /// To whoever has the URL, as long as its ticket lives.
    UrlHolders,
    /// To nobody: the ticket is in a header, so the same URL may be denied the next time.
    Nobody,
}

/// Which entity tags an answer may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntityTags {
    /// Those that the store has.
    #[default]
    AsStored,
    /// Those that can be an MD5. A client of Swift compares it with that of what it got, and the
    /// tag of an object that was put into S3 in parts is none.
    OfMd5,
}

/// How an object is handed out, decided before the store was asked.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub(crate) sharing: Sharing,
    pub(crate) expires_at: Option<UnixTime>,
    pub(crate) cors: Vec<(&'static str, String)>,
    pub(crate) tags: EntityTags,
    /// A cookie that goes with the object.
    pub(crate) cookie: Option<SetCookie>,
    /// Headers that are to be others than those stored.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// The store's own when absent.
    pub(crate) disposition: Option<ContentDisposition>,
}

/// The head of the answer to the viewer; the body is the store's, untouched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewerResponse {
    /// The status: 200, 206, 304, 412 or 416.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the store's body follows. That of an error is the store's own business.
    pub has_body: bool,
}

impl ViewerResponse {
    /// Of what a store has just answered.
    pub(crate) fn from_store(delivery: &Delivery, answer: &StoreAnswer<'_>, now: UnixTime) -> Self {
        Self::new(delivery, answer, Duration::ZERO, now)
    }

    /// Of what a store has answered some time ago (RFC 9111, section 5.1).
    pub(crate) fn from_copy(
        delivery: &Delivery,
        answer: &StoreAnswer<'_>,
        age: Duration,
        now: UnixTime,
    ) -> Self {
        let mut response = Self::new(delivery, answer, age, now);
        // What is for one viewer says itself how long it lives from now on.
        if delivery.sharing == Sharing::Everyone {
            response.headers.push(("age", age.as_secs().to_string()));
        }
        response
    }

    fn new(delivery: &Delivery, answer: &StoreAnswer<'_>, age: Duration, now: UnixTime) -> Self {
        let status = answer.status;
        // The body of an error is the store's own business.
        let has_body = matches!(status, 200 | 206);
        let mut store_cache_control = None;
        let mut passed = Vec::new();
        for (name, value) in answer.headers {
            if name.eq_ignore_ascii_case("cache-control") {
                store_cache_control = Some(value.clone());
                continue;
            }
            let known = PASSED_HEADERS.into_iter().find(|known| known.eq_ignore_ascii_case(name));
            // The length and type of an error are those of a body that is not passed on.
            let of_body = match known {
                Some("content-length" | "content-type" | "content-encoding") => true,
                Some("content-range") => status != 416,
                _ => false,
            };
            // Two lengths, or none, would break the viewer's connection.
            if known == Some("content-length") && !is_number(value) {
                continue;
            }
            if known == Some("etag") && !delivery.tags.has(value) {
                continue;
            }
            if let Some(name) = known.filter(|_| has_body || !of_body) {
                passed.push((name, value.clone()));
            }
        }
        let stored = passed.iter().find(|(name, _)| *name == "content-disposition").cloned();
        let chosen = delivery.disposition.as_ref().map(|disposition| {
            ("content-disposition", disposition.value(stored.map(|(_, value)| value)))
        });
        for (name, value) in delivery.headers.iter().cloned().chain(chosen) {
            if name == "cache-control" {
                store_cache_control = Some(value);
                continue;
            }
            passed.retain(|(other, _)| *other != name);
            // A 304 would change what the browser has kept, so it says nothing of these.
            if has_body {
                passed.push((name, value));
            }
        }
        let expires = passed.iter().find(|(name, _)| *name == "expires");
        let freshness = Freshness {
            cache_control: store_cache_control.as_deref(),
            expires_in: expires.map(|(_, date)| rest(date, now)),
            age,
        };
        if delivery.sharing != Sharing::Everyone {
            passed.retain(|(name, _)| *name != "expires");
        }
        match status {
            // What made the answer a no may change at any time.
            412 | 416 => passed.push(("cache-control", "no-store".to_owned())),
            _ => {
                let value = cache_control(delivery, &freshness, now);
                passed.extend(value.map(|value| ("cache-control", value)));
            }
        }
        let mut types = passed.iter().filter(|(name, _)| *name == "content-type");
        if has_body && !types.next().is_some_and(|(_, value)| is_inert(value)) {
            passed.push(("content-security-policy", ACTIVE_CONTENT_POLICY.to_owned()));
        }
        passed.push(("x-content-type-options", "nosniff".to_owned()));
        // Nobody got the object with a 412 or a 416.
        if let Some(cookie) = delivery.cookie.as_ref().filter(|_| matches!(status, 200 | 206 | 304))
        {
            passed.push(("set-cookie", cookie.header().expose().to_owned()));
        }
        passed.extend(delivery.cors.iter().cloned());
        Self { status, headers: passed, has_body }
    }
}

impl EntityTags {
    fn has(self, tag: &str) -> bool {
        let digits = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(tag);
        let is_md5 = || digits.len() == 32 && digits.bytes().all(|b| b.is_ascii_hexdigit());
        self == Self::AsStored || is_md5()
    }
}

fn is_number(value: &str) -> bool {
    !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit())
}

/// Uploaded pages and drawings run no scripts under the name of the media's host.
const ACTIVE_CONTENT_POLICY: &str =
    "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// Types that browsers show or store without running anything. A comma would make it two types.
fn is_inert(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let (kind, subtype) = essence.split_once('/').unwrap_or_default();
    let inert = match kind {
        "image" => !subtype.contains("svg") && !subtype.contains("xml"),
        "audio" | "video" | "font" => true,
        "text" => matches!(subtype, "plain" | "csv"),
        "application" => matches!(subtype, "pdf" | "octet-stream" | "zip" | "json"),
        _ => false,
    };
    inert && !content_type.contains(',')
}

/// What is known of an answer's freshness.
struct Freshness<'a> {
    cache_control: Option<&'a str>,
    expires_in: Option<Duration>,
    /// Since the store gave it.
    age: Duration,
}

fn cache_control(delivery: &Delivery, freshness: &Freshness<'_>, now: UnixTime) -> Option<String> {
    let store = freshness.cache_control;
    match delivery.sharing {
        Sharing::Everyone => store.map(str::to_owned),
        // Kept, but asked about each time: by then the viewer may be another one.
        Sharing::Nobody => Some("private, no-cache".to_owned()),
        Sharing::UrlHolders if store.is_some_and(forbids_storing) => {
            Some("private, no-store".to_owned())
        }
        Sharing::UrlHolders => {
            let rest = delivery.expires_at.map_or(Duration::ZERO, |end| end.since(now));
            let own = store.and_then(max_age).map(|own| own.saturating_sub(freshness.age));
            let max_age = own.or(freshness.expires_in).unwrap_or(DEFAULT_MAX_AGE).min(rest);
            Some(format!("private, max-age={}", max_age.as_secs()))
        }
    }
}

fn directives(cache_control: &str) -> impl Iterator<Item = String> {
    cache_control.split(',').map(|directive| directive.trim().to_ascii_lowercase())
}

fn forbids_storing(cache_control: &str) -> bool {
    directives(cache_control).any(|directive| directive == "no-store")
}

fn max_age(cache_control: &str) -> Option<Duration> {
    if directives(cache_control).any(|directive| directive == "no-cache") {
        return Some(Duration::ZERO);
    }
    directives(cache_control)
        .find_map(|directive| directive.strip_prefix("max-age=")?.parse().ok())
        .map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_000);

    fn delivery(sharing: Sharing) -> Delivery {
        let expires_at = Some(UnixTime::from_secs(1_060));
        Delivery {
            sharing,
            expires_at,
            cors: Vec::new(),
            tags: EntityTags::AsStored,
            cookie: None,
            headers: Vec::new(),
            disposition: None,
        }
    }

    fn respond(sharing: Sharing, status: u16, headers: &[(&str, &str)]) -> ViewerResponse {
        let headers: Vec<_> =
            headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let answer = StoreAnswer { status, headers: &headers };
        ViewerResponse::from_store(&delivery(sharing), &answer, NOW)
    }

    fn header<'a>(response: &'a ViewerResponse, name: &str) -> Option<&'a str> {
        response.headers.iter().find(|(n, _)| *n == name).map(|(_, value)| value.as_str())
    }

    #[test]
    fn passes_headers_by_the_list_alone() {
        let response = respond(
            Sharing::Everyone,
            200,
            &[
                ("ETag", "\"e\""),
                ("Content-Type", "image/jpeg"),
                ("x-amz-request-id", "r"),
                ("x-amz-meta-note", "n"),
                ("Server", "AmazonS3"),
                ("Set-Cookie", "a=b"),
            ],
        );
        let names: Vec<_> = response.headers.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["etag", "content-type", "x-content-type-options"]);
        let untyped = respond(Sharing::Everyone, 200, &[]);
        assert!(header(&untyped, "content-security-policy").is_some());
    }

    #[test]
    fn a_length_is_a_number() {
        for (value, passes) in [
            ("0", true),
            ("36", true),
            ("5, 6", false),
            ("many", false),
            ("-1", false),
            ("", false),
        ] {
            let response = respond(Sharing::Everyone, 200, &[("content-length", value)]);
            assert_eq!(header(&response, "content-length").is_some(), passes, "{value}");
        }
    }

    #[test]
    fn clients_of_swift_get_no_tag_that_is_not_an_md5() {
        let (md5, parts) = ("\"d41d8cd98f00b204e9800998ecf8427e\"", "\"d41d8cd98f00b204e98009-2\"");
        for (tag, is_md5) in [
            (md5, true),
            ("d41d8cd98f00b204e9800998ecf8427e", true),
            (parts, false),
            ("\"d41d8cd98f00b204e9800998ecf8427e-2\"", false),
            ("W/\"d41d8cd98f00b204e9800998ecf8427e\"", false),
            ("\"x41d8cd98f00b204e9800998ecf8427e\"", false),
        ] {
            for (tags, expected) in [(EntityTags::OfMd5, is_md5), (EntityTags::AsStored, true)] {
                let delivery = Delivery { tags, ..delivery(Sharing::Nobody) };
                let headers = [("ETag".to_owned(), tag.to_owned())];
                let answer = StoreAnswer { status: 200, headers: &headers };
                let response = ViewerResponse::from_store(&delivery, &answer, NOW);
                assert_eq!(header(&response, "etag").is_some(), expected, "{tag} {tags:?}");
            }
        }
    }

    #[test]
    fn a_browser_keeps_nothing_longer_than_its_ticket() {
        for (sharing, store, expected) in [
            (Sharing::Everyone, None, None),
            (Sharing::Everyone, Some("max-age=9"), Some("max-age=9")),
            (Sharing::UrlHolders, None, Some("private, max-age=60")),
            (Sharing::UrlHolders, Some("public, max-age=9"), Some("private, max-age=9")),
            (Sharing::UrlHolders, Some("max-age=9999"), Some("private, max-age=60")),
            (Sharing::UrlHolders, Some("no-cache"), Some("private, max-age=0")),
            (Sharing::UrlHolders, Some("No-Store"), Some("private, no-store")),
            (Sharing::Nobody, Some("public, max-age=9"), Some("private, no-cache")),
        ] {
            let headers: Vec<_> = store.iter().map(|value| ("cache-control", *value)).collect();
            let response = respond(sharing, 200, &headers);
            assert_eq!(header(&response, "cache-control"), expected, "{sharing:?} {store:?}");
        }
    }

    #[test]
    fn expires_counts_where_cache_control_is_silent() {
        let at = |secs: u64| NOW.saturating_add(Duration::from_secs(secs)).to_http_date();
        for (control, expires, expected) in [
            (None, at(30), "private, max-age=30"),
            (Some("max-age=9"), at(30), "private, max-age=9"),
            (None, at(300), "private, max-age=60"),
            (None, "0".to_owned(), "private, max-age=0"),
        ] {
            let control = control.iter().map(|value| ("cache-control", *value));
            let headers: Vec<_> = control.chain([("expires", expires.as_str())]).collect();
            let response = respond(Sharing::UrlHolders, 200, &headers);
            assert_eq!(header(&response, "cache-control"), Some(expected), "{headers:?}");
            assert_eq!(header(&response, "expires"), None);
        }
    }

    #[test]
    fn a_copy_lives_no_longer_for_its_age() {
        let age = Duration::from_secs(10);
        for (sharing, store, expected, shown) in [
            (Sharing::UrlHolders, None, Some("private, max-age=60"), None),
            (Sharing::UrlHolders, Some("max-age=65"), Some("private, max-age=55"), None),
            (Sharing::UrlHolders, Some("max-age=9"), Some("private, max-age=0"), None),
            (Sharing::Nobody, Some("max-age=65"), Some("private, no-cache"), None),
            (Sharing::Everyone, Some("max-age=65"), Some("max-age=65"), Some("10")),
            (Sharing::Everyone, None, None, Some("10")),
        ] {
            let headers: Vec<_> = store
                .iter()
                .map(|value| ("cache-control".to_owned(), (*value).to_owned()))
                .collect();
            let answer = StoreAnswer { status: 200, headers: &headers };
            let response = ViewerResponse::from_copy(&delivery(sharing), &answer, age, NOW);
            assert_eq!(header(&response, "cache-control"), expected, "{sharing:?} {store:?}");
            assert_eq!(header(&response, "age"), shown, "{sharing:?} {store:?}");
        }
    }

    #[test]
    fn active_content_is_put_in_a_sandbox() {
        for (content_type, active) in [
            ("text/html; charset=utf-8", true),
            ("IMAGE/SVG+XML", true),
            ("application/xhtml+xml", true),
            ("text/xml", true),
            ("text/xsl", true),
            ("multipart/x-mixed-replace; boundary=x", true),
            ("application/javascript", true),
            ("image/png; x=y, text/html", true),
            ("image/png, text/html", true),
            ("nonsense", true),
            ("", true),
            ("image/jpeg", false),
            ("video/mp4", false),
            ("application/octet-stream", false),
            ("text/plain; charset=utf-8", false),
            ("application/pdf", false),
        ] {
            let response = respond(Sharing::Everyone, 200, &[("content-type", content_type)]);
            let sandboxed = header(&response, "content-security-policy").is_some();
            assert_eq!(sandboxed, active, "{content_type}");
        }
    }

    #[test]
    fn each_status_has_its_answer() {
        for (status, has_body) in
            [(200, true), (206, true), (304, false), (412, false), (416, false)]
        {
            assert_eq!(respond(Sharing::Everyone, status, &[]).has_body, has_body);
        }
        for status in [412, 416] {
            let response = respond(Sharing::UrlHolders, status, &[("cache-control", "max-age=9")]);
            assert_eq!(header(&response, "cache-control"), Some("no-store"));
        }
    }
}
