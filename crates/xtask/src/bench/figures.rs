//! What the programs told: the times of every contestant in every round.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::programs::Language;

/// All figures of a run, in the order in which they were first told.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures {
    all: Vec<Figure>,
    left_out: Vec<LeftOut>,
}

/// Somebody who could not take part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LeftOut {
    bench: String,
    pub(super) name: String,
    pub(super) why: String,
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
    /// How many there were in a second, one a round; empty where nobody counted.
    pub(super) rates: Vec<f64>,
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
        median(&self.rounds).unwrap_or(f64::NAN)
    }

    /// In a second: the median of all rounds.
    pub(super) fn rate(&self) -> Option<f64> {
        median(&self.rates)
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
        if let (Some(bench), Some(name), Some(why)) =
            (text("bench"), text("name"), text("left_out"))
        {
            let left_out = LeftOut { bench, name, why };
            if !self.left_out.contains(&left_out) {
                self.left_out.push(left_out);
            }
            return Ok(());
        }
        let number = |name: &str| told.get(name).and_then(Value::as_f64);
        let value = number("ns").map(|ns| (Unit::Nanoseconds, ns));
        let value = value.or(number("bytes").map(|bytes| (Unit::Bytes, bytes)));
        let (Some(bench), Some(row), Some(name), Some((unit, value))) =
            (text("bench"), text("row"), text("name"), value)
        else {
            bail!("the program in {language} left something out: {line}");
        };
        let count = told.get("count").and_then(Value::as_u64);
        let (rounds, rates) = (vec![value], number("per_second").into_iter().collect());
        let (version, note, output) = (text("version"), text("note"), text("output"));
        self.push(Figure {
            bench,
            row,
            name,
            language,
            version,
            note,
            count,
            output,
            unit,
            rounds,
            rates,
        });
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
            Some(known) => {
                known.rounds.extend(figure.rounds);
                known.rates.extend(figure.rates);
            }
            None => self.all.push(figure),
        }
    }

    /// Those of a bench.
    pub(super) fn of(&self, bench: &str) -> Self {
        let left_out = self.left_out.iter().filter(|each| each.bench == bench);
        Self {
            all: self.iter().filter(|figure| figure.bench == bench).cloned().collect(),
            left_out: left_out.cloned().collect(),
        }
    }

    /// Who could not take part.
    pub(super) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
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

fn median(numbers: &[f64]) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied()
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
    fn whoever_is_left_out_is_told_once() {
        let rate =
            |rate| format!(r#"{{"bench":"b","row":"r","name":"n","ns":1,"per_second":{rate}}}"#);
        let left_out = r#"{"bench":"b","name":"m","left_out":"it is not installed"}"#;
        let figures = figures(&[&rate(5.0), left_out, &rate(7.0), left_out, &rate(6.0)]);
        assert_eq!(figures.of("b").left_out().len(), 1);
        assert!(figures.of("c").left_out().is_empty());
        assert_eq!(figures.iter().map(Figure::rate).collect::<Vec<_>>(), [Some(6.0)]);
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
