//! The packages of a workspace besides generated ones, read from its manifests and its lock file. Cargo is not asked: it does not
//! start where a generated crate has a name that it refuses, and then the names are needed to undo that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{fs, io, iter};

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use crate::inside::plain;

/// The manifest of a package.
struct Member {
    /// Its path, relative to the workspace.
    path: String,
    table: Table,
}

/// The names that no generated crate may have, as crates spell them: those of the other packages of a workspace, of their libraries and
/// programs, and of all packages that the lock file has from elsewhere.
///
/// # Errors
/// When a manifest or the lock file cannot be read.
pub fn reserved_names(root: &Path) -> Result<Vec<String>> {
    let mut names = BTreeSet::new();
    for member in members(root)? {
        names.extend(member.names(root));
    }
    names.extend(text_of(&root.join("Cargo.lock"))?.iter().flat_map(|lock| foreign(lock)).map(str::to_owned));
    // Libraries of packages are spelled with `_`, and some file systems do not tell capital letters from small ones.
    let names: BTreeSet<_> = names.iter().map(|name| name.to_ascii_lowercase().replace('_', "-")).collect();
    Ok(names.into_iter().collect())
}

/// The manifests, besides generated ones, that depend on a generated crate by its path.
///
/// # Errors
/// When a manifest cannot be read.
pub fn dependents(root: &Path, crate_name: &str) -> Result<Vec<String>> {
    let folder = Path::new("generated").join(crate_name);
    let members = members(root)?.into_iter();
    Ok(members.filter(|member| member.paths().contains(&folder)).map(|member| member.path).collect())
}

/// The manifests of a workspace that are not generated, its own first. A folder without a workspace has none.
fn members(root: &Path) -> Result<Vec<Member>> {
    let Some(table) = read(&root.join("Cargo.toml"))? else { return Ok(Vec::new()) };
    let own = Member { path: "Cargo.toml".to_owned(), table };
    let patterns = own.table.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
    let mut folders = own.paths();
    for pattern in patterns.into_iter().flatten().filter_map(Value::as_str) {
        match pattern.trim_end_matches('/').strip_suffix("/*") {
            Some(parent) => {
                let entries = fs::read_dir(root.join(parent)).into_iter().flatten().flatten();
                folders.extend(entries.map(|entry| plain(&Path::new(parent).join(entry.file_name()))));
            }
            None => drop(folders.insert(plain(Path::new(pattern)))),
        }
    }
    let mut members = BTreeMap::new();
    // What a member depends on by its path is a member too.
    while let Some(folder) = folders.pop_first() {
        let path = folder.join("Cargo.toml");
        let path = path.to_string_lossy().replace('\\', "/");
        if folder.starts_with("generated") || members.contains_key(&path) {
            continue;
        }
        let Some(table) = read(&root.join(&path))? else { continue };
        let member = Member { path: path.clone(), table };
        folders.extend(member.paths());
        members.insert(path, member);
    }
    Ok(iter::once(own).chain(members.into_values()).collect())
}

impl Member {
    /// The names of the package, of its library and of its programs.
    fn names(&self, root: &Path) -> BTreeSet<String> {
        let package = self.table.get("package").and_then(|package| text(package, "name"));
        let library = self.table.get("lib").and_then(|library| text(library, "name"));
        let programs = self.table.get("bin").and_then(Value::as_array).into_iter().flatten();
        let programs = programs.filter_map(|program| text(program, "name"));
        let named = package.into_iter().chain(library).chain(programs).map(str::to_owned);
        let unnamed = fs::read_dir(root.join(self.folder()).join("src/bin")).into_iter().flatten().flatten();
        let unnamed = unnamed.filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()));
        named.chain(unnamed).collect()
    }

    fn folder(&self) -> &Path {
        Path::new(&self.path).parent().unwrap_or(Path::new(""))
    }

    /// The folders of packages that it depends on by path, relative to the workspace.
    fn paths(&self) -> BTreeSet<PathBuf> {
        let mut tables = vec![&self.table];
        tables.extend(self.table.get("workspace").and_then(Value::as_table));
        let targets = self.table.get("target").and_then(Value::as_table);
        tables.extend(targets.into_iter().flat_map(Table::values).filter_map(Value::as_table));
        let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
        let lists = tables.iter().flat_map(|table| kinds.map(|kind| table.get(kind))).flatten();
        let dependencies = lists.filter_map(Value::as_table).flat_map(Table::values);
        dependencies.filter_map(|dependency| Some(plain(&self.folder().join(text(dependency, "path")?)))).collect()
    }
}

/// The packages that a lock file has from elsewhere: those without a source are members. Cargo alone writes the file, with one key
/// in each line.
fn foreign(lock: &str) -> impl Iterator<Item = &str> {
    fn value<'l>(package: &'l str, key: &str) -> Option<&'l str> {
        package.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"'))
    }
    let packages = lock.split("[[package]]");
    packages.filter_map(|package| value(package, "source").and(value(package, "name")))
}

fn text<'v>(value: &'v Value, name: &str) -> Option<&'v str> {
    value.get(name).and_then(Value::as_str)
}

/// A file of TOML; `None` if it does not exist.
fn read(path: &Path) -> Result<Option<Table>> {
    let text = text_of(path)?;
    text.map(|text| text.parse().with_context(|| format!("{} is not valid TOML", path.display()))).transpose()
}

/// The text of a file; `None` if it does not exist.
fn text_of(path: &Path) -> Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}
