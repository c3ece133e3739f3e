//! A route says whether its files are shown or saved; tickets that say so themselves win.

use cloakroom_core::health::Health;
use cloakroom_core::retrieval::Next;
use cloakroom_core::store::StoreAnswer;

use crate::*;

const NAMED: &str = r#"attachment; filename="a b.jpg"; filename*=UTF-8''a%20b.jpg"#;

/// `Content-Disposition` and sandbox of what the edge streams, for an object stored with `stored`.
fn streamed(fields: &Value, target: &str, stored: Option<&str>) -> (Option<String>, bool) {
    let Service::Object(retrieval) = allowed(&gate(fields), target, &[]) else {
        panic!("redirected")
    };
    let mut headers = vec![("content-type".to_owned(), "text/html".to_owned())];
    headers.extend(stored.map(|value| ("content-disposition".to_owned(), value.to_owned())));
    let answer = StoreAnswer { status: 200, headers: &headers };
    match retrieval.settle(Ok(answer), &mut Health::default(), NOW) {
        Next::Respond(response) => {
            let sandbox = value(&response.head.headers, "content-security-policy")
                .is_some_and(|policy| policy.starts_with("sandbox"));
            let disposition = value(&response.head.headers, "content-disposition");
            (disposition.map(str::to_owned), sandbox)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_ticket_then_the_route_then_the_object() {
    let (none, inline) = (json!({}), json!({ "disposition": "inline" }));
    let attachment = json!({ "disposition": "attachment" });
    let public = "/v1/AUTH_a/c/public/a%20b.jpg";
    let ticket = tempurl("/v1/AUTH_a/c/public/a b.jpg", None);
    let (shown, named) = (format!("{ticket}&inline"), format!("{ticket}&filename=x"));
    let other = r#"attachment; filename="x"; filename*=UTF-8''x"#;
    for (fields, target, stored, expected) in [
        (&none, public, None, None),
        (&none, public, Some("stored"), Some("stored")),
        (&inline, public, None, Some("inline")),
        (&inline, public, Some("stored"), Some("inline")),
        (&attachment, public, None, Some(NAMED)),
        (&attachment, public, Some("stored"), Some(NAMED)),
        // A TempURL that says nothing has Swift's answer only where the route has none.
        (&none, &ticket, None, Some(NAMED)),
        (&none, &ticket, Some("stored"), Some("stored")),
        (&inline, &ticket, Some("stored"), Some("inline")),
        (&attachment, &ticket, Some("stored"), Some(NAMED)),
        (&attachment, &shown, None, Some("inline")),
        (&inline, &named, None, Some(other)),
        (&attachment, &named, None, Some(other)),
    ] {
        let (disposition, sandboxed) = streamed(fields, target, stored);
        assert_eq!(disposition.as_deref(), expected, "{fields} {target} {stored:?}");
        assert!(sandboxed);
    }
}

#[test]
fn a_redirect_says_it_to_the_store() {
    let location = |store: &str, disposition: &str, target: &str| {
        let fields = json!({ "deliver": "redirect", "store": store, "disposition": disposition });
        let Service::Redirect(redirect) = allowed(&gate(&fields), target, &[]) else {
            panic!("streamed")
        };
        value(&redirect.headers(), "location").unwrap().to_owned()
    };
    let path = "/v1/AUTH_a/c/public/a%20b.jpg";
    let saved = "response-content-disposition=attachment%3B%20filename%3D%22a%20b.jpg%22%3B%20\
                 filename%2A%3DUTF-8%27%27a%2520b.jpg";
    assert!(location("s3", "attachment", path).contains(saved));
    assert!(location("s3", "inline", path).contains("response-content-disposition=inline"));
    assert!(location("swift", "attachment", path).ends_with("&filename=a%20b.jpg"));
    assert!(location("swift", "inline", path).ends_with("&inline"));
    let ticket = tempurl("/v1/AUTH_a/c/public/a b.jpg", None);
    assert!(location("s3", "attachment", &format!("{ticket}&inline")).contains("=inline"));
}

#[test]
fn without_a_choice_a_redirect_leaves_it_to_the_object() {
    let fields = json!({ "deliver": "redirect" });
    let ticket = tempurl("/v1/AUTH_a/c/public/a b.jpg", None);
    for target in ["/v1/AUTH_a/c/public/a%20b.jpg", &ticket] {
        let Service::Redirect(redirect) = allowed(&gate(&fields), target, &[]) else {
            panic!("streamed")
        };
        let headers = redirect.headers();
        assert!(!value(&headers, "location").unwrap().contains("disposition"));
    }
}
