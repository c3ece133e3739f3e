//! `cloakroom`: sign URLs, explain decisions, check policies, examine stores.
//!
//! A thin shell over the core: it reads arguments, files, the environment and the clock, and
//! prints. `doctor` alone speaks with anybody. Secrets come from the environment or from files, never from the command line.

mod cloudfront;
mod control;
mod doctor;
mod edgeauth;
mod ends;
mod explain;
mod grants;
mod jwt;
mod policy;
mod presign;
mod secrets;
mod tempurl;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::{Args, Parser, Subcommand};
use cloakroom_core::time::UnixTime;

#[derive(Debug, Parser)]
#[command(name = "cloakroom", version, about = "Private media: sign URLs, explain decisions.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a presigned S3 URL.
    Presign(presign::Options),
    /// Print a Swift TempURL.
    Tempurl(tempurl::Options),
    /// Print an Akamai EdgeAuth token.
    #[command(name = "edgeauth")]
    EdgeAuth(edgeauth::Options),
    /// Print a JSON Web Token.
    Jwt(jwt::Options),
    /// Print a CloudFront signed URL, or signed cookies.
    Cloudfront(cloudfront::Options),
    /// Say what the edge decides about a request, and why.
    Explain(explain::Options),
    /// Say who may do what with an object.
    Grants(grants::Options),
    /// Say which clauses the stores enforce, and what to fix.
    Doctor(doctor::Options),
    /// Work with policy documents.
    Policy {
        #[command(subcommand)]
        command: policy::Command,
    },
    /// Revoke keys and tickets, and purge copies, while the edge runs.
    Control {
        #[command(subcommand)]
        command: control::Command,
    },
}

/// What every command that signs or decides has in common.
#[derive(Debug, Args)]
struct Common {
    /// A time in place of now, such as 2026-11-23T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    at: Option<UnixTime>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Common {
    /// The time given, or that of the clock.
    fn time(&self) -> UnixTime {
        self.at.unwrap_or_else(now)
    }
}

/// The time of the clock.
fn now() -> UnixTime {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixTime::from_secs(since_epoch.as_secs())
}

/// Not done: what to say about it. The exit status is 2.
type Failure = String;

fn main() -> ExitCode {
    // Rust would panic where whoever reads the output, such as `head`, has had enough.
    sigpipe::reset();
    let result = match Cli::parse().command {
        Command::Presign(options) => presign::run(&options),
        Command::Tempurl(options) => tempurl::run(&options),
        Command::EdgeAuth(options) => edgeauth::run(&options),
        Command::Jwt(options) => jwt::run(&options),
        Command::Cloudfront(options) => cloudfront::run(&options),
        Command::Explain(options) => explain::run(&options),
        Command::Grants(options) => grants::run(&options),
        Command::Doctor(options) => doctor::run(&options),
        Command::Policy { command } => policy::run(&command),
        Command::Control { command } => control::run(&command),
    };
    result.unwrap_or_else(|problem| {
        eprintln!("cloakroom: {problem}");
        ExitCode::from(2)
    })
}

/// Reads `--at`.
fn parse_time(text: &str) -> Result<UnixTime, String> {
    UnixTime::parse_rfc3339(text)
        .ok_or_else(|| "must be a time in UTC such as `2026-11-23T12:00:00Z`".to_owned())
}

/// Reads `Name: value`.
fn parse_header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("must look like `Name: value`")?;
    Ok((name.trim().to_ascii_lowercase(), value.trim().to_owned()))
}
