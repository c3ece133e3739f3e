//! What Cloakroom is to reach, and how near it is.

use std::fmt;

use super::figures::{Figure, Figures};
use super::functions::{INIT, PACKAGE, WARM, ZIP};
use super::programs::Language;
use crate::package::BUDGET;

/// A number and its bound.
#[derive(Debug, Clone)]
pub(super) struct Goal {
    pub(super) what: String,
    pub(super) measured: f64,
    pub(super) bound: Bound,
}

/// Which side of a number is good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    pub(super) fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(bound) => self.measured >= bound,
            Bound::AtMost(bound) => self.measured <= bound,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (side, bound) = match self.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        let verdict = if self.is_met() { "met" } else { "**not met**" };
        let Self { what, measured, .. } = self;
        write!(f, "{what}: {measured:.2}, {side} {bound} is the goal: {verdict}")
    }
}

/// Signing against the fastest crate and against the hashes alone; proving against signing.
pub(super) fn of_presigning(figures: &Figures) -> Vec<Goal> {
    let is_floor = |figure: &&Figure| figure.name == "hash floor";
    let own = |row| figures.own(row).map(Figure::median);
    let floor = figures.at("sign").find(is_floor).map(Figure::median);
    let crates = figures.at("sign").filter(|figure| {
        figure.language == Language::Rust && !figure.is_own() && !is_floor(figure)
    });
    let fastest = crates.min_by(|a, b| a.median().total_cmp(&b.median()));
    let mut goals = Vec::new();
    if let (Some(own), Some(fastest)) = (own("sign"), fastest) {
        let what = format!("signing, times as fast as the fastest crate ({})", fastest.name);
        let measured = fastest.median() / own;
        goals.push(Goal { what, measured, bound: Bound::AtLeast(8.0) });
    }
    if let (Some(own), Some(floor)) = (own("sign"), floor) {
        let what = "signing, times as long as the hashes alone".to_owned();
        goals.push(Goal { what, measured: own / floor, bound: Bound::AtMost(1.5) });
    }
    if let (Some(sign), Some(verify)) = (own("sign"), own("verify")) {
        let what = "verifying, times as long as signing".to_owned();
        goals.push(Goal { what, measured: verify / sign, bound: Bound::AtMost(1.5) });
    }
    goals
}

/// Signing as WASM against the signer for Workers.
pub(super) fn of_wasm(figures: &Figures) -> Vec<Goal> {
    let other = figures.at("sign").find(|figure| figure.name == "aws4fetch");
    let goal = other.zip(figures.own("sign")).map(|(other, own)| Goal {
        what: "signing under workerd, times as fast as aws4fetch".to_owned(),
        measured: other.median() / own.median(),
        bound: Bound::AtLeast(10.0),
    });
    goal.into_iter().collect()
}

/// A read at the edge against whoever does the same work, and against a Worker that does none.
pub(super) fn of_edge(figures: &Figures) -> Vec<Goal> {
    let mut goals = Vec::new();
    for row in figures.rows() {
        let Some(own) = figures.own(row).map(Figure::median) else { continue };
        for other in figures.at(row).filter(|figure| !figure.is_own()) {
            let bound = if other.name == "pass-through" { 1.3 } else { 1.0 };
            goals.push(Goal {
                what: format!("{row}, times as long as {}", other.name),
                measured: own / other.median(),
                bound: Bound::AtMost(bound),
            });
        }
    }
    goals
}

/// What the edge adds to the start of a Worker.
pub(super) fn of_start(figures: &Figures) -> Vec<Goal> {
    const ROW: &str = "until the first answer";
    const SIZE: &str = "all of it, compressed";
    let bare = figures.at(ROW).find(|figure| !figure.is_own());
    let goal = figures.own(ROW).zip(bare).map(|(own, bare)| Goal {
        what: format!("{ROW}, ms more than a bare Worker"),
        measured: (own.median() - bare.median()) / 1e6,
        bound: Bound::AtMost(5.0),
    });
    let size = figures.own(SIZE).map(|own| Goal {
        what: format!("{SIZE}, KB"),
        measured: own.median() / 1e3,
        bound: Bound::AtMost(150.0),
    });
    goal.into_iter().chain(size).collect()
}

/// A decision under the largest policy against one under the smallest.
pub(super) fn of_growth(figures: &Figures) -> Vec<Goal> {
    let goal = |row: &str| {
        let what = format!("{row}, the most against one");
        Some(Goal { what, measured: growth(figures, row)?, bound: Bound::AtMost(2.0) })
    };
    figures.rows().into_iter().filter_map(goal).collect()
}

/// Cloakroom's function alone: how quick and how small.
pub(super) fn of_function(figures: &Figures) -> Vec<Goal> {
    let goal = |(row, unit, divisor, bound): (&str, &str, f64, f64)| {
        let measured = figures.own(row)?.median() / divisor;
        Some(Goal { what: format!("{row}, {unit}"), measured, bound: Bound::AtMost(bound) })
    };
    let all = [
        (INIT, "ms", 1e6, 5.0),
        (WARM, "µs", 1e3, 100.0),
        (PACKAGE, "MB", 1e6, f64::from(BUDGET.bytes) / 1e6),
        (ZIP, "MB", 1e6, f64::from(BUDGET.zip) / 1e6),
    ];
    all.into_iter().filter_map(goal).collect()
}

/// How many times as long the largest count takes as the smallest.
pub(super) fn growth(figures: &Figures, row: &str) -> Option<f64> {
    let smallest = figures.at(row).min_by_key(|figure| figure.count)?;
    let largest = figures.at(row).max_by_key(|figure| figure.count)?;
    Some(largest.median() / smallest.median())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(all: &[(&str, &str, u32)]) -> Figures {
        let mut figures = Figures::default();
        for (row, name, ns) in all {
            let line = format!(r#"{{"bench":"b","row":"{row}","name":"{name}","ns":{ns}}}"#);
            figures.add(Language::JavaScript, &line).unwrap();
        }
        figures
    }

    #[test]
    fn goals_under_workerd() {
        let measured = |goals: Vec<Goal>| -> Vec<(f64, bool)> {
            goals.iter().map(|goal| (goal.measured, goal.is_met())).collect()
        };
        let signing = figures(&[("sign", "cloakroom", 100), ("sign", "aws4fetch", 900)]);
        assert_eq!(measured(of_wasm(&signing)), [(9.0, false)]);
        let edge = figures(&[
            ("hit", "cloakroom", 120),
            ("hit", "pass-through", 100),
            ("hit", "nginx", 60),
            ("miss", "cloakroom", 150),
            ("miss", "pass-through", 100),
        ]);
        assert_eq!(measured(of_edge(&edge)), [(1.2, true), (2.0, false), (1.5, false)]);
        let row = "until the first answer";
        let start = figures(&[(row, "cloakroom", 9_000_000), (row, "a bare Worker", 5_000_000)]);
        assert_eq!(measured(of_start(&start)), [(4.0, true)]);
    }

    #[test]
    fn goals_of_the_function_are_of_its_own_figures() {
        let mut figures = Figures::default();
        for (name, ns) in [("cloakroom", 1.5e6), ("boto3", 4e8)] {
            let line = format!(r#"{{"bench":"b","row":"init","name":"{name}","ns":{ns}}}"#);
            figures.add(Language::Rust, &line).unwrap();
        }
        let goals: Vec<_> = of_function(&figures).iter().map(Goal::to_string).collect();
        assert_eq!(goals, ["init, ms: 1.50, at most 5 is the goal: met"]);
    }

    #[test]
    fn goals_of_presigning() {
        let mut figures = Figures::default();
        for (row, name, ns) in [
            ("sign", "cloakroom", 100),
            ("sign", "hash floor", 50),
            ("sign", "slow", 2000),
            ("sign", "fast", 900),
            ("verify", "cloakroom", 120),
        ] {
            let line = format!(r#"{{"bench":"b","row":"{row}","name":"{name}","ns":{ns}}}"#);
            figures.add(Language::Rust, &line).unwrap();
        }
        let line = r#"{"bench":"b","row":"sign","name":"another language","ns":1}"#;
        figures.add(Language::Python, line).unwrap();
        let goals = of_presigning(&figures);
        let all: Vec<_> = goals.iter().map(|goal| (goal.measured, goal.is_met())).collect();
        assert_eq!(all, [(9.0, true), (2.0, false), (1.2, true)]);
        assert_eq!(
            goals.first().unwrap().to_string(),
            "signing, times as fast as the fastest crate (fast): 9.00, at least 8 is the goal: met"
        );
    }
}
