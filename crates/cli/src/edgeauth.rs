//! `cloakroom edgeauth`

use std::net::IpAddr;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use cloakroom_core::crypto::Hash;
use cloakroom_core::edgeauth::sign::{Opens, Unsigned};
use cloakroom_core::edgeauth::{Escaping, Signer};
use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::time::UnixTime;
use serde_json::json;

use crate::ends::Ends;
use crate::secrets::{KeySource, from_environment};
use crate::{Common, Failure};

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("opens").required(true).args(["acls", "url"]))]
#[command(
    after_help = "Prints the token, as Akamai's libraries give it. It is sent as NAME=TOKEN, which \
is a cookie as it is, and a query parameter unless the token holds characters that URLs cannot; \
--json has the parameter encoded. Paths are given as they are sent, percent-encoded.

Example:
  cloakroom edgeauth --key-env EDGEAUTH_KEY --acl '/hls/42/*' --expires-at 2026-11-23T13:00:00Z"
)]
pub(crate) struct Options {
    /// The key, in hexadecimal digits
    #[command(flatten)]
    key: KeySource,
    /// The environment variable that has the salt
    #[arg(long, value_name = "NAME")]
    salt_env: Option<String>,
    /// Paths that the token opens, with `*` and `?`; may be repeated
    #[arg(long = "acl", value_name = "PATTERN")]
    acls: Vec<String>,
    /// The one path that the token opens
    #[arg(long, value_name = "PATH")]
    url: Option<String>,
    #[command(flatten)]
    ends: Ends,
    /// The first second at which it is valid
    #[arg(long, value_name = "TIME", value_parser = crate::parse_time)]
    starts_at: Option<UnixTime>,
    /// The one address that viewers may have
    #[arg(long, value_name = "ADDRESS")]
    ip: Option<IpAddr>,
    /// The id of a session
    #[arg(long)]
    id: Option<String>,
    /// Data for others who read the token
    #[arg(long)]
    data: Option<String>,
    /// sha256, sha1 or md5
    #[arg(long, default_value = "sha256", value_parser = parse_algorithm)]
    algorithm: Hash,
    /// Escape ip, id, data and url: Akamai's option "Escape token input"
    #[arg(long)]
    escape_early: bool,
    /// The parameter, cookie or header that the token is for, as --json writes it
    #[arg(long, value_name = "NAME", default_value = "__token__", value_parser = parse_name)]
    token_name: String,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let secret = options.key.read()?;
    let salt = options.salt_env.as_deref().map(from_environment).transpose()?;
    let signer = Signer {
        secret: &secret,
        salt: salt.as_ref(),
        algorithm: options.algorithm,
        escaping: if options.escape_early { Escaping::Early } else { Escaping::None },
    };
    let expires_at = options.ends.time(&options.common)?;
    let acls: Vec<_> = options.acls.iter().map(String::as_str).collect();
    let token = signer
        .sign(&Unsigned {
            opens: options.url.as_deref().map_or(Opens::Acl(&acls), Opens::Url),
            starts_at: options.starts_at,
            expires_at,
            address: options.ip,
            id: options.id.as_deref(),
            data: options.data.as_deref(),
        })
        .map_err(|error| error.to_string())?;
    let (name, token) = (&options.token_name, token.expose());
    if options.common.json {
        let answer = json!({
            "name": name,
            "token": token,
            "encoded": format!("{name}={}", encode(token, Slash::Encode)),
            "starts_at": options.starts_at.map(UnixTime::to_rfc3339),
            "expires_at": expires_at.to_rfc3339(),
        });
        println!("{answer}");
    } else {
        println!("{token}");
    }
    Ok(ExitCode::SUCCESS)
}

fn parse_name(text: &str) -> Result<String, String> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let is_name = !text.is_empty() && text.bytes().all(is_plain);
    is_name
        .then(|| text.to_owned())
        .ok_or_else(|| "must be made of letters, digits, `_` and `-`".to_owned())
}

fn parse_algorithm(text: &str) -> Result<Hash, String> {
    [Hash::Sha256, Hash::Sha1, Hash::Md5]
        .into_iter()
        .find(|hash| hash.as_str() == text)
        .ok_or_else(|| "must be sha256, sha1 or md5".to_owned())
}
