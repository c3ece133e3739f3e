//! Signed URLs and cookies, as the function issues them.

use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::desk::{Desk, Step};
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use serde_json::{Value, json};

use crate::decide::secret;
use crate::question::{now, text};

/// By `policy` and its `secrets`, for the bearer of `token`: the status and the body that an
/// `order` gets, and the cookies that the answer sets.
pub(crate) fn signed_urls(question: &Value) -> Value {
    let policy = Policy::parse(&question.get("policy").unwrap().to_string()).unwrap();
    let desk = Desk::new(&policy, &|name| secret(question, name)).unwrap();
    let authorization = format!("Bearer {}", text(question, "token"));
    let headers = [("host", "desk.example"), ("authorization", authorization.as_str())];
    let request = Request::parse("POST", "/signed-urls", headers).unwrap();
    let order = question.get("order").unwrap().to_string();
    let mut step = desk.handle(&request, order.as_bytes(), now(question), [7; 16]);
    if let Step::Check(checking) = step {
        let holds = cloakroom_asymmetric::holds(checking.check());
        step = checking.answer(holds);
    }
    let answer = match step {
        Step::Answer(answer) => answer,
        Step::Sign(signing) => {
            let key = signing.key().unwrap();
            let private = PrivateKey::from_pem(key.pem.expose()).unwrap();
            let sign = |message| private.sign(key.public_key.algorithm(), message).unwrap();
            let signatures: Vec<_> = signing.messages().map(sign).collect();
            signing.settle(&signatures)
        }
        Step::Check(_) | Step::Ask(_) | Step::Tell(_) => {
            return json!({ "error": "it asks for more" });
        }
    };
    let set = answer.headers.iter().filter(|(name, _)| *name == "set-cookie");
    json!({
        "status": answer.status,
        "body": serde_json::from_str::<Value>(&answer.body).unwrap(),
        "set_cookies": set.map(|(_, value)| value).collect::<Vec<_>>(),
    })
}
