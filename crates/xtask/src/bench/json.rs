//! All figures for programs.

use serde_json::{Value, json};

use super::Bench;
use super::figures::{Figure, Figures, Unit};
use super::goals::{Bound, Goal};
use super::machine::Machine;

/// The whole run, as one JSON object on many lines.
pub(super) fn write(machine: &Machine, rounds: usize, told: &[(&Bench, Figures)]) -> String {
    let benches: Vec<Value> = told
        .iter()
        .map(|(bench, told)| {
            let goals: Vec<_> = (bench.goals)(told).iter().map(goal).collect();
            let figures: Vec<_> = told.iter().map(figure).collect();
            let left_out: Vec<_> = told
                .left_out()
                .iter()
                .map(|each| json!({ "name": each.name, "why": each.why }))
                .collect();
            json!({
                "name": bench.name, "figures": figures, "left_out": left_out, "goals": goals
            })
        })
        .collect();
    let run = json!({ "machine": machine.to_json(), "rounds": rounds, "benches": benches });
    format!("{run:#}\n")
}

fn figure(figure: &Figure) -> Value {
    json!({
        "row": figure.row,
        "name": figure.name,
        "language": figure.language.to_string(),
        "version": figure.version,
        "count": figure.count,
        "note": figure.note,
        "unit": match figure.unit {
            Unit::Nanoseconds => "ns",
            Unit::Bytes => "bytes",
        },
        "median": figure.median(),
        "rounds": figure.rounds,
        "median_per_second": figure.rate(),
    })
}

fn goal(goal: &Goal) -> Value {
    let (side, bound) = match goal.bound {
        Bound::AtLeast(bound) => ("at_least", bound),
        Bound::AtMost(bound) => ("at_most", bound),
    };
    json!({ "what": goal.what, "measured": goal.measured, side: bound, "met": goal.is_met() })
}
