//! `cloakroom explain`: why was I denied?

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use cloakroom_core::acl::table::Who;
use cloakroom_core::gate::{Gate, Outcome, Service, Step};
use cloakroom_core::policy::Policy;
use cloakroom_core::presented::Presented;
use cloakroom_core::rejection::Rejection;
use cloakroom_core::request::{Request, Scheme};
use cloakroom_core::time::UnixTime;
use cloakroom_core::trail::Trail;
use serde_json::{Map, Value, json};
use url::Url;

use crate::secrets::PolicySecrets;
use crate::{Common, Failure};

#[derive(Debug, Args)]
#[command(
    after_help = "Each secret that the policy names is read from --secrets, or from the environment \
variable of that name.

Exit status: 0 allowed, 1 denied, 2 could not decide.

Example:
  cloakroom explain --policy policy.json GET 'https://media.example.com/media/a.jpg?X-Amz-…'"
)]
pub(crate) struct Options {
    /// The policy document
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The control document, where there is one
    #[arg(long, value_name = "FILE")]
    control: Option<PathBuf>,
    /// The method, such as GET
    method: String,
    /// The whole URL as the viewer sent it
    url: String,
    /// A header of the request; may be repeated
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = crate::parse_header)]
    headers: Vec<(String, String)>,
    /// The viewer's address, for credentials that are for one address
    #[arg(long, value_name = "ADDRESS")]
    client_ip: Option<IpAddr>,
    #[command(flatten)]
    secrets: PolicySecrets,
    #[command(flatten)]
    common: Common,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let policy = Policy::parse(&crate::policy::read(&options.policy)?);
    let policy = policy.map_err(|error| error.to_string())?;
    let gate = Gate::new(policy.read_side(), &options.secrets.lookup()?);
    let mut gate = gate.map_err(|error| error.to_string())?;
    if let Some(file) = &options.control {
        gate = gate.under(crate::control::read(file)?);
    }
    let (scheme, host, target) = split(&options.url)?;
    let headers = options.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let has_host = options.headers.iter().any(|(name, _)| name == "host");
    let host = (!has_host).then_some(("host", host.as_str()));
    let now = options.common.time();
    let report = match Request::parse(&options.method, target, host.into_iter().chain(headers)) {
        Ok(request) => {
            let request = request.over(scheme).from_address(options.client_ip);
            let decision = match gate.decide(&request, now) {
                Step::Decided(decision) => decision,
                Step::Check(checking) => {
                    let holds = cloakroom_asymmetric::holds(checking.check());
                    checking.answer(holds)
                }
            };
            let signed_text = match &decision.outcome {
                Outcome::Reject { rejection, .. } if is_about_the_signature(rejection) => {
                    Presented::parse(&request, gate.keyring())
                        .map(|presented| presented.signed_text())
                        .unwrap_or_default()
                }
                _ => Vec::new(),
            };
            Report { trail: decision.trail, outcome: decision.outcome, signed_text, now }
        }
        Err(error) => Report {
            trail: Trail::default(),
            outcome: Outcome::Reject { rejection: error.into(), cors: Vec::new() },
            signed_text: Vec::new(),
            now,
        },
    };
    if options.common.json {
        println!("{}", report.to_json());
    } else {
        report.print();
    }
    let denied = matches!(report.outcome, Outcome::Reject { .. });
    Ok(ExitCode::from(u8::from(denied)))
}

/// Scheme, host, and path with query exactly as given. The URL is parsed for its host alone: a parser
/// would resolve dots in the path, and then something else would be explained.
fn split(text: &str) -> Result<(Scheme, String, &str), Failure> {
    let wrong = |why: &str| format!("the URL {why}; it must look like `https://host/path?query`");
    let url = Url::parse(text).map_err(|error| wrong(&format!("cannot be read ({error})")))?;
    let scheme = match url.scheme() {
        "https" => Scheme::Https,
        "http" => Scheme::Http,
        other => return Err(wrong(&format!("has the scheme `{other}`"))),
    };
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err(wrong("has no host")),
    };
    let (_, rest) = text.split_once("://").ok_or_else(|| wrong("has no `://`"))?;
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    match rest.get(end..) {
        Some(target) if target.starts_with('/') => Ok((scheme, host, target)),
        Some("") => Ok((scheme, host, "/")),
        _ => Err(wrong("has a query without a path before it")),
    }
}

struct Report {
    trail: Trail,
    outcome: Outcome<Service>,
    /// What the signature would have to cover, when it is wrong.
    signed_text: Vec<(&'static str, String)>,
    now: UnixTime,
}

impl Report {
    fn print(&self) {
        println!("{:<12}{}", "time", self.now.to_rfc3339());
        for (name, value) in self.trail.facts() {
            println!("{name:<12}{value}");
        }
        match &self.outcome {
            Outcome::Allow(Service::Redirect(redirect)) => {
                println!("{:<12}ALLOW", "decision");
                let seconds = redirect.life().as_secs();
                println!("{:<12}to {}, signed for {seconds} s", "redirect", redirect.shown());
            }
            Outcome::Allow(service) => {
                println!("{:<12}ALLOW", "decision");
                let Some(origin) = service.first_request(self.now) else { return };
                println!("{:<12}{origin}", "to store");
                for (name, value) in redacted(origin.headers()) {
                    println!("{:<12}{name}: {value}", "");
                }
            }
            Outcome::Preflight(_) => println!("{:<12}ALLOW (CORS preflight)", "decision"),
            Outcome::Reject { rejection, .. } => {
                let row = rejection.row();
                println!("{:<12}DENY {}: {rejection}", "decision", row.reason);
                println!("{:<12}{} {}: {}", "viewer gets", row.status, row.code, row.text);
                for (name, text) in &self.signed_text {
                    println!("\nWhat the signature should cover ({name}):");
                    text.split('\n').for_each(|line| println!("    {line}"));
                }
            }
        }
    }

    fn to_json(&self) -> Value {
        let mut report = Map::new();
        report.insert("time".into(), json!(self.now.to_rfc3339()));
        for (name, value) in self.trail.facts() {
            report.insert(name.into(), json!(value));
        }
        let decision = match &self.outcome {
            Outcome::Allow(Service::Redirect(redirect)) => {
                let seconds = redirect.life().as_secs();
                let redirect = json!({ "url": redirect.shown(), "seconds": seconds });
                report.insert("redirect".into(), redirect);
                "allow"
            }
            Outcome::Allow(service) => {
                if let Some(origin) = service.first_request(self.now) {
                    let headers: Map<_, _> = redacted(origin.headers())
                        .map(|(name, value)| (name.to_owned(), json!(value)))
                        .collect();
                    let request = json!({
                        "method": origin.method().as_str(),
                        "url": origin.shown(),
                        "headers": headers,
                    });
                    report.insert("origin_request".into(), request);
                }
                "allow"
            }
            Outcome::Preflight(_) => "allow",
            Outcome::Reject { rejection, .. } => {
                let row = rejection.row();
                report.insert("reason".into(), json!(row.reason));
                report.insert("detail".into(), json!(rejection.to_string()));
                let viewer = json!({ "status": row.status, "code": row.code, "message": row.text });
                report.insert("viewer".into(), viewer);
                let signed: Map<_, _> = self
                    .signed_text
                    .iter()
                    .map(|(name, text)| (name.replace(' ', "_"), json!(text)))
                    .collect();
                if !signed.is_empty() {
                    report.insert("to_be_signed".into(), Value::Object(signed));
                }
                let readers: Vec<_> = readers(rejection).iter().map(Who::to_string).collect();
                if !readers.is_empty() {
                    report.insert("may_read".into(), json!(readers));
                }
                "deny"
            }
        };
        report.insert("decision".into(), json!(decision));
        Value::Object(report)
    }
}

/// Whether to compare what was signed with what should have been.
fn is_about_the_signature(rejection: &Rejection) -> bool {
    matches!(rejection.row().reason, "signature_mismatch" | "method_mismatch")
}

/// Who would have been let in, when it is the ACL that denies.
fn readers(rejection: &Rejection) -> &[Who] {
    match rejection {
        Rejection::Access(denied) => &denied.readers,
        _ => &[],
    }
}

/// The headers without what could be used again.
fn redacted<'h>(
    headers: &'h [(&'static str, cloakroom_core::secret::Secret)],
) -> impl Iterator<Item = (&'static str, &'h str)> {
    headers.iter().map(|(name, value)| match *name {
        "authorization" | "x-amz-security-token" => (*name, "(redacted)"),
        _ => (*name, value.expose()),
    })
}
