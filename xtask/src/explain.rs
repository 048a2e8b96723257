//! `cargo xtask explain`: what a code means.

use anyhow::{Result, bail};

use crate::finding::{Rule, word};
use crate::print;

/// How many codes are named when there is no such code.
const NEAREST: usize = 3;

/// Runs the command: explains a code, or lists all of them.
///
/// # Errors
/// When there is no such code; the error names the nearest.
pub fn run(code: Option<&str>) -> Result<bool> {
    match code {
        Some(code) => print(&explain(code)?),
        None => Rule::all().into_iter().for_each(|rule| print(&line(rule))),
    }
    Ok(true)
}

/// The text about a code.
///
/// # Errors
/// When there is no such code; the error names the nearest.
pub fn explain(code: &str) -> Result<String> {
    let Some(rule) = Rule::all().into_iter().find(|rule| rule.code().eq_ignore_ascii_case(code)) else {
        bail!("there is no code `{code}`; the nearest are\n{}", nearest(code).join("\n"));
    };
    Ok(format!("{}\n\n{}", line(rule), rule.explanation()))
}

fn line(rule: Rule) -> String {
    format!("{}  {:<7}  {}", rule.code(), word(rule.severity()), rule.title())
}

/// Codes differ in their numbers only, so the nearest are those with the nearest numbers.
fn nearest(code: &str) -> Vec<String> {
    let number = |code: &str| code.chars().filter(char::is_ascii_digit).collect::<String>().parse::<u32>();
    let given = number(code).unwrap_or_default();
    let mut rules = Rule::all();
    rules.sort_by_key(|rule| (number(&rule.code()).unwrap_or_default().abs_diff(given), *rule));
    rules.into_iter().take(NEAREST).map(line).collect()
}
