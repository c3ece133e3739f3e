//! `cloakroom grants`: who may do what there?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use cloakroom_core::acl::permission::Permission;
use cloakroom_core::acl::table::Row;
use cloakroom_core::policy::Policy;
use cloakroom_core::request::Request;
use cloakroom_core::route::Place;
use cloakroom_core::trail::Trail;
use serde_json::{Value, json};

use crate::Failure;

#[derive(Debug, Args)]
#[command(
    after_help = "READ and WRITE are for the object, READ_ACP and WRITE_ACP for its ACL, LIST for \
its key in a listing. No secret is needed.

Exit status: 0 when there is a table, 2 when the path leads to no object.

Example:
  cloakroom grants --policy policy.json /media/users/alice/photo.jpg"
)]
pub(crate) struct Options {
    /// The policy document
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The path of the object, as URLs write it
    path: String,
    /// The host that is asked, where routes are for one host only
    #[arg(long, value_name = "HOST", default_value = "localhost")]
    host: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode, Failure> {
    let text = crate::policy::read(&options.policy)?;
    let report = report(&text, &options.host, &options.path)?;
    if options.json {
        println!("{}", report.to_json());
    } else {
        print!("{}", report.to_text());
    }
    Ok(ExitCode::SUCCESS)
}

struct Report {
    /// Where the path leads, and what decides there, in the order in which it is found.
    facts: Vec<(&'static str, String)>,
    rows: Vec<Row>,
}

fn report(policy: &str, host: &str, path: &str) -> Result<Report, Failure> {
    let policy = Policy::parse(policy).map_err(|error| error.to_string())?;
    // Nothing is signed here, so the names of the stores' secrets serve in place of them.
    let routes = policy
        .read_side()
        .routes(&|name| Some(name.to_owned()))
        .map_err(|error| error.to_string())?;
    if path.contains('?') {
        return Err("the path must come without a query".to_owned());
    }
    let request = Request::parse("GET", path, [("host", host)]);
    let request = request.map_err(|error| format!("`{path}`: {error}"))?;
    let place = routes.place(request.host(), request.path());
    let place = place.map_err(|error| format!("`{path}`: {error}"))?;
    Ok(Report { facts: facts(&place), rows: place.rule.table() })
}

fn facts(place: &Place<'_>) -> Vec<(&'static str, String)> {
    let mut trail = Trail::default();
    trail.placed(place);
    let mut facts = trail.facts();
    facts.push(("bucket_owner", place.rule.bucket_owner.to_string()));
    facts
}

impl Report {
    fn to_text(&self) -> String {
        let mut text = String::new();
        for (name, value) in &self.facts {
            text += &format!("{name:<14}{value}\n");
        }
        let who: Vec<_> = self.rows.iter().map(|row| row.who.to_string()).collect();
        let width = who.iter().map(|who| who.chars().count()).max().unwrap_or_default();
        text += &format!("\n{:width$}", "");
        for (name, _) in Permission::ALL {
            text += &format!("  {name}");
        }
        text += "\n";
        for (who, row) in who.iter().zip(&self.rows) {
            let mut line = format!("{who:<width$}");
            for (name, permission) in Permission::ALL {
                let mark = if row.may.contains(&permission) { "yes" } else { "-" };
                line += &format!("  {mark:<length$}", length = name.len());
            }
            text += line.trim_end();
            text += "\n";
        }
        text
    }

    fn to_json(&self) -> Value {
        let row = |row: &Row| {
            let may: Vec<_> = row.may.iter().map(|permission| permission.as_str()).collect();
            json!({ "who": row.who.kind(), "name": row.who.name(), "may": may })
        };
        let mut report: serde_json::Map<_, _> =
            self.facts.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        report.insert("principals".to_owned(), self.rows.iter().map(row).collect());
        Value::Object(report)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    const POLICY: &str = r#"{
      "version": 1,
      "stores": { "main": {
        "kind": "s3", "endpoint": "https://s3.example", "region": "us-east-1",
        "credentials": { "access_key_id": "ID", "secret_access_key": "SECRET" }
      } },
      "routes": {
        "media": { "path": "/media/", "store": "main", "bucket": "media", "bucket_owner": "carol",
          "access": [
            { "keys": "users/{owner}/*", "acl": "bucket-owner-read", "list": ["owner"] },
            { "keys": "shared/*", "grants": [ { "to": { "user": "bob" }, "permission": "WRITE" } ] }
          ] },
        "press": { "host": "press.example", "path": "/", "store": "main", "bucket": "press" }
      }
    }"#;

    #[test]
    fn tells_who_may_do_what() {
        let report = report(POLICY, "any.example", "/media/users/alice/a%20b.jpg").unwrap();
        assert_eq!(
            report.to_text(),
            "\
route         media
store         main
bucket        media
key           users/alice/a b.jpg
rule          users/{owner}/*
owner         user alice
acl           bucket-owner-read
bucket_owner  user carol

                      READ  WRITE  READ_ACP  WRITE_ACP  LIST
everyone              -     -      -         -          -
every signed-in user  -     -      -         -          -
bucket owner carol    yes   -      -         -          -
owner alice           yes   yes    yes       yes        yes
the app               yes   yes    yes       yes        yes
"
        );
    }

    #[test]
    fn json_says_the_same() {
        let report = report(POLICY, "any.example", "/media/shared/a").unwrap().to_json();
        assert_eq!(report["acl"], "grants WRITE to user bob");
        assert_eq!(report["owner"], "the app");
        let bob = json!({ "who": "user", "name": "bob", "may": ["WRITE"] });
        assert!(report["principals"].as_array().unwrap().contains(&bob), "{report}");
    }

    #[test]
    fn a_path_that_leads_nowhere_is_named() {
        for (host, path, problem) in [
            ("any.example", "/other/a", "`/other/a`: no route has this path"),
            ("any.example", "/media/", "`/media/`: the key is empty"),
            ("any.example", "/media/a?b", "the path must come without a query"),
            (
                "any.example",
                "media/a",
                "`media/a`: the target must begin with `/` and hold printable ASCII only",
            ),
        ] {
            assert_eq!(report(POLICY, host, path).err().as_deref(), Some(problem), "{path}");
        }
        assert_eq!(report(POLICY, "press.example", "/a").unwrap().facts[0].1, "press");
    }
}
