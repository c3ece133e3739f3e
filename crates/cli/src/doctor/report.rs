//! What was found out, for people and as JSON.

use std::collections::BTreeSet;
use std::fmt;

use cloakroom_core::policy::Wants;
use serde_json::{Value, json};

use super::clause::Clause;
use super::verdict::Verdict;

/// What was found out about one clause.
#[derive(Debug)]
pub(super) struct Finding {
    clause: &'static Clause,
    verdict: Verdict,
    /// What the store said, where it matters.
    said: Option<String>,
    /// What to change, where it does not hold.
    fix: Option<String>,
}

/// What was found out about a store.
#[derive(Debug)]
pub(super) struct StoreReport {
    name: String,
    kind: &'static str,
    endpoint: String,
    /// The bucket or container in which was probed.
    bucket: Option<String>,
    /// What the policy's upload rules rely on.
    wants: Wants,
    /// What the policy says that the store lacks.
    known: BTreeSet<&'static str>,
    findings: Vec<Finding>,
    /// Why it could not be probed at all.
    problem: Option<String>,
    /// Keys of the doctor's own objects that are still there, and how to remove them.
    left: Vec<String>,
    remove: Option<String>,
}

/// How a store is; the order is that of exit statuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Status {
    /// All is as the policy needs.
    Well,
    /// Something must be changed.
    Fix,
    /// It could not be found out whether all is well.
    Unprobed,
}

impl StoreReport {
    pub(super) fn new(
        name: &str,
        kind: &'static str,
        endpoint: &dyn fmt::Display,
        wants: Wants,
    ) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            endpoint: endpoint.to_string(),
            bucket: None,
            wants,
            known: BTreeSet::new(),
            findings: Vec::new(),
            problem: None,
            left: Vec::new(),
            remove: None,
        }
    }

    /// It cannot be probed, and why.
    #[must_use]
    pub(super) fn unprobed(mut self, problem: impl Into<String>) -> Self {
        self.problem = Some(problem.into());
        self
    }

    /// It could be asked something, and not enough.
    pub(super) fn set_unprobed(&mut self, problem: &str) {
        self.problem = Some(problem.to_owned());
    }

    pub(super) fn probed_in(&mut self, bucket: &str) {
        self.bucket = Some(bucket.to_owned());
    }

    /// Adds a finding. `fix` says what to change, and is shown where the clause does not hold.
    pub(super) fn add(
        &mut self,
        clause: &'static Clause,
        verdict: Verdict,
        said: Option<String>,
        fix: Option<String>,
    ) {
        let fix = fix.filter(|_| verdict != Verdict::Holds);
        self.findings.push(Finding { clause, verdict, said, fix });
    }

    /// Objects of the doctor's own that could not be removed, and how somebody else can.
    pub(super) fn left(&mut self, keys: Vec<String>, remove: String) {
        if !keys.is_empty() {
            (self.left, self.remove) = (keys, Some(remove));
        }
    }

    pub(super) fn status(&self) -> Status {
        let of = |finding: &Finding| match finding.verdict {
            _ if !self.needs(finding) => Status::Well,
            Verdict::Holds => Status::Well,
            Verdict::Fails | Verdict::Unsupported => Status::Fix,
            Verdict::Unknown => Status::Unprobed,
        };
        let found = self.findings.iter().map(of).max().unwrap_or(Status::Well);
        if self.problem.is_some() { Status::Unprobed } else { found }
    }

    fn needs(&self, finding: &Finding) -> bool {
        finding.clause.need.is_of(&self.wants) && !self.is_known(finding.clause)
    }

    /// What a rule names in `unenforced`, where a store does not hold to it.
    fn accepted(&self, finding: &Finding) -> Option<&'static str> {
        let waiver = finding.clause.need.waiver()?;
        let is_accepted = self.wants.unenforced.contains(&waiver) && !self.needs(finding);
        (is_accepted && finding.verdict == Verdict::Fails).then(|| waiver.as_str())
    }

    /// Whether the policy says already that the store lacks it.
    fn is_known(&self, clause: &Clause) -> bool {
        clause.lacks.is_some_and(|name| self.known.contains(name))
    }

    /// What the policy says already that the store lacks.
    #[must_use]
    pub(super) fn knowing(self, lacks: &[&'static str]) -> Self {
        Self { known: lacks.iter().copied().collect(), ..self }
    }

    /// The clauses that the store lacks, as a policy names them.
    fn lacks(&self) -> BTreeSet<&'static str> {
        let lacking =
            |finding: &&Finding| matches!(finding.verdict, Verdict::Fails | Verdict::Unsupported);
        self.findings.iter().filter(lacking).filter_map(|finding| finding.clause.lacks).collect()
    }

    /// What to do: first what the policy needs.
    fn advice(&self, needed: bool) -> Vec<String> {
        let chosen =
            |finding: &&Finding| finding.verdict != Verdict::Holds && self.needs(finding) == needed;
        let chosen: Vec<_> = self.findings.iter().filter(chosen).collect();
        let mut advice: Vec<String> = Vec::new();
        for finding in &chosen {
            let Some(fix) = &finding.fix else { continue };
            let fix = match self.accepted(finding) {
                Some(name) => format!("accepted, by `{name}` in `unenforced` of a rule: {fix}"),
                None => fix.clone(),
            };
            if !advice.contains(&fix) {
                advice.push(fix);
            }
        }
        let is_needed = |name: &str| {
            let mut named = self.findings.iter().filter(|f| f.clause.lacks == Some(name));
            named.any(|f| f.verdict != Verdict::Holds && self.needs(f))
        };
        let lacking = chosen.iter().filter(|finding| finding.verdict != Verdict::Unknown);
        let lacking = lacking.filter_map(|finding| finding.clause.lacks);
        let lacking = lacking.filter(|name| needed || !is_needed(name));
        let lacking: BTreeSet<_> = lacking.filter(|name| !self.known.contains(name)).collect();
        if !lacking.is_empty() {
            // With what is named already, and what has to be: it is one list.
            let others = self.lacks().into_iter().filter(|name| is_needed(name));
            let names: BTreeSet<_> =
                lacking.into_iter().chain(others).chain(self.known.iter().copied()).collect();
            let what = if needed {
                "uploads to this store are not held to all that is signed; say so in the policy, \
                 or keep uploads in another store"
            } else {
                "no rule relies on these today; name them in the policy before one does"
            };
            advice.push(format!("{what}:\n{}", self.lacks_line(&names)));
        }
        advice
    }

    fn lacks_line(&self, names: &BTreeSet<&str>) -> String {
        let named: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
        format!("\"stores\": {{ \"{}\": {{ …, \"lacks\": [{}] }} }}", self.name, named.join(", "))
    }

    pub(super) fn to_text(&self) -> String {
        let bucket = self.bucket.as_ref().map(|bucket| format!(", probed in {bucket}"));
        let mut text = format!(
            "{} ({} at {}{})\n",
            self.name,
            self.kind,
            self.endpoint,
            bucket.unwrap_or_default()
        );
        let width = self.findings.iter().map(|f| f.clause.words.chars().count()).max();
        let width = width.unwrap_or_default();
        for Finding { clause, verdict, said, .. } in &self.findings {
            let mark = verdict.mark();
            let said = match (said, verdict) {
                (Some(said), _) => said,
                (None, Verdict::Unsupported) => "not supported",
                (None, _) => "",
            };
            let line = format!("  {mark} {:width$}  {said}", clause.words);
            text += line.trim_end();
            text += "\n";
        }
        if self.findings.is_empty() && self.problem.is_none() {
            text += "  – it has no URL, so there is nothing to probe\n";
        }
        if let Some(problem) = &self.problem {
            text += &format!("  – nothing more was probed: {problem}\n");
        }
        for (heading, needed) in [("To fix", true), ("To know", false)] {
            let advice = self.advice(needed);
            if advice.is_empty() {
                continue;
            }
            text += &format!("\n  {heading}:\n");
            for item in advice {
                text += &format!("  - {}\n", item.replace('\n', "\n    "));
            }
        }
        if let Some(remove) = &self.remove {
            text += "\n  Left behind, because the credentials may not delete it:\n";
            for key in &self.left {
                text += &format!("  - {key}\n");
            }
            text += &format!("    To remove it: {remove}\n");
        }
        text
    }

    pub(super) fn to_json(&self) -> Value {
        let clause = |finding: &Finding| {
            json!({
                "clause": finding.clause.id,
                "words": finding.clause.words,
                "verdict": finding.verdict.as_str(),
                "needed": self.needs(finding),
                "accepted": self.accepted(finding).is_some(),
                "said": finding.said,
                "fix": finding.fix,
            })
        };
        json!({
            "name": self.name,
            "kind": self.kind,
            "endpoint": self.endpoint,
            "bucket": self.bucket,
            "status": self.status().as_str(),
            "problem": self.problem,
            "clauses": self.findings.iter().map(clause).collect::<Vec<_>>(),
            "lacks": self.lacks(),
            "to_fix": self.advice(true),
            "to_know": self.advice(false),
            "left": self.left,
        })
    }
}

impl Verdict {
    fn mark(self) -> char {
        match self {
            Self::Holds => '✓',
            Self::Fails => '✗',
            Self::Unsupported | Self::Unknown => '–',
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "yes",
            Self::Fails => "no",
            Self::Unsupported => "unsupported",
            Self::Unknown => "unknown",
        }
    }
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Well => "ok",
            Self::Fix => "fix",
            Self::Unprobed => "unprobed",
        }
    }

    pub(super) fn exit_code(self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Fix => 1,
            Self::Unprobed => 2,
        }
    }
}

#[cfg(test)]
#[expect(clippy::indexing_slicing, reason = "a test that cannot go on fails")]
mod tests {
    use cloakroom_core::upload::kind::{Clause as Rule, Kind};

    use super::super::clause;
    use super::*;

    fn report(has_uploads: bool) -> StoreReport {
        let mut wants = Wants::default();
        if has_uploads {
            wants.kinds.insert(Kind::Put);
            wants.relied_on.insert((Kind::Put, Rule::ContentType));
        }
        report_for(wants)
    }

    fn report_for(wants: Wants) -> StoreReport {
        let mut report = StoreReport::new("main", "s3", &"https://s3.example", wants);
        report.probed_in("media");
        report.add(&clause::SIGNATURE, Verdict::Holds, None, Some("no fix is shown".into()));
        let stored = Some("it stored it".to_owned());
        report.add(&clause::CONTENT_TYPE, Verdict::Fails, stored, None);
        report.add(&clause::FORM, Verdict::Unsupported, None, None);
        report
    }

    #[test]
    fn people_read_a_table_and_what_to_do() {
        let mut report = report(true);
        report.left(vec!["a/b".into()], "aws s3 rm s3://media/a/b".into());
        assert_eq!(
            report.to_text(),
            "\
main (s3 at https://s3.example, probed in media)
  ✓ refuses a tampered signature
  ✗ refuses another type than was signed  it stored it
  – takes signed forms (POST)             not supported

  To fix:
  - uploads to this store are not held to all that is signed; say so in the policy, or keep \
uploads in another store:
    \"stores\": { \"main\": { …, \"lacks\": [\"content_type\"] } }

  To know:
  - no rule relies on these today; name them in the policy before one does:
    \"stores\": { \"main\": { …, \"lacks\": [\"content_type\", \"form\"] } }

  Left behind, because the credentials may not delete it:
  - a/b
    To remove it: aws s3 rm s3://media/a/b
"
        );
    }

    #[test]
    fn json_says_the_same() {
        let report = report(true).to_json();
        assert_eq!(report["status"], "fix");
        assert_eq!(report["lacks"], json!(["content_type", "form"]));
        assert_eq!(report["clauses"][1]["verdict"], "no");
        assert_eq!(report["clauses"][1]["needed"], true);
        assert_eq!(report["clauses"][0]["fix"], Value::Null);
    }

    #[test]
    fn what_the_policy_knows_is_not_to_be_fixed() {
        let report = report(true).knowing(&["content_type", "form"]);
        assert_eq!(report.status(), Status::Well);
        assert!(!report.to_text().contains("\"lacks\""), "{}", report.to_text());
    }

    #[test]
    fn what_a_rule_puts_up_with_is_to_be_known() {
        let mut wants = Wants::default();
        wants.kinds.insert(Kind::Put);
        wants.unenforced.insert(Rule::SignedHeaders);
        let mut report = report_for(wants);
        let fix = Some("give out none".to_owned());
        report.add(&clause::COPY, Verdict::Fails, None, fix);
        assert_eq!(report.status(), Status::Well);
        let text = report.to_text();
        let expected = "accepted, by `signed_headers` in `unenforced` of a rule: give out none";
        assert!(text.contains(expected), "{text}");
        assert!(!text.contains("To fix"), "{text}");
        let json = report.to_json();
        assert_eq!(
            (&json["clauses"][3]["accepted"], &json["clauses"][1]["accepted"]),
            (&json!(true), &json!(false))
        );
    }

    #[test]
    fn what_nobody_needs_is_not_to_be_fixed() {
        assert_eq!(report(false).status(), Status::Well);
        assert_eq!(report(true).status(), Status::Fix);
        let mut unknown = report(true);
        unknown.add(&clause::EXPIRY, Verdict::Unknown, None, None);
        assert_eq!(unknown.status(), Status::Unprobed);
        assert_eq!(report(false).unprobed("why").status(), Status::Unprobed);
        assert_eq!(Status::Fix.exit_code(), 1);
    }
}
