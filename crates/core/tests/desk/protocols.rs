//! The protocols of clients that people use already.

use super::*;

fn ask(
    bucket: &mut Bucket,
    method: &str,
    path: &str,
    user: Option<&str>,
    body: &str,
) -> (u16, &'static str, Value) {
    let sent = Sent { user, headers: &[("content-type", "application/json")] };
    let answer = ask_of(&desk(), bucket, now(), (method, path), sent, body);
    let json = serde_json::from_str(&answer.body).unwrap_or(Value::Null);
    (answer.status, answer.log.verdict.reason(), json)
}

fn video() -> Bucket {
    Bucket { bytes: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec(), ..Bucket::default() }
}

#[test]
fn companion_signs_a_form() {
    let path = "/companion/large/s3/params?filename=a+b%2B.mp4&type=video%2Fmp4\
                &metadata[name]=null&metadata%5Brelative%5D=x";
    let mut bucket = Bucket::untouched();
    let (status, reason, answer) = ask(&mut bucket, "GET", path, Some("alice"), "");
    assert_eq!((status, reason), (200, "issued"));
    assert_eq!((text(&answer, "method"), &answer["expires"]), ("POST", &json!(300)));
    let key = format!("users/alice/{}/a b+.mp4", "ab".repeat(16));
    assert_eq!(answer["fields"]["key"], json!(key));
    assert!(!answer.to_string().contains("relative"), "{answer}");
    // What goes wrong is read by clients of all versions.
    for (path, status, message) in [
        ("/companion/large/s3/params?filename=&type=video%2Fmp4", 400, "`filename` must be"),
        ("/companion/large/s3/params?type=video%2Fmp4", 400, "`filename` must be"),
        ("/companion/large/s3/params?filename=a&filename=b", 400, "given twice"),
        ("/companion/large/s3/params?filename=%ff", 400, "not well encoded"),
        ("/companion/large/s3/params?filename=a&type=text%2Fhtml", 403, "these are: video/*"),
        ("/companion/s3/params?filename=a.jpg&type=image%2Fjpeg", 403, "`kind` may be `put`"),
        ("/companion/none/s3/params?filename=a", 400, "There is no upload rule `none`."),
        ("/companion/large/s3/sts", 404, "no such path"),
        ("/companion/large/s3/multipart/a/b/c", 404, "no such path"),
    ] {
        let (found, _, said) = ask(&mut bucket, "GET", path, Some("alice"), "");
        assert_eq!(found, status, "{path}: {said}");
        assert!(text(&said, "error").contains(message), "{path}: {said}");
        assert_eq!(said["error"], said["message"]);
    }
}

#[test]
fn companion_sends_a_file_in_parts() {
    let mut bucket = video();
    let token = bearer("alice").replace("Bearer ", "");
    let base = format!("/companion/large/t/{token}//s3/multipart");
    let body = json!({ "filename": "a b.mp4", "type": "video/mp4", "metadata": { "name": null } });
    let (status, _, begun) = ask(&mut bucket, "POST", &base, None, &body.to_string());
    assert_eq!((status, text(&begun, "bucket")), (200, "bucket"));
    let (id, key) = (text(&begun, "uploadId"), text(&begun, "key"));
    let upload = format!("{base}/{id}");
    let query = format!("?key={}", key.replace(' ', "+"));

    let (_, _, part) = ask(&mut bucket, "GET", &format!("{upload}/2{query}"), None, "");
    assert!(text(&part, "url").contains("partNumber=2&uploadId=store-id-1"), "{part}");
    let batch = format!("{upload}/batch{query}&partNumbers=1,3");
    let (_, _, batch) = ask(&mut bucket, "GET", &batch, None, "");
    assert!(text(&batch["presignedUrls"], "3").contains("partNumber=3&"), "{batch}");
    for number in ["0", "10001", "1abc", "+1", ""] {
        let (status, ..) = ask(&mut bucket, "GET", &format!("{upload}/{number}{query}"), None, "");
        assert_eq!(status, 400, "{number}");
    }
    bucket.send(1, 5_242_880);
    bucket.send(2, 7);
    let (_, _, listed) = ask(&mut bucket, "GET", &format!("{upload}{query}"), None, "");
    assert_eq!(listed[1], json!({ "PartNumber": 2, "Size": 7, "ETag": "\"etag-2\"" }));

    let complete = format!("{upload}/complete{query}");
    let part = |number: u16, etag: &str| json!({ "PartNumber": number, "ETag": etag });
    let wrong = json!({ "parts": [part(1, "etag-1"), part(2, "other")] });
    let (status, _, said) = ask(&mut bucket, "POST", &complete, None, &wrong.to_string());
    assert_eq!(status, 409, "{said}");
    // Another key than the upload has, or none, is nobody's upload.
    let astray = format!("{upload}/complete?key=users%2Falice%2Fother");
    let parts = json!({ "parts": [part(1, "etag-1"), part(2, "\"etag-2\"")] }).to_string();
    assert_eq!(ask(&mut bucket, "POST", &astray, None, &parts).1, "unknown_upload");
    assert_eq!(ask(&mut bucket, "POST", &format!("{upload}/complete"), None, &parts).0, 400);
    let (status, reason, stored) = ask(&mut bucket, "POST", &complete, None, &parts);
    assert_eq!((status, reason, text(&stored, "key")), (200, "completed", key));
    assert!(text(&stored, "location").starts_with("https://media.example/media/users/alice/"));
    let (status, reason, said) = ask(&mut bucket, "DELETE", &format!("{upload}{query}"), None, "");
    assert_eq!((status, reason, said), (200, "aborted", json!({})));
}

#[test]
fn a_token_in_the_path_is_one_token() {
    let mut bucket = Bucket::untouched();
    let token = bearer("alice").replace("Bearer ", "");
    let rest = "s3/params?filename=a.mp4&type=video%2Fmp4";
    for (path, user, reason) in [
        (format!("/companion/large/t/{token}/{rest}"), None, "issued"),
        (format!("/companion/large/t/{token}/{rest}"), Some("alice"), "several_credentials"),
        (format!("/companion/large/t/{token}x/{rest}"), None, "token_signature_mismatch"),
        (format!("/companion/large/t/a.b.c/{rest}"), None, "malformed_token"),
        (format!("/companion/large/{rest}"), None, "no_credential"),
        (format!("/companion/large/{rest}"), Some("alice"), "issued"),
        (format!("/companion/large/x/{token}/{rest}"), None, "no_route"),
    ] {
        assert_eq!(ask(&mut bucket, "GET", &path, user, "").1, reason, "{path}");
    }
}

#[test]
fn sign_request_signs_each_step_of_s3() {
    let mut bucket = video();
    let sign = |bucket: &mut Bucket, user: &str, request: Value| {
        ask(bucket, "POST", "/sign-request/large", Some(user), &request.to_string())
    };
    let put = json!({ "method": "PUT", "key": "x/film.mp4", "contentType": "video/mp4" });
    let (status, _, form) = sign(&mut bucket, "alice", put);
    let key = format!("users/alice/{}/film.mp4", "ab".repeat(16));
    assert_eq!((status, text(&form, "key")), (200, key.as_str()));
    assert_eq!(form["fields"]["key"], json!(key));

    let create = json!({ "method": "POST", "key": "film.mp4" });
    let (_, reason, signed) = sign(&mut bucket, "alice", create);
    assert_eq!((reason, text(&signed, "key")), ("step_signed", key.as_str()));
    let step = |signed: &Value| {
        let url = text(signed, "url");
        let path = url.strip_prefix("https://uploads.example").unwrap();
        assert!(path.starts_with("/upload-steps/"), "{url}");
        path.to_owned()
    };
    let take = |bucket: &mut Bucket, method: &str, path: &str, content_type: &str, body: &str| {
        let sent = Sent { user: None, headers: &[("content-type", content_type)] };
        let answer = ask_of(&desk(), bucket, now(), (method, path), sent, body);
        (answer.status, answer.body)
    };
    let path = step(&signed);
    let (status, said) = take(&mut bucket, "POST", &path, "text/html", "");
    assert_eq!(status, 403, "{said}");
    assert!(said.contains("<Error><Code>AccessDenied</Code>"), "{said}");
    let (status, created) = take(&mut bucket, "POST", &path, "video/mp4", "");
    assert_eq!(status, 200, "{created}");
    assert!(created.contains(&format!("<Key>{key}</Key>")), "{created}");
    let id = between(&created, "<UploadId>", "</UploadId>");

    let request = |method: &str, more: Value| {
        let mut request = json!({ "method": method, "key": key, "uploadId": id });
        request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        request
    };
    let part = request("PUT", json!({ "partNumber": 1 }));
    let (_, _, signed) = sign(&mut bucket, "alice", part.clone());
    assert!(text(&signed, "url").contains("partNumber=1&uploadId=store-id-1"), "{signed}");
    assert_eq!(sign(&mut bucket, "bob", part).1, "unknown_upload");
    bucket.send(1, 9);

    let (_, _, list) = sign(&mut bucket, "alice", request("GET", json!({})));
    let (_, listed) = take(&mut bucket, "GET", &step(&list), "", "");
    let expected = "<Part><PartNumber>1</PartNumber><ETag>&quot;etag-1&quot;</ETag><Size>9</Size>";
    assert!(listed.contains(expected), "{listed}");

    let (_, _, complete) = sign(&mut bucket, "alice", request("POST", json!({})));
    let body = "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>etag-1</ETag></Part>\
                </CompleteMultipartUpload>";
    // A step is itself, and lasts an hour.
    let path = step(&complete);
    for (method, path, body, status) in [
        ("POST", step(&list), body, 405),
        ("DELETE", path.clone(), "", 405),
        ("POST", format!("{path}x"), body, 404),
        ("POST", format!("/upload-steps/{id}"), body, 404),
        ("POST", path.clone(), "<x/>", 400),
    ] {
        assert_eq!(take(&mut bucket, method, &path, "", body).0, status, "{method} {path}");
    }
    let late = ask_of(&desk(), &mut bucket, later(3601), ("POST", &path), Sent::default(), body);
    assert_eq!(late.log.verdict.reason(), "upload_too_old");
    let (status, completed) = take(&mut bucket, "POST", &path, "", body);
    assert_eq!(status, 200, "{completed}");
    assert!(completed.contains("<ETag>&quot;whole&quot;</ETag>"), "{completed}");
    assert!(bucket.objects.contains_key(&key));

    let (_, _, abort) = sign(&mut bucket, "alice", request("DELETE", json!({})));
    assert_eq!(take(&mut bucket, "DELETE", &step(&abort), "", "").0, 204);
    for (request, status) in [
        (json!({ "method": "DELETE", "key": key }), 403),
        (json!({ "method": "GET", "key": key }), 400),
        (json!({ "method": "PUT", "key": "" }), 400),
        (json!({ "method": "PUT", "key": "a", "uploadId": id }), 400),
        (json!({ "method": "PUT", "key": key, "uploadId": id, "partNumber": 0 }), 400),
        (json!({ "method": "PUT", "key": "other", "uploadId": id, "partNumber": 1 }), 404),
        (json!({ "method": "PUT", "key": key, "uploadId": "x", "partNumber": 1 }), 404),
    ] {
        assert_eq!(sign(&mut bucket, "alice", request.clone()).0, status, "{request}");
    }
}

#[test]
fn active_storage_gets_a_blob_and_where_to_put_it() {
    let path = "/rails/active_storage/direct_uploads";
    let mut bucket = Bucket::untouched();
    let blob = json!({
        "filename": "a.jpg", "content_type": "image/jpeg", "byte_size": 12,
        "checksum": "1B2M2Y8AsgTpgAmY7PhCfg==", "metadata": { "analyzed": true },
    });
    let body = json!({ "blob": blob }).to_string();
    for path in [path.to_owned(), format!("{path}/default")] {
        let (status, _, answer) = ask(&mut bucket, "POST", &path, Some("alice"), &body);
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            (&answer["filename"], &answer["byte_size"], &answer["checksum"]),
            (&json!("a.jpg"), &json!(12), &json!("1B2M2Y8AsgTpgAmY7PhCfg=="))
        );
        assert!(!answer.to_string().contains("analyzed"));
        let upload = &answer["direct_upload"];
        assert!(text(upload, "url").starts_with("https://bucket.s3.example/users/alice/"));
        assert_eq!(
            upload["headers"],
            json!({
                "content-type": "image/jpeg", "content-md5": "1B2M2Y8AsgTpgAmY7PhCfg==",
                "if-none-match": "*",
            })
        );
        let confirm = format!("/uploads/{}/confirm", text(&answer, "signed_id"));
        assert_eq!(ask(&mut bucket, "POST", &confirm, Some("alice"), "").1, "not_stored");
    }
    for (name, value) in
        [("byte_size", json!("12")), ("checksum", json!("x")), ("checksum", Value::Null)]
    {
        let mut blob = blob.clone();
        blob[name] = value;
        let body = json!({ "blob": blob }).to_string();
        assert_eq!(ask(&mut bucket, "POST", path, Some("alice"), &body).0, 400, "{name}");
    }
    assert_eq!(ask(&mut bucket, "POST", path, Some("alice"), "{}").0, 400);
    assert_eq!(ask(&mut bucket, "GET", path, Some("alice"), "").0, 405);
}

#[test]
fn better_upload_gets_all_its_files_at_once() {
    let mut bucket = Bucket::untouched();
    let body = |route: &str, files: &[(&str, u64, &str)]| {
        let file = |(name, size, kind): &(&str, u64, &str)| json!({ "name": name, "size": size, "type": kind });
        let files: Vec<_> = files.iter().map(file).collect();
        json!({ "route": route, "files": files, "metadata": { "x": 1 } }).to_string()
    };
    let files =
        [("a.jpg", 10, "image/jpeg"), ("a.jpg", 10, "image/jpeg"), ("b.png", 9, "image/png")];
    let path = "/better-upload";
    let (status, _, answer) =
        ask(&mut bucket, "POST", path, Some("alice"), &body("default", &files));
    assert_eq!(status, 200, "{answer}");
    let answers = answer["files"].as_array().unwrap();
    assert_eq!(answers.len(), 3);
    let key = |n: usize| text(&answers[n]["file"]["objectInfo"], "key");
    assert!(key(0) != key(1) && key(1) != key(2), "{answer}");
    assert_eq!(answers[2]["file"]["type"], "image/png");
    assert_eq!(answers[0]["headers"], json!({ "if-none-match": "*" }));

    let files = [("a.mp4", 11_000_000, "video/mp4"), ("b.mp4", 1, "video/mp4")];
    let (status, _, answer) = ask(&mut bucket, "POST", path, Some("alice"), &body("large", &files));
    assert_eq!(status, 200, "{answer}");
    let multipart = &answer["multipart"];
    assert_eq!(multipart["partSize"], json!(5_242_880));
    assert_eq!(multipart["files"][0]["parts"].as_array().unwrap().len(), 3);
    assert_eq!(multipart["files"][0]["parts"][2]["size"], json!(11_000_000 - 2 * 5_242_880));
    assert_eq!(bucket.uploads.len(), 2);
    let abort = text(&multipart["files"][1], "abortSignedUrl");
    let abort = abort.strip_prefix("https://uploads.example").unwrap();
    let answer = ask_of(&desk(), &mut bucket, now(), ("DELETE", abort), Sent::default(), "");
    assert_eq!((answer.status, bucket.uploads.len()), (204, 1));

    for (body, status, message) in [
        (body("default", &[("a.jpg", 1001, "image/jpeg")]), 403, "from 1 to 1000"),
        (body("default", &[("a.jpg", 10, "image")]), 400, "`type` must be"),
        (body("default", &[("a.jpg", 10, "")]), 403, "type `application/octet-stream` are not"),
        (body("default", &[]), 400, "from 1 to 100 files"),
        (body("none", &[("a.jpg", 10, "image/jpeg")]), 400, "no upload rule"),
        ("{}".to_owned(), 400, "`route` must be"),
    ] {
        let (found, _, said) = ask(&mut bucket, "POST", path, Some("alice"), &body);
        assert_eq!((found, &said["error"]["type"]), (status, &json!("rejected")), "{said}");
        assert!(text(&said["error"], "message").contains(message), "{said}");
    }
}

/// A browser gives a file whose type it does not know an empty one.
#[test]
fn a_file_of_no_type_is_sent_as_its_client_sends_it() {
    let mut bucket = Bucket::untouched();
    let mut put = |kind: &str| {
        let file = json!({ "name": "a", "size": 10, "type": kind });
        let body = json!({ "route": "other", "files": [file] }).to_string();
        let (status, _, answer) = ask(&mut bucket, "POST", "/better-upload", Some("alice"), &body);
        assert_eq!(status, 200, "{answer}");
        answer["files"][0].clone()
    };
    let file = put("");
    assert_eq!(
        (&file["file"]["type"], &file["headers"]),
        (&json!(""), &json!({ "if-none-match": "*" }))
    );
    let signed = "X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost%3B";
    assert!(text(&file, "signedUrl").contains(signed));
    assert_ne!(put("application/octet-stream")["signedUrl"], file["signedUrl"]);
    let key = text(&file["file"]["objectInfo"], "key").to_owned();
    let confirm = format!("/uploads/{}/confirm", text(&file, "id"));
    for (stored, status) in [
        (None, 200),
        (Some(""), 200),
        (Some("binary/octet-stream"), 200),
        (Some("application/octet-stream"), 200),
        (Some("text/html"), 409),
    ] {
        let content_type = stored.map(str::to_owned);
        let head = StoredHead { size: 10, content_type, ..StoredHead::default() };
        bucket.objects.insert(key.clone(), head);
        let (found, _, said) = ask(&mut bucket, "POST", &confirm, Some("alice"), "");
        assert_eq!(found, status, "{stored:?}: {said}");
    }

    let blob = json!({ "filename": "a", "byte_size": 10, "checksum": "1B2M2Y8AsgTpgAmY7PhCfg==" });
    for content_type in [json!(""), Value::Null] {
        let mut blob = blob.clone();
        blob["content_type"] = content_type;
        let body = json!({ "blob": blob }).to_string();
        let path = "/rails/active_storage/direct_uploads/other";
        let (status, _, answer) = ask(&mut bucket, "POST", path, Some("alice"), &body);
        assert_eq!((status, text(&answer, "content_type")), (200, "application/octet-stream"));
        let headers = &answer["direct_upload"]["headers"];
        assert_eq!(headers["content-type"], "application/octet-stream");
    }
    let uppy = "/companion/large/s3/params?filename=a";
    for (method, path, body) in [
        ("GET", uppy.to_owned(), ""),
        ("GET", format!("{uppy}&type="), ""),
        ("POST", "/companion/large/s3/multipart".to_owned(), r#"{"filename": "a", "type": null}"#),
        ("POST", "/sign-request/large".to_owned(), r#"{"method": "PUT", "key": "a"}"#),
        (
            "POST",
            "/sign-request/large".to_owned(),
            r#"{"method": "PUT", "key": "a", "contentType": ""}"#,
        ),
    ] {
        let (status, _, said) = ask(&mut bucket, method, &path, Some("alice"), body);
        assert_eq!(status, 403, "{path}: {said}");
        let no = "Files of type `application/octet-stream` are not taken here";
        assert!(said.to_string().contains(no), "{path}: {said}");
    }
}

#[test]
fn preflights_allow_what_clients_send() {
    for path in ["/uploads", "/companion/s3/params", "/sign-request", "/better-upload"] {
        let answer = answer("OPTIONS", path, None, "");
        let header = |wanted: &str| {
            let mut found = answer.headers.iter().filter(|(name, _)| *name == wanted);
            found.next().map(|(_, value)| value.as_str()).unwrap_or_default().to_owned()
        };
        assert_eq!(answer.status, 204);
        assert_eq!(header("access-control-allow-methods"), "GET, POST, DELETE, OPTIONS");
        assert_eq!(header("access-control-allow-credentials"), "true");
        for name in ["authorization", "uppy-auth-token", "content-type"] {
            assert!(header("access-control-allow-headers").contains(name), "{name}");
        }
    }
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}
