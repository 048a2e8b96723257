//! `cargo xtask explain`: what a code means.

use anyhow::{Result, bail};
use naftiko_codegen::Code;

use crate::print;

/// How many codes are named when a code does not exist.
const NEAREST: usize = 3;

/// Runs the command: explains a code, or lists all of them.
///
/// # Errors
/// When the code does not exist; the error names the nearest codes.
pub fn run(code: Option<&str>) -> Result<bool> {
    match code {
        Some(code) => print(&explain(code)?),
        None => Code::all().iter().for_each(|code| print(&line(*code))),
    }
    Ok(true)
}

/// The text about a code.
///
/// # Errors
/// When the code does not exist; the error names the nearest codes.
pub fn explain(code: &str) -> Result<String> {
    let Some(found) = Code::named(code) else {
        bail!("unknown code `{code}`; the nearest are\n{}", nearest(code).join("\n"));
    };
    Ok(format!("{}\n\n{}", line(found), found.explanation()))
}

fn line(code: Code) -> String {
    format!("{code}  {:<7}  {}", code.severity(), code.title())
}

/// The codes with the nearest numbers.
fn nearest(code: &str) -> Vec<String> {
    let given = code.chars().filter(char::is_ascii_digit).collect::<String>().parse::<u16>().unwrap_or_default();
    let mut codes = Code::all().to_vec();
    codes.sort_by_key(|code| (code.number().abs_diff(given), *code));
    codes.into_iter().take(NEAREST).map(line).collect()
}
