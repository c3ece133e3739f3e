//! `cloakroom control`: revoke and purge while the edge runs.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use cloakroom_core::control::Control;
use cloakroom_core::policy::Policy;
use cloakroom_core::purge::{Objects, Purge};
use cloakroom_core::ticket_id::TicketId;
use cloakroom_core::time::UnixTime;

use crate::{Common, Failure};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check a control document, and say what it does.
    #[command(after_help = "Exit status: 0 when the document is sound, 2 when it is not.

Example:
  cloakroom control check control.json")]
    Check(Document),
    /// Revoke a key, or a single ticket.
    #[command(
        after_help = "Whatever a revoked key has signed opens nothing any more, and neither do the \
cookies that it was exchanged for. The name of a ticket is in the log of each request that shows \
it, and in what `cloakroom explain` says.

Example:
  npx wrangler kv key get control --binding SETTINGS --remote > control.json
  cloakroom control revoke control.json --policy policy.json --key AKIAOLD
  npx wrangler kv key put control --path control.json --binding SETTINGS --remote"
    )]
    Revoke {
        #[command(flatten)]
        document: Document,
        #[command(flatten)]
        what: What,
        /// When the ticket ends by itself: then its entry is dropped
        #[arg(long, value_name = "TIME", value_parser = crate::parse_time, requires = "ticket")]
        until: Option<UnixTime>,
    },
    /// Take a revocation back.
    #[command(after_help = "Example:
  cloakroom control restore control.json --key AKIAOLD")]
    Restore {
        #[command(flatten)]
        document: Document,
        #[command(flatten)]
        what: What,
    },
    /// Purge copies: those that were kept until now do not count any more.
    #[command(
        after_help = "Keys are whole ones, location and all, as the log has them under `key`.

Example:
  cloakroom control purge control.json --policy policy.json media --prefix users/alice/"
    )]
    Purge {
        #[command(flatten)]
        document: Document,
        /// The route whose copies are meant
        route: String,
        #[command(flatten)]
        objects: Which,
    },
}

/// The document, and how to speak of it.
#[derive(Debug, Args)]
pub(crate) struct Document {
    /// The control document; it is written anew, and made when it is not there or empty
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Check the names against this policy document
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct What {
    /// The id of a key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// The name of a ticket: 32 hexadecimal digits
    #[arg(long, value_name = "NAME", value_parser = parse_ticket)]
    ticket: Option<TicketId>,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Which {
    /// The key of an object
    #[arg(long)]
    key: Option<String>,
    /// What the keys of the objects begin with; empty for all of the route
    #[arg(long)]
    prefix: Option<String>,
}

pub(crate) fn run(command: &Command) -> Result<ExitCode, Failure> {
    let (Command::Check(document)
    | Command::Revoke { document, .. }
    | Command::Restore { document, .. }
    | Command::Purge { document, .. }) = command;
    let policy = document.policy.as_deref().map(read_policy).transpose()?;
    let now = document.common.time();
    let mut control = match command {
        Command::Check(_) => read(&document.file)?,
        _ => read_or_begin(&document.file)?,
    };
    change(&mut control, command, now)?;
    if let Some(policy) = &policy {
        check_names(command, &control, policy)?;
    }
    if !matches!(command, Command::Check(_)) {
        control.forget_past(now);
        write(&document.file, &control)?;
    }
    if document.common.json {
        println!("{}", control.to_json());
    } else {
        print!("{}", summary(&control));
    }
    Ok(ExitCode::SUCCESS)
}

fn change(control: &mut Control, command: &Command, now: UnixTime) -> Result<(), Failure> {
    let revocations = &mut control.revocations;
    match command {
        Command::Check(_) => {}
        Command::Revoke { what, until, .. } => {
            if let Some(key) = &what.key {
                revocations.revoke_key(key.clone());
            }
            if let Some(ticket) = what.ticket {
                revocations.revoke_ticket(ticket, *until);
            }
        }
        Command::Restore { what, .. } => {
            let was_there = match (&what.key, what.ticket) {
                (Some(key), _) => revocations.restore_key(key),
                (None, Some(ticket)) => revocations.restore_ticket(ticket),
                (None, None) => true,
            };
            if !was_there {
                return Err("that is not revoked, so nothing was changed".to_owned());
            }
        }
        Command::Purge { route, objects, .. } => {
            let key = objects.key.clone().map(Objects::Key);
            let objects = key.or_else(|| objects.prefix.clone().map(Objects::Prefix));
            let purge = objects.map(|objects| Purge { route: route.clone(), objects, at: now });
            purge.into_iter().for_each(|purge| control.purges.add(purge));
        }
    }
    Ok(())
}

/// A name that the policy does not have would do nothing, and nobody would know. Of those that
/// are there already some may have left the policy since.
fn check_names(command: &Command, control: &Control, policy: &Policy) -> Result<(), Failure> {
    let (keys, routes): (Vec<&str>, Vec<_>) = match command {
        Command::Revoke { what, .. } => (what.key.as_deref().into_iter().collect(), Vec::new()),
        Command::Purge { route, .. } => (Vec::new(), vec![route]),
        Command::Restore { .. } => return Ok(()),
        Command::Check(_) => {
            let routes = control.purges.iter().map(|purge| &purge.route);
            (control.revocations.keys().collect(), routes.collect())
        }
    };
    let known: Vec<_> = policy.key_ids().collect();
    if let Some(key) = keys.into_iter().find(|key| !known.contains(key)) {
        return Err(format!("the policy has no key `{key}`; it has `{}`", known.join("`, `")));
    }
    let known: Vec<_> = policy.route_names().collect();
    match routes.into_iter().find(|route| !known.contains(&route.as_str())) {
        Some(route) => {
            Err(format!("the policy has no route `{route}`; it has `{}`", known.join("`, `")))
        }
        None => Ok(()),
    }
}

fn summary(control: &Control) -> String {
    let mut text = String::new();
    for key in control.revocations.keys() {
        text += &format!("key      {key} is revoked\n");
    }
    for (ticket, ends) in control.revocations.tickets() {
        let ends = ends.map(|end| format!("; it ends {}", end.to_rfc3339())).unwrap_or_default();
        text += &format!("ticket   {ticket} is revoked{ends}\n");
    }
    for Purge { route, objects, at } in control.purges.iter() {
        let objects = match objects {
            Objects::Key(key) => format!("`{key}`"),
            Objects::Prefix(prefix) if prefix.is_empty() => "everything".to_owned(),
            Objects::Prefix(prefix) => format!("`{prefix}…`"),
        };
        text += &format!("route    {route}: {objects} is purged up to {}\n", at.to_rfc3339());
    }
    if text.is_empty() { "nothing is revoked, and nothing purged\n".to_owned() } else { text }
}

fn read_policy(file: &Path) -> Result<Policy, Failure> {
    Policy::parse(&crate::policy::read(file)?).map_err(|error| error.to_string())
}

/// The document in `file`.
pub(crate) fn read(file: &Path) -> Result<Control, Failure> {
    let text = crate::policy::read(file)?;
    Control::parse(&text).map_err(|error| format!("{}: {error}", file.display()))
}

/// The same, or an empty one where there is none yet. `wrangler kv key get` leaves an empty file
/// behind where there is no entry.
fn read_or_begin(file: &Path) -> Result<Control, Failure> {
    match fs::read_to_string(file) {
        Ok(text) if text.trim().is_empty() => Ok(Control::default()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Control::default()),
        _ => read(file),
    }
}

/// Replaces the document as a whole: half of it would revoke nothing.
fn write(file: &Path, control: &Control) -> Result<(), Failure> {
    let failed = |error: std::io::Error| format!("{}: {error}", file.display());
    let mut beside = file.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, format!("{:#}\n", control.to_json())).map_err(failed)?;
    fs::rename(&beside, file).map_err(failed)
}

fn parse_ticket(text: &str) -> Result<TicketId, String> {
    TicketId::parse(text).ok_or_else(|| {
        "must be 32 hexadecimal digits in lower case, as the log and `cloakroom explain` have them"
            .to_owned()
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::Cli;

    const TICKET: &str = "00112233445566778899aabbccddeeff";

    fn control(arguments: &[&str]) -> Result<(), Failure> {
        let arguments = ["cloakroom", "control"].iter().chain(arguments);
        let cli = Cli::try_parse_from(arguments).map_err(|error| error.to_string())?;
        let crate::Command::Control { command } = cli.command else { panic!("another command") };
        run(&command).map(|_| ())
    }

    #[test]
    fn a_document_is_made_and_changed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("control.json");
        let path = file.to_str().unwrap();
        fs::write(&file, "\n").unwrap();
        for arguments in [
            vec!["revoke", path, "--key", "AKIAOLD"],
            vec!["revoke", path, "--ticket", TICKET, "--until", "2026-12-01T00:00:00Z"],
            vec!["purge", path, "media", "--prefix", "users/"],
            vec!["purge", path, "media", "--key", "a.jpg"],
        ] {
            control(&[&arguments[..], &["--at", "2026-11-26T12:00:00Z"]].concat()).unwrap();
        }
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(
            summary(&Control::parse(&text).unwrap()),
            "\
key      AKIAOLD is revoked
ticket   00112233445566778899aabbccddeeff is revoked; it ends 2026-12-01T00:00:00Z
route    media: `users/…` is purged up to 2026-11-26T12:00:00Z
route    media: `a.jpg` is purged up to 2026-11-26T12:00:00Z
"
        );
        control(&["check", path]).unwrap();
        // What has passed is dropped on the way.
        let at = ["--at", "2027-02-01T00:00:00Z"];
        control(&[&["restore", path, "--key", "AKIAOLD"], &at[..]].concat()).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert_eq!(
            summary(&Control::parse(&text).unwrap()),
            "nothing is revoked, and nothing purged\n"
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_would_do_nothing_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let (path, policy) = (file("control.json"), file("policy.json"));
        fs::write(
            &policy,
            r#"{"version": 1, "stores": {"r": {"kind": "r2"}},
                "routes": {"media": {"path": "/", "store": "r", "bucket": "MEDIA"}}}"#,
        )
        .unwrap();
        let named = ["--policy", &policy];
        for (arguments, problem) in [
            (vec!["check", &path], "No such file"),
            (vec!["restore", &path, "--key", "k"], "that is not revoked"),
            (vec!["revoke", &path], "required arguments were not provided"),
            (vec!["revoke", &path, "--ticket", "0"], "must be 32 hexadecimal digits"),
            (vec!["purge", &path, "m", "--key", "a", "--prefix", "b"], "cannot be used with"),
            (
                [vec!["purge", &path, "films", "--key", "a"], named.to_vec()].concat(),
                "the policy has no route `films`; it has `media`",
            ),
            (
                [vec!["revoke", &path, "--key", "k"], named.to_vec()].concat(),
                "the policy has no key `k`",
            ),
        ] {
            let error = control(&arguments).unwrap_err();
            assert!(error.contains(problem), "{arguments:?}: {error}");
            assert!(!Path::new(&path).exists());
        }
    }
}
