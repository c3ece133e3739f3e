//! A route that sends viewers to the store: what the answer says, and for how long it is good.

use crate::*;

const OBJECT: &str = "/v1/AUTH_a/c/film.mp4";

fn redirected(target: &str, headers: &[(&str, &str)]) -> cloakroom_core::redirect::Redirect {
    let fields =
        json!({ "deliver": "redirect", "cors": { "allow_origins": ["https://app.example"] } });
    match allowed(&gate(&fields), target, headers) {
        ByRoute::Redirect(redirect) => redirect,
        ByRoute::Stream(retrieval) => panic!("{target}: {retrieval:?}"),
    }
}

#[test]
fn the_answer_opens_one_object_and_nobody_may_keep_it() {
    let redirect = redirected(&tempurl(OBJECT, None), &[("origin", "https://app.example")]);
    let headers = redirect.headers();
    let location = value(&headers, "location").unwrap();
    assert!(
        location.starts_with("https://s3.example/films/film.mp4?X-Amz-Algorithm="),
        "{location}"
    );
    assert_eq!(value(&headers, "cache-control"), Some("no-store"));
    assert_eq!(value(&headers, "referrer-policy"), Some("no-referrer"));
    assert_eq!(value(&headers, "access-control-allow-origin"), Some("https://app.example"));
    assert_eq!(redirect.shown(), "https://s3.example/films/film.mp4");
    assert!(!format!("{redirect:?}").contains("X-Amz-Signature"));
}

#[test]
fn what_the_store_does_not_ask_for_makes_the_url_short() {
    let address = Some(ADDRESS.parse().unwrap());
    let page = ("referer", "https://www.example.com/page");
    for (target, headers, seconds) in [
        (tempurl(OBJECT, None), vec![], 600),
        (tempurl(OBJECT, Some(ADDRESS)), vec![], 60),
        (tempurl(OBJECT, Some("192.0.2.0/24")), vec![], 60),
        (edgeauth(OBJECT, &["/v1/*"], None), vec![], 600),
        (edgeauth(OBJECT, &["/v1/*"], address), vec![], 60),
        ("/v1/AUTH_a/c/public/film.mp4".to_owned(), vec![], 3600),
        ("/v1/AUTH_a/c/pages/film.mp4".to_owned(), vec![page], 60),
        // Whoever has a ticket needs no page.
        (tempurl("/v1/AUTH_a/c/pages/film.mp4", None), vec![page], 600),
    ] {
        let redirect = redirected(&target, &headers);
        assert_eq!(redirect.life().as_secs(), seconds, "{target}");
        let headers = redirect.headers();
        let location = value(&headers, "location").unwrap();
        assert!(location.contains(&format!("&X-Amz-Expires={seconds}&")), "{location}");
    }
}

#[test]
fn a_no_is_the_edge_s_own() {
    let fields = json!({ "deliver": "redirect", "hide": "not-found" });
    match decide(&gate(&fields), OBJECT, &[]).outcome {
        Outcome::Reject { rejection, .. } => assert_eq!(rejection.row().status, 404),
        other => panic!("{other:?}"),
    }
}
