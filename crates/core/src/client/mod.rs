//! In which form a client reads a no.
//!
//! | the client | reads |
//! |---|---|
//! | a browser that opens a page or a frame | a [`page`] |
//! | a browser that loads an image, a video, a font, a script | nothing: it would show none of it |
//! | an S3 client: it signs with SigV4 or SigV2, or sends an `x-amz-*` header or parameter | S3's [`error`](mod@error) in XML |
//! | any other | JSON |
//!
//! A browser says what it is about to do in `Sec-Fetch-Dest` (Fetch Metadata Request Headers),
//! but to servers that it trusts only: over HTTPS, or on the same machine. Elsewhere `Accept`
//! tells. A link that was signed with SigV4 and is opened in a browser is a page for people, so
//! what browsers say comes first.
//!
//! INVARIANT: the form follows from the request alone, neither from the reason for the no nor
//! from what is in a store. A route that hides its reasons hides them in every form. Nothing
//! may keep the answers (`no-store`), so no `vary` has to say what they depend on.

pub mod accept;
pub mod error;
pub mod page;

use serde::Serialize;

use crate::encoding::decode;
use crate::rejection::{Rejection, Row};
use crate::sigv4::ALGORITHM;

use self::accept::Accept;

/// The form of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `{"code":"…","message":"…"}`
    #[default]
    Json,
    /// S3's `<Error>`.
    Xml,
    /// A page.
    Html,
    /// No body.
    Nothing,
}

impl Form {
    /// The form for a request with this target and these headers, whose names are in lower case.
    pub fn of<'a>(target: &str, headers: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let headers: Vec<_> = headers.into_iter().collect();
        let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, value)| *value);
        let accept = Accept::parse(header("accept").unwrap_or_default());
        match header("sec-fetch-dest").and_then(Destination::parse) {
            Some(Destination::Document) => return Self::Html,
            Some(Destination::Part) => return Self::Nothing,
            // A script reads the answer.
            Some(Destination::Script) => {}
            None if accept.prefers_page() => return Self::Html,
            None if accept.is_for_media() => return Self::Nothing,
            None => {}
        }
        let is_s3 = is_signed_for_s3(header("authorization").unwrap_or_default())
            || headers.iter().any(|(name, _)| is_of_s3(name.as_bytes()))
            || names(target).any(|name| is_of_s3(&name) || name == b"AWSAccessKeyId");
        if is_s3 { Self::Xml } else { Self::Json }
    }
}

/// What a browser does with an answer.
#[derive(Clone, Copy)]
enum Destination {
    /// It shows it to a person.
    Document,
    /// It hands it to a script of the page.
    Script,
    /// It puts it into a page.
    Part,
}

impl Destination {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "document" | "iframe" | "frame" | "fencedframe" | "embed" | "object" => {
                Some(Self::Document)
            }
            "empty" | "json" => Some(Self::Script),
            "audio" | "audioworklet" | "font" | "image" | "manifest" | "paintworklet"
            | "script" | "serviceworker" | "sharedworker" | "style" | "track" | "video"
            | "worker" | "xslt" => Some(Self::Part),
            _ => None,
        }
    }
}

fn is_signed_for_s3(authorization: &str) -> bool {
    let scheme = authorization.split(' ').next().unwrap_or_default();
    scheme == ALGORITHM || scheme == "AWS"
}

/// `amz-sdk-invocation-id` and its like come from AWS's SDKs, also where nothing is signed.
fn is_of_s3(name: &[u8]) -> bool {
    let begins =
        |with: &[u8]| name.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    begins(b"x-amz-") || begins(b"amz-sdk-")
}

/// The names of the parameters, decoded where that can be done.
fn names(target: &str) -> impl Iterator<Item = Vec<u8>> {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    query.split('&').map(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        decode(name).map_or_else(|_| name.as_bytes().to_vec(), std::borrow::Cow::into_owned)
    })
}

/// Who reads an answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Client<'a> {
    form: Form,
    is_head: bool,
    path: &'a str,
    request_id: &'a str,
}

/// A no as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body, which may be empty.
    pub body: String,
}

/// A rejection in JSON.
#[derive(Serialize)]
struct Problem<'a> {
    code: &'static str,
    message: &'a str,
}

impl<'a> Client<'a> {
    /// The client that sent a request, which may be one that cannot be read: method, target and
    /// headers as they came, with names in lower case. The answer carries `request_id`.
    pub fn new<'h>(
        method: &str,
        target: &'a str,
        headers: impl IntoIterator<Item = (&'h str, &'h str)>,
        request_id: &'a str,
    ) -> Self {
        Self {
            form: Form::of(target, headers),
            is_head: method == "HEAD",
            path: target.split('?').next().unwrap_or_default(),
            request_id,
        }
    }

    /// The form in which it reads a no.
    pub fn form(&self) -> Form {
        self.form
    }

    /// What it is told of a rejection, with the headers by which a page may read it.
    pub fn tell(&self, rejection: &Rejection, cors: Vec<(&'static str, String)>) -> Told {
        let mut headers = rejection.headers();
        headers.extend(cors);
        self.tell_row(&rejection.row(), headers)
    }

    /// The same, with the headers that belong to the row.
    pub(crate) fn tell_row(&self, row: &Row, mut headers: Vec<(&'static str, String)>) -> Told {
        let (content_type, mut body) = match self.form {
            Form::Json => {
                let body = Problem { code: row.code, message: &row.text };
                // INVARIANT: texts can always be written.
                (Some("application/json"), serde_json::to_string(&body).unwrap_or_default())
            }
            Form::Xml => (Some("application/xml"), error::to_xml(row, self.path, self.request_id)),
            Form::Html => (Some("text/html; charset=utf-8"), page::to_html(row, self.request_id)),
            Form::Nothing => (None, String::new()),
        };
        headers.extend(content_type.map(|value| ("content-type", value.to_owned())));
        if self.form == Form::Xml {
            // By this name S3's clients show it, and keep it for whoever is asked.
            headers.push(("x-amz-request-id", self.request_id.to_owned()));
        }
        if self.form == Form::Html {
            headers.push(("content-security-policy", page::CONTENT_SECURITY_POLICY.to_owned()));
        }
        if self.is_head {
            // RFC 9110, section 9.3.2: the headers of a GET without its body.
            headers.push(("content-length", body.len().to_string()));
            body.clear();
        }
        Told { status: row.status, headers, body }
    }
}

/// `text` where markup is read. What no XML can hold becomes U+FFFD.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push('\u{FFFD}'),
            control if control.is_control() => escaped.push('\u{FFFD}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::access::{AccessDenied, Denial};
    use crate::disclosure::Disclosure;
    use crate::store::StoreError;

    const CHROME_PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,\
        image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
    const CHROME_IMAGE: &str = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8";
    const SIGNED: &str = "/media/a.jpg?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=60";

    fn form(target: &str, headers: &[(&str, &str)]) -> Form {
        Form::of(target, headers.iter().copied())
    }

    #[test]
    fn each_client_reads_its_own_form() {
        let dest = |value: &'static str| ("sec-fetch-dest", value);
        let aws4 = ("authorization", "AWS4-HMAC-SHA256 Credential=…");
        for (target, headers, expected) in [
            ("/a", vec![], Form::Json),
            ("/a", vec![("accept", "*/*")], Form::Json),
            ("/a", vec![("accept", "application/json")], Form::Json),
            ("/a", vec![("authorization", "Bearer x")], Form::Json),
            ("/a", vec![dest("empty"), ("accept", "*/*")], Form::Json),
            ("/a", vec![dest("empty"), ("accept", CHROME_IMAGE)], Form::Json),
            ("/a?x-amz=1&amz=2", vec![], Form::Json),
            ("/x-amz-date", vec![], Form::Json),
            // S3 clients.
            ("/a", vec![aws4], Form::Xml),
            ("/a", vec![("authorization", "AWS AKID:signature")], Form::Xml),
            ("/a", vec![("x-amz-content-sha256", "UNSIGNED-PAYLOAD")], Form::Xml),
            ("/a", vec![("amz-sdk-request", "attempt=1")], Form::Xml),
            (SIGNED, vec![("accept", "*/*")], Form::Xml),
            (SIGNED, vec![dest("empty")], Form::Xml),
            ("/a?%58-amz-date=1", vec![], Form::Xml),
            ("/a?AWSAccessKeyId=a&Expires=1&Signature=b", vec![], Form::Xml),
            // People.
            ("/a", vec![dest("document")], Form::Html),
            ("/a", vec![dest("iframe"), ("accept", "*/*")], Form::Html),
            ("/a", vec![("accept", CHROME_PAGE)], Form::Html),
            (SIGNED, vec![dest("document"), ("accept", CHROME_PAGE)], Form::Html),
            (SIGNED, vec![("accept", CHROME_PAGE)], Form::Html),
            // Parts of pages.
            ("/a", vec![dest("image"), ("accept", CHROME_IMAGE)], Form::Nothing),
            (SIGNED, vec![dest("image")], Form::Nothing),
            ("/a", vec![dest("video"), ("accept", "*/*")], Form::Nothing),
            ("/a", vec![dest("script")], Form::Nothing),
            ("/a", vec![("accept", CHROME_IMAGE)], Form::Nothing),
            // What is not known says nothing.
            ("/a", vec![dest("hologram"), ("accept", "*/*")], Form::Json),
        ] {
            assert_eq!(form(target, &headers), expected, "{target} {headers:?}");
        }
    }

    fn client(form: Form, is_head: bool) -> Client<'static> {
        Client { form, is_head, path: "/media/a&b.jpg", request_id: "R1" }
    }

    const FORMS: [Form; 4] = [Form::Json, Form::Xml, Form::Html, Form::Nothing];

    #[test]
    fn a_no_in_every_form() {
        let rejection = Rejection::Store(StoreError::NotFound);
        let told = |form| client(form, false).tell(&rejection, Vec::new());
        assert_eq!(
            told(Form::Json).body,
            r#"{"code":"NoSuchKey","message":"There is no such file."}"#
        );
        assert_eq!(
            told(Form::Xml).body,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>NoSuchKey</Code>\
             <Message>There is no such file.</Message><Resource>/media/a&amp;b.jpg</Resource>\
             <RequestId>R1</RequestId></Error>"
        );
        assert!(told(Form::Html).body.contains("<p>There is no such file.</p>"));
        assert_eq!(told(Form::Nothing).body, "");
        for form in FORMS {
            let told = told(form);
            assert_eq!(told.status, 404);
            let value = |name: &str| {
                let mut named = told.headers.iter().filter(|(n, _)| *n == name);
                named.next().map(|(_, value)| value.as_str())
            };
            assert_eq!(value("cache-control"), Some("no-store"));
            assert_eq!(value("x-content-type-options"), Some("nosniff"));
            assert_eq!(value("content-length"), None);
            let (content_type, policy) = match form {
                Form::Json => (Some("application/json"), None),
                Form::Xml => (Some("application/xml"), None),
                Form::Html => (
                    Some("text/html; charset=utf-8"),
                    Some("default-src 'none'; style-src 'unsafe-inline'"),
                ),
                Form::Nothing => (None, None),
            };
            assert_eq!(value("content-type"), content_type);
            assert_eq!(value("content-security-policy"), policy);
        }
    }

    #[test]
    fn a_head_has_the_headers_of_a_get_and_no_body() {
        let rejection = Rejection::Store(StoreError::NotFound);
        for form in FORMS {
            let get = client(form, false).tell(&rejection, Vec::new());
            let head = client(form, true).tell(&rejection, Vec::new());
            let mut expected = get.headers;
            expected.push(("content-length", get.body.len().to_string()));
            assert_eq!((head.headers, head.body), (expected, String::new()));
        }
    }

    #[test]
    fn what_is_hidden_is_hidden_in_every_form() {
        let denied = |why| Rejection::Access(AccessDenied { why, readers: Vec::new() });
        for disclosure in [Disclosure::NotFound, Disclosure::Forbidden] {
            for form in FORMS {
                for is_head in [false, true] {
                    let tell = |rejection: Rejection| {
                        client(form, is_head).tell(&rejection.disclosed(disclosure), Vec::new())
                    };
                    let absent = tell(Rejection::Store(StoreError::NotFound));
                    for no in [
                        denied(Denial::NoCredential),
                        denied(Denial::Principal),
                        denied(Denial::Referrer),
                        Rejection::Store(StoreError::Denied),
                        Rejection::Credential(crate::presented::CredentialError::Several),
                    ] {
                        assert_eq!(tell(no), absent);
                    }
                }
            }
        }
    }

    proptest! {
        #[test]
        fn no_request_writes_markup(path in any::<String>(), id in any::<String>()) {
            let rejection = Rejection::Store(StoreError::NotFound);
            for (form, elements) in [(Form::Xml, 11), (Form::Html, 24)] {
                let client = Client { form, is_head: false, path: &path, request_id: &id };
                let body = client.tell(&rejection, Vec::new()).body;
                prop_assert_eq!(body.matches('<').count(), elements);
                prop_assert!(!body.chars().any(|c| c.is_control() && c != '\n'));
            }
        }

        #[test]
        fn any_request_has_a_form(target in any::<String>(), name in "[a-z-]{0,20}", value in any::<String>()) {
            let _ = Client::new("GET", &target, [(name.as_str(), value.as_str())], "id");
        }
    }
}
