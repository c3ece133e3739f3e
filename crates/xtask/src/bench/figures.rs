//! What the programs told: the times of every contestant in every round.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::programs::Language;

/// All figures of a run, in the order in which they were first told.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    all: Vec<Figure>,
}

/// One contestant at one task.
#[derive(Debug, Clone)]
pub(super) struct Figure {
    pub(super) bench: String,
    /// The task.
    pub(super) row: String,
    pub(super) name: String,
    pub(super) language: Language,
    /// Of what others publish.
    pub(super) version: Option<String>,
    /// Something to know when comparing.
    pub(super) note: Option<String>,
    /// How much there was of that which grows.
    pub(super) count: Option<u64>,
    /// What was made, where all must make the same.
    pub(super) output: Option<String>,
    pub(super) unit: Unit,
    /// One value a round.
    pub(super) rounds: Vec<f64>,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Nanoseconds,
    Bytes,
}

impl Figure {
    /// The median of all rounds.
    pub(super) fn median(&self) -> f64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// How far the slowest round is from the fastest, as a part of the median.
    pub(super) fn spread(&self) -> f64 {
        let slowest = self.rounds.iter().copied().fold(f64::NAN, f64::max);
        let fastest = self.rounds.iter().copied().fold(f64::NAN, f64::min);
        (slowest - fastest) / self.median()
    }

    /// Whether it is not one of the others.
    pub(super) fn is_own(&self) -> bool {
        self.name == "cloakroom"
    }

    /// `rusty-s3 0.11.0`
    pub(super) fn full_name(&self) -> String {
        match &self.version {
            Some(version) => format!("{} {version}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Figures {
    /// Takes a line that a program told.
    pub(super) fn add(&mut self, language: Language, line: &str) -> Result<()> {
        let told: Value = serde_json::from_str(line)
            .with_context(|| format!("the program in {language} told no figure: {line}"))?;
        let text = |name: &str| told.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(bench), Some(row), Some(name), Some(ns)) =
            (text("bench"), text("row"), text("name"), told.get("ns").and_then(Value::as_f64))
        else {
            bail!("the program in {language} left something out: {line}");
        };
        let count = told.get("count").and_then(Value::as_u64);
        let (version, note, output) = (text("version"), text("note"), text("output"));
        let (unit, rounds) = (Unit::Nanoseconds, vec![ns]);
        let figure =
            Figure { bench, row, name, language, version, note, count, output, unit, rounds };
        self.push(figure);
        Ok(())
    }

    /// Takes what was measured once, or another round of it.
    pub(super) fn push(&mut self, figure: Figure) {
        let is_same = |known: &&mut Figure| {
            known.language == figure.language
                && (&known.bench, &known.row, &known.name)
                    == (&figure.bench, &figure.row, &figure.name)
                && known.count == figure.count
        };
        match self.all.iter_mut().find(is_same) {
            Some(known) => known.rounds.extend(figure.rounds),
            None => self.all.push(figure),
        }
    }

    /// Those of a bench.
    pub(super) fn of(&self, bench: &str) -> Self {
        Self { all: self.iter().filter(|figure| figure.bench == bench).cloned().collect() }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Figure> {
        self.all.iter()
    }

    /// Those of a task.
    pub(super) fn at<'f>(&'f self, row: &'f str) -> impl Iterator<Item = &'f Figure> {
        self.iter().filter(move |figure| figure.row == row)
    }

    /// Cloakroom's own at a task.
    pub(super) fn own(&self, row: &str) -> Option<&Figure> {
        self.iter().find(|figure| figure.row == row && figure.is_own())
    }

    /// The tasks, each once.
    pub(super) fn rows(&self) -> Vec<&str> {
        let mut seen = BTreeSet::new();
        self.iter().map(|figure| figure.row.as_str()).filter(|row| seen.insert(*row)).collect()
    }

    /// Whoever is compared does the same work. Parameters of a URL may stand in another order.
    pub(super) fn require_same_outputs(&self) -> Result<()> {
        for figure in self.iter() {
            let own = self.of(&figure.bench).own(&figure.row).and_then(|own| own.output.clone());
            if let (Some(own), Some(other)) = (own, &figure.output)
                && parts(&own) != parts(other)
            {
                bail!("at `{}`, {} makes something else than Cloakroom", figure.row, figure.name);
            }
        }
        Ok(())
    }
}

fn parts(output: &str) -> Vec<&str> {
    let mut parts: Vec<_> = output.split(['?', '&']).collect();
    parts.sort_unstable();
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(lines: &[&str]) -> Figures {
        let mut figures = Figures::default();
        for line in lines {
            figures.add(Language::Rust, line).unwrap();
        }
        figures
    }

    #[test]
    fn rounds_are_put_together() {
        let line = |ns| format!(r#"{{"bench":"b","row":"r","name":"n","ns":{ns}}}"#);
        let figures = figures(&[&line(3.0), &line(1.0), &line(2.0)]);
        let figure = figures.iter().next().unwrap();
        assert_eq!((figures.iter().count(), figure.median(), figure.spread()), (1, 2.0, 1.0));
        assert!(Figures::default().add(Language::Rust, "{}").is_err());
    }

    #[test]
    fn whoever_makes_something_else_is_found() {
        let line = |name: &str, output: &str| {
            format!(r#"{{"bench":"b","row":"r","name":"{name}","ns":1.0,"output":"{output}"}}"#)
        };
        let check = |theirs: &str| {
            figures(&[&line("cloakroom", "/p?a=1&b=2"), &line("other", theirs)])
                .require_same_outputs()
        };
        assert!(check("/p?b=2&a=1").is_ok());
        let error = check("/p?a=1&b=3").unwrap_err().to_string();
        assert_eq!(error, "at `r`, other makes something else than Cloakroom");
    }
}
