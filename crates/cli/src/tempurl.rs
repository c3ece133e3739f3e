//! `cloakroom tempurl`

use std::process::ExitCode;

use clap::Args;
use cloakroom_core::crypto::Hash;
use cloakroom_core::request::Method;
use cloakroom_core::tempurl::DIGESTS;
use cloakroom_core::tempurl::ip_range::IpRange;
use cloakroom_core::tempurl::message::Resource;
use cloakroom_core::tempurl::sign::{ExpiryNotation, TempUrl};
use cloakroom_core::time::UnixTime;
use serde_json::json;

use crate::ends::TimeBucket;
use crate::presign::parse_method;
use crate::secrets::KeySource;
use crate::{Common, Failure};

#[derive(Debug, Args)]
#[command(
    after_help = "Prints path and query, byte for byte as `swift tempurl` does: a name with \
other characters than letters, digits and `/-._~` must still be percent-encoded, by --encode or by \
whatever sends it.

Example:
  TEMP_URL_KEY=… cloakroom tempurl GET 3600 /v1/AUTH_shop/photos/a.jpg --key-env TEMP_URL_KEY"
)]
pub(crate) struct Options {
    /// GET, HEAD, PUT, POST or DELETE; HEAD comes with GET, PUT and POST
    #[arg(value_parser = parse_method)]
    method: Method,
    /// How long the URL works, in seconds
    #[arg(value_parser = clap::value_parser!(u64).range(..=UnixTime::MAX.as_secs()))]
    seconds: u64,
    /// /v1/ACCOUNT/CONTAINER/OBJECT as it is, not percent-encoded
    path: String,
    /// The key of the account or container
    #[command(flatten)]
    key: KeySource,
    /// sha1, sha256 or sha512
    #[arg(long, default_value = "sha256", value_parser = parse_digest)]
    digest: Hash,
    /// Open every object whose path begins with PATH
    #[arg(long)]
    prefix: bool,
    /// Where viewers must be: an address or a CIDR range, such as 1.2.3.0/24
    #[arg(long, value_name = "RANGE", value_parser = parse_ip_range)]
    ip_range: Option<IpRange>,
    /// Write the end as 2026-11-23T12:00:00Z
    #[arg(long)]
    iso8601: bool,
    /// Take SECONDS for the time of the end, counted from 1970-01-01T00:00:00Z
    #[arg(long, conflicts_with = "stable_for")]
    absolute: bool,
    #[command(flatten)]
    bucket: TimeBucket,
    /// Percent-encode what is printed, so that it can be sent as it is
    #[arg(long)]
    encode: bool,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let expires_at = if options.absolute {
        UnixTime::from_secs(options.seconds)
    } else {
        options.bucket.lifetime(&options.common, options.seconds)?.expires_at()
    };
    let resource = if options.prefix { Resource::Prefix } else { Resource::Object };
    let url = TempUrl {
        method: options.method,
        resource: resource(&options.path),
        expires_at,
        notation: if options.iso8601 { ExpiryNotation::Iso8601 } else { ExpiryNotation::Epoch },
        ip_range: options.ip_range.clone(),
        digest: options.digest,
    };
    let signed = url.sign(&options.key.read()?).map_err(|error| error.to_string())?;
    let url = if options.encode { signed.encoded() } else { signed.unencoded() };
    if options.common.json {
        let answer = json!({
            "url": url.expose(),
            "method": options.method.as_str(),
            "expires_at": expires_at.to_rfc3339(),
        });
        println!("{answer}");
    } else {
        println!("{}", url.expose());
    }
    Ok(ExitCode::SUCCESS)
}

fn parse_digest(text: &str) -> Result<Hash, String> {
    let mut digests = DIGESTS.into_iter();
    digests
        .find(|digest| digest.as_str() == text)
        .ok_or_else(|| "must be sha1, sha256 or sha512".to_owned())
}

fn parse_ip_range(text: &str) -> Result<IpRange, String> {
    IpRange::parse(text).ok_or_else(|| {
        "must be an IP address, or a CIDR range whose other bits are zero, such as `1.2.3.0/24`"
            .to_owned()
    })
}
