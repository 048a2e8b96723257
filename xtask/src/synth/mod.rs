//! `cargo xtask synth`: as many capabilities as a provider with many products has, to measure what many cost.

mod capability;
mod table;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::{generation, inside, workspace};

/// What to write, and where.
#[derive(Args, Debug)]
pub struct Options {
    /// The provider whose shape the capabilities have
    shape: Shape,
    /// How many capabilities; those beyond the provider's are repeated under other names
    count: usize,
    /// The folder of the workspace; `target/synth` unless set. What is in its `spec` and `generated` is replaced
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// A provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// 82 capabilities with 419 operations, as Scaleway has them
    ScalewayShaped,
}

impl Shape {
    /// The name of the provider, and its table of capabilities.
    fn provider(self) -> (&'static str, &'static str) {
        match self {
            Self::ScalewayShaped => ("scaleway", include_str!("scaleway.txt")),
        }
    }
}

/// Writes the capabilities into a workspace of their own, and generates their crates.
///
/// # Errors
/// When files cannot be written.
pub fn run(root: &Path, options: &Options) -> Result<bool> {
    let default = root.join("target/synth");
    let folder = options.folder.as_deref().unwrap_or(&default);
    let spec = folder.join("spec");
    if spec.exists() {
        fs::remove_dir_all(&spec).with_context(|| format!("{} cannot be removed", spec.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let written = write(folder, options.shape, options.count)?;
    workspace::write(root, folder, [])?;
    let operations: usize = written.iter().map(|(_, operations)| operations).sum();
    anstream::println!("{} capabilities with {operations} operations in {}", written.len(), folder.display());
    if !generation::run(folder, &[], false, false)? {
        bail!("a capability has errors");
    }
    Ok(true)
}

/// Writes capabilities below a folder, and returns the path of each and how many operations it has.
///
/// # Errors
/// When a file cannot be written.
pub fn write(folder: &Path, shape: Shape, count: usize) -> Result<Vec<(PathBuf, usize)>> {
    let (provider, table) = shape.provider();
    let capabilities = table::read(table, count)?;
    let write = |capability: &table::Capability| {
        let path = format!("spec/{provider}/{}.yaml", capability.name);
        inside::write(folder, &path, &capability::text(capability))?;
        Ok((folder.join(path), capability.operations.len()))
    };
    capabilities.iter().map(write).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_has_as_many_operations_as_scaleway_and_more_are_repeated() {
        let (_, table) = Shape::ScalewayShaped.provider();
        let operations = |count| -> usize {
            table::read(table, count).expect("the table is right").iter().map(|it| it.operations.len()).sum()
        };
        assert_eq!((operations(82), operations(164)), (419, 838));
    }
}
