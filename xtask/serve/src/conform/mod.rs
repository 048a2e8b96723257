//! `cargo xtask conform`: runs cases with recorded responses, and compares. `tests/conformance/README.md` has the format.

mod archive;
mod call;
mod case;
mod compare;
mod intended;
mod json;
mod outcome;
mod purpose;
mod report;
mod requests;
mod run;
mod upstream;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

pub use self::outcome::Ran;

/// What to run, and what to print.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// A folder with cases, each in a folder of its own
    pub folder: PathBuf,
    /// Only cases whose folder has this text in its name
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
    /// Only cases of this area
    #[arg(long)]
    pub area: Option<String>,
    /// Print every difference, and not only the first of each case
    #[arg(long)]
    pub verbose: bool,
    /// Errors for which a part of a capability is left out
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    pub allow: Vec<String>,
}

/// Runs the cases and prints what differs. `Ok(false)` means that something does.
///
/// # Errors
/// If a case cannot be read, or no case is found.
pub fn run(options: &Options) -> Result<bool> {
    xtask::allow::set(&options.allow)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ran = runtime.block_on(cases(&options.folder, |case| {
        options.filter.as_deref().is_none_or(|text| case.id.contains(text))
            && options.area.as_deref().is_none_or(|area| case.area == area)
    }))?;
    // Connections that are still open must not keep the command waiting.
    runtime.shutdown_background();
    anstream::println!("{}", report::report(&ran, options.verbose));
    Ok(ran.iter().all(|case| case.first_difference().is_none()))
}

/// Runs all cases below a folder, in order of their names.
///
/// # Errors
/// If a case cannot be read, or no case is found.
pub async fn run_all(folder: &Path) -> Result<Vec<Ran>> {
    cases(folder, |_| true).await
}

async fn cases(folder: &Path, is_wanted: impl Fn(&case::Case) -> bool) -> Result<Vec<Ran>> {
    let known = Arc::new(purpose::rows(&xtask::root())?);
    let mut wanted = Vec::new();
    for folder in case::folders(folder)? {
        let case = case::Case::read(&folder)?;
        if is_wanted(&case) {
            wanted.push(case);
        }
    }
    if wanted.is_empty() {
        bail!("{} has no such case", folder.display());
    }
    let permits = Arc::new(Semaphore::new(thread::available_parallelism().map_or(2, NonZero::get) * 2));
    let mut running = JoinSet::new();
    for (index, case) in wanted.into_iter().enumerate() {
        let (permits, known) = (Arc::clone(&permits), Arc::clone(&known));
        running.spawn(async move {
            let _permit = permits.acquire_owned().await;
            (index, run::run(&case, &known).await)
        });
    }
    let mut ran = BTreeMap::new();
    while let Some(ended) = running.join_next().await {
        let (index, outcome) = ended.context("a case panicked")?;
        ran.insert(index, outcome?);
    }
    Ok(ran.into_values().collect())
}
