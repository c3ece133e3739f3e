//! The core as a program that answers questions, one JSON object a line, so that tests of
//! other ecosystems can ask it: `tests/peers` compares it with their libraries, `tests/stores`
//! with real stores, `tests/decisions` with the edge and the function.
//!
//! ```text
//! $ echo '{"op":"post_policy","policy_base64":"…","region":"us-east-1","time":"…",
//!          "secret_access_key":"…"}' | cargo run -p cloakroom-core --example peer
//! {"signature":"8afdbf40…"}
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a question that is not understood ends the program"
)]

mod access;
mod decide;
mod issue;
mod question;
mod sigv4;
mod tickets;

use std::io::{BufRead, Write};

use serde_json::{Value, json};

use crate::question::text;

fn main() {
    let mut output = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let question: Value = serde_json::from_str(&line.unwrap()).unwrap();
        writeln!(output, "{}", answer(&question)).unwrap();
        output.flush().unwrap();
    }
}

fn answer(question: &Value) -> Value {
    match text(question, "op") {
        "presign" | "sign" => sigv4::sign(question),
        "post_policy" => sigv4::post_policy(question),
        "sign_form" => sigv4::sign_form(question),
        "verify" => sigv4::verify(question),
        "tempurl_sign" => tickets::tempurl_sign(question),
        "formpost_sign" => tickets::formpost_sign(question),
        "cloudfront_sign" => tickets::cloudfront_sign(question),
        "edgeauth_sign" => tickets::edgeauth_sign(question),
        "jwt_sign" => tickets::jwt_sign(question),
        "jwt_verify" => tickets::jwt_verify(question),
        "prove" => decide::prove(question),
        "decide" => decide::decide(question),
        "respond" => decide::respond(question),
        "signed_urls" => issue::signed_urls(question),
        "acl" => access::acl(question).unwrap_or_else(|error| json!({ "error": error })),
        "swift_acl" => access::swift_acl(question),
        op => json!({ "error": format!("there is no op `{op}`") }),
    }
}
