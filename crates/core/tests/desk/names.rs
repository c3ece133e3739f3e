//! Names of files and of users that systems get wrong: each is a key of its own, or refused.

use super::*;

fn key_of(user: &str, filename: &str) -> Result<String, String> {
    let body = order(&[("filename", json!(filename))]);
    let answer = answer("POST", "/uploads", Some(user), &body);
    let said = json_of(&answer);
    match answer.status {
        200 => Ok(text(&said, "key").to_owned()),
        400 => Err(text(&said, "message").to_owned()),
        status => panic!("{filename:?}: {status} {said}"),
    }
}

#[test]
fn every_odd_name_is_kept_or_refused() {
    const FOLDERS: &str = "`filename` must be a name without folders, so without `/`.";
    const DOTS: &str = "`filename` must not be `.` or `..`.";
    const CONTROL: &str = "`filename` must not hold control characters.";
    const TURNS: &str = "`filename` must not hold characters that change the direction of text.";
    for (filename, refused) in [
        (".", DOTS),
        ("..", DOTS),
        ("/", FOLDERS),
        ("//", FOLDERS),
        ("a//b", FOLDERS),
        ("/etc/passwd", FOLDERS),
        ("../x", FOLDERS),
        ("a/../b", FOLDERS),
        ("a/", FOLDERS),
        ("", "`filename` must be the name of the file."),
        ("a\u{0}b", CONTROL),
        ("a\r\nx-amz-acl: public-read", CONTROL),
        ("a\tb", CONTROL),
        ("a\u{7f}", CONTROL),
        ("a\u{85}", CONTROL),
    ] {
        assert_eq!(key_of("alice", filename), Err(refused.to_owned()), "{filename:?}");
    }
    for turns in "\u{61c}\u{200e}\u{200f}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\
                  \u{2068}\u{2069}"
        .chars()
    {
        let filename = format!("x{turns}gpj.exe");
        assert_eq!(key_of("alice", &filename), Err(TURNS.to_owned()), "{filename:?}");
    }
    for kept in [
        "%2e%2e",
        "%2e%2e%2fbob",
        "a%2Fb",
        "%00",
        "50%zz",
        "..\\bob",
        "a\\b",
        "...",
        ".hidden",
        "a?X-Amz-Signature=0",
        "#",
        " a ",
        "+",
        "'\"<&>",
        "~",
        "{random}",
        "${filename}",
        "\u{feff}a",
        "日本.png",
    ] {
        let key = format!("users/alice/{}/{kept}", "ab".repeat(16));
        assert_eq!(key_of("alice", kept), Ok(key), "{kept:?}");
    }
    // What looks like an escape is one of the name's own: it is escaped when it is signed.
    let put = issued("alice", &[("filename", json!("%2e%2e%2fbob\\x"))]);
    assert!(text(&put, "url").contains("/%252e%252e%252fbob%5Cx?"), "{put}");
}

#[test]
fn composed_and_decomposed_names_are_two_keys() {
    let [composed, decomposed] = ["caf\u{e9}.jpg", "cafe\u{301}.jpg"].map(|name| {
        let put = issued("alice", &[("filename", json!(name))]);
        assert!(text(&put, "key").ends_with(name));
        text(&put, "url").split('?').next().unwrap().to_owned()
    });
    assert!(composed.ends_with("/caf%C3%A9.jpg"), "{composed}");
    assert!(decomposed.ends_with("/cafe%CC%81.jpg"), "{decomposed}");
}

#[test]
fn a_name_that_is_too_long_is_refused_and_never_cut() {
    let prefix = format!("users/alice/{}/", "ab".repeat(16)).len();
    for fill in ["n", "é"] {
        let room = (1024 - prefix) / fill.len();
        let fits = fill.repeat(room);
        assert!(key_of("alice", &fits).unwrap().ends_with(&format!("/{fits}")));
        let long = fill.repeat(room + 1);
        let error = key_of("alice", &long).unwrap_err();
        assert_eq!(error, "`filename` is too long: the key would exceed 1024 bytes.");
    }
    // Also where it is the user's id that leaves no room.
    assert!(key_of(&"u".repeat(1000), "a.jpg").is_err());
}

#[test]
fn a_name_that_is_made_safe_is_cut_and_its_prefix_is_not() {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["uploads"]["default"]["key"] = json!("users/{principal}/{random}/{safe_filename}");
    let desk = Desk::new(&Policy::parse(&policy.to_string()).unwrap(), &secret).unwrap();
    for (filename, expected) in [
        (format!("{}.jpg", "n".repeat(5000)), format!("{}.jpg", "n".repeat(92))),
        (format!("{}.jpg", "é".repeat(5000)), "file.jpg".to_owned()),
        ("../../bob/x.jpg".to_owned(), "file.bob-x.jpg".to_owned()),
        ("\u{202e}gpj.exe".to_owned(), "gpj.exe".to_owned()),
    ] {
        let body = order(&[("filename", json!(filename))]);
        let mut bucket = Bucket::untouched();
        let sent = signed_in("alice");
        let put = ask_of(&desk, &mut bucket, now(), ("POST", "/uploads"), sent, &body);
        let key = text(&json_of(&put), "key").to_owned();
        assert_eq!(key, format!("users/alice/{}/{expected}", "ab".repeat(16)));
    }
}

#[test]
fn a_user_whose_id_begins_another_s_has_nothing_of_theirs() {
    let [one, ten] = ["u1", "u10"].map(|user| issued(user, &[]));
    let folder = |user: &str| format!("users/{user}/{}/", "ab".repeat(16));
    assert!(text(&one, "key").starts_with(&folder("u1")));
    assert!(text(&ten, "key").starts_with(&folder("u10")));
    for (user, ticket) in [("u1", &ten), ("u10", &one)] {
        let path = format!("/uploads/{}/confirm", text(ticket, "id"));
        let confirmed = answer("POST", &path, Some(user), "");
        assert_eq!(confirmed.log.verdict.reason(), "unknown_upload", "{user}");
    }
    // An id with a slash would be in two folders.
    for user in ["u1/0", "u1/", "/u1", ".", ".."] {
        assert_eq!(answer("POST", "/uploads", Some(user), &order(&[])).status, 400, "{user}");
    }
}
