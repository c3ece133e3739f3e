//! `cloakroom doctor`: which clauses of a ticket do the stores themselves enforce?
//!
//! ```text
//! policy ── premises ── s3, swift      what is asked: right requests, and wrong ones
//!                          │
//!                         http         scrubbed answers
//!                          │
//!            clause ── verdict         what an answer means
//!                          │
//!                       report         for people, and as JSON
//! ```

mod clause;
mod cors;
mod form;
mod http;
mod report;
mod s3;
mod scratch;
mod swift;
mod verdict;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use cloakroom_core::endpoint::Endpoint;
use cloakroom_core::object::Bucket;
use cloakroom_core::policy::{Policy, Premises};
use cloakroom_core::store::Store;
use cloakroom_core::time::UnixTime;
use cloakroom_core::upload::segments::Segments;
use serde_json::json;

use self::http::{Answer, Heard, Silence};
use self::report::{Status, StoreReport};
use self::verdict::Verdict;
use crate::secrets::PolicySecrets;
use crate::{Failure, now};

#[derive(Debug, Args)]
#[command(after_help = "Asks each store as the function and the edge would, and then with one \
thing wrong at a time: another size, type or checksum than was signed, a tampered signature, a \
URL that has expired. It says which clauses the store enforces, and what to change where it does \
not. Secrets are read from --secrets, or from the environment variables that the policy names.

What it writes: objects of less than 2 KB that hold nothing of anybody's, in one bucket or \
container of each store: the first that a route names without a placeholder, one that uploads go to \
before others. They are under the route's location or --prefix, in a folder of their own, \
`cloakroom-doctor-` and 16 random digits. A strict store takes a few of them, a lax one up to 20, \
one of which asks to be readable by everyone; a Swift container whose uploads can read other \
objects is shown one in a second container. All are removed at the end, versions too; those that \
may not be removed are named. No setting is changed, and no object read but these.

Exit status: 0 when all is as the policy needs, 1 when something must be fixed, 2 when a store \
could not be probed.

Example:
  cloakroom doctor --policy policy.json --store main --origin https://app.example.com")]
pub(crate) struct Options {
    /// The policy document
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Only this store; may be repeated
    #[arg(long = "store", value_name = "NAME")]
    stores: Vec<String>,
    /// An origin whose pages upload, such as `https://app.example.com`
    #[arg(long, value_name = "ORIGIN", value_parser = parse_origin)]
    origin: Option<String>,
    /// What the doctor's own keys begin with, in place of the route's location
    #[arg(long, value_name = "PREFIX", value_parser = parse_prefix)]
    prefix: Option<String>,
    #[command(flatten)]
    secrets: PolicySecrets,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Where in a store is probed, and for whom.
struct Ground<'a> {
    /// Buckets or containers, each with what keys begin with there.
    sites: Vec<(Bucket, String)>,
    /// Where parts of files are, when they are objects of their own.
    segments: Option<&'a Segments>,
    origin: Option<&'a str>,
    /// What pages send with a signed PUT, sorted as browsers sort it.
    headers: Vec<&'a str>,
    random: [u8; 8],
}

/// Why a store cannot be probed that has a bucket for each tenant.
const NO_SITE: &str = "no route names a bucket of it without a placeholder; probe with a copy of \
                       the policy that does";

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let policy = Policy::parse(&crate::policy::read(&options.policy)?);
    let policy = policy.map_err(|error| error.to_string())?;
    let names: Vec<_> = policy.store_names().collect();
    if let Some(unknown) = options.stores.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(format!(
            "the policy has no store `{unknown}`; it has `{}`",
            names.join("`, `")
        ));
    }
    let is_wanted = |name: &str| {
        options.stores.is_empty() || options.stores.iter().any(|wanted| wanted == name)
    };
    let secrets = options.secrets.lookup()?;
    // All secrets first, so that no store is asked in vain.
    let mut wanted = Vec::new();
    for name in names.into_iter().filter(|name| is_wanted(name)) {
        let premises = policy.premises(name, &secrets).map_err(|error| error.to_string())?;
        wanted.extend(premises);
    }
    let mut reports = Vec::new();
    for premises in &wanted {
        reports.push(examine(premises, options)?);
    }
    let status = reports.iter().map(StoreReport::status).max().unwrap_or(Status::Well);
    if options.json {
        let stores: Vec<_> = reports.iter().map(StoreReport::to_json).collect();
        let report =
            json!({ "status": status.as_str(), "origin": options.origin, "stores": stores });
        println!("{report}");
    } else {
        let texts: Vec<_> = reports.iter().map(StoreReport::to_text).collect();
        print!("{}", texts.join("\n"));
    }
    Ok(ExitCode::from(status.exit_code()))
}

fn examine(premises: &Premises, options: &Options) -> Result<StoreReport, Failure> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| format!("there is no randomness: {error}"))?;
    let headers: Vec<_> = premises.wants.headers.iter().map(String::as_str).collect();
    let ground = Ground {
        sites: sites(premises, options.prefix.as_deref()),
        segments: premises.segments.first(),
        origin: options.origin.as_deref(),
        headers: if headers.is_empty() { vec!["content-type"] } else { headers },
        random,
    };
    let report = |kind, endpoint: &dyn std::fmt::Display| {
        StoreReport::new(premises.store.name(), kind, endpoint, premises.wants.clone())
            .knowing(&premises.lacks)
    };
    Ok(match &premises.store {
        Store::S3(store) => s3::examine(store, &ground, report("s3", &store.endpoint)),
        Store::Swift(store) => swift::examine(store, &ground, report("swift", &store.endpoint)),
        Store::R2(_) => report("r2", &"a binding of the Worker"),
    })
}

/// The buckets that are known by name, each once.
fn sites(premises: &Premises, prefix: Option<&str>) -> Vec<(Bucket, String)> {
    let mut sites: Vec<(Bucket, String)> = Vec::new();
    for site in &premises.sites {
        if site.bucket.names().next().is_some() {
            continue;
        }
        let Ok(bucket) = premises.store.bucket(&site.bucket.to_string()) else { continue };
        let location = || site.location.sample("cloakroom-doctor");
        if !sites.iter().any(|(known, _)| *known == bucket) {
            sites.push((bucket, prefix.map_or_else(location, str::to_owned)));
        }
    }
    sites
}

/// What a store said, in words where it matters.
fn said(verdict: Verdict, heard: &Heard) -> String {
    match verdict {
        Verdict::Fails => format!("it took it: {heard}"),
        Verdict::Unsupported => format!("not supported: {heard}"),
        Verdict::Unknown => format!("could not be found out: {heard}"),
        Verdict::Holds => heard.to_string(),
    }
}

/// Adds how far the store's clock is from this machine's, by the `Date` of an answer.
fn add_clock(report: &mut StoreReport, date: Option<&str>) {
    let (verdict, apart) = verdict::clock(now(), date.and_then(UnixTime::parse_http_date));
    let said = match verdict {
        Verdict::Unknown => "it does not say what time it is".to_owned(),
        _ => format!("{} s apart", apart.as_secs()),
    };
    let fix = "set this machine's clock and the store's, by NTP".to_owned();
    report.add(&clause::CLOCK, verdict, Some(said), Some(fix));
}

/// Adds what a browser would make of a preflight and of the answer to an upload.
fn add_cors(
    report: &mut StoreReport,
    preflight: &Result<Answer, Silence>,
    upload: &Result<Answer, Silence>,
    origin: &str,
    headers: &[&str],
    fix: &str,
) {
    let silent = |silence: &Silence| (Verdict::Unknown, silence.to_string());
    let found = match preflight {
        Ok(answer) => cors::preflight(answer, origin, headers),
        Err(silence) => silent(silence),
    };
    let exposed = match upload {
        Ok(answer) => cors::exposure(answer, origin),
        Err(silence) => silent(silence),
    };
    for (clause, (verdict, said)) in [(&clause::CORS, found), (&clause::CORS_EXPOSE, exposed)] {
        let said = Some(said).filter(|said| !said.is_empty());
        report.add(clause, verdict, said, Some(fix.to_owned()));
    }
}

fn parse_origin(text: &str) -> Result<String, String> {
    match Endpoint::parse(text) {
        Ok(endpoint) if endpoint.to_string() == text => Ok(text.to_owned()),
        _ => Err("must be an origin as browsers send it, such as `https://app.example.com`".into()),
    }
}

fn parse_prefix(text: &str) -> Result<String, String> {
    let is_folder = text.is_empty() || (text.ends_with('/') && !text.starts_with('/'));
    if is_folder
        && text.len() <= 512
        && cloakroom_core::object::ObjectKey::new(format!("{text}x")).is_ok()
    {
        return Ok(text.to_owned());
    }
    Err("must be empty, or a folder such as `users/`, of at most 512 bytes".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_and_prefixes() {
        assert!(parse_origin("https://app.example").is_ok());
        for text in ["app.example", "https://app.example/", "*", "https://app.example:443"] {
            assert!(parse_origin(text).is_err(), "{text}");
        }
        for text in ["", "users/", "a/b/"] {
            assert!(parse_prefix(text).is_ok(), "{text}");
        }
        for text in ["users", "/", "/a/", "../", "a/../"] {
            assert!(parse_prefix(text).is_err(), "{text}");
        }
    }
}
