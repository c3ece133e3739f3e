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
}

pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    let Command::Check { file, json } = command;
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
            let error = serde_json::json!({ "place": error.place, "problem": error.problem });
            println!("{}", serde_json::json!({ "ok": false, "error": error }));
        }
    }
    Ok(if checked.is_ok() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub(crate) fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}
