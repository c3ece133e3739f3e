//! Files in parts through the desk's own API.

use super::*;

const MIB: u64 = 1024 * 1024;

/// The bytes of a video's beginning.
const MP4: &[u8] = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom";

struct World {
    desk: Desk,
    bucket: Bucket,
}

impl World {
    fn new() -> Self {
        Self { desk: desk(), bucket: Bucket { bytes: MP4.to_vec(), ..Bucket::default() } }
    }

    fn ask(&mut self, method: &str, path: &str, user: &str, body: &Value) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        ask_of(&self.desk, &mut self.bucket, now(), (method, path), signed_in(user), &body)
    }

    fn begin(&mut self, size: Option<u64>) -> Value {
        let order = json!({
            "rule": "large", "filename": "film.mp4", "content_type": "video/mp4", "size": size,
        });
        let answer = self.ask("POST", "/uploads", "alice", &order);
        assert_eq!(
            (answer.status, answer.log.verdict.reason()),
            (200, "issued"),
            "{}",
            answer.body
        );
        json_of(&answer)
    }

    fn step(&mut self, begun: &Value, method: &str, step: &str, body: &Value) -> Answer {
        let path = format!("/uploads/{}{step}", text(begun, "id"));
        self.ask(method, &path, "alice", body)
    }
}

#[test]
fn parts_are_signed_with_their_lengths_and_put_together() {
    let mut world = World::new();
    let begun = world.begin(Some(12 * MIB));
    assert_eq!((&begun["part_size"], &begun["parts"]), (&json!(5 * MIB), &json!(3)));
    assert_eq!(world.bucket.asked, ["create"]);
    let upload = &world.bucket.uploads["store-id-1"];
    assert_eq!(upload.headers, [("content-type".to_owned(), "video/mp4".to_owned())]);
    assert_eq!(upload.key, text(&begun, "key"));

    let answer = world.step(&begun, "POST", "/parts", &json!({ "numbers": [1, 3] }));
    assert_eq!(answer.log.verdict.reason(), "parts_signed");
    let parts = json_of(&answer);
    let sizes: Vec<_> =
        parts["parts"].as_array().unwrap().iter().map(|part| &part["size"]).collect();
    assert_eq!(sizes, [&json!(5 * MIB), &json!(2 * MIB)]);
    let url = text(&parts["parts"][1], "url");
    assert!(url.starts_with("https://bucket.s3.example/users/alice/"), "{url}");
    assert!(url.contains("partNumber=3&uploadId=store-id-1"), "{url}");
    assert!(url.contains("X-Amz-SignedHeaders=content-length%3Bhost&"), "{url}");

    for (number, size) in [(1, 5), (2, 5), (3, 2)] {
        world.bucket.send(number, size * MIB);
    }
    let listed = json_of(&world.step(&begun, "GET", "/parts", &Value::Null));
    assert_eq!(listed["parts"][2], json!({ "number": 3, "size": 2 * MIB, "etag": "\"etag-3\"" }));
    world.bucket.asked.clear();
    let answer = world.step(&begun, "POST", "/complete", &Value::Null);
    assert_eq!((answer.status, answer.log.verdict.reason()), (200, "completed"), "{}", answer.body);
    assert_eq!(world.bucket.asked, ["list", "complete", "head", "first_bytes"]);
    let stored = json_of(&answer);
    assert_eq!((&stored["size"], &stored["key"]), (&json!(12 * MIB), &begun["key"]));

    // An answer that was lost is given again, and so is a confirmation.
    for step in ["/complete", "/confirm"] {
        let again = world.step(&begun, "POST", step, &Value::Null);
        assert_eq!((again.status, again.log.verdict.reason()), (200, "confirmed"), "{step}");
        assert_eq!(json_of(&again), stored);
    }
}

#[test]
fn parts_that_are_not_what_was_agreed_are_not_put_together() {
    for (sizes, body, status, message, aborted) in [
        (
            &[5, 5, 1][..],
            Value::Null,
            409,
            "The parts have 11534336 bytes; 12582912 were announced.",
            false,
        ),
        (&[5, 5, 3], Value::Null, 409, "up to 12582912 are allowed. They were thrown away.", true),
        (&[], Value::Null, 409, "The store has no parts of this file.", false),
        (
            &[5, 5, 2],
            json!({ "parts": [{ "number": 1, "etag": "other" }] }),
            409,
            "no part 1",
            false,
        ),
        (
            &[5, 5, 2],
            json!({ "parts": [{ "number": 0, "etag": "e" }] }),
            400,
            "from 1 to 10000",
            false,
        ),
        (
            &[5, 5, 2],
            json!({ "parts": [{ "number": 1 }] }),
            400,
            "must have `number` and `etag`",
            false,
        ),
        (&[5, 5, 2], json!({ "parts": 1 }), 400, "`parts` must be a list", false),
        (&[5, 5, 2], json!({ "part": [] }), 400, "no field `part`", false),
    ] {
        let mut world = World::new();
        let begun = world.begin(Some(12 * MIB));
        for (number, size) in (1..).zip(sizes) {
            world.bucket.send(number, size * MIB);
        }
        let answer = world.step(&begun, "POST", "/complete", &body);
        let said = json_of(&answer);
        assert_eq!(answer.status, status, "{said}");
        assert!(text(&said, "message").contains(message), "{said}");
        assert!(world.bucket.objects.is_empty());
        assert_eq!(world.bucket.uploads.is_empty(), aborted, "{said}");
    }
}

#[test]
fn a_file_of_unknown_size_is_added_up() {
    for (sizes, status) in [(&[5, 5][..], 200), (&[30], 409), (&[5, 5, 5, 5, 5, 5], 409)] {
        let mut world = World::new();
        let begun = world.begin(None);
        assert_eq!(begun["parts"], Value::Null);
        let parts = json_of(&world.step(&begun, "POST", "/parts", &json!({ "numbers": [1] })));
        assert_eq!(parts["parts"][0]["size"], Value::Null);
        for (number, size) in (1..).zip(sizes) {
            world.bucket.send(number, size * MIB);
        }
        let answer = world.step(&begun, "POST", "/complete", &Value::Null);
        assert_eq!(answer.status, status, "{}", answer.body);
        assert!(world.bucket.uploads.is_empty());
    }
}

#[test]
fn the_first_bytes_are_those_of_the_type() {
    let mut world = World::new();
    world.bucket.bytes = b"<!DOCTYPE html><script>".to_vec();
    let begun = world.begin(None);
    world.bucket.send(1, MIB);
    let answer = world.step(&begun, "POST", "/complete", &Value::Null);
    let said = json_of(&answer);
    let expected = "The file was announced as `video/mp4`; its bytes are those of `text/html`.";
    assert_eq!((answer.status, text(&said, "message")), (409, expected));
}

#[test]
fn an_upload_is_aborted_and_an_aborted_one_too() {
    let mut world = World::new();
    let begun = world.begin(None);
    for _ in 0..2 {
        let answer = world.step(&begun, "DELETE", "", &Value::Null);
        assert_eq!((answer.status, answer.log.verdict.reason()), (204, "aborted"));
    }
    assert!(world.bucket.uploads.is_empty());
    let listed = world.step(&begun, "GET", "/parts", &Value::Null);
    assert_eq!((listed.status, listed.log.verdict.reason()), (404, "no_parts"));
    let completed = world.step(&begun, "POST", "/complete", &Value::Null);
    assert_eq!((completed.status, completed.log.verdict.reason()), (409, "not_stored"));
}

#[test]
fn every_step_is_its_users_alone() {
    let mut world = World::new();
    let begun = world.begin(Some(MIB));
    world.bucket.send(1, MIB);
    world.bucket.asked.clear();
    let id = text(&begun, "id").to_owned();
    let steps = [
        ("POST", "/parts", json!({ "numbers": [1] })),
        ("GET", "/parts", Value::Null),
        ("POST", "/complete", Value::Null),
        ("POST", "/confirm", Value::Null),
        ("DELETE", "", Value::Null),
    ];
    for (method, step, body) in &steps {
        let path = format!("/uploads/{id}{step}");
        let bob = world.ask(method, &path, "bob", body);
        assert_eq!((bob.status, bob.log.verdict.reason()), (404, "unknown_upload"), "{step}");
        let sent = Sent::default();
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let nobody = ask_of(&world.desk, &mut world.bucket, now(), (method, &path), sent, &body);
        assert_eq!((nobody.status, nobody.log.verdict.reason()), (401, "no_credential"), "{step}");
        let late = later(24 * 3600 + 1);
        let sent = signed_in("alice");
        let late = ask_of(&world.desk, &mut world.bucket, late, (method, &path), sent, &body);
        assert_eq!(late.log.verdict.reason(), "upload_too_old", "{step}");
    }
    assert!(world.bucket.asked.is_empty());
    assert_eq!(world.bucket.uploads.len(), 1);
}

#[test]
fn numbers_of_parts_are_read_strictly() {
    let mut world = World::new();
    let begun = world.begin(Some(12 * MIB));
    for (body, message) in [
        (json!({ "numbers": [] }), "from 1 to 1000 parts"),
        (json!({ "numbers": [0] }), "from 1 to 10000"),
        (json!({ "numbers": [10_001] }), "from 1 to 10000"),
        (json!({ "numbers": ["1"] }), "from 1 to 10000"),
        (json!({ "numbers": 1 }), "`numbers` must be the numbers"),
        (
            json!({ "numbers": [4] }),
            "The file has 3 parts of 5242880 bytes, so there is no part 4.",
        ),
        (json!({ "number": [1] }), "no field `number`"),
    ] {
        let answer = world.step(&begun, "POST", "/parts", &body);
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.contains(message), "{body}: {}", answer.body);
    }
    // What is not sent in parts has none.
    let put = issued("alice", &[]);
    for (method, step, body) in [
        ("POST", "/parts", json!({ "numbers": [1] })),
        ("GET", "/parts", Value::Null),
        ("POST", "/complete", Value::Null),
        ("DELETE", "", Value::Null),
    ] {
        let answer = world.step(&put, method, step, &body);
        assert_eq!((answer.status, answer.log.verdict.reason()), (409, "other_kind"), "{step}");
    }
    for (method, step) in
        [("PUT", "/parts"), ("GET", "/complete"), ("GET", "/confirm"), ("GET", "")]
    {
        assert_eq!(world.step(&begun, method, step, &Value::Null).status, 405, "{method} {step}");
    }
}

#[test]
fn a_store_that_fails_is_told() {
    for (asked, error, status, reason) in [
        (0, CallError::Unavailable, 502, "store_unavailable"),
        (0, CallError::Refused, 502, "store_refused"),
        (1, CallError::Unavailable, 502, "store_unavailable"),
        (2, CallError::Refused, 409, "stored_differs"),
        (2, CallError::Unavailable, 502, "store_unavailable"),
        // It was completed by a call whose answer was lost.
        (2, CallError::Exists, 200, "confirmed"),
        (3, CallError::Unavailable, 502, "store_unavailable"),
    ] {
        let mut world = World::new();
        let mut count = 0;
        let order = json!({ "rule": "large", "filename": "a.mp4", "content_type": "video/mp4" });
        let mut run = |world: &mut World, method: &str, path: &str, body: &str| {
            let authorization = bearer("alice");
            let headers = [("host", "uploads.example"), ("authorization", authorization.as_str())];
            let request = Request::parse(method, path, headers).unwrap();
            let mut step = world.desk.handle(&request, body.as_bytes(), now(), RANDOM);
            loop {
                step = match step {
                    Step::Answer(answer) => return answer,
                    Step::Ask(pending) => {
                        let reply = world.bucket.ask(&pending.call());
                        let reply = if count == asked { Err(error) } else { reply };
                        count += 1;
                        pending.settle(reply, now())
                    }
                    Step::Check(_) | Step::Sign(_) | Step::Tell(_) => {
                        panic!("nobody else is asked")
                    }
                };
            }
        };
        let mut answer = run(&mut world, "POST", "/uploads", &order.to_string());
        if answer.status == 200 {
            world.bucket.send(1, MIB);
            let path = format!("/uploads/{}/complete", text(&json_of(&answer), "id"));
            answer = run(&mut world, "POST", &path, "");
        }
        let found = (answer.status, answer.log.verdict.reason());
        assert_eq!(found, (status, reason), "{asked} {error:?}");
    }
}
