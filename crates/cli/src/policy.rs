//! `cloakroom policy`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use cloakroom_core::policy::Policy;

use crate::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a policy, and list the secrets that it names.
    #[command(after_help = "Exit status: 0 when the policy is sound, 1 when it is not.

Example:
  cloakroom policy check policy.json")]
    Check {
        /// The policy document
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print JSON: ok, and secrets or error
        #[arg(long)]
        json: bool,
    },
    /// Print the permissions that the function's role needs, as an IAM policy document.
    #[command(
        after_help = "template.yaml takes the document from iam.json. Stores that are not at AWS are left out.

Exit status: 0, or 2 when the policy is not sound or needs no permission.

Example:
  cloakroom policy iam policy.json > iam.json"
    )]
    Iam {
        /// The policy document
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    match command {
        Command::Check { file, json } => check(file, *json),
        Command::Iam { file } => {
            let (document, elsewhere) =
                iam(&read(file)?).map_err(|problem| format!("{}: {problem}", file.display()))?;
            for store in elsewhere {
                eprintln!(
                    "cloakroom: store `{store}` is not at AWS: its own keys say what may be done"
                );
            }
            println!("{document}");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// The document, and the stores that it leaves out.
fn iam(text: &str) -> Result<(String, Vec<String>), Failure> {
    let policy = Policy::parse(text).map_err(|error| error.to_string())?;
    let permissions = policy.permissions();
    if permissions.is_empty() {
        return Err("no upload rule has a store at AWS, so the function needs no permission".into());
    }
    let document = serde_json::to_string_pretty(&permissions.to_document());
    let document = document.map_err(|error| error.to_string())?;
    Ok((document, permissions.elsewhere.into_iter().collect()))
}

fn check(file: &Path, json: bool) -> Result<ExitCode, Failure> {
    let checked = Policy::parse(&read(file)?);
    match (&checked, json) {
        (Ok(policy), false) => {
            println!("{} is sound. Secrets to set:", file.display());
            for (name, place) in policy.secret_names() {
                println!("  {name:<28} {place}");
            }
        }
        (Ok(policy), true) => {
            let secrets: Vec<_> = policy
                .secret_names()
                .into_iter()
                .map(|(name, place)| serde_json::json!({ "name": name, "place": place }))
                .collect();
            println!("{}", serde_json::json!({ "ok": true, "secrets": secrets }));
        }
        (Err(error), false) => eprintln!("cloakroom: {}: {error}", file.display()),
        (Err(error), true) => {
            let error = serde_json::json!({ "place": error.place(), "problem": error.problem() });
            println!("{}", serde_json::json!({ "ok": false, "error": error }));
        }
    }
    Ok(if checked.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub(crate) fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../policy.json");

    /// template.yaml gives the function what this says, and the two are to be changed together.
    #[test]
    fn the_permissions_of_the_example_are_those_that_are_deployed() {
        let (document, elsewhere) = iam(EXAMPLE).unwrap();
        assert_eq!(format!("{document}\n"), include_str!("../../../iam.json"));
        assert!(elsewhere.is_empty());
        let template = include_str!("../../../template.yaml");
        assert!(template.contains("Location: iam.json"));
        // The bucket's events are named as permissions are.
        let template = template.replace("Event: s3:ObjectCreated:*", "");
        let template = template.replace(":s3:::${Bucket}\"", "");
        // What is not generated is nothing of the store, and of nothing else all.
        for too_much in ["s3:", "Resource: \"*\"", "Resource: '*'", "Resource: [\"*\"]", ":*"] {
            assert!(!template.contains(too_much), "{too_much}");
        }
    }

    #[test]
    fn where_no_store_is_at_aws_there_is_no_document() {
        let policy = EXAMPLE.replace("s3.us-east-1.amazonaws.com", "s3.example.com");
        assert!(iam(&policy).unwrap_err().contains("no upload rule has a store at AWS"));
        assert!(iam("{}").unwrap_err().contains("version"));
    }
}
