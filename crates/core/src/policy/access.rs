//! `access` of a route: which keys have which ACL.
//!
//! ```json
//! [ { "keys": "public/*", "acl": "public-read", "list": ["authenticated-users"] },
//!   { "keys": "shared/*", "grants": [ { "to": { "user": "bob" }, "permission": "READ" } ] },
//!   { "keys": "press/*",  "swift": { "read": ".r:.example.com,.rlistings", "write": "acme" } } ]
//! ```

use std::net::Ipv6Addr;

use crate::acl::canned::CannedAcl;
use crate::acl::decision::Acl;
use crate::acl::grants::{AclGrant, Granted, Grantee};
use crate::acl::permission::Owner;
use crate::acl::referrer::{Designation, Effect, Hosts};
use crate::acl::rules::AccessRules;
use crate::acl::swift::{ContainerAcl, ContainerHeader, Item, SwiftAcl};
use crate::policy::reader::{Fields, Node, PolicyError};

/// Reads `access` and `bucket_owner`, neither of which needs to be given.
pub(super) fn read_access(
    access: Option<Node<'_>>,
    bucket_owner: Option<Node<'_>>,
) -> Result<AccessRules, PolicyError> {
    let bucket_owner = match bucket_owner {
        Some(node) => Owner::User(node.string()?.to_owned()),
        None => Owner::App,
    };
    let mut rules = AccessRules::new(bucket_owner);
    for node in access.as_ref().map(Node::list).transpose()?.unwrap_or_default() {
        let fields = node.object(&["keys", "acl", "grants", "swift", "list"])?;
        let keys = fields.required("keys")?;
        let acl = read_acl(&node, &fields)?;
        let list = match fields.optional("list") {
            Some(node) => read_list(&node, &acl)?,
            None => Vec::new(),
        };
        rules.add(keys.string()?, acl, list).or_else(|why| keys.error(why.to_string()))?;
    }
    Ok(rules)
}

fn read_acl(node: &Node<'_>, fields: &Fields<'_>) -> Result<Acl, PolicyError> {
    match (fields.optional("acl"), fields.optional("grants"), fields.optional("swift")) {
        (Some(acl), None, None) => acl.one_of(&CannedAcl::ALL).map(Acl::Canned),
        (None, Some(grants), None) => read_grants(&grants).map(Acl::Grants),
        (None, None, Some(swift)) => read_swift(&swift).map(Acl::Swift),
        (None, None, None) => node.error("needs one of `acl`, `grants` and `swift`"),
        _ => node.error(
            "has more than one of `acl`, `grants` and `swift`; they do not add up, so give one (a \
             canned ACL can be written as grants)",
        ),
    }
}

fn read_grants(node: &Node<'_>) -> Result<Vec<AclGrant>, PolicyError> {
    let read = |node: &Node<'_>| {
        let fields = node.object(&["to", "permission"])?;
        let to = read_grantee(&fields.required("to")?)?;
        let granted = fields.required("permission")?.one_of(&Granted::ALL)?;
        Ok(AclGrant { to, granted })
    };
    let grants = node.each(read)?;
    if grants.is_empty() {
        return node.error("must hold at least one grant; `\"acl\": \"private\"` is for the owner");
    }
    Ok(grants)
}

/// `"all-users"` or `{"user": "bob"}`.
fn read_grantee(node: &Node<'_>) -> Result<Grantee, PolicyError> {
    if node.is_string() {
        return node.one_of(&Grantee::NAMED);
    }
    let user = node.object(&["user"])?.required("user")?;
    Ok(Grantee::User(user.string()?.to_owned()))
}

fn read_list(node: &Node<'_>, acl: &Acl) -> Result<Vec<Grantee>, PolicyError> {
    if matches!(acl, Acl::Swift(_)) {
        return node.error(
            "does not go together with `swift`: there `.rlistings` opens listings to referrers, \
             and a group in `read` opens them to its users",
        );
    }
    node.each(read_grantee)
}

fn read_swift(node: &Node<'_>) -> Result<SwiftAcl, PolicyError> {
    let fields = node.object(&["read", "write"])?;
    let read = |name, header| match fields.optional(name) {
        Some(node) => read_container_acl(&node, header),
        None => Ok(ContainerAcl::default()),
    };
    let acl = SwiftAcl {
        read: read("read", ContainerHeader::Read)?,
        write: read("write", ContainerHeader::Write)?,
    };
    if acl == SwiftAcl::default() {
        return node.error("needs `read`, `write` or both; `\"acl\": \"private\"` lets nobody in");
    }
    Ok(acl)
}

/// Swift keeps some items that never let anybody in or out. They are mistakes, so they are
/// refused here.
fn read_container_acl(
    node: &Node<'_>,
    header: ContainerHeader,
) -> Result<ContainerAcl, PolicyError> {
    let acl = ContainerAcl::parse(node.string()?, header);
    let acl = acl.or_else(|why| node.error(why.to_string()))?;
    for item in acl.items() {
        let problem = match item {
            Item::Referrer(designation) => dead_designation(designation),
            Item::Listings => {
                (header == ContainerHeader::Write).then_some("which belongs in `read`")
            }
            Item::Group(group) => dead_group(group),
        };
        if let Some(problem) = problem {
            return node.error(format!("has `{item}`, {problem}"));
        }
    }
    Ok(acl)
}

fn dead_designation(designation: &Designation) -> Option<&'static str> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-._".contains(&b);
    match (designation.effect, &designation.hosts) {
        (_, Hosts::Any) => None,
        (Effect::Deny, Hosts::Exactly(host)) if host == "*" => {
            Some("which keeps nobody out; leave `.r:*` out instead")
        }
        (_, Hosts::Exactly(host)) if host.parse::<Ipv6Addr>().is_ok() => None,
        (_, Hosts::Exactly(host) | Hosts::Below(host)) => (!host.bytes().all(plain)).then_some(
            "which no page fits: a host is written in lower case, without scheme, port and path",
        ),
    }
}

fn dead_group(group: &str) -> Option<&'static str> {
    if group.starts_with('.') {
        Some("which is no group; what begins with a dot is `.r:` or `.rlistings`")
    } else if group.contains('*') {
        Some("but groups have no wildcards: `acme` means every user of that account")
    } else {
        None
    }
}
