//! `cargo xtask docs`: writes the pages of `docs/` that are generated from the source.

use std::fs;
use std::path::Path;

use anyhow::Result;
use naftiko_codegen::page;

use crate::inside;

/// The page about all codes.
pub const PAGE: &str = "docs/diagnostics.md";

/// Runs the command. With `check`, nothing is written, and `Ok(false)` means that the page is out of date.
///
/// # Errors
/// When the page cannot be written.
pub fn run(root: &Path, check: bool) -> Result<bool> {
    let text = page();
    let is_current = fs::read_to_string(root.join(PAGE)).is_ok_and(|present| present == text);
    if is_current {
        anstream::println!("{PAGE} is up to date");
    } else if check {
        anstream::eprintln!("{PAGE} is out of date; run `cargo xtask docs` and commit the result");
    } else {
        inside::write(root, PAGE, &text)?;
        anstream::println!("updated {PAGE}");
    }
    Ok(is_current || !check)
}
