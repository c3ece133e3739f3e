//! Whether a browser would let a page upload: the preflight, and what it may read afterwards.
//!
//! Source: *CORS protocol* in the Fetch standard.

use super::http::Answer;
use super::verdict::Verdict;

/// What a page needs to read: the tag of a part, and where a form's object is.
pub(super) const EXPOSED: [&str; 2] = ["ETag", "Location"];

/// Of a preflight: whether a PUT may follow it, or what keeps the browser from sending one.
pub(super) fn preflight(answer: &Answer, origin: &str, headers: &[&str]) -> (Verdict, String) {
    let lacks = |what: String| (Verdict::Fails, what);
    if !answer.is_success() {
        return lacks(format!("the preflight was answered {}", answer.status));
    }
    if !allows_origin(answer, origin) {
        return lacks("the origin is not allowed".to_owned());
    }
    let methods = names(answer, "access-control-allow-methods");
    if !methods.iter().any(|method| method == "put" || method == "*") {
        return lacks("PUT is not allowed".to_owned());
    }
    let allowed = names(answer, "access-control-allow-headers");
    let is_missing = |name: &&&str| !allowed.iter().any(|known| known == **name || known == "*");
    match missing(headers.iter().filter(is_missing)) {
        Some(missing) => lacks(format!("{missing} may not be sent")),
        None => (Verdict::Holds, String::new()),
    }
}

/// Of an answer to a request from that origin: whether a page may read what it needs.
pub(super) fn exposure(answer: &Answer, origin: &str) -> (Verdict, String) {
    if !allows_origin(answer, origin) {
        return (Verdict::Fails, "the origin is not allowed".to_owned());
    }
    let exposed = names(answer, "access-control-expose-headers");
    let is_missing = |name: &&&str| {
        !exposed.iter().any(|known| known.eq_ignore_ascii_case(name) || known == "*")
    };
    match missing(EXPOSED.iter().filter(is_missing)) {
        Some(missing) => (Verdict::Fails, format!("{missing} may not be read")),
        None => (Verdict::Holds, String::new()),
    }
}

fn missing<'n>(names: impl Iterator<Item = &'n &'n str>) -> Option<String> {
    let names: Vec<_> = names.copied().collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn allows_origin(answer: &Answer, origin: &str) -> bool {
    let allowed = answer.header("access-control-allow-origin");
    allowed.is_some_and(|allowed| allowed == "*" || allowed == origin)
}

fn names(answer: &Answer, header: &str) -> Vec<String> {
    let list = answer.header(header).unwrap_or_default();
    list.split(',').map(|name| name.trim().to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "https://app.example";
    const UPLOAD_HEADERS: [&str; 3] = ["content-type", "if-none-match", "x-amz-checksum-sha256"];

    fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
        Answer::made_of(status, headers)
    }

    #[test]
    fn what_keeps_a_browser_from_uploading() {
        let origin = ("access-control-allow-origin", ORIGIN);
        let any = ("Access-Control-Allow-Origin", "*");
        let put = ("access-control-allow-methods", "GET, PUT");
        let some = ("access-control-allow-headers", "Content-Type, x-amz-checksum-sha256");
        let all = ("access-control-allow-headers", "*");
        let none = ("access-control-allow-methods", "GET");
        let other = ("access-control-allow-origin", "https://app.example.org");
        for (status, headers, why) in [
            (200, vec![origin, put, all], ""),
            (204, vec![any, put, all], ""),
            (403, vec![origin, put, all], "the preflight was answered 403"),
            (200, vec![put, all], "the origin is not allowed"),
            (200, vec![other, put, all], "the origin is not allowed"),
            (200, vec![origin, none, all], "PUT is not allowed"),
            (200, vec![origin, put, some], "if-none-match may not be sent"),
            (
                200,
                vec![origin, put],
                "content-type, if-none-match, x-amz-checksum-sha256 may not be sent",
            ),
        ] {
            let (verdict, said) = preflight(&answer(status, &headers), ORIGIN, &UPLOAD_HEADERS);
            assert_eq!(said, why);
            assert_eq!(verdict == Verdict::Holds, why.is_empty(), "{said}");
        }
    }

    #[test]
    fn what_a_page_may_read() {
        let origin = ("access-control-allow-origin", ORIGIN);
        for (exposed, why) in [
            ("etag, location, x-amz-request-id", ""),
            ("*", ""),
            ("ETag", "Location may not be read"),
            ("", "ETag, Location may not be read"),
        ] {
            let headers = [origin, ("access-control-expose-headers", exposed)];
            assert_eq!(exposure(&answer(200, &headers), ORIGIN).1, why, "{exposed}");
        }
        assert_eq!(exposure(&answer(200, &[]), ORIGIN).0, Verdict::Fails);
    }
}
