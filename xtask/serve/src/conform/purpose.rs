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
    let page = fs::read_to_string(root.join("docs/semantics.md")).context("docs/semantics.md cannot be read")?;
    let section = page.split_once(HEADING).map_or("", |(_, rest)| rest);
    let section = section.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        Some(Row { case: cells.next()?, call: cells.next()? })
    });
    // The first two are the head of the table.
    Ok(rows.skip(2).collect())
}
