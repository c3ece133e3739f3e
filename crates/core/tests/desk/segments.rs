//! Files in parts to Swift, where parts are objects of their own.

use super::*;
use cloakroom_core::upload::call::{MadeOf, StoreCall};

const MIB: u64 = 1024 * 1024;
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

/// The policy of a Swift store with a rule for files in parts; the rule changed in these fields.
fn policy(rule: &Value, auth: &Value) -> Result<Policy, String> {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["stores"]["main"] = json!({
        "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_shop",
        "keys": ["TEMPURL_KEY"],
    });
    if !auth.is_null() {
        policy["stores"]["main"]["auth"] = auth.clone();
    }
    let mut large = policy["uploads"]["large"].clone();
    large["kinds"] = json!(["multipart"]);
    large["unenforced"] = json!(["signed_headers"]);
    for (name, value) in rule.as_object().unwrap() {
        large[name] = value.clone();
    }
    policy["uploads"] = json!({ "large": large });
    Policy::parse(&policy.to_string()).map_err(|error| error.to_string())
}

fn v1() -> Value {
    json!({
        "version": "v1", "url": "https://swift.example/auth/v1.0",
        "user": "SWIFT_USER", "key": "SWIFT_KEY",
    })
}

struct World {
    desk: Desk,
    bucket: Bucket,
}

impl World {
    fn new(rule: &Value) -> Self {
        let desk = Desk::new(&policy(rule, &v1()).unwrap(), &secret).unwrap();
        let bytes = MP4.to_vec();
        let bucket = Bucket { bytes, made_of: MadeOf::Listed, ..Bucket::default() };
        Self { desk, bucket }
    }

    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask_of(&self.desk, &mut self.bucket, now(), (method, path), signed_in("alice"), &body)
    }

    fn begin(&mut self, size: Option<u64>) -> Value {
        let answer = self.ask("POST", "/uploads", &order(size));
        assert_eq!(answer.status, 200, "{}", answer.body);
        json_of(&answer)
    }

    fn step(&mut self, begun: &Value, method: &str, step: &str, body: &Value) -> Answer {
        self.ask(method, &format!("/uploads/{}{step}", text(begun, "id")), body)
    }

    /// What the store is asked first.
    fn call(&self, begun: &Value, method: &str, step: &str) -> StoreCall {
        let path = format!("/uploads/{}{step}", text(begun, "id"));
        let authorization = bearer("alice");
        let headers = [("host", "uploads.example"), ("authorization", authorization.as_str())];
        let request = Request::parse(method, &path, headers).unwrap();
        match self.desk.handle(&request, b"", now(), RANDOM) {
            Step::Ask(pending) => pending.call(),
            _ => panic!("nothing is asked"),
        }
    }
}

fn order(size: Option<u64>) -> Value {
    json!({ "filename": "film é.mp4", "content_type": "video/mp4", "size": size })
}

#[test]
fn parts_are_segments_and_the_manifest_says_what_the_object_is() {
    let rule = json!({ "stored_as": {
        "cache_control": "max-age=60", "content_disposition": "attachment",
        "metadata": { "by": "{principal}", "name": "{filename}" },
    } });
    let mut world = World::new(&rule);
    let begun = world.begin(Some(12 * MIB));
    assert_eq!((&begun["part_size"], &begun["parts"]), (&json!(5 * MIB), &json!(3)));
    // Swift has nothing to keep headers with before there is a manifest.
    assert!(world.bucket.uploads["store-id-1"].headers.is_empty());

    let answer = world.step(&begun, "POST", "/parts", &json!({ "numbers": [1, 3] }));
    let parts = json_of(&answer);
    let sizes: Vec<_> =
        parts["parts"].as_array().unwrap().iter().map(|part| &part["size"]).collect();
    assert_eq!(sizes, [&json!(5 * MIB), &json!(2 * MIB)]);
    let url = text(&parts["parts"][1], "url");
    let random = "ab".repeat(16);
    let segment = format!(
        "https://swift.example/v1/AUTH_shop/bucket_segments/users/alice/{random}/film%20%C3%A9.mp4\
         /store-id-1/00000003?temp_url_sig="
    );
    assert!(url.starts_with(&segment), "{url}");

    for (number, size) in [(1, 5), (2, 5), (3, 2)] {
        world.bucket.send(number, size * MIB);
    }
    world.bucket.asked.clear();
    let answer = world.step(&begun, "POST", "/complete", &Value::Null);
    assert_eq!((answer.status, answer.log.verdict.reason()), (200, "completed"), "{}", answer.body);
    assert_eq!(world.bucket.asked, ["list", "complete", "head", "first_bytes"]);
    let disposition =
        "attachment; filename=\"film %C3%A9.mp4\"; filename*=UTF-8''film%20%C3%A9.mp4";
    let expected = [
        ("content-type", "video/mp4"),
        ("cache-control", "max-age=60"),
        ("content-disposition", disposition),
        ("x-object-meta-by", "alice"),
        ("x-object-meta-name", "film%20%C3%A9.mp4"),
    ];
    let told = world.bucket.completed_with.iter();
    let told: Vec<_> = told.map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(told, expected);
    // An answer that was lost is given again.
    for step in ["/complete", "/confirm"] {
        let again = world.step(&begun, "POST", step, &Value::Null);
        assert_eq!((again.status, again.log.verdict.reason()), (200, "confirmed"), "{step}");
    }
}

#[test]
fn what_was_put_together_is_a_list_of_parts() {
    for (made_of, status) in [(MadeOf::Listed, 200), (MadeOf::Bytes, 200), (MadeOf::Found, 409)] {
        let mut world = World::new(&json!({}));
        world.bucket.made_of = made_of;
        let begun = world.begin(None);
        world.bucket.send(1, MIB);
        let answer = world.step(&begun, "POST", "/complete", &Value::Null);
        assert_eq!(answer.status, status, "{made_of:?}: {}", answer.body);
    }
}

#[test]
fn a_store_is_told_where_segments_are() {
    for (rule, container) in
        [(json!({}), "bucket_segments"), (json!({ "segments": "parts" }), "parts")]
    {
        let mut world = World::new(&rule);
        let begun = world.begin(None);
        let call = world.call(&begun, "GET", "/parts");
        let large = call.large_object("id").unwrap();
        let expected = format!("https://swift.example/v1/AUTH_shop/{container}");
        assert_eq!(large.container_url(), expected);
        assert_eq!(large.segments.auth.call().url, "https://swift.example/auth/v1.0");
        let shown = format!("{call:?}");
        assert!(!shown.contains("more than thirty-two"), "{shown}");
    }
}

#[test]
fn a_container_has_a_name_of_swift() {
    let mut policy: Value = serde_json::from_str(POLICY).unwrap();
    policy["stores"]["main"] = json!({
        "kind": "swift", "endpoint": "https://swift.example", "account": "AUTH_shop",
        "keys": ["TEMPURL_KEY"], "auth": v1(),
    });
    policy["routes"]["media"]["bucket"] = json!("Photos of 2026");
    let mut large = policy["uploads"]["large"].clone();
    large["kinds"] = json!(["multipart"]);
    large["unenforced"] = json!(["signed_headers"]);
    policy["uploads"] = json!({ "large": large });
    let premises = Policy::parse(&policy.to_string()).unwrap().premises("main", &secret);
    let premises = premises.unwrap().unwrap();
    let segments: Vec<_> = premises.segments.iter().map(|it| it.container.as_str()).collect();
    assert_eq!(segments, ["Photos of 2026_segments"]);
    // A name of 256 bytes leaves no room for that of another.
    policy["routes"]["media"]["bucket"] = json!("a".repeat(256));
    let error = Policy::parse(&policy.to_string()).unwrap_err().to_string();
    assert!(error.starts_with("policy: at `uploads.large`: needs `segments`, the"), "{error}");
}

#[test]
fn there_are_no_more_parts_than_a_manifest_takes() {
    let mut world = World::new(&json!({ "size": { "max": 1_000_000_000_000_u64 } }));
    // Neither of a file that is announced, nor of the largest one that is not.
    for size in [Some(1_000_000_000_000), None] {
        assert_eq!(world.begin(size)["part_size"], 1_000_000_000, "{size:?}");
    }
    let begun = world.begin(None);
    let numbers = |number: u16| json!({ "numbers": [number] });
    assert_eq!(world.step(&begun, "POST", "/parts", &numbers(1000)).status, 200);
    let answer = world.step(&begun, "POST", "/parts", &numbers(1001));
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("a whole number from 1 to 1000."), "{}", answer.body);
}

#[test]
fn a_name_leaves_room_for_those_of_its_parts() {
    let mut world = World::new(&json!({}));
    let named = |length| {
        let mut order = order(None);
        order["filename"] = json!("a".repeat(length));
        order
    };
    // `users/alice/`, 32 digits and a slash are before it.
    let room = 1024 - 45 - 42;
    assert_eq!(world.ask("POST", "/uploads", &named(room)).status, 200);
    let answer = world.ask("POST", "/uploads", &named(room + 1));
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("too long for a file in parts"), "{}", answer.body);
}

#[test]
fn each_error_of_a_policy_says_what_to_add() {
    let v1_with = |name: &str, value: Value| {
        let mut auth = v1();
        auth[name] = value;
        auth
    };
    let v3 = |url: &str| json!({ "version": "v3", "url": url, "id": "ID", "secret": "SECRET" });
    let large = "policy: at `uploads.large";
    let auth = "policy: at `stores.main.auth";
    for (rule, auth, expected) in [
        (
            json!({}),
            Value::Null,
            format!(
                "{large}`: has the kind `multipart`, for which store `main` needs `auth`: parts \
                 are put together by a token, as in `\"main\": {{ …, \"auth\": {{ \"version\": \
                 \"v1\", \"url\": \"https://swift.example/auth/v1.0\", \"user\": \"SWIFT_USER\", \
                 \"key\": \"SWIFT_KEY\" }} }}`"
            ),
        ),
        (json!({ "unenforced": [] }), v1(), format!("{large}.unenforced`: must name at least one")),
        (
            json!({ "unenforced": ["signed_headers", "create_only"] }),
            v1(),
            format!(
                "{large}`: names `create_only` in `unenforced`, and it is enforced, or not said at \
                 all"
            ),
        ),
        (
            json!({ "stored_as": { "tags": { "a": "b" } } }),
            v1(),
            format!(
                "{large}`: says `tags`, which store `main` does not enforce when a file is sent \
                 by `multipart`; leave it out, or name it in `unenforced`, and it is no more than a \
                 wish"
            ),
        ),
        (
            json!({ "segments": "a/b" }),
            v1(),
            format!(
                "{large}.segments`: must be a container's name: 1 to 256 bytes without `/` and \
                 control characters"
            ),
        ),
        (
            json!({ "kinds": ["form"], "segments": "parts" }),
            v1(),
            format!(
                "{large}.segments`: is for rules with the kind `multipart` to a store of kind \
                 `swift`"
            ),
        ),
        (
            json!({ "size": { "max": 5_368_709_120_001_u64 } }),
            v1(),
            format!("{large}.size.max`: must be a whole number of bytes from 0 to 5368709120000"),
        ),
        (
            json!({}),
            v1_with("version", json!("v2")),
            format!("{auth}.version`: must be `v1` or `v3`, not `v2`"),
        ),
        (
            json!({}),
            v1_with("id", json!("A")),
            format!("{auth}`: has no field `id`; its fields are `version`, `url`, `user` or `key`"),
        ),
        (
            json!({}),
            v1_with("url", json!("https://swift.example")),
            format!(
                "{auth}.url`: must be a URL with a path, such as \
                 `https://swift.example/auth/v1.0` or `https://keystone.example/v3`"
            ),
        ),
        (
            json!({}),
            v1_with("url", json!("swift.example/auth")),
            format!(
                "{auth}.url`: `swift.example/auth` does not begin with `https://` or `http://`; an \
                 endpoint looks like `https://s3.us-east-1.amazonaws.com`"
            ),
        ),
        (
            json!({}),
            v3("https://keystone.example/"),
            format!(
                "{auth}.url`: must be a URL with a path, such as \
                 `https://swift.example/auth/v1.0` or `https://keystone.example/v3`"
            ),
        ),
        (
            json!({}),
            v3("https://keystone.example/identity"),
            format!("{auth}.url`: must end in `/v3`, as `OS_AUTH_URL` does"),
        ),
    ] {
        assert_eq!(policy(&rule, &auth).unwrap_err(), expected);
    }
    for url in ["http://keystone.example:5000/v3", "https://cloud.example/identity/v3/"] {
        policy(&json!({}), &v3(url)).unwrap();
    }
}

#[test]
fn who_reads_needs_no_secret_of_those_who_write() {
    let policy = policy(&json!({}), &v1()).unwrap();
    let of_readers = |name: &str| secret(name).filter(|_| !name.starts_with("SWIFT_"));
    Gate::new(policy.read_side(), &of_readers).unwrap();
    let error = Desk::new(&policy, &of_readers).unwrap_err().to_string();
    assert_eq!(error, "policy: at `stores.main.auth.user`: secret `SWIFT_USER` is not set");
    let names = policy.secret_names();
    for (name, place) in
        [("SWIFT_USER", "stores.main.auth.user"), ("SWIFT_KEY", "stores.main.auth.key")]
    {
        assert!(names.contains(&(name.to_owned(), place.to_owned())), "{names:?}");
    }
}
