//! `cors`: which other origins' pages may read answers, and what of them.

use std::time::Duration;

use crate::cors::{Cors, DEFAULT_MAX_AGE};
use crate::endpoint::Endpoint;
use crate::policy::reader::{Node, PolicyError};

/// The longest `max_age`: a day. Browsers remember no preflight for longer.
const MAX_MAX_AGE: u64 = 86_400;

/// Reads the `cors` of a route, which no one needs to give.
pub(super) fn read_cors(node: Option<Node<'_>>) -> Result<Cors, PolicyError> {
    let Some(node) = node else { return Ok(Cors::default()) };
    let fields = node.object(&[
        "allow_origins",
        "expose_headers",
        "allow_headers",
        "max_age",
        "allow_credentials",
    ])?;
    let allow_origins = read_origins(&fields.required("allow_origins")?)?;
    let headers = |name| fields.optional(name).map_or_else(|| Ok(Vec::new()), |n| read_names(&n));
    let credentials = fields.optional("allow_credentials");
    let allow_credentials = match &credentials {
        Some(node) => node.boolean()?,
        None => false,
    };
    if let Some(node) = credentials.filter(|_| allow_credentials)
        && allow_origins.iter().any(|origin| origin == "*")
    {
        return node.error(
            "must not stand beside the origin `*`: any site could read what its visitors may \
             read; name the origins",
        );
    }
    Ok(Cors {
        allow_origins,
        expose_headers: headers("expose_headers")?,
        allow_headers: headers("allow_headers")?,
        max_age: match fields.optional("max_age") {
            Some(node) => Duration::from_secs(node.number_in(0..=MAX_MAX_AGE, "seconds")?),
            None => DEFAULT_MAX_AGE,
        },
        allow_credentials,
    })
}

/// Reads the `cors` of an upload rule. What its protocols send is known, so there is nothing else to
/// choose.
pub(super) fn read_origins_alone(node: Option<Node<'_>>) -> Result<Cors, PolicyError> {
    let Some(node) = node else { return Ok(Cors::default()) };
    let origins = node.object(&["allow_origins"])?.required("allow_origins")?;
    let allow_origins = read_origins(&origins)?;
    // Uppy asks with cookies, where it is told to; whether one counts, the desk decides.
    let allow_credentials = !allow_origins.iter().any(|origin| origin == "*");
    Ok(Cors { allow_origins, allow_credentials, ..Cors::default() })
}

fn read_origins(node: &Node<'_>) -> Result<Vec<String>, PolicyError> {
    node.each(|node| {
        let origin = node.string()?;
        let exact = Endpoint::parse(origin).is_ok_and(|endpoint| endpoint.to_string() == origin);
        if origin != "*" && !exact {
            return node.error(
                "must be an origin as browsers send it, such as `https://app.example` (no path, \
                 no slash at the end, no default port), or `*`",
            );
        }
        Ok(origin.to_owned())
    })
}

/// A `*` among them would mean every header to browsers, and none as soon as cookies are sent.
fn read_names(node: &Node<'_>) -> Result<Vec<String>, PolicyError> {
    let mut names: Vec<String> = Vec::new();
    for node in node.list()? {
        let name = node.string()?;
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if !name.bytes().all(plain) {
            return node
                .error("must be the name of a header in lower case, such as `x-app-version`");
        }
        if names.iter().any(|other| other == name) {
            return node.error(format!("names `{name}` twice"));
        }
        names.push(name.to_owned());
    }
    Ok(names)
}
