//! `--allow`: errors for which a part of a capability is left out, in all commands that compile.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use anyhow::{Result, anyhow};
use naftiko_codegen::{Code, Compiler, Diagnostics, allowed};

/// The flag.
pub const FLAG: &str = "--allow";

/// The codes of this process.
static CODES: RwLock<Vec<Code>> = RwLock::new(Vec::new());

/// Sets the codes that this process allows, by their names.
///
/// # Errors
/// If a name is not that of a code that can be allowed.
pub fn set(names: &[String]) -> Result<()> {
    let codes = names.iter().map(|name| allowed(name).map_err(|problem| anyhow!("{FLAG}: {problem}")));
    *CODES.write().unwrap_or_else(PoisonError::into_inner) = codes.collect::<Result<_>>()?;
    Ok(())
}

/// The compiler that allows them.
pub fn compiler() -> Compiler {
    Compiler { allowed: CODES.read().unwrap_or_else(PoisonError::into_inner).iter().copied().collect() }
}

/// What was left out, for a summary: each code with a count.
pub(crate) fn left_out(diagnostics: &Diagnostics) -> Option<String> {
    let mut counts: BTreeMap<Code, usize> = BTreeMap::new();
    for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.allowed) {
        *counts.entry(diagnostic.code).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().map(|(code, count)| format!("{code}: {count}")).collect();
    (!counts.is_empty()).then(|| format!("left out for errors that are allowed: {}", counts.join(", ")))
}
