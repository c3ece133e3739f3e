//! `access` of a route: which keys have which ACL.

use crate::acl::canned::CannedAcl;
use crate::acl::rules::AccessRules;
use crate::policy::reader::{Node, PolicyError};

pub(super) fn read_access(node: &Node<'_>) -> Result<AccessRules, PolicyError> {
    let mut rules = AccessRules::default();
    for node in node.list()? {
        let fields = node.object(&["keys", "acl"])?;
        let keys = fields.required("keys")?;
        let acl = fields.required("acl")?.one_of(&CannedAcl::ALL)?;
        rules.add(keys.string()?, acl).or_else(|why| keys.error(why.to_string()))?;
    }
    Ok(rules)
}
