//! Listings as Swift's clients ask for them.

use cloakroom_core::swift_auth::token::seal;

use crate::*;

/// Asks with the token of a user, or with none.
fn ask(method: &str, target: &str, user: Option<&str>) -> Result<Listing, Rejection> {
    let name = |user: &str| if user == "app" { "ALL" } else { "ALICE" };
    let until = UnixTime::from_secs(NOW.as_secs() + 60);
    let token = user.map(|user| {
        let secret = Secret::new(secret(name(user)).unwrap());
        seal(&format!("acme:{user}"), until, &secret).into_exposed()
    });
    let headers: Vec<_> = token.iter().map(|token| ("x-auth-token", token.as_str())).collect();
    match decide(method, target, &headers).outcome {
        Outcome::Allow(Service::Listing(listing)) => Ok(*listing),
        Outcome::Reject { rejection, .. } => Err(rejection),
        other => panic!("{target}: {other:?}"),
    }
}

fn answered(target: &str, user: Option<&str>, stored: &[String]) -> ListResponse {
    run(ask("GET", target, user).unwrap(), stored).0
}

/// The names of a listing in JSON, in their order.
fn names(target: &str, user: Option<&str>, stored: &[String]) -> Vec<String> {
    let response = answered(target, user, stored);
    let body = response.body.unwrap();
    assert!(!body.contains("site/"), "the location is told: {body}");
    let Value::Array(entries) = serde_json::from_str(&body).unwrap() else { panic!("{body}") };
    let name = |entry: &Value| entry.get("name").or(entry.get("subdir")).unwrap().clone();
    entries.iter().map(|entry| name(entry).as_str().unwrap().to_owned()).collect()
}

fn header<'r>(response: &'r ListResponse, name: &str) -> Option<&'r str> {
    let mut named = response.headers.iter().filter(|(known, _)| *known == name);
    named.next().map(|(_, value)| value.as_str())
}

const ALICE: [&str; 5] =
    ["public/1", "public/a & b/é+%.txt", "teams/carol/open/1", "users/alice/1", "users/alice/2"];

#[test]
fn each_sees_what_it_may_list_and_read() {
    for target in ["/v1/a/c?format=json", "/v1/a/c/?format=json", "/v1/%61/c?format=json"] {
        assert_eq!(
            names(target, Some("alice"), &stored()),
            [ALICE[0], "public/a & b/é+%.txt", "public/inner/1", ALICE[2], ALICE[3], ALICE[4]],
            "{target}"
        );
    }
    assert_eq!(names("/v1/a/c?format=json&prefix=users/", Some("app"), &stored()).len(), 3);
    // Without a token, the form is that of Swift where `format` asks for it.
    let public = ["public/1", "public/a & b/é+%.txt", "public/inner/1", "teams/carol/open/1"];
    assert_eq!(names("/v1/a/c?format=json", None, &stored()), public);
    let plain = answered("/v1/a/c?format=plain", None, &stored());
    assert_eq!(plain.body.unwrap().lines().collect::<Vec<_>>(), public);
    assert_eq!(plain.status, 200);
}

#[test]
fn folders_are_named_only_for_what_is_seen_in_them() {
    let listed = |prefix: &str, user| {
        names(&format!("/v1/a/c?format=json&delimiter=/&prefix={prefix}"), user, &stored())
    };
    assert_eq!(listed("", Some("alice")), ["public/", "teams/", "users/"]);
    assert_eq!(listed("users/", Some("alice")), ["users/alice/"]);
    assert_eq!(listed("users/bob/", Some("alice")), [""; 0]);
    assert_eq!(listed("teams/", Some("alice")), ["teams/carol/"]);
    assert_eq!(listed("", None), ["public/", "teams/"]);
}

#[test]
fn an_entry_says_what_swift_says() {
    let body = answered("/v1/a/c?format=json&prefix=users/", Some("alice"), &stored()).body;
    let first = serde_json::from_str::<Value>(&body.unwrap()).unwrap()[0].clone();
    assert_eq!(
        first,
        json!({
            "name": "users/alice/1", "bytes": 1, "hash": "",
            "content_type": "application/octet-stream",
            "last_modified": "2026-11-26T06:00:00.000000"
        })
    );
}

/// As python-swiftclient asks: behind the last name, until a page is empty.
#[test]
fn pages_go_on_behind_the_last_name() {
    for (first, delimiter) in [("/v1/a/c?format=json", ""), ("/v1/a/c?format=json", "&delimiter=/")]
    {
        for limit in 1..4 {
            let whole = names(&format!("{first}{delimiter}"), Some("alice"), &stored());
            let (mut all, mut marker) = (Vec::new(), String::new());
            loop {
                let marked = format!("{first}{delimiter}&limit={limit}&marker={marker}");
                let page = names(&marked, Some("alice"), &stored());
                let Some(last) = page.last() else { break };
                assert!(page.len() <= limit);
                marker = encode(last, Slash::Encode);
                all.extend(page);
            }
            assert_eq!(all, whole, "{delimiter} {limit}");
        }
    }
}

#[test]
fn a_listing_ends_before_its_end_marker() {
    let listed = |query: &str| {
        let target = format!("/v1/a/c?format=json&{query}");
        let (response, urls) = run(ask("GET", &target, Some("alice")).unwrap(), &stored());
        let body: Value = serde_json::from_str(&response.body.unwrap()).unwrap();
        (body.as_array().unwrap().len(), urls.len())
    };
    assert_eq!(listed("end_marker=users/alice/2").0, 5);
    assert_eq!(listed("end_marker=users/alice/20").0, 6);
    assert_eq!(listed("marker=teams/&end_marker=u").0, 1);
    assert_eq!(listed("marker=u&end_marker=t"), (0, 0));
    assert_eq!(listed("delimiter=/&end_marker=teams/").0, 1);
    assert_eq!(listed("delimiter=/&end_marker=teams/c").0, 2);
}

#[test]
fn a_page_is_full_or_the_last_one_or_refused() {
    let mut stored: Vec<_> = (0..60_000).map(|n| format!("site/teams/bob/{n:05}")).collect();
    stored.push("site/teams/zoe/open/1".to_owned());
    stored.push("site/public/1".to_owned());
    stored.sort();
    let page = |query: &str| {
        let listing = ask("GET", &format!("/v1/a/c?format=json&{query}"), Some("alice")).unwrap();
        let (mut health, mut asked) = (Health::default(), 0);
        let mut next = listing.begin(&mut health, NOW);
        loop {
            match next {
                Next::Ask { listing, .. } => {
                    asked += 1;
                    let request = listing.request(NOW).unwrap();
                    let body = answer(&stored, request.url().expose());
                    let head = StoreAnswer { status: 200, headers: &[] };
                    let answer = ListAnswer { head, body: body.as_bytes() };
                    next = listing.settle(Ok(answer), &mut health, NOW);
                }
                Next::Respond(response) => {
                    let body: Value = serde_json::from_str(&response.body.unwrap()).unwrap();
                    return (Ok(body.as_array().unwrap().len()), asked);
                }
                Next::Reject(rejection) => {
                    assert!(!rejection.row().text.contains("bob"));
                    return (Err((rejection.row().status, rejection.row().reason)), asked);
                }
            }
        }
    };
    let refused = Err((412, "listing_hidden"));
    // A page that has anything will do, when no number was asked for.
    assert_eq!(page("").0, Ok(1));
    assert_eq!(page("limit=1").0, Ok(1));
    assert_eq!(page("limit=2").0, refused);
    assert_eq!(page("marker=public/1"), (refused, 40));
    assert_eq!(page("prefix=teams/zoe/"), (Ok(1), 1));
}

#[test]
fn a_long_page_is_asked_for_in_parts() {
    let stored: Vec<_> = (0..12_000).map(|n| format!("site/public/{n:05}")).collect();
    let listing = ask("GET", "/v1/a/c?format=json", Some("alice")).unwrap();
    let (response, urls) = run(listing, &stored);
    let body: Value = serde_json::from_str(&response.body.unwrap()).unwrap();
    assert_eq!((body.as_array().unwrap().len(), urls.len()), (10_000, 10));
}

#[test]
fn a_head_counts_what_is_seen() {
    let (head, _) = run(ask("HEAD", "/v1/a/c?prefix=users/", Some("alice")).unwrap(), &stored());
    assert_eq!((head.status, head.body.as_deref()), (204, None));
    assert_eq!(header(&head, "x-container-object-count"), Some("6"));
    assert_eq!(header(&head, "x-container-bytes-used"), Some("6"));
    let many: Vec<_> = (0..10_001).map(|n| format!("site/public/{n:05}")).collect();
    let (head, _) = run(ask("HEAD", "/v1/a/c", Some("alice")).unwrap(), &many);
    assert_eq!(header(&head, "x-container-object-count"), None);
}

#[test]
fn an_account_has_the_containers_in_which_something_may_be_listed() {
    let containers = |query: &str, user| names(&format!("/v1/a{query}"), Some(user), &stored());
    assert_eq!(containers("?format=json", "alice"), ["box", "c", "photos"]);
    assert_eq!(containers("/?format=json", "app"), ["box", "c", "empty", "photos"]);
    assert_eq!(containers("?format=json&limit=1&marker=box", "alice"), ["c"]);
    assert_eq!(containers("?format=json&prefix=p", "alice"), ["photos"]);
    let plain = answered("/v1/a", Some("alice"), &[]);
    assert_eq!(plain.body.as_deref(), Some("box\nc\nphotos\n"));
    let nothing = answered("/v1/a?marker=x", Some("alice"), &[]);
    assert_eq!((nothing.status, nothing.body.as_deref()), (204, None));
    let (head, urls) = run(ask("HEAD", "/v1/a", Some("alice")).unwrap(), &[]);
    assert_eq!((head.status, header(&head, "x-account-container-count")), (204, Some("3")));
    assert!(urls.is_empty());
    // A placeholder's containers are not named, and each can be listed.
    assert_eq!(names("/v1/b?format=json", Some("alice"), &[]), [""; 0]);
    assert_eq!(names("/v1/b/c?format=json", Some("alice"), &stored()).len(), 6);
}

#[test]
fn an_index_is_for_those_who_do_not_list() {
    assert_eq!(names("/v1/a/photos/?format=json", Some("alice"), &stored()).len(), 6);
    let outcome = decide("GET", "/v1/a/photos/", &[]).outcome;
    assert_eq!(outcome.verdict().reason(), "no_credential");
}

#[test]
fn s3s_clients_are_answered_as_before() {
    let alice = bearer("users", "alice");
    let headers = [("authorization", alice.as_str())];
    let Outcome::Allow(Service::Listing(listing)) =
        decide("GET", "/v1/a/c?list-type=2", &headers).outcome
    else {
        panic!("no listing")
    };
    assert!(run(*listing, &stored()).0.body.unwrap().contains("<ListBucketResult"));
    let jwt = alice.strip_prefix("Bearer ").unwrap();
    let Outcome::Allow(Service::Listing(listing)) =
        decide("GET", "/v1/a/c?format=json", &[("x-auth-token", jwt)]).outcome
    else {
        panic!("no listing")
    };
    assert!(run(*listing, &stored()).0.body.unwrap().starts_with('['));
}

#[test]
fn refuses_what_cannot_list() {
    for (target, user, expected) in [
        ("/v1/a/c?format=xml", Some("alice"), (406, "listing_format")),
        ("/v1/a/c?limit=10001", Some("alice"), (412, "listing_limit")),
        ("/v1/a/c?path=users", Some("alice"), (400, "listing_argument")),
        ("/v1/a/c?delimiter=x", Some("alice"), (400, "listing_argument")),
        ("/v1/a/c?versions", Some("alice"), (501, "sub_resource")),
        ("/v1/a/box?format=json", Some("alice"), (501, "listing_unsupported")),
        ("/v1/a/empty?format=json", Some("alice"), (403, "listing_principal_may_not")),
        ("/v1/a/empty?format=json", None, (403, "listing_no_credential")),
        ("/v1/a?format=json", None, (403, "listing_no_credential")),
        ("/v1/a/photos?versions", Some("alice"), (404, "sub_resource")),
        ("/v2/a", Some("alice"), (404, "no_route")),
    ] {
        let rejection = ask("GET", target, user).unwrap_err();
        assert_eq!((rejection.row().status, rejection.row().reason), expected, "{target}");
    }
    let rejection = ask("GET", "/v1/a/c?path=users", Some("alice")).unwrap_err();
    assert!(rejection.row().text.contains("`path` must be left out"), "{}", rejection.row().text);
}
