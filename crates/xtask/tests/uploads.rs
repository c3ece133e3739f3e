//! `tests/UPLOADS.md` names tests that are there.

use std::fs;
use std::path::{Path, PathBuf};

/// The tests of a row of a table: name and file.
fn tests(row: &str) -> Vec<(&str, &str)> {
    row.split("[`").skip(1).filter_map(in_link).collect()
}

/// `NAME`](FILE) and whatever comes then.
fn in_link(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_once("`](")?;
    Some((name, rest.split_once(')')?.0))
}

/// How a test of this name begins in a file of this kind.
fn beginning(name: &str, file: &Path) -> Option<String> {
    match file.extension()?.to_str()? {
        "rs" => Some(format!("fn {name}(")),
        "py" => Some(format!("def {name}(")),
        "mjs" => Some(format!("\"{name}\"")),
        _ => None,
    }
}

#[test]
fn every_test_of_the_list_of_pitfalls_is_there() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests");
    let list = fs::read_to_string(folder.join("UPLOADS.md")).unwrap();
    let is_row = |line: &&str| line.starts_with("| ") && !line.starts_with("| what |");
    let rows: Vec<_> = list.lines().filter(is_row).collect();
    assert!(rows.len() > 50, "{} rows", rows.len());
    for row in rows {
        let tests = tests(row);
        assert!(!tests.is_empty(), "no test shows it: {row}");
        for (name, file) in tests {
            let file = folder.join(file);
            let text = fs::read_to_string(&file).unwrap_or_default();
            let beginning = beginning(name, &file).unwrap_or_default();
            let is_there = !beginning.is_empty() && text.contains(&beginning);
            assert!(is_there, "`{name}` is not in {}", file.display());
        }
    }
}
