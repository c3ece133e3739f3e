//! `docs/performance.md`: figures between two marks, and plots beside the page.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::figures::Figures;
use super::machine::Machine;
use super::{Bench, tables};

/// Puts the figures of a run in the place of older ones.
pub(super) fn update(docs: &Path, machine: &Machine, told: &[(&Bench, Figures)]) -> Result<()> {
    let file = docs.join("performance.md");
    let mut page = fs::read_to_string(&file)
        .with_context(|| format!("`{}` cannot be read", file.display()))?;
    for (bench, figures) in told {
        let mut text = format!("{machine}\n\n{}", tables::with_goals(bench, figures));
        if let Some(plot) = bench.plot {
            let name = format!("performance-{}.svg", bench.name);
            write(&docs.join(&name), &plot(figures))?;
            text.push_str(&format!("\n![{}]({name})\n", bench.title));
        }
        page = replace(&page, bench.name, &text).with_context(|| {
            format!("`{}` has no place for the figures of `{}`", file.display(), bench.name)
        })?;
    }
    write(&file, &page)
}

fn write(file: &Path, text: &str) -> Result<()> {
    fs::write(file, text).with_context(|| format!("`{}` cannot be written", file.display()))
}

/// `page` with `text` between the marks of a bench; none when they are not there.
fn replace(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- {name}: begin -->\n"), format!("<!-- {name}: end -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}{text}{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_take_the_place_of_older_ones() {
        let page = "a\n<!-- b: begin -->\nold\n<!-- b: end -->\nc\n";
        let expected = "a\n<!-- b: begin -->\nnew\n<!-- b: end -->\nc\n";
        assert_eq!(replace(page, "b", "new\n").as_deref(), Some(expected));
        assert_eq!(replace(page, "d", "new\n"), None);
    }
}
