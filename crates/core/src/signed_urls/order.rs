//! What a client asks for: `POST /signed-urls`.
//!
//! ```json
//! {"urls": ["/media/users/alice/1.jpg",
//!           {"url": "https://media.example/media/users/alice/2.jpg", "download": "harbour.jpg"}],
//!  "ticket": "thumbnails", "expires_in": 600, "method": "GET"}
//!
//! {"cookies": "https://media.example/media/users/alice/film/*"}
//! ```

use crate::json::Json;
use crate::request::Method;

use super::error::SignedUrlError;

/// The longest order that is read, in bytes.
pub const MAX_LENGTH: usize = 1024 * 1024;

/// The most URLs in one order.
pub const MAX_URLS: usize = 1000;

/// The longest name that a file is saved under, in bytes.
const MAX_NAME_LENGTH: usize = 255;

const KNOWN: [&str; 5] = ["urls", "cookies", "ticket", "expires_in", "method"];

/// An order that is well formed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// The issuer it asks for; the only one, or the one named `default`, when absent.
    pub ticket: Option<String>,
    /// How long the tickets are to live, in seconds; as the issuer has it when absent.
    pub expires_in: Option<u64>,
    /// What the URLs are to allow: GET, or HEAD.
    pub method: Method,
    /// What is to be opened.
    pub wants: Wants,
}

/// What is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants {
    /// Files, each by a URL of its own: at least one.
    Urls(Vec<Wanted>),
    /// All of a folder, by cookies: a URL that ends in `/*`.
    Cookies(String),
}

/// A file that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is: a URL at the edge, or the path of one.
    pub url: String,
    /// The name that browsers are to save it under; as the route has it when absent.
    pub download: Option<String>,
}

impl Order {
    /// Reads an order.
    ///
    /// # Errors
    /// [`SignedUrlError::Order`] names the field and says what would be right.
    pub fn parse(body: &[u8]) -> Result<Self, SignedUrlError> {
        if body.len() > MAX_LENGTH {
            return problem(format!("The order is longer than {MAX_LENGTH} bytes."));
        }
        let text = str::from_utf8(body).or_else(|_| problem("The body must be UTF-8."))?;
        let json =
            Json::parse(text).or_else(|why| problem(format!("The body must be JSON: {why}.")))?;
        require_fields(&json, "The body", &KNOWN)?;
        let method = match (json.get("method").map(Json::as_str), json.get("cookies")) {
            (None, _) => Method::Get,
            (Some(_), Some(_)) => return problem("`method` is for `urls` only."),
            (Some(Some("GET")), None) => Method::Get,
            (Some(Some("HEAD")), None) => Method::Head,
            _ => return problem("`method` must be `GET` or `HEAD`."),
        };
        let expires_in = match json.get("expires_in") {
            None => None,
            Some(Json::Unsigned(secs)) => Some(*secs),
            Some(_) => return problem("`expires_in` must be a whole number of seconds."),
        };
        let wants = match (json.get("urls"), json.get("cookies")) {
            (Some(Json::Array(urls)), None) => Wants::Urls(read_urls(urls)?),
            (None, Some(Json::String(resource))) => Wants::Cookies(resource.clone()),
            (Some(other), None) => {
                return problem(format!("`urls` must be an array, not {}.", other.kind()));
            }
            (None, Some(other)) => {
                return problem(format!(
                    "`cookies` must be the URL of a folder and `*`, not {}.",
                    other.kind()
                ));
            }
            _ => return problem("The body must have one of `urls` and `cookies`."),
        };
        Ok(Self { ticket: optional_string(&json, "ticket")?, expires_in, method, wants })
    }
}

fn read_urls(urls: &[Json]) -> Result<Vec<Wanted>, SignedUrlError> {
    if urls.is_empty() || urls.len() > MAX_URLS {
        return problem(format!("`urls` must hold 1 to {MAX_URLS} URLs, not {}.", urls.len()));
    }
    urls.iter().enumerate().map(|(n, json)| read_wanted(n, json)).collect()
}

/// A URL by itself, or an object with more.
fn read_wanted(n: usize, json: &Json) -> Result<Wanted, SignedUrlError> {
    if let Json::String(url) = json {
        return Ok(Wanted { url: url.clone(), download: None });
    }
    let place = format!("`urls.{n}`");
    require_fields(json, &place, &["url", "download"])?;
    let Some(url) = json.get("url").and_then(Json::as_str) else {
        return problem(format!("{place} must have a string `url`."));
    };
    let download = optional_string(json, "download")?;
    let is_name = |name: &String| (1..=MAX_NAME_LENGTH).contains(&name.len());
    if !download.as_ref().is_none_or(is_name) {
        return problem(format!("`download` must have 1 to {MAX_NAME_LENGTH} bytes."));
    }
    Ok(Wanted { url: url.to_owned(), download })
}

fn require_fields(json: &Json, what: &str, known: &[&str]) -> Result<(), SignedUrlError> {
    if !matches!(json, Json::Object(_)) {
        return problem(format!("{what} must be a JSON object, not {}.", json.kind()));
    }
    json.refuse_unknown(known).or_else(problem)
}

fn optional_string(json: &Json, name: &str) -> Result<Option<String>, SignedUrlError> {
    json.optional_string(name).or_else(problem)
}

fn problem<T>(problem: impl Into<String>) -> Result<T, SignedUrlError> {
    Err(SignedUrlError::Order { problem: problem.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_urls_and_what_goes_with_them() {
        let order = Order::parse(
            br#"{"urls": ["/a", {"url": "/b", "download": "c"}], "ticket": "t",
                 "expires_in": 60, "method": "HEAD"}"#,
        );
        let wanted = |url: &str, download: Option<&str>| Wanted {
            url: url.to_owned(),
            download: download.map(str::to_owned),
        };
        assert_eq!(
            order.unwrap(),
            Order {
                ticket: Some("t".to_owned()),
                expires_in: Some(60),
                method: Method::Head,
                wants: Wants::Urls(vec![wanted("/a", None), wanted("/b", Some("c"))]),
            }
        );
        let order = Order::parse(br#"{"cookies": "/a/*"}"#).unwrap();
        assert_eq!(order.wants, Wants::Cookies("/a/*".to_owned()));
    }

    #[test]
    fn says_which_field_is_wrong() {
        let many = format!(r#"{{"urls": [{}"/a"]}}"#, r#""/a","#.repeat(MAX_URLS));
        let long = format!(r#"{{"urls": [{{"url": "/a", "download": "{}"}}]}}"#, "x".repeat(256));
        for (body, why) in [
            ("", "must be JSON"),
            ("[]", "The body must be a JSON object, not an array"),
            ("{}", "one of `urls` and `cookies`"),
            (r#"{"urls": ["/a"], "cookies": "/*"}"#, "one of `urls` and `cookies`"),
            (r#"{"urls": "/a"}"#, "`urls` must be an array, not a string"),
            (r#"{"urls": []}"#, "1 to 1000 URLs, not 0"),
            (many.as_str(), "1 to 1000 URLs, not 1001"),
            (r#"{"urls": [7]}"#, "`urls.0` must be a JSON object, not a number"),
            (r#"{"urls": ["/a", {"download": "x"}]}"#, "`urls.1` must have a string `url`"),
            (r#"{"urls": [{"url": "/a", "download": ""}]}"#, "`download` must have 1 to 255"),
            (long.as_str(), "`download` must have 1 to 255"),
            (r#"{"urls": [{"url": "/a", "acl": "x"}]}"#, "no field `acl`"),
            (r#"{"urls": ["/a"], "method": "PUT"}"#, "`method` must be `GET` or `HEAD`"),
            (r#"{"cookies": "/*", "method": "GET"}"#, "`method` is for `urls` only"),
            (r#"{"cookies": ["/*"]}"#, "`cookies` must be the URL of a folder"),
            (r#"{"urls": ["/a"], "expires_in": "60"}"#, "`expires_in` must be a whole number"),
            (r#"{"urls": ["/a"], "ticket": 1}"#, "`ticket` must be a string, not a number"),
            (r#"{"urls": ["/a"], "paths": []}"#, "no field `paths`"),
            (r#"{"urls": ["/a"], "urls": ["/b"]}"#, "`urls` is given twice"),
        ] {
            match Order::parse(body.as_bytes()) {
                Err(SignedUrlError::Order { problem }) => {
                    assert!(problem.contains(why), "{body}: {problem}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
        let error = Order::parse(&vec![b' '; MAX_LENGTH + 1]).unwrap_err();
        assert!(error.to_string().contains("longer than"), "{error}");
    }
}
