//! Calls that differ on purpose: a table of `docs/semantics.md` lists them, with the reason for each.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// The heading of the table.
const HEADING: &str = "## Where we differ from the reference engine";

/// A call that differs on purpose: its case, and its name or its number from 1.
pub(super) struct Row {
    case: String,
    call: String,
}

impl Row {
    /// Whether it is about this call.
    pub(super) fn is_about(&self, case: &str, number: usize, name: &str) -> bool {
        self.case == case && (self.call == name || self.call == number.to_string())
    }
}

/// The rows of the table.
pub(super) fn rows(root: &Path) -> Result<Vec<Row>> {
    Ok(read(&fs::read_to_string(root.join("docs/semantics.md")).context("docs/semantics.md cannot be read")?))
}

fn read(page: &str) -> Vec<Row> {
    let section = page.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        Some(Row { case: cells.next()?, call: cells.next()? })
    });
    // The first two are the head of the table.
    rows.skip(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_table_name_calls_by_name_or_number() {
        let page = format!(
            "| a | b |\n{HEADING}\n\n| case | call | reason |\n|---|---|---|\n| one | `GET /a` | x |\n| two | 3 | y |\n\n## Next\n| c | d | z |"
        );
        let rows = read(&page);
        assert_eq!(rows.len(), 2);
        assert!(rows.iter().any(|row| row.is_about("one", 9, "GET /a")));
        assert!(rows.iter().any(|row| row.is_about("two", 3, "GET /b")));
        assert!(!rows.iter().any(|row| row.is_about("two", 2, "GET /b")));
    }
}
