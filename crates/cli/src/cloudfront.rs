//! `cloakroom cloudfront`

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use cloakroom_asymmetric::PrivateKey;
use cloakroom_core::cloudfront::resource::Resource;
use cloakroom_core::cloudfront::sign::{Policy, Signed, Url};
use cloakroom_core::cloudfront::source_ip::SourceIp;
use cloakroom_core::cloudfront::statement::Statement;
use cloakroom_core::public_key::{Algorithm, KeyType};
use cloakroom_core::time::UnixTime;
use serde_json::{Map, Value, json};

use crate::ends::Ends;
use crate::{Common, Failure};

#[derive(Debug, Args)]
#[command(
    after_help = "The policy is a canned one unless --starts-at, --ip-range or --resource is given.

Examples:
  cloakroom cloudfront https://media.example.com/media/a.jpg --key-pair-id K2JCJMDEHXQW5F \\
    --private-key key.pem --expires-at 2026-11-23T12:00:00Z
  cloakroom cloudfront https://media.example.com/media/hls/index.m3u8 --cookies \\
    --resource 'https://media.example.com/media/hls/*' --key-pair-id K2JCJMDEHXQW5F \\
    --private-key key.pem --expires-at 2026-11-23T12:00:00Z"
)]
pub(crate) struct Options {
    /// The whole URL, percent-encoded, with the query that is to be signed
    url: String,
    /// The id of the key in the policy document, or at CloudFront
    #[arg(long, value_name = "ID")]
    key_pair_id: String,
    /// A private key in PEM, RSA or P-256
    #[arg(long, value_name = "FILE")]
    private_key: PathBuf,
    #[command(flatten)]
    ends: Ends,
    /// The first second at which it works
    #[arg(long, value_name = "TIME", value_parser = crate::parse_time)]
    starts_at: Option<UnixTime>,
    /// The IPv4 address or range that it works for, such as 192.0.2.0/24
    #[arg(long, value_name = "CIDR", value_parser = parse_ip_range)]
    ip_range: Option<SourceIp>,
    /// The URLs that it opens: `*` stands for anything, `?` for one character
    #[arg(long, value_name = "PATTERN", value_parser = parse_resource)]
    resource: Option<Resource>,
    /// The hash to sign with; the key in the policy document fixes it
    #[arg(long, value_enum, default_value_t = Hash::Sha1)]
    hash: Hash,
    /// Print cookies in place of a URL
    #[arg(long)]
    cookies: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Hash {
    Sha1,
    Sha256,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let expires_at = options.ends.time(&options.common)?;
    if expires_at <= options.common.time() {
        return Err("its end must lie in the future".to_owned());
    }
    let url = Url::parse(&options.url).map_err(|error| error.to_string())?;
    let signed = sign(options, &policy(options, url, expires_at)?)?;
    match (options.cookies, options.common.json) {
        (false, false) => println!("{}", signed.url(url).expose()),
        (false, true) => println!(
            "{}",
            json!({
                "url": signed.url(url).expose(),
                "expires_at": expires_at.to_rfc3339(),
            })
        ),
        (true, false) => {
            for (name, value) in signed.cookies() {
                println!("Set-Cookie: {}", set_cookie(name, value.expose()));
            }
        }
        (true, true) => println!("{}", describe_cookies(&signed, expires_at)),
    }
    Ok(ExitCode::SUCCESS)
}

fn policy(options: &Options, url: Url<'_>, expires_at: UnixTime) -> Result<Policy, Failure> {
    let Options { starts_at, ip_range: source_ip, resource, .. } = options;
    // Also refuses a pattern that nobody asked for.
    let canned = || Policy::canned(url, expires_at).map_err(|error| error.to_string());
    let resource = match resource {
        None if starts_at.is_none() && source_ip.is_none() => return canned(),
        None => canned().map(|_| Resource::parse(url.as_str()))?,
        Some(resource) if resource.covers(url.as_str()) => Some(resource.clone()),
        Some(_) => return Err("--resource does not cover the URL".to_owned()),
    };
    let (starts_at, source_ip) = (*starts_at, *source_ip);
    Ok(Policy::custom(&Statement { resource, expires_at, starts_at, source_ip }))
}

fn sign(options: &Options, policy: &Policy) -> Result<Signed, Failure> {
    let file = options.private_key.display();
    let pem = fs::read_to_string(&options.private_key)
        .map_err(|error| format!("{file} cannot be read: {error}"))?;
    let key = PrivateKey::from_pem(&pem).map_err(|why| format!("{file} {why}"))?;
    let algorithm = match (key.key_type(), options.hash) {
        (KeyType::Rsa, Hash::Sha1) => Algorithm::RsaSha1,
        (KeyType::Rsa, Hash::Sha256) => Algorithm::RsaSha256,
        (KeyType::P256, Hash::Sha1) => Algorithm::EcdsaSha1,
        (KeyType::P256, Hash::Sha256) => Algorithm::EcdsaSha256,
        (KeyType::Ed25519, _) => return Err(format!("{file} must be a key for RSA or P-256")),
    };
    let signature = key.sign(algorithm, policy.message()).map_err(|why| format!("{file} {why}"))?;
    policy.signed(&options.key_pair_id, algorithm, &signature).map_err(|error| error.to_string())
}

/// A session cookie of the whole site. The developer guide advises against `Expires` and
/// `Max-Age`, so that it does not outlive the browser's session.
fn set_cookie(name: &str, value: &str) -> String {
    format!("{name}={value}; Path=/; Secure; HttpOnly")
}

fn describe_cookies(signed: &Signed, expires_at: UnixTime) -> Value {
    let cookies: Map<_, _> =
        signed.cookies().map(|(name, value)| (name.to_owned(), json!(value.expose()))).collect();
    let pairs: Vec<_> =
        signed.cookies().map(|(name, value)| format!("{name}={}", value.expose())).collect();
    let set_cookie: Vec<_> =
        signed.cookies().map(|(name, value)| set_cookie(name, value.expose())).collect();
    json!({
        "cookies": cookies,
        "cookie": pairs.join("; "),
        "set_cookie": set_cookie,
        "expires_at": expires_at.to_rfc3339(),
    })
}

fn parse_ip_range(text: &str) -> Result<SourceIp, String> {
    SourceIp::parse(text)
        .ok_or_else(|| "must be an IPv4 address or range such as `192.0.2.0/24`".to_owned())
}

fn parse_resource(text: &str) -> Result<Resource, String> {
    Resource::parse(text).ok_or_else(|| {
        "must be a URL that begins with `http://`, `https://`, `http*://` or `*`, of at most \
         1024 characters when there is a `*` in it"
            .to_owned()
    })
}
