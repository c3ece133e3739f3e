//! Forms that are taken: what is stored, and what is answered.

use http::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::form::{BOUNDARY, Form, content_type, end, part, request};
use crate::support::{ORIGIN, Served, Signer, noise};

const FILE: &[u8] = b"a coat";
/// The MD5 of it.
const ETAG: &str = "\"ed82ba108a63475d3f51bf13e7888275\"";

const MD5: &str = "7YK6EIpjR10/Ub8T54iCdQ==";
const SHA256: &str = "TZrypQLP+YvldvYmXeVVmyMpl71qSYfMqbp3mGPdfvk=";

#[tokio::test]
async fn a_form_is_answered_as_it_asks_to_be() {
    let store = Served::start().await;
    let address = store.address;
    for (asked, status) in [
        (None, 204),
        (Some("200"), 200),
        (Some("201"), 201),
        (Some("204"), 204),
        (Some("404"), 204),
    ] {
        let key = format!("ü/{status} <&>");
        let form = Form::new().field("key", &key);
        let form = match asked {
            Some(asked) => form.field("success_action_status", asked),
            None => form,
        };
        let reply = form.signed().send(&store, FILE).await;
        assert_eq!(reply.status.as_u16(), status, "{}", reply.text());
        let etag = reply.header("etag").to_owned();
        assert_eq!(etag, ETAG);
        let location = format!("http://{address}/media/%C3%BC%2F{status}%20%3C%26%3E");
        assert_eq!(reply.header("location"), location);
        assert_eq!(reply.header("x-amz-server-side-encryption"), "AES256");
        assert_eq!(reply.header("access-control-allow-origin"), ORIGIN);
        for name in ["ETag", "Location"] {
            assert!(reply.header("access-control-expose-headers").contains(name), "{name}");
        }
        if status == 201 {
            assert_eq!(reply.header("content-type"), "application/xml");
            assert_eq!(
                reply.text(),
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PostResponse><Location>{location}</Location>\
                     <Bucket>media</Bucket><Key>ü/201 &lt;&amp;&gt;</Key><ETag>{etag}</ETag></PostResponse>"
                )
            );
        } else {
            assert_eq!(reply.text(), "");
        }
        let path = location.strip_prefix(&format!("http://{address}")).unwrap();
        let got = store.call(Method::GET, &path.replace("%2F", "/"), &[], b"").await;
        assert_eq!((got.body.as_ref(), got.header("etag")), (FILE, etag.as_str()));
    }
}

#[tokio::test]
async fn a_form_sends_the_browser_on() {
    let store = Served::start().await;
    for (field, target, location) in [
        ("success_action_redirect", "https://app.example/done", "https://app.example/done?"),
        ("redirect", "http://app.example/?a=b", "http://app.example/?a=b&"),
    ] {
        let form = Form::new().field(field, target).field("success_action_status", "201");
        let reply = form.signed().send(&store, FILE).await;
        assert_eq!(reply.status, 303);
        let etag = reply.header("etag").trim_matches('"').to_owned();
        let expected = format!("{location}bucket=media&key=photo&etag=%22{etag}%22");
        assert_eq!(reply.header("location"), expected);
    }
    for target in ["not an address", "/done", "javascript:alert(1)", "https://"] {
        let form = Form::new().field("success_action_redirect", target);
        let reply = form.signed().send(&store, FILE).await;
        assert_eq!(reply.status, 204, "{target}");
    }
}

#[tokio::test]
async fn what_the_fields_say_is_kept_with_the_object() {
    let store = Served::start().await;
    let said = [
        ("Content-Type", "image/jpeg"),
        ("Cache-Control", "max-age=60"),
        ("Content-Disposition", "attachment; filename=\"a.jpg\""),
        ("Content-Encoding", "gzip"),
        ("Expires", "Thu, 01 Dec 2044 16:00:00 GMT"),
        ("x-amz-meta-Owner", "eric"),
    ];
    let mut form = Form::new()
        .field("acl", "bucket-owner-full-control")
        .field("x-amz-storage-class", "STANDARD")
        .field("x-amz-server-side-encryption", "AES256")
        .field("x-amz-meta-empty", "")
        .field("Content-Language", "de")
        .field("filename", "seen by nobody");
    for (name, value) in said {
        form = form.field(name, value);
    }
    let reply = form.signed().with("x-ignore-me", "1").send(&store, FILE).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    let got = store.get("photo", &[]).await;
    for (name, value) in said {
        assert_eq!(got.header(&name.to_ascii_lowercase()), value);
    }
    assert_eq!(got.headers["x-amz-meta-empty"], "");
    assert!(!got.headers.contains_key("content-language"));

    let bare = Form::new().signed().send(&store, FILE).await;
    assert_eq!(bare.status, 204);
    let got = store.get("photo", &[]).await;
    assert_eq!(got.header("content-type"), "binary/octet-stream");
    assert!(!got.headers.contains_key("x-amz-meta-owner"));
}

#[tokio::test]
async fn names_of_fields_and_operators_have_no_case() {
    let store = Served::start().await;
    let form = Form::new()
        .field("kEy", "foo/1")
        .field("CONTENT-type", "text/plain")
        .condition(json!(["StArTs-WiTh", "$KeY", "foo/"]))
        .condition(json!(["EQ", "$cOnTeNt-TyPe", "text/plain"]))
        .condition(json!(["Content-Length-Range", 6, 6]));
    let mut signed = form.signed().without("key");
    for (name, _) in &mut signed.fields {
        if name == "policy" || name.starts_with("x-amz-") {
            *name = name.to_ascii_uppercase();
        }
    }
    let reply = signed.send(&store, FILE).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert_eq!(store.get("foo/1", &[]).await.header("content-type"), "text/plain");
}

#[tokio::test]
async fn conditions_that_hold() {
    let store = Served::start().await;
    let forms = [
        Form::new().condition(json!(["eq", "$key", "photo"])),
        Form::new().condition(json!(["starts-with", "$key", ""])),
        Form::new().condition(json!(["starts-with", "$key", "pho"])),
        Form::new().field("bucket", "media"),
        Form::new().condition(json!(["starts-with", "$bucket", "med"])),
        Form::new().field("key", r"\$foo").condition(json!(["starts-with", "$key", r"\$f"])),
        Form::new().field("Content-Type", "image/png, image/gif").condition(json!([
            "starts-with",
            "$Content-Type",
            "image/"
        ])),
        Form::new().condition(json!(["content-length-range", 0, 6])).condition(json!([
            "content-length-range",
            6,
            10
        ])),
    ];
    for form in forms {
        let reply = form.signed().send(&store, FILE).await;
        assert_eq!(reply.status, 204, "{}: {}", form.policy(), reply.text());
    }
}

#[tokio::test]
async fn the_name_of_the_file_goes_into_the_key() {
    let store = Served::start().await;
    let form =
        Form::new().field("key", "u1/${filename}").condition(json!(["starts-with", "$key", "u1/"]));
    for (name, key) in
        [("coat.jpg", "u1/coat.jpg"), ("C:\\a\\b.jpg", "u1/b.jpg"), ("../../u2/c d", "u1/c d")]
    {
        let mut signed = form.signed();
        name.clone_into(&mut signed.file_name);
        let reply = signed.send(&store, FILE).await;
        assert_eq!(reply.status, 204, "{}", reply.text());
        assert!(store.keys().await.contains(&key.to_owned()), "{key}");
    }
}

/// The key as it would be stored is what the conditions are of.
#[tokio::test]
async fn a_key_with_the_name_of_the_file_is_not_the_one_that_was_signed() {
    let store = Served::start().await;
    let reply = Form::new().field("key", "u1/${filename}").signed().send(&store, FILE).await;
    reply.refused(403, "AccessDenied");
    assert_eq!((store.keys().await.len(), store.data_files()), (0, 0));
}

#[tokio::test]
async fn a_digest_in_the_form_is_compared() {
    let store = Served::start().await;
    // Of `a coat`, by `openssl dgst -binary | base64`, and of nothing.
    let digests = [
        ("content-md5", MD5, "1B2M2Y8AsgTpgAmY7PhCfg==", "InvalidDigest"),
        (
            "x-amz-checksum-sha256",
            SHA256,
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "InvalidRequest",
        ),
    ];
    for (name, right, wrong, malformed) in digests {
        let form = |value: &str| Form::new().field(name, value).signed();
        form(wrong).send(&store, FILE).await.refused(400, "BadDigest");
        form("zz").send(&store, FILE).await.refused(400, malformed);
        assert_eq!((store.keys().await.len(), store.data_files()), (0, 0));
        let reply = form(right).send(&store, FILE).await;
        assert_eq!(reply.status, 204, "{}", reply.text());
        store.call(Method::DELETE, "/media/photo", &[], b"").await;
    }
}

/// Files that look like the end of a form, sent whole and in pieces of any size.
#[tokio::test]
async fn a_file_is_stored_byte_for_byte() {
    let store = Served::start().await;
    let near = format!("\r\n--{}\r\n-\r--\r\n--{BOUNDARY}", &BOUNDARY[..20]);
    let near = near.strip_suffix('8').unwrap();
    let files = [
        Vec::new(),
        b"\r".to_vec(),
        b"\r\n".to_vec(),
        b"--".to_vec(),
        near.as_bytes().to_vec(),
        near.repeat(50).into_bytes(),
        noise(3_000_000),
    ];
    for file in &files {
        let reply = Form::new().signed().send(&store, file).await;
        let shown = String::from_utf8_lossy(&file[..file.len().min(99)]);
        assert_eq!(reply.status, 204, "{shown:?}: {}", reply.text());
        assert!(store.get("photo", &[]).await.body == *file, "{shown:?}");
    }
    for size in [1, 2, 7, 61] {
        let file = near.as_bytes();
        let answer = send_in_pieces(&store, &Form::new().signed().body(file), size).await;
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
        assert_eq!(store.get("photo", &[]).await.body, file, "in pieces of {size}");
        store.call(Method::DELETE, "/media/photo", &[], b"").await;
    }
}

async fn send_in_pieces(store: &Served, body: &[u8], size: usize) -> String {
    let mut stream = TcpStream::connect(store.address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let head = format!(
        "POST /media HTTP/1.1\r\nhost: {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        store.address,
        content_type(),
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    for piece in body.chunks(size) {
        stream.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_comes_after_the_file_is_passed_over() {
    let store = Served::start().await;
    let form = Form::new().signed();
    let submit = part("submit", "Upload");
    let body = [
        form.head().as_bytes(),
        form.file_head().as_bytes(),
        FILE,
        b"\r\n",
        submit.as_bytes(),
        part("key", "other").as_bytes(),
        part("acl", &"x".repeat(100_000)).trim_end().as_bytes(),
        end().as_bytes(),
        b"the epilogue",
    ]
    .concat();
    let reply = store.send(request(&store, "/media", &body)).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert_eq!(store.keys().await, ["photo"]);
    assert_eq!(store.get("photo", &[]).await.body, FILE);
}

/// The clock of whoever signs may be a quarter of an hour ahead, and a form may live for a week.
#[tokio::test]
async fn forms_live_as_long_as_they_say() {
    let store = Served::start().await;
    for (signed, life) in [(840, 600), (-3600, 600), (-600_000, 4_000)] {
        let mut form = Form::new().signed_by(Signer::shifted(signed));
        form.life = life;
        let reply = form.signed().send(&store, FILE).await;
        assert_eq!(reply.status, 204, "signed {signed}: {}", reply.text());
    }
}

/// A form overwrites, whatever its fields say of conditions, as it does in S3.
#[tokio::test]
async fn a_form_has_no_precondition() {
    let store = Served::start().await;
    store.put("photo", b"old").await;
    let reply = Form::new().field("if-none-match", "*").signed().send(&store, FILE).await;
    assert_eq!(reply.status, 204, "{}", reply.text());
    assert_eq!(store.get("photo", &[]).await.body, FILE);
    assert_eq!(store.data_files(), 1);
}
