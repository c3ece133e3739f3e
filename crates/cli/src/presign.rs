//! `cloakroom presign`

use std::process::ExitCode;

use clap::Args;
use cloakroom_core::encoding::{Slash, encode};
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::object::{Bucket, ObjectKey};
use cloakroom_core::request::Method;
use cloakroom_core::sigv4::Credentials;
use cloakroom_core::sigv4::sign::Unsigned;
use cloakroom_core::store::{Addressing, DEFAULT_TIMEOUT, S3Store};
use serde_json::json;

use crate::ends::TimeBucket;
use crate::secrets::{from_environment, optional};
use crate::{Common, Failure};

#[derive(Debug, Args)]
#[command(after_help = "The key comes from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, if set, \
AWS_SESSION_TOKEN.

Example:
  cloakroom presign GET s3://media/users/alice/a.jpg --region us-east-1 --expires-in 3600")]
pub(crate) struct Options {
    /// GET, HEAD, PUT, POST or DELETE
    #[arg(value_parser = parse_method)]
    method: Method,
    /// s3://BUCKET/KEY; the key as it is, not percent-encoded
    #[arg(value_name = "URL")]
    object: String,
    /// The region, such as us-east-1
    #[arg(long)]
    region: String,
    /// The store, when it is not AWS; its buckets are then addressed by path
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// How long the URL works, in seconds: 1 to 604800
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    expires_in: u64,
    #[command(flatten)]
    bucket: TimeBucket,
    /// A header that must be sent with the request; may be repeated
    #[arg(long = "header", value_name = "NAME: VALUE", value_parser = crate::parse_header)]
    headers: Vec<(String, String)>,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let location = options.object.strip_prefix("s3://").and_then(|rest| rest.split_once('/'));
    let (bucket, key) = location.ok_or("the object must be given as `s3://BUCKET/KEY`")?;
    let bucket = Bucket::new(bucket).map_err(|why| format!("`{bucket}` {why}"))?;
    let key = ObjectKey::new(key).map_err(|error| error.to_string())?;
    let lifetime = options.bucket.lifetime(&options.common, options.expires_in)?;
    let expires_in = lifetime.expires_in().ok_or(if options.bucket.is_given() {
        "--expires-in and --stable-for together must be from 2 to 604800 seconds"
    } else {
        "--expires-in must be a number of seconds from 1 to 604800"
    })?;
    let aws = format!("https://s3.{}.amazonaws.com", options.region);
    // A certificate of AWS covers one label before the endpoint, so no bucket with dots.
    let by_path = options.endpoint.is_some() || bucket.as_str().contains('.');
    let store = S3Store {
        name: String::new(),
        endpoint: Endpoint::parse(options.endpoint.as_ref().unwrap_or(&aws))?,
        region: options.region.clone(),
        addressing: if by_path { Addressing::Path } else { Addressing::VirtualHosted },
        credentials: credentials()?,
        timeout: DEFAULT_TIMEOUT,
    };
    let (endpoint, path) = store.address(&bucket, &key);
    if options.headers.iter().any(|(name, _)| name == "host") {
        return Err("--header must not give `host`: it follows from the endpoint".to_owned());
    }
    let headers: Vec<_> =
        options.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let request = Unsigned {
        method: options.method,
        endpoint: &endpoint,
        path: &path,
        query: &[],
        headers: &headers,
    };
    let url = store.signer(lifetime.signed_at()).presign(&request, expires_in);
    if options.common.json {
        let headers: serde_json::Map<_, _> =
            options.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        let answer = json!({
            "url": url.expose(),
            "method": options.method.as_str(),
            "headers": headers,
            "path": encode(&path, Slash::Keep),
            "expires_at": lifetime.expires_at().to_rfc3339(),
        });
        println!("{answer}");
    } else {
        println!("{}", url.expose());
    }
    Ok(ExitCode::SUCCESS)
}

fn credentials() -> Result<Credentials, Failure> {
    Ok(Credentials {
        access_key_id: from_environment("AWS_ACCESS_KEY_ID")?.into_exposed(),
        secret_access_key: from_environment("AWS_SECRET_ACCESS_KEY")?.into(),
        session_token: optional("AWS_SESSION_TOKEN"),
    })
}

pub(crate) fn parse_method(text: &str) -> Result<Method, String> {
    Method::parse(text)
        .filter(|method| *method != Method::Options)
        .ok_or_else(|| "must be GET, HEAD, PUT, POST or DELETE".to_owned())
}
