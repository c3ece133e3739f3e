//! The public test suites of SigV4, run where somebody has one.
//!
//! `CLOAKROOM_SIGV4_SUITE` names the folder that holds the cases. Both layouts are known:
//!
//! | | request | what is expected |
//! |---|---|---|
//! | of 2015 | `<case>.req` | `<case>.creq`, `.sts`, `.authz` |
//! | of 2019 | `request.txt`, `context.json` | `header-` and `query-canonical-request.txt`, `-string-to-sign.txt`, `-signature.txt` |
//!
//! No suite is part of this repository; `sigv4_cases.rs` holds cases of our own.
//!
//! The requests stand in the files as a client has them before it encodes anything, and what is
//! expected has their paths encoded once.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "the suite is files, and only the core has no I/O"
)]

use std::fs;
use std::path::{Path, PathBuf};

use cloakroom_core::crypto::sha256;
use cloakroom_core::encoding::decode;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::json::Json;
use cloakroom_core::request::Method;
use cloakroom_core::secret::Secret;
use cloakroom_core::sigv4::settings::{
    PathEncoding, PathNormalization, PayloadHash, SessionToken, Settings,
};
use cloakroom_core::sigv4::sign::{Payload, Prepared, Signer, Unsigned};
use cloakroom_core::sigv4::signing_key::SecretAccessKey;
use cloakroom_core::sigv4::{Credentials, ExpiresIn};
use cloakroom_core::time::UnixTime;

const VARIABLE: &str = "CLOAKROOM_SIGV4_SUITE";

#[test]
fn every_case_of_the_suite() {
    let Some(suite) = std::env::var_os(VARIABLE) else {
        println!("skipped: `{VARIABLE}` names no suite");
        return;
    };
    let mut folders = vec![PathBuf::from(&suite)];
    let (mut cases, mut signatures) = (0, 0);
    while let Some(folder) = folders.pop() {
        let mut entries: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        entries.sort();
        folders.extend(entries.into_iter().filter(|entry| entry.is_dir()));
        let checked = check_folder(&folder);
        cases += usize::from(checked > 0);
        signatures += checked;
    }
    assert!(cases > 0, "no case below `{}`", suite.display());
    println!("{cases} cases, {signatures} signatures");
}

/// Checks what is expected of one request. The number of signatures, none for other folders.
fn check_folder(folder: &Path) -> usize {
    let name = folder.file_name().unwrap().to_str().unwrap();
    if let Some(request) = read(folder, "request.txt") {
        let context = Context::read(&read(folder, "context.json").unwrap());
        let request = RawRequest::parse(&request);
        let mut checked = 0;
        for part in ["header", "query"] {
            let Some(signature) = read(folder, &format!("{part}-signature.txt")) else { continue };
            let text = |step: &str| read(folder, &format!("{part}-{step}.txt")).unwrap();
            let expected = [text("canonical-request"), text("string-to-sign"), signature];
            context.sign(&request, part, |prepared| check(name, part, prepared, &expected));
            checked += 1;
        }
        return checked;
    }
    let Some(request) = read(folder, &format!("{name}.req")) else { return 0 };
    let text = |extension: &str| read(folder, &format!("{name}.{extension}")).unwrap();
    let authorization = text("authz");
    let (_, signature) = authorization.rsplit_once("Signature=").unwrap();
    let expected = [text("creq"), text("sts"), signature.to_owned()];
    let request = RawRequest::parse(&request);
    // The session token stands in the request, or is left for the signer to add.
    let line = expected[0].lines().find_map(|line| line.strip_prefix("x-amz-security-token:"));
    let token = line.filter(|_| !request.headers.iter().any(|(n, _)| n == "x-amz-security-token"));
    Context::of_2015(token)
        .sign(&request, "header", |prepared| check(name, "header", prepared, &expected));
    1
}

/// Each step by itself, so that a failure names the first one that went wrong.
fn check(case: &str, part: &str, prepared: &Prepared<'_>, expected: &[String; 3]) {
    let [canonical_request, string_to_sign, signature] = expected;
    assert_eq!(&prepared.canonical_request().as_str(), canonical_request, "{case} in {part}");
    assert_eq!(&prepared.string_to_sign(), string_to_sign, "{case} in {part}");
    assert_eq!(prepared.signature().expose(), signature, "{case} in {part}");
}

struct RawRequest {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    host: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl RawRequest {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let (method, rest) = lines.next().unwrap().split_once(' ').unwrap();
        // The target may hold a space, unlike that of any real request.
        let (target, _) = rest.rsplit_once(' ').unwrap();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match line.split_once(':').filter(|_| !line.starts_with(' ')) {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.into())),
                // The value of the header before goes on.
                None => headers.last_mut().unwrap().1.push_str(&format!("\n{line}")),
            }
        }
        let host = headers.iter().position(|(name, _)| name == "host").unwrap();
        let (_, host) = headers.remove(host);
        // The signer adds the time.
        headers.retain(|(name, _)| name != "x-amz-date");
        Self {
            method: Method::parse(method).unwrap(),
            path: path.to_owned(),
            query: pairs.map(|(name, value)| (decoded(name), decoded(value))).collect(),
            host,
            headers,
            body: body.to_owned(),
        }
    }
}

struct Context {
    credentials: Credentials,
    region: String,
    service: String,
    time: UnixTime,
    expires_in: ExpiresIn,
    settings: Settings,
}

impl Context {
    fn of_2015(token: Option<&str>) -> Self {
        Self {
            credentials: Credentials {
                access_key_id: "AKIDEXAMPLE".into(),
                secret_access_key: SecretAccessKey::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
                session_token: token.map(Secret::new),
            },
            region: "us-east-1".into(),
            service: "service".into(),
            time: UnixTime::parse_amz_date("20150830T123600Z").unwrap(),
            expires_in: ExpiresIn::from_secs(3600).unwrap(),
            settings: Settings { path_encoding: PathEncoding::Once, ..Settings::GENERAL },
        }
    }

    fn read(text: &str) -> Self {
        let json = Json::parse(text).unwrap();
        let credentials = json.get("credentials").unwrap();
        let text =
            |object: &Json, name: &str| object.get(name).unwrap().as_str().unwrap().to_owned();
        let flag = |name: &str| json.get(name) == Some(&Json::Bool(true));
        let timestamp = text(&json, "timestamp").replace(['-', ':'], "");
        Self {
            credentials: Credentials {
                access_key_id: text(credentials, "access_key_id"),
                secret_access_key: SecretAccessKey::new(text(credentials, "secret_access_key")),
                session_token: credentials.get("token").and_then(Json::as_str).map(Secret::new),
            },
            region: text(&json, "region"),
            service: text(&json, "service"),
            time: UnixTime::parse_amz_date(&timestamp).unwrap(),
            expires_in: json
                .get("expiration_in_seconds")
                .and_then(Json::as_u64)
                .and_then(ExpiresIn::from_secs)
                .unwrap(),
            settings: Settings {
                path_encoding: PathEncoding::Once,
                path_normalization: match flag("normalize") {
                    true => PathNormalization::Normalized,
                    false => PathNormalization::AsSent,
                },
                payload_hash: match flag("sign_body") {
                    true => PayloadHash::Named,
                    false => PayloadHash::Computed,
                },
                session_token: match flag("omit_session_token") {
                    true => SessionToken::Appended,
                    false => SessionToken::Signed,
                },
            },
        }
    }

    fn sign(&self, request: &RawRequest, part: &str, check: impl FnOnce(&Prepared<'_>)) {
        let endpoint = Endpoint::parse(&format!("https://{}", request.host)).unwrap();
        fn borrowed(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
        }
        let (query, headers) = (borrowed(&request.query), borrowed(&request.headers));
        let body = hex::encode(sha256(request.body.as_bytes()));
        let unsigned = Unsigned {
            method: request.method,
            endpoint: &endpoint,
            path: &request.path,
            query: &query,
            headers: &headers,
        };
        let signer = Signer {
            credentials: &self.credentials,
            region: &self.region,
            service: &self.service,
            time: self.time,
        };
        let payload = Payload::Sha256(&body);
        match part {
            "header" => check(&signer.prepare_headers_with(&unsigned, payload, self.settings)),
            "query" => {
                // The suite's URLs cover the body without naming its hash.
                let settings = Settings { payload_hash: PayloadHash::Computed, ..self.settings };
                check(&signer.prepare_query_with(&unsigned, self.expires_in, payload, settings));
            }
            _ => panic!("there is no part `{part}`"),
        }
    }
}

fn read(folder: &Path, file: &str) -> Option<String> {
    let bytes = fs::read(folder.join(file)).ok()?;
    let text = String::from_utf8(bytes).unwrap().replace("\r\n", "\n");
    // Only some files end with a line feed; a body never does.
    Some(text.strip_suffix('\n').map(str::to_owned).unwrap_or(text))
}

fn decoded(text: &str) -> String {
    String::from_utf8(decode(text).unwrap().into_owned()).unwrap()
}
