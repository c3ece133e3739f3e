//! Forms that are refused, as AWS refuses them; none stores anything.

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

use crate::form::{BOUNDARY, Form, SignedForm, content_type, end, part, request};
use crate::support::{Headers, ORIGIN, Served, Signer};

const FILE: &[u8] = b"a coat";

/// A request, the status and the code of its answer, and what the message says.
type Case = (Request<Bytes>, u16, &'static str, &'static str);

async fn check(store: &Served, cases: Vec<Case>) {
    for (n, (request, status, code, message)) in cases.into_iter().enumerate() {
        let reply = store.send(request).await;
        let text = reply.text();
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (status, code),
            "{n}, {message}: {text}"
        );
        let said = text.replace("&quot;", "\"").replace("&apos;", "'");
        assert!(said.contains(message), "{n}, {message}: {text}");
        assert_eq!(reply.header("access-control-allow-origin"), ORIGIN);
        assert_eq!(store.keys().await, Vec::<String>::new(), "{n}, {message}: stored");
        assert_eq!(store.data_files(), 0, "{n}, {message}: left data behind");
    }
}

const MISMATCH: &str = "SignatureDoesNotMatch";

#[tokio::test]
async fn tickets() {
    let store = Served::start().await;
    let good = || Form::new().signed();
    let by = |signer: Signer| Form::new().signed_by(signer).signed().request(&store, FILE);
    let aged = |signed: i64, life: i64| {
        let mut form = Form::new().signed_by(Signer::shifted(signed));
        form.life = life;
        form.signed().request(&store, FILE)
    };
    let with = |name: &str, value: &str| good().with(name, value).request(&store, FILE);
    let signature = good().get("x-amz-signature");
    let other_last = if signature.ends_with('0') { '1' } else { '0' };
    let one_digit = format!("{}{other_last}", &signature[..63]);
    let (id, rest) = {
        let credential = good().get("x-amz-credential");
        let (id, rest) = credential.split_once('/').unwrap();
        (id.to_owned(), rest.to_owned())
    };
    let other_day = format!("{id}/20200101{}", &rest[8..]);
    let other_end = format!("{id}/{}", rest.replace("aws4_request", "aws4"));
    // Over another policy than the one that was signed.
    let wider = Form::new().condition(json!(["starts-with", "$key", ""])).signed().get("policy");
    let forged = SignedForm { fields: good().with("policy", &wider).fields, ..good() };

    let mut cases: Vec<Case> = vec![
        (by(Signer { secret: "other", ..Signer::default() }), 403, MISMATCH, "does not match"),
        (forged.request(&store, FILE), 403, MISMATCH, "does not match"),
        (with("x-amz-signature", &one_digit), 403, MISMATCH, "does not match"),
        (with("x-amz-signature", &signature.to_ascii_uppercase()), 403, MISMATCH, "does not match"),
        (with("x-amz-signature", ""), 403, MISMATCH, "does not match"),
        (with("x-amz-signature", "zz"), 403, MISMATCH, "does not match"),
        (
            by(Signer { access_key_id: "OTHER", ..Signer::default() }),
            403,
            "InvalidAccessKeyId",
            "does not exist",
        ),
        (
            by(Signer { region: "eu-west-1", ..Signer::default() }),
            400,
            "InvalidArgument",
            "the region 'eu-west-1' is wrong; expecting 'us-east-1'",
        ),
        (
            by(Signer { service: "sts", ..Signer::default() }),
            400,
            "InvalidArgument",
            "incorrect service",
        ),
        (by(Signer { token: Some("t"), ..Signer::default() }), 400, "InvalidToken", "token"),
        (
            with("x-amz-credential", &other_day),
            400,
            "InvalidArgument",
            "the date of the Credential is `20200101`",
        ),
        (with("x-amz-credential", &other_end), 400, "InvalidArgument", "mal-formed"),
        (with("x-amz-credential", &id), 400, "InvalidArgument", "mal-formed"),
        (with("x-amz-date", "2026-01-01"), 400, "InvalidArgument", "ISO8601 Long Format"),
        (with("x-amz-algorithm", "AWS4-HMAC-SHA1"), 400, "InvalidArgument", "only supports"),
        (aged(960, 9_999), 403, "AccessDenied", "not valid yet"),
        (aged(-604_900, 600), 403, "AccessDenied", "over a week ago"),
        (aged(0, -1), 403, "AccessDenied", "Invalid according to Policy: Policy expired."),
        (aged(-7_200, -3_600), 403, "AccessDenied", "Policy expired."),
    ];
    for (name, said) in [
        ("x-amz-algorithm", "X-Amz-Algorithm"),
        ("x-amz-credential", "X-Amz-Credential"),
        ("x-amz-date", "X-Amz-Date"),
        ("x-amz-signature", "X-Amz-Signature"),
        ("key", "key"),
    ] {
        let said: &'static str = Box::leak(format!("a field named '{said}'").into_boxed_str());
        cases.push((good().without(name).request(&store, FILE), 400, "InvalidArgument", said));
    }
    let anonymous = SignedForm { fields: vec![("key".to_owned(), "photo".to_owned())], ..good() };
    for form in [&anonymous, &good().without("policy")] {
        cases.push((form.request(&store, FILE), 403, "AccessDenied", "Access Denied"));
    }
    for name in ["AWSAccessKeyId", "signature"] {
        let two = anonymous.clone().with(name, "x").with("policy", &wider);
        cases.push((two.request(&store, FILE), 400, "InvalidRequest", "AWS4-HMAC-SHA256"));
        let both = good().with(name, "x").request(&store, FILE);
        cases.push((both, 400, "InvalidRequest", "AWS4-HMAC-SHA256"));
    }
    check(&store, cases).await;
}

#[tokio::test]
async fn fields_that_are_not_as_the_policy_says() {
    let store = Served::start().await;
    const FAILED: &str = "Invalid according to Policy: Policy Condition failed: ";
    const EXTRA: &str = "Invalid according to Policy: Extra input fields: ";
    let cases: Vec<(SignedForm, &str, &str)> = vec![
        (Form::new().signed().with("key", "photo2"), FAILED, r#"["eq", "$key", "photo"]"#),
        (Form::new().signed().with("key", "Photo"), FAILED, r#"["eq", "$key", "photo"]"#),
        (
            Form::new().condition(json!(["eq", "$key", "a\"b"])).signed(),
            FAILED,
            r#"["eq", "$key", "a\"b"]"#,
        ),
        (
            Form::new()
                .field("key", "u10/evil")
                .condition(json!(["starts-with", "$key", "u1/"]))
                .signed(),
            FAILED,
            r#"["starts-with", "$key", "u1/"]"#,
        ),
        (
            Form::new()
                .field("Content-Type", "image/png")
                .signed()
                .with("Content-Type", "text/html"),
            FAILED,
            r#"["eq", "$content-type", "image/png"]"#,
        ),
        (
            Form::new().field("Content-Type", "image/png").signed().without("Content-Type"),
            FAILED,
            r#"["eq", "$content-type", "image/png"]"#,
        ),
        (
            Form::new()
                .field("Content-Type", "image/png, text/html")
                .condition(json!(["starts-with", "$Content-Type", "image/"]))
                .signed(),
            FAILED,
            r#"["starts-with", "$content-type", "image/"]"#,
        ),
        // Anything goes, but it has to be there.
        (
            Form::new().condition(json!(["starts-with", "$x-amz-meta-a", ""])).signed(),
            FAILED,
            r#"["starts-with", "$x-amz-meta-a", ""]"#,
        ),
        (
            Form::new()
                .field("x-amz-meta-a", "barclamp")
                .condition(json!(["eq", "$x-amz-meta-a", ""]))
                .signed(),
            FAILED,
            r#"["eq", "$x-amz-meta-a", ""]"#,
        ),
        (
            Form::new().condition(json!({"bucket": "other"})).signed(),
            FAILED,
            r#"["eq", "$bucket", "other"]"#,
        ),
        (Form::new().signed().with("bucket", "other"), FAILED, r#"["eq", "$bucket", "media"]"#),
        (Form::new().signed().with("acl", "public-read"), EXTRA, "acl<"),
        (Form::new().signed().with("x-amz-meta-a", "1"), EXTRA, "x-amz-meta-a<"),
        (
            Form::new().signed().with("x-amz-server-side-encryption", "AES256"),
            EXTRA,
            "x-amz-server-",
        ),
        (
            Form::new().signed().with("success_action_status", "201"),
            EXTRA,
            "success_action_status<",
        ),
        (
            Form::new().signed().with("success_action_redirect", "http://a.example"),
            EXTRA,
            "success_",
        ),
        (Form::new().signed().with("Content-Type", "text/html"), EXTRA, "content-type<"),
        (Form::new().signed().with("submit", "Upload").with("b", ""), EXTRA, "submit, b<"),
        (Form::new().signed().with("x-ignored", "1"), EXTRA, "x-ignored<"),
    ];
    let cases = cases
        .into_iter()
        .map(|(form, kind, what)| {
            let message: &'static str = Box::leak(format!("{kind}{what}").into_boxed_str());
            (form.request(&store, FILE), 403, "AccessDenied", message)
        })
        .collect();
    check(&store, cases).await;

    // A policy names its bucket, and every field that signs.
    let unnamed = |field: &str| {
        let mut policy = Form::new().policy();
        let conditions = policy["conditions"].as_array_mut().unwrap();
        conditions.retain(|condition| condition.get(field).is_none());
        Form::new().signed_with(&policy.to_string()).request(&store, FILE)
    };
    let cases = ["bucket", "key", "x-amz-algorithm", "x-amz-credential", "x-amz-date"]
        .map(|field| {
            let message: &'static str = Box::leak(format!("{EXTRA}{field}<").into_boxed_str());
            (unnamed(field), 403, "AccessDenied", message)
        })
        .into();
    check(&store, cases).await;
}

#[tokio::test]
async fn policies_that_are_not_sound() {
    let store = Served::start().await;
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut policy = Form::new().policy();
        change(&mut policy);
        Form::new().signed_with(&policy.to_string()).request(&store, FILE)
    };
    let more = |condition: Value| {
        changed(&|policy| policy["conditions"].as_array_mut().unwrap().push(condition.clone()))
    };
    let expiration = |value: Value| changed(&|policy| policy["expiration"] = value.clone());
    let renamed = |from: &str, to: &str| {
        changed(&|policy| {
            let value = policy.as_object_mut().unwrap().remove(from).unwrap();
            policy[to] = value;
        })
    };
    let cases: Vec<(Request<Bytes>, &'static str)> = vec![
        (Form::new().signed_encoded("{}").request(&store, FILE), "not base64"),
        (Form::new().signed_encoded("").request(&store, FILE), "Invalid JSON."),
        (Form::new().signed_with("{").request(&store, FILE), "Invalid JSON."),
        (Form::new().signed_with("[]").request(&store, FILE), "Invalid JSON."),
        (renamed("expiration", "EXPIRATION"), "Policy missing expiration."),
        (renamed("conditions", "CONDITIONS"), "Policy missing conditions."),
        (changed(&|policy| policy["more"] = json!(1)), "Unexpected: 'more'."),
        (changed(&|policy| policy["conditions"] = json!({})), "Invalid 'conditions' value"),
        (expiration(json!("2044-12-01")), "Invalid 'expiration' value"),
        (expiration(json!("2044-12-01T12:00:00")), "Invalid 'expiration' value"),
        (expiration(json!("2044-12-01T12:00:00+00:00")), "Invalid 'expiration' value"),
        (expiration(json!("2044-12-01 12:00:00Z")), "Invalid 'expiration' value"),
        (expiration(json!(4_000_000_000_u64)), "Invalid 'expiration' value"),
        (more(json!({})), "exactly one property"),
        (more(json!({"key": "photo", "acl": "private"})), "exactly one property"),
        (more(json!({"success_action_status": 201})), "value must be a string"),
        (more(json!("key")), "must be an object or a list"),
        (more(json!([])), "an operator and two values"),
        (more(json!(["eq", "$key"])), "an operator and two values"),
        (more(json!(["eq", "key", "photo"])), "needs a field, written as"),
        (more(json!(["starts-with", "$key", 1])), "needs a field, written as"),
        (more(json!(["ends-with", "$key", "photo"])), "'ends-with' is not an operator"),
        (more(json!(["content-length-range", 0])), "an operator and two values"),
        (more(json!(["content-length-range", -1, 0])), "Invalid content-length-range"),
        (more(json!(["content-length-range", 2, 1])), "Invalid content-length-range"),
        (more(json!(["content-length-range", "1", "2"])), "Invalid content-length-range"),
    ];
    let cases = cases
        .into_iter()
        .map(|(request, message)| (request, 400, "InvalidPolicyDocument", message))
        .collect();
    check(&store, cases).await;
}

#[tokio::test]
async fn files_that_are_too_small_or_too_large() {
    let store = Served::start().await;
    let form = |least: u64, most: u64| {
        Form::new().condition(json!(["content-length-range", least, most])).signed()
    };
    let large = vec![7; 30_000_000];
    check(
        &store,
        vec![
            (form(7, 10).request(&store, FILE), 400, "EntityTooSmall", "smaller than"),
            (form(1, 10).request(&store, b""), 400, "EntityTooSmall", "smaller than"),
            (form(1, 5).request(&store, FILE), 400, "EntityTooLarge", "exceeds"),
            (form(0, 0).request(&store, b"x"), 400, "EntityTooLarge", "exceeds"),
            (form(0, 1_000_000).request(&store, &large), 400, "EntityTooLarge", "exceeds"),
        ],
    )
    .await;
    for (least, most) in [(6, 6), (1, 6), (6, 7)] {
        let reply = form(least, most).send(&store, FILE).await;
        assert_eq!(reply.status, 204, "{least} to {most}: {}", reply.text());
    }
}

#[tokio::test]
async fn bodies_that_are_no_forms() {
    let store = Served::start().await;
    let good = Form::new().signed();
    let body = |parts: &[&str]| request(&store, "/media", parts.concat().as_bytes());
    let (head, file, end) = (good.head(), good.file_head() + "a coat", end());
    let twice = |name: &str, value: &str| good.head() + &part(name, value);
    let filler = |length: usize| part("x-ignore-a", &"x".repeat(length));
    let no_name = format!("--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n");
    let not_utf8 = [
        b"--",
        BOUNDARY.as_bytes(),
        b"\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n\xFF\r\n",
        head.as_bytes(),
        file.as_bytes(),
        end.as_bytes(),
    ]
    .concat();
    let endless = format!("--{BOUNDARY}\r\nx: {}", "x".repeat(3_000_000));
    let malformed = "MalformedPOSTRequest";
    let one_file = "IncorrectNumberOfFilesInPostRequest";
    let too_much = "MaxPostPreDataLengthExceededError";
    let mut cases: Vec<Case> = vec![
        (body(&["x"]), 400, malformed, "well-formed"),
        (body(&["key=photo"]), 400, malformed, "well-formed"),
        (body(&[&head]), 400, malformed, "well-formed"),
        (body(&[&head, &file]), 400, malformed, "well-formed"),
        (body(&[&head, &file, &end[..end.len() - 4]]), 400, malformed, "well-formed"),
        (body(&[&head, &no_name, &file, &end]), 400, malformed, "well-formed"),
        (request(&store, "/media", &not_utf8), 400, malformed, "well-formed"),
        (body(&[head.trim_end(), &end]), 400, one_file, "exactly one file"),
        (body(&[&head, &file, "\r\n", &file, &end]), 400, one_file, "exactly one file"),
        (body(&[&head, &filler(20_480), &file, &end]), 400, too_much, "too large"),
        (body(&[&filler(5_000_000), &head, &file, &end]), 400, too_much, "too large"),
        (body(&[&filler(10).repeat(500), &head, &file, &end]), 400, "InvalidArgument", "twice"),
        (body(&[&endless]), 400, too_much, "too large"),
        // After the file a field does not count.
        (body(&[&file, "\r\n", head.trim_end(), &end]), 403, "AccessDenied", "Access Denied"),
    ];
    for (name, value) in [
        ("key", "photo"),
        ("Key", "other"),
        ("policy", "e30="),
        ("x-amz-signature", "00"),
        ("X-Amz-Date", "20260101T000000Z"),
        ("x-ignore-a", ""),
    ] {
        let repeated = if name == "x-ignore-a" {
            twice(name, value) + &part(name, value)
        } else {
            twice(name, value)
        };
        cases.push((body(&[&repeated, &file, &end]), 400, "InvalidArgument", "twice"));
    }
    for (key, code) in [("", "InvalidArgument"), (&*"k".repeat(1025), "KeyTooLongError")] {
        let request = Form::new().field("key", key).signed().request(&store, FILE);
        cases.push((request, 400, code, "key"));
    }
    for content_type in ["multipart/form-data", "multipart/form-data; boundary=other"] {
        let mut request = good.request(&store, FILE);
        request.headers_mut().insert("content-type", content_type.parse().unwrap());
        cases.push((request, 400, malformed, "well-formed"));
    }
    let mut two_types = good.request(&store, FILE);
    two_types.headers_mut().append("content-type", content_type().parse().unwrap());
    cases.push((two_types, 400, malformed, "well-formed"));
    check(&store, cases).await;
}

#[tokio::test]
async fn requests_that_are_more_than_a_form() {
    let store = Served::start().await;
    let body = Form::new().signed().body(FILE);
    let to = |path: &str| request(&store, path, &body);
    let with = |headers: Headers<'_>| {
        let mut request = to("/media");
        for (name, value) in headers {
            let name = http::HeaderName::try_from(*name).unwrap();
            request.headers_mut().insert(name, value.parse().unwrap());
        }
        request
    };
    let mut signed = to("/media");
    Signer::default().sign_header(&mut signed);
    let content_type = content_type();
    let headers = [("content-type", content_type.as_str()), ("origin", ORIGIN)];
    let presigned =
        store.presigned(&Signer::default(), Method::POST, "/media", &headers, &body, 60);
    check(
        &store,
        vec![
            (to("/"), 405, "MethodNotAllowed", "URL of the bucket"),
            (to("/media/photo"), 405, "MethodNotAllowed", "URL of the bucket"),
            (to("/media?delete"), 405, "MethodNotAllowed", "URL of the bucket"),
            (to("/other"), 403, "AccessDenied", r#"["eq", "$bucket", "media"]"#),
            (signed, 400, "InvalidArgument", "Only one auth mechanism"),
            (presigned, 400, "InvalidArgument", "Only one auth mechanism"),
            (with(&[("x-amz-acl", "public-read")]), 403, "AccessDenied", "not signed: x-amz-acl"),
            (with(&[("x-amz-meta-a", "1")]), 403, "AccessDenied", "not signed: x-amz-meta-a"),
        ],
    )
    .await;
    let elsewhere = Form::new().condition(json!({"bucket": "nobody"}));
    let policy = elsewhere.policy().to_string().replace(r#"{"bucket":"media"},"#, "");
    let body = elsewhere.signed_with(&policy).body(FILE);
    check(&store, vec![(request(&store, "/nobody", &body), 404, "NoSuchBucket", "bucket")]).await;
}

/// What a PUT is refused for, a form is refused for.
#[tokio::test]
async fn features_that_the_store_does_not_have() {
    let store = Served::start().await;
    let tags = "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>";
    let field =
        |name: &str, value: &str| Form::new().field(name, value).signed().request(&store, FILE);
    let large = "x".repeat(2048);
    check(
        &store,
        vec![
            (field("acl", "public-read"), 400, "AccessControlListNotSupported", "ACLs"),
            (field("x-amz-acl", "private"), 400, "AccessControlListNotSupported", "ACLs"),
            (field("x-amz-grant-read", "id=1"), 400, "AccessControlListNotSupported", "ACLs"),
            (field("tagging", tags), 501, "NotImplemented", "x-amz-tagging"),
            (field("x-amz-storage-class", "GLACIER"), 400, "InvalidStorageClass", "storage class"),
            (
                field("x-amz-server-side-encryption", "aws:kms"),
                501,
                "NotImplemented",
                "x-amz-server-side-encryption",
            ),
            (
                field("x-amz-website-redirect-location", "/a"),
                501,
                "NotImplemented",
                "x-amz-website-redirect-location",
            ),
            (field("x-amz-meta-a", &large), 400, "MetadataTooLarge", "metadata"),
            (field("x-amz-meta-a", "a\r\nb"), 400, "InvalidArgument", "could not be a header"),
            (field("x-amz-meta-a b", "1"), 400, "InvalidArgument", "could not be a header"),
        ],
    )
    .await;
}

/// The connection ends before the form does.
#[tokio::test]
async fn forms_that_are_cut_off() {
    let store = Served::start().await;
    let form = Form::new().signed();
    let body = form.body(FILE);
    let head = format!(
        "POST /media HTTP/1.1\r\nhost: {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\r\n",
        store.address,
        content_type(),
        body.len()
    );
    let at_file = form.head().len() + form.file_head().len();
    let at_end = at_file + FILE.len();
    for length in [0, 10, at_file - 1, at_file, at_file + 3, at_end, at_end + 9, body.len() - 1] {
        let answer = store.send_raw(&[head.as_bytes(), &body[..length]].concat()).await;
        assert!(!answer.starts_with("HTTP/1.1 20"), "{length}: {answer}");
        assert_eq!((store.keys().await.len(), store.data_files()), (0, 0), "{length}");
    }
    assert_eq!(form.send(&store, FILE).await.status, 204);

    let chunked =
        head.replace(&format!("content-length: {}", body.len()), "transfer-encoding: chunked");
    let answer = store.send_raw(format!("{chunked}0\r\n\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 501"), "{answer}");
}
