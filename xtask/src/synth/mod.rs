//! `cargo xtask synth`: as many capabilities as a provider with many products has, to measure what many cost.

mod capability;
mod table;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::inside::Inside;
use crate::{generation, workspace};

/// What to write, and where.
#[derive(Args, Debug)]
pub struct Options {
    /// The provider whose shape the capabilities have
    shape: Shape,
    /// How many capabilities; those beyond the provider's are repeated under other names
    #[arg(required_unless_present = "operations", conflicts_with = "operations")]
    count: Option<usize>,
    /// As many capabilities as have this many operations; the last may have fewer than the provider's
    #[arg(long, value_name = "COUNT")]
    operations: Option<usize>,
    /// The folder of the workspace; `target/synth` unless set. What is in its `spec/scaleway` and `generated` is replaced
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// How much to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// This many capabilities.
    Capabilities(usize),
    /// Capabilities with this many operations.
    Operations(usize),
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
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let size = match (options.count, options.operations) {
        (Some(count), _) => Size::Capabilities(count),
        (None, operations) => Size::Operations(operations.unwrap_or_default()),
    };
    let written = write(folder, options.shape, size)?;
    workspace::write_manifest(root, folder)?;
    let operations: usize = written.iter().map(|(_, operations)| operations).sum();
    anstream::println!("{} capabilities with {operations} operations in {}", written.len(), folder.display());
    if !generation::run(folder, &[], false, false)? {
        bail!("a capability has errors");
    }
    Ok(true)
}

/// Writes capabilities below a folder, and returns the path of each and how many operations it has. Others of the provider, of
/// an earlier run, are removed.
///
/// # Errors
/// When a file cannot be written or removed.
pub fn write(folder: &Path, shape: Shape, size: Size) -> Result<Vec<(PathBuf, usize)>> {
    let (provider, table) = shape.provider();
    let capabilities = table::read(table, size)?;
    let mut inside = Inside::of(folder);
    let write = |capability: &table::Capability| {
        let path = format!("spec/{provider}/{}.yaml", capability.name);
        inside.update(&path, &capability::text(capability))?;
        Ok((folder.join(path), capability.operations.len()))
    };
    let written: Vec<_> = capabilities.iter().map(write).collect::<Result<_>>()?;
    remove_others(&folder.join("spec").join(provider), &written)?;
    Ok(written)
}

/// Removes what is in a folder and was not written.
fn remove_others(folder: &Path, written: &[(PathBuf, usize)]) -> Result<()> {
    let written: BTreeSet<_> = written.iter().map(|(path, _)| path).collect();
    let others = || -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if !written.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    };
    others().with_context(|| format!("{} cannot be cleared of an earlier run", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_has_as_many_operations_as_scaleway_and_more_are_repeated() {
        let (_, table) = Shape::ScalewayShaped.provider();
        let sizes = |size| -> Vec<usize> {
            table::read(table, size).expect("the table is right").iter().map(|it| it.operations.len()).collect()
        };
        let operations = |count| sizes(Size::Capabilities(count)).iter().sum::<usize>();
        assert_eq!((operations(82), operations(164)), (419, 838));
        for count in [0, 1, 419, 420, 1158] {
            let sizes = sizes(Size::Operations(count));
            assert_eq!(sizes.iter().sum::<usize>(), count);
            assert!(!sizes.contains(&0), "{count}: {sizes:?}");
        }
    }
}
