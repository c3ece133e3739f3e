//! What ACLs allow.

use cloakroom_core::acl::permission::Permission;
use cloakroom_core::acl::swift::{ContainerAcl, ContainerHeader, Entry};
use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::grant::Verified;
use cloakroom_core::key::{Keyring, Principal};
use cloakroom_core::policy::Policy;
use cloakroom_core::presented::Presented;
use cloakroom_core::request::Request;
use cloakroom_core::time::UnixTime;
use serde_json::{Value, json};

use crate::question::text;

/// An access rule of a policy: `acl`, `grants` or `swift`, and `list`. `owner` and `bucket_owner`
/// are ids of users; without them it is the app. `principal` is `null`, `"every-owner"` or
/// `{"user": …}`.
pub(crate) fn acl(question: &Value) -> Result<Value, String> {
    let owner = question.get("owner").and_then(Value::as_str);
    let with_given = |mut object: Value, names: &[&str]| {
        for name in names {
            if let Some(value) = question.get(name).filter(|value| !value.is_null()) {
                object[name] = value.clone();
            }
        }
        object
    };
    let keys = if owner.is_some() { "{owner}/*" } else { "*" };
    let rule = with_given(json!({ "keys": keys }), &["acl", "grants", "swift", "list"]);
    let route = json!({ "path": "/", "store": "main", "bucket": "media", "access": [rule] });
    let route = with_given(route, &["bucket_owner"]);
    let policy = json!({
        "version": 1,
        "stores": { "main": {
            "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
            "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
        } },
        "routes": { "all": route },
    });
    let routes = Policy::parse(&policy.to_string())
        .and_then(|policy| policy.read_side().routes(&|name| Some(name.to_owned())))
        .map_err(|error| error.to_string())?;
    let path = format!("/{}/object", encode(owner.unwrap_or("object"), Slash::Encode));
    let request = Request::parse("GET", &path, [("host", "h")]).map_err(|e| e.to_string())?;
    let located = Presented::parse(&request, &Keyring::default())
        .and_then(|presented| presented.verify(&Keyring::default(), UnixTime::from_secs(0)))
        .map_err(|error| error.to_string())
        .and_then(|verified| match verified {
            Verified::Granted(grant) => routes.locate(grant).map_err(|error| error.to_string()),
            Verified::Pending(_) => Err("nobody's request cannot wait for a key".to_owned()),
        })?;
    let principal = match question.get("principal").unwrap() {
        Value::Null => Principal::Anonymous,
        Value::String(name) if name == "every-owner" => Principal::EveryOwner,
        user => Principal::User(text(user, "user").to_owned()),
    };
    let asked = text(question, "permission");
    let permission = Permission::ALL.into_iter().find(|(name, _)| *name == asked).unwrap().1;
    let referer = question.get("referer").and_then(Value::as_str);
    let allowed = located.rule().allows(permission, &principal, referer);
    Ok(json!({
        "allowed": allowed.is_some(),
        "by": allowed.map(|allowed| allowed.by.as_str()),
        "clause": allowed.map(|allowed| allowed.clause.to_string()),
    }))
}

/// One ACL of a container: `header` is `read` or `write`, `asked` is `object` or `listing`.
pub(crate) fn swift_acl(question: &Value) -> Value {
    let header = match text(question, "header") {
        "write" => ContainerHeader::Write,
        _ => ContainerHeader::Read,
    };
    let acl = match ContainerAcl::parse(text(question, "acl"), header) {
        Ok(acl) => acl,
        Err(error) => return json!({ "error": error.to_string() }),
    };
    let groups = question.get("groups").and_then(Value::as_array).unwrap();
    let groups: Vec<_> = groups.iter().map(|group| group.as_str().unwrap()).collect();
    let referer = question.get("referer").and_then(Value::as_str);
    let entry = match text(question, "asked") {
        "listing" => acl.admits_listing(&groups, referer),
        _ => acl.admits(&groups, referer),
    };
    let by = entry.map(|entry| match entry {
        Entry::Everyone => "everyone",
        Entry::Referrer(_) => "referrer",
        Entry::Group(_) => "group",
    });
    json!({ "clean": acl.to_string(), "allowed": by.is_some(), "by": by })
}
