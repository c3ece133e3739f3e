//! The documents that an edge runs by, read again while it runs.
//!
//! ```text
//!  policy ──┐
//!           ├─▶ take ─▶ Gate ──(for MAX_AGE)──▶ is_due ─▶ take ─▶ …
//! control ──┘
//! ```
//!
//! Where documents cannot be read, or hold what cannot be, the gate that there is goes on for
//! [`GRACE`]: then nobody knows any more what was revoked, and nothing is served.

use std::sync::Arc;
use std::time::Duration;

use crate::control::Control;
use crate::gate::Gate;
use crate::policy::{ReadSide, Secrets};
use crate::time::UnixTime;

/// Documents that can change are read again when they are so old, unless the operator says
/// otherwise.
pub const MAX_AGE: Duration = Duration::from_secs(30);

/// For how long documents count that cannot be read again.
pub const GRACE: Duration = Duration::from_secs(600);

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Documents {
    /// The policy.
    pub policy: Option<String>,
    /// The control document. Without one nothing is revoked and nothing purged.
    pub control: Option<String>,
    /// When they are to be read again; never, where they cannot change.
    pub max_age: Option<Duration>,
}

/// What an edge runs by: kept by an adapter as long as it runs, and started with nothing.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    documents: Documents,
    gate: Option<Arc<Gate>>,
    read_at: Option<UnixTime>,
    next: Next,
    problem: Option<String>,
}

/// When documents are to be read.
#[derive(Clone, Copy, Debug, Default)]
enum Next {
    #[default]
    Now,
    At(UnixTime),
    Never,
}

impl Settings {
    /// Whether the documents are to be read, and [taken](Self::take).
    pub fn is_due(&self, now: UnixTime) -> bool {
        match self.next {
            Next::Now => true,
            Next::At(time) => now >= time,
            Next::Never => false,
        }
    }

    /// Takes what was read at the time `now`, or why nothing could be.
    pub fn take(&mut self, read: Result<Documents, String>, secrets: &Secrets<'_>, now: UnixTime) {
        let again = |age| Next::At(now.saturating_add(age));
        self.next = match &read {
            Ok(read) => read.max_age.map_or(Next::Never, again),
            Err(_) => again(MAX_AGE),
        };
        let gate = read.and_then(|read| {
            let gate = match &self.gate {
                Some(gate) if read == self.documents => Arc::clone(gate),
                _ => Arc::new(make_gate(&read, secrets)?),
            };
            Ok((read, gate))
        });
        match gate {
            Ok((read, gate)) => {
                self.documents = read;
                self.gate = Some(gate);
                self.read_at = Some(now);
                self.problem = None;
            }
            Err(problem) => self.problem = Some(problem),
        }
    }

    /// The gate.
    ///
    /// # Errors
    /// Why there is none.
    pub fn gate(&self, now: UnixTime) -> Result<Arc<Gate>, String> {
        let is_known =
            self.problem.is_none() || self.read_at.is_some_and(|at| now.since(at) < GRACE);
        match &self.gate {
            Some(gate) if is_known => Ok(Arc::clone(gate)),
            _ => Err(self.problem.clone().unwrap_or_else(|| "nothing was read yet".to_owned())),
        }
    }

    /// What is wrong with the documents, while the gate of the former ones goes on.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

fn make_gate(documents: &Documents, secrets: &Secrets<'_>) -> Result<Gate, String> {
    let policy = documents.policy.as_deref().ok_or("there is no policy document")?;
    let policy = ReadSide::parse(policy).map_err(|error| error.to_string())?;
    let gate = Gate::new(&policy, secrets).map_err(|error| error.to_string())?;
    let control = documents.control.as_deref().map(Control::parse).transpose();
    let control = control.map_err(|error| error.to_string())?;
    Ok(gate.under(control.unwrap_or_default()))
}

/// Reads a maximal age as an operator writes it, in seconds.
///
/// # Errors
/// What it must be.
pub fn read_max_age(text: &str) -> Result<Duration, String> {
    match text.parse() {
        Ok(seconds @ 1..=3600) => Ok(Duration::from_secs(seconds)),
        _ => Err("must be a whole number of seconds from 1 to 3600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"{"version": 1, "stores": {"r": {"kind": "r2"}},
        "routes": {"media": {"path": "/", "store": "r", "bucket": "MEDIA"}}}"#;

    fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(1_000 + secs)
    }

    fn documents(policy: &str, control: Option<&str>) -> Result<Documents, String> {
        Ok(Documents {
            policy: Some(policy.to_owned()),
            control: control.map(str::to_owned),
            max_age: Some(Duration::from_secs(10)),
        })
    }

    fn take(settings: &mut Settings, read: Result<Documents, String>, secs: u64) {
        settings.take(read, &|_| None, at(secs));
    }

    #[test]
    fn documents_are_read_again_when_they_are_old() {
        let mut settings = Settings::default();
        assert!(settings.is_due(at(0)) && settings.gate(at(0)).is_err());
        take(&mut settings, documents(POLICY, None), 0);
        assert!(!settings.is_due(at(9)) && settings.is_due(at(10)));
        let first = settings.gate(at(10)).unwrap();
        take(&mut settings, documents(POLICY, None), 10);
        assert!(!settings.is_due(at(19)));
        assert!(Arc::ptr_eq(&first, &settings.gate(at(10)).unwrap()));
        take(&mut settings, documents(POLICY, Some(r#"{"version": 1}"#)), 20);
        assert!(!Arc::ptr_eq(&first, &settings.gate(at(20)).unwrap()));
        let unchanging = documents(POLICY, None).map(|read| Documents { max_age: None, ..read });
        take(&mut settings, unchanging, 30);
        assert!(!settings.is_due(UnixTime::MAX));
    }

    #[test]
    fn the_former_ones_go_on_for_a_while() {
        let mut settings = Settings::default();
        take(&mut settings, documents(POLICY, None), 0);
        for (bad, problem, next) in [
            (Err("no answer".to_owned()), "no answer", 60),
            (documents("{}", None), "policy: needs a field `version`", 40),
            (documents(POLICY, Some("{")), "control: is not JSON: ", 40),
            (
                documents("", None).map(|_| Documents::default()),
                "there is no policy document",
                9_999,
            ),
        ] {
            take(&mut settings, bad, 30);
            assert!(settings.problem().unwrap().starts_with(problem), "{:?}", settings.problem());
            assert!(!settings.is_due(at(next - 1)), "{problem}");
            assert!(settings.gate(at(599)).is_ok());
            assert!(settings.gate(at(600)).unwrap_err().starts_with(problem));
        }
        take(&mut settings, documents(POLICY, None), 700);
        assert_eq!(settings.problem(), None);
        assert!(settings.gate(at(9_999)).is_ok());
    }

    #[test]
    fn a_maximal_age_is_a_number() {
        assert_eq!(read_max_age("5"), Ok(Duration::from_secs(5)));
        for wrong in ["", "0", "3601", "-1", "1.5", "30s"] {
            assert!(read_max_age(wrong).is_err(), "{wrong}");
        }
    }
}
