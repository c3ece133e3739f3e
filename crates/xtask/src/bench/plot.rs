//! Plots as SVG, on logarithmic axes: some contestants take a thousand times as long as others.

use super::figures::{Figure, Figures};
use super::tables::{thousands, time};

const FONT: &str = "font-family='system-ui,sans-serif' font-size='13' fill='#222'";
const OWN: &str = "#0b6e99";
const COLOURS: [&str; 8] =
    ["#0b6e99", "#c0392b", "#2e7d32", "#8e44ad", "#d68910", "#566573", "#17a589", "#7b241c"];

/// A bar for each contestant at signing.
pub(super) fn bars(figures: &Figures) -> String {
    const BAR: f64 = 24.0;
    const LEFT: f64 = 370.0;
    let mut sorted: Vec<_> = figures.at("sign").collect();
    sorted.sort_by(|a, b| a.median().total_cmp(&b.median()));
    let axis = Axis::over(sorted.iter().copied(), 380.0);
    let (mut drawn, mut y) = (String::new(), 10.0);
    for figure in sorted {
        let (length, middle) = (axis.at(figure.median()), y + 15.0);
        let colour = if figure.is_own() { OWN } else { "#b0b8bd" };
        let name = format!("{} ({})", figure.full_name(), figure.language);
        drawn.push_str(&label(LEFT - 8.0, middle, "end", &name));
        drawn.push_str(&format!(
            "<rect x='{LEFT}' y='{y}' width='{length:.1}' height='18' fill='{colour}'/>\n"
        ));
        drawn.push_str(&label(LEFT + length + 6.0, middle, "start", &time(figure.median())));
        y += BAR;
    }
    picture(840.0, y + 10.0, &drawn)
}

/// A line for each thing that grows.
pub(super) fn growth(figures: &Figures) -> String {
    const LEFT: f64 = 80.0;
    const TOP: f64 = 20.0;
    const HEIGHT: f64 = 300.0;
    const STEP: f64 = 180.0;
    let axis = Axis::over(figures.iter(), HEIGHT);
    let mut counts: Vec<_> = figures.iter().filter_map(|figure| figure.count).collect();
    counts.sort_unstable();
    counts.dedup();
    // The counts are as many times apart, so they stand at the same distance.
    let places: Vec<_> = counts.iter().zip((0..).map(|n| LEFT + STEP * f64::from(n))).collect();
    let right = places.last().map_or(LEFT, |(_, x)| *x);
    let mut drawn = String::new();
    for decade in axis.decades() {
        let y = TOP + HEIGHT - axis.at(decade);
        drawn.push_str(&line(&[(LEFT, y), (right, y)], "#dde1e3", 1.0));
        drawn.push_str(&label(LEFT - 8.0, y + 4.0, "end", &time(decade)));
    }
    for (count, x) in &places {
        drawn.push_str(&label(*x, TOP + HEIGHT + 20.0, "middle", &thousands(**count)));
    }
    let mut names = Vec::new();
    for (row, colour) in figures.rows().into_iter().zip(COLOURS.into_iter().cycle()) {
        let height = |count| {
            let figure = figures.at(row).find(|figure| figure.count == Some(count))?;
            Some(TOP + HEIGHT - axis.at(figure.median()))
        };
        let points: Vec<_> =
            places.iter().filter_map(|(count, x)| Some((*x, height(**count)?))).collect();
        drawn.push_str(&line(&points, colour, 2.0));
        names.push((points.last().map_or(TOP, |(_, y)| *y), row, colour));
    }
    // In the order in which the lines end, each name below the one before it.
    names.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let mut free = TOP;
    for (y, row, colour) in names {
        let y = y.max(free);
        free = y + 18.0;
        drawn.push_str(&line(&[(right + 10.0, y), (right + 24.0, y)], colour, 4.0));
        drawn.push_str(&label(right + 30.0, y + 4.0, "start", row));
    }
    picture(right + 240.0, (TOP + HEIGHT + 30.0).max(free), &drawn)
}

/// A logarithmic axis of times, from a power of ten on.
struct Axis {
    from: f64,
    to: f64,
    length: f64,
}

impl Axis {
    fn over<'f>(figures: impl Iterator<Item = &'f Figure>, length: f64) -> Self {
        let (mut from, mut to) = (f64::MAX, f64::MIN);
        for figure in figures {
            let log = figure.median().log10();
            (from, to) = (from.min(log.floor()), to.max(log));
        }
        // At least a decade, so that there is an axis.
        Self { from, to: to.max(from + 1.0), length }
    }

    fn at(&self, ns: f64) -> f64 {
        (ns.log10() - self.from) / (self.to - self.from) * self.length
    }

    /// The powers of ten on it.
    fn decades(&self) -> impl Iterator<Item = f64> {
        let (from, to) = (self.from, self.to);
        (0..20)
            .map(move |n| from + f64::from(n))
            .take_while(move |log| *log <= to)
            .map(|log| 10_f64.powf(log))
    }
}

fn label(x: f64, y: f64, anchor: &str, text: &str) -> String {
    format!("<text x='{x:.1}' y='{y:.1}' text-anchor='{anchor}' {FONT}>{text}</text>\n")
}

fn line(points: &[(f64, f64)], colour: &str, width: f64) -> String {
    let points: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let points = points.join(" ");
    format!("<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='{width}'/>\n")
}

/// On white: the page around it may be dark.
fn picture(width: f64, height: f64, drawn: &str) -> String {
    format!(
        "<svg xmlns='http://www.w3.org/2000/svg' width='{width}' height='{height:.0}' \
         viewBox='0 0 {width} {height:.0}'>\n<rect width='100%' height='100%' fill='#fff'/>\n\
         {drawn}</svg>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::programs::Language;

    #[test]
    fn what_takes_ten_times_as_long_is_a_decade_away() {
        let mut figures = Figures::default();
        for (count, ns) in [(1, 100), (100, 1000)] {
            let line = format!(r#"{{"bench":"b","row":"r","name":"n","count":{count},"ns":{ns}}}"#);
            figures.add(Language::Rust, &line).unwrap();
        }
        let axis = Axis::over(figures.iter(), 300.0);
        assert_eq!((axis.at(100.0), axis.at(1000.0)), (0.0, 300.0));
        assert_eq!(axis.decades().collect::<Vec<_>>(), [100.0, 1000.0]);
        assert!(growth(&figures).contains("<polyline points='80.0,320.0 260.0,20.0'"));
    }
}
