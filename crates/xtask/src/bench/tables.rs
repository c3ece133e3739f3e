//! Figures as tables in Markdown.

use std::iter;

use super::Bench;
use super::figures::{Figure, Figures, Unit};
use super::goals::growth as growth_of;

/// The table of a bench, and its goals below.
pub(super) fn with_goals(bench: &Bench, figures: &Figures) -> String {
    let mut text = (bench.table)(figures);
    for left_out in figures.left_out() {
        text.push_str(&format!("\n{} is left out: {}\n", left_out.name, left_out.why));
    }
    let goals = (bench.goals)(figures);
    if !goals.is_empty() {
        text.push('\n');
    }
    for goal in goals {
        text.push_str(&format!("- {goal}\n"));
    }
    text
}

/// A line for each contestant; ratios to Cloakroom's own signing.
pub(super) fn contestants(figures: &Figures) -> String {
    let own = figures.own("sign").map_or(f64::NAN, Figure::median);
    let mut sorted: Vec<_> = figures.iter().collect();
    sorted.sort_by(|a, b| a.median().total_cmp(&b.median()));
    let mut text =
        "| | in | median | spread | times as long | |\n|---|---|--:|--:|--:|---|\n".to_owned();
    for figure in sorted {
        let name = match (figure.is_own(), figure.row.as_str()) {
            (true, row) => format!("**Cloakroom**: {row}"),
            (false, _) => figure.full_name(),
        };
        text.push_str(&format!(
            "| {name} | {} | {} | {:.0} % | {:.2} | {} |\n",
            figure.language,
            time(figure.median()),
            figure.spread() * 100.0,
            figure.median() / own,
            figure.note.as_deref().unwrap_or_default(),
        ));
    }
    text
}

/// A line for each task: Cloakroom, then the others with their ratios.
pub(super) fn rows(figures: &Figures) -> String {
    let mut text = "| | Cloakroom | others, times as long |\n|---|--:|---|\n".to_owned();
    for row in figures.rows() {
        let Some(own) = figures.own(row) else { continue };
        let mut others: Vec<_> = figures.at(row).filter(|figure| !figure.is_own()).collect();
        others.sort_by(|a, b| a.median().total_cmp(&b.median()));
        let others: Vec<_> = others
            .iter()
            .map(|figure| {
                let ratio = figure.median() / own.median();
                format!("{} ({}) {ratio:.2}", figure.full_name(), figure.language)
            })
            .collect();
        text.push_str(&format!("| {row} | {} | {} |\n", time(own.median()), others.join(", ")));
    }
    text
}

/// A line for each contestant at each task; ratios to Cloakroom at the same one.
pub(super) fn requests(figures: &Figures) -> String {
    let has_rates = figures.iter().any(|figure| figure.rate().is_some());
    let (heads, lines) =
        if has_rates { (" requests a second |", "--:|") } else { Default::default() };
    let mut text = format!(
        "| | | median | spread | times as long |{heads} |\n|---|---|--:|--:|--:|{lines}---|\n"
    );
    for row in figures.rows() {
        let own = figures.own(row).map_or(f64::NAN, Figure::median);
        for (figure, shown) in figures.at(row).zip([row].into_iter().chain(iter::repeat(""))) {
            let name =
                if figure.is_own() { "**Cloakroom**".to_owned() } else { figure.full_name() };
            let rate = figure.rate().map(|rate| format!(" {rate:.0} |")).unwrap_or_default();
            text.push_str(&format!(
                "| {shown} | {name} | {} | {:.0} % | {:.2} |{rate} {} |\n",
                value(figure),
                figure.spread() * 100.0,
                figure.median() / own,
                figure.note.as_deref().unwrap_or_default(),
            ));
        }
    }
    text
}

/// A line for each thing that grows, a column for each count.
pub(super) fn growth(figures: &Figures) -> String {
    let mut counts: Vec<_> = figures.iter().filter_map(|figure| figure.count).collect();
    counts.sort_unstable();
    counts.dedup();
    let heads: Vec<_> = counts.iter().map(|count| thousands(*count)).collect();
    let mut text = format!("| | {} | the most against one |\n", heads.join(" | "));
    text.push_str(&format!("|---|{}--:|\n", "--:|".repeat(counts.len())));
    for row in figures.rows() {
        let times: Vec<_> = counts
            .iter()
            .map(|count| figures.at(row).find(|figure| figure.count == Some(*count)))
            .map(|figure| figure.map_or_else(String::new, |figure| time(figure.median())))
            .collect();
        let ratio = growth_of(figures, row).unwrap_or(f64::NAN);
        text.push_str(&format!("| {row} | {} | {ratio:.2} |\n", times.join(" | ")));
    }
    text
}

/// A line for each function, a column for each thing that is measured.
pub(super) fn functions(figures: &Figures) -> String {
    let rows = figures.rows();
    let mut text = format!("| | in | {} | |\n", rows.join(" | "));
    text.push_str(&format!("|---|---|{}---|\n", "--:|".repeat(rows.len())));
    let first = rows.first().copied().unwrap_or_default();
    for figure in figures.at(first) {
        let name = if figure.is_own() { "**Cloakroom**".to_owned() } else { figure.full_name() };
        let is_same = |other: &&Figure| other.name == figure.name;
        let values: Vec<_> = rows
            .iter()
            .map(|row| figures.at(row).find(is_same))
            .map(|figure| figure.map_or_else(String::new, value))
            .collect();
        text.push_str(&format!(
            "| {name} | {} | {} | {} |\n",
            figure.language,
            values.join(" | "),
            figure.note.as_deref().unwrap_or_default(),
        ));
    }
    text
}

fn value(figure: &Figure) -> String {
    match figure.unit {
        Unit::Nanoseconds => time(figure.median()),
        Unit::Bytes if figure.median() < 1e6 => format!("{:.0} KB", figure.median() / 1e3),
        Unit::Bytes => format!("{:.2} MB", figure.median() / 1e6),
    }
}

/// Nanoseconds the way people read them.
pub(super) fn time(ns: f64) -> String {
    match ns {
        ..1e3 => format!("{ns:.0} ns"),
        ..1e4 => format!("{:.2} µs", ns / 1e3),
        ..1e5 => format!("{:.1} µs", ns / 1e3),
        ..1e6 => format!("{:.0} µs", ns / 1e3),
        _ => format!("{:.2} ms", ns / 1e6),
    }
}

/// `10,000`
pub(super) fn thousands(count: u64) -> String {
    match count {
        0..1000 => count.to_string(),
        _ => format!("{},{:03}", thousands(count / 1000), count % 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::programs::Language;

    #[test]
    fn numbers() {
        assert_eq!(
            [812.4, 1234.0, 45_678.0, 456_789.0, 4_567_890.0].map(time),
            ["812 ns", "1.23 µs", "45.7 µs", "457 µs", "4.57 ms"]
        );
        assert_eq!(
            [7, 1000, 10_000, 1_002_003].map(thousands),
            ["7", "1,000", "10,000", "1,002,003"]
        );
    }

    #[test]
    fn a_task_and_its_others() {
        let mut figures = Figures::default();
        for (language, line) in [
            (Language::Rust, r#"{"bench":"b","row":"r","name":"cloakroom","ns":100}"#),
            (Language::Python, r#"{"bench":"b","row":"r","name":"p","version":"1","ns":250}"#),
        ] {
            figures.add(language, line).unwrap();
        }
        let last = rows(&figures).lines().last().unwrap().to_owned();
        assert_eq!(last, "| r | 100 ns | p 1 (Python) 2.50 |");
    }
}
