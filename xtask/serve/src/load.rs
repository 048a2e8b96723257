//! From specifications on disk to a program that a server can serve.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use naftiko_codegen::{Diagnostics, Sources, Tables};
use naftiko_schema::Ref;
use naftiko_server::{Program, Served};
use xtask::{allow, lint};

/// A program, and what the compiler found in its specifications.
pub struct Loaded {
    /// The program.
    pub program: Program,
    /// For each specification what the compiler found, and the texts that it read, to show the diagnostics with.
    pub found: Vec<(Diagnostics, Sources)>,
}

/// Compiles the specification in a file. Files that it imports are read from the same folder.
///
/// # Errors
/// If the file cannot be read, has errors, or is no capability. The error holds the diagnostics.
pub fn file(file: &Path) -> Result<Loaded> {
    files(&[file], false)
}

/// The same for several files, of which each is served on ports of its own, or all as one group.
///
/// # Errors
/// As above, and if the capabilities cannot be served as a group.
pub fn files(files: &[impl AsRef<Path>], joined: bool) -> Result<Loaded> {
    let base = std::env::current_dir().context("there is no current folder")?;
    let (mut tables, mut found) = (Vec::<Tables>::new(), Vec::new());
    for (index, file) in files.iter().enumerate() {
        let (file, before) = (file.as_ref(), files.iter().take(index).map(AsRef::as_ref));
        if before.clone().any(|other| is_same(other, file)) {
            bail!("{} is there twice", file.display());
        }
        let (compiled, diagnostics, sources) = compile(&base, file)?;
        let name = &compiled.capability.name;
        if joined && let Some((_, other)) = tables.iter().zip(before).find(|(other, _)| other.capability.name == *name)
        {
            bail!(
                "the capabilities of {} and {} are both called `{name}`, after their files: rename one of them\n\
                 with --separate each file has ports of its own",
                other.display(),
                file.display()
            );
        }
        tables.push(compiled);
        found.push((diagnostics, sources));
    }
    let group = match joined.then(|| naftiko_codegen::group_of(&tables)).transpose() {
        Ok(group) => group,
        Err(conflicts) => bail!("{}\nwith --separate each file has ports of its own", conflicts.join("\n")),
    };
    let served = tables.into_iter().map(served).collect();
    Ok(Loaded { program: Program::compiled(group, served), found })
}

/// The same as [`file()`] for a file relative to this folder.
///
/// # Errors
/// As above.
pub fn file_in(base: &Path, file: &Path) -> Result<Loaded> {
    let (tables, diagnostics, sources) = compile(base, file)?;
    Ok(Loaded { program: program(tables), found: vec![(diagnostics, sources)] })
}

fn compile(base: &Path, file: &Path) -> Result<(Tables, Diagnostics, Sources)> {
    let (sources, path) = lint::read_one(base, file)?;
    // Where the file is on this machine must not show.
    let inside = match path.rsplit_once("/spec/") {
        Some((_, inside)) => Some(format!("spec/{inside}")),
        None => Some(path.clone()).filter(|path| path.starts_with("spec/") || !file.is_absolute()),
    };
    let name = inside.and_then(|path| naftiko_codegen::crate_name(&path)).unwrap_or_else(|| name_of(file));
    match allow::compiler().compile_tables(&sources, &path, &name) {
        Ok((tables, diagnostics)) => Ok((tables, diagnostics, sources)),
        Err(diagnostics) if diagnostics.has_errors() => bail!("{}", diagnostics.render(&sources, false)),
        Err(_) => bail!("{path} has no `capability:` section"),
    }
}

/// The program that serves the tables of one capability.
pub fn program(tables: Tables) -> Program {
    Program::compiled(None, vec![served(tables)])
}

fn served(tables: Tables) -> Served {
    let Tables { capability, adapters } = tables;
    Served::compiled(Ref::Shared(capability.into()), adapters)
}

/// The program for the rest of the process. A server borrows its tables for as long as it runs, so each reload keeps those
/// of the program before it: some kilobytes, in a tool that people stop.
pub fn leak(program: Program) -> &'static Program {
    Box::leak(Box::new(program))
}

/// Whether two paths lead to one file.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// A name for a capability whose path gives none: the stem of its file, as far as a crate may be called so.
fn name_of(file: &Path) -> String {
    let stem = file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let name: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    match name.trim_matches('-') {
        "" => "capability".to_owned(),
        name if name.starts_with(|c: char| c.is_ascii_digit()) => format!("capability-{name}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_called_as_their_files_with_the_digits() {
        for (file, name) in [
            ("/x/orders-v1.yaml", "orders-v1"),
            ("Orders V2.yaml", "orders-v2"),
            ("2fa.yaml", "capability-2fa"),
            ("123.yml", "capability-123"),
            ("_orders_.yaml", "orders"),
            ("-.yaml", "capability"),
        ] {
            assert_eq!(name_of(Path::new(file)), name, "{file}");
        }
    }
}
