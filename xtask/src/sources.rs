//! Reads specifications from disk: the YAML files below a folder, a finding for each one that gives no text, and the
//! texts beside them.

use std::collections::BTreeSet;
use std::fs::{self, FileType};
use std::io;
use std::path::{Component, Path, PathBuf};

use naftiko_codegen::{Code, Place, Sources, is_specification, named_files};

use crate::finding::{Finding, Rule};

/// What was read, and what could not be.
#[derive(Debug, Default)]
pub struct Tree {
    /// The texts, by path as it is shown.
    pub sources: Sources,
    /// Why other files gave no text.
    pub findings: Vec<Finding>,
}

/// Something below a folder.
#[derive(Debug)]
pub struct Entry {
    /// Its path as it is shown.
    pub path: String,
    /// What it is.
    pub kind: FileType,
}

/// The largest text that a resource or a prompt is made of, in bytes.
const TEXT_LIMIT: u64 = 1 << 20;

/// Reads all YAML files below a folder, and the texts that they name. Paths are shown relative to `base`.
pub fn read(folder: &Path, base: &Path) -> Tree {
    let mut tree = Tree::default();
    for Entry { path, kind } in walk(folder, base, &mut tree.findings) {
        if is_specification(&path) {
            tree.add(base, path, kind);
        }
    }
    tree.add_named(folder, base);
    tree
}

impl Tree {
    /// Reads one file, whatever its name is.
    pub fn read_file(&mut self, file: &Path, base: &Path) {
        let path = shown(file, base);
        match fs::symlink_metadata(file) {
            Ok(found) => self.add(base, path, found.file_type()),
            Err(error) => self.findings.push(unreadable(path, &error)),
        }
    }

    /// The paths of the specifications among the sources.
    pub fn specifications(&self) -> impl Iterator<Item = &String> {
        self.sources.keys().filter(|path| is_specification(path))
    }

    /// Reads the texts below a folder that resources and prompts are made of. What is missing is for the compiler to say.
    pub fn add_named(&mut self, folder: &Path, base: &Path) {
        let named: BTreeSet<_> = self.sources.iter().flat_map(|(path, text)| named_files(path, text)).collect();
        // A folder on the way may be a link to somewhere else.
        let inside = |path: &PathBuf| {
            path.canonicalize().and_then(|path| Ok(path.starts_with(folder.canonicalize()?))).unwrap_or(false)
        };
        for path in named.iter().map(|path| base.join(path)).filter(inside) {
            for path in files(&path, base) {
                let file = base.join(&path);
                let small = fs::metadata(&file).is_ok_and(|found| found.len() <= TEXT_LIMIT);
                if let Some(text) = small.then(|| fs::read_to_string(file).ok()).flatten() {
                    self.sources.insert(path, text);
                }
            }
        }
    }

    fn add(&mut self, base: &Path, path: String, kind: FileType) {
        // A pipe would keep the reader waiting for ever.
        if !kind.is_file() {
            self.findings.push(no_file(path, kind));
            return;
        }
        match fs::read(base.join(&path)).map(String::from_utf8) {
            Ok(Ok(text)) => drop(self.sources.insert(path, text)),
            Ok(Err(error)) => self.findings.push(not_utf8(path, error.as_bytes(), error.utf8_error().valid_up_to())),
            Err(error) => self.findings.push(unreadable(path, &error)),
        }
    }
}

/// Everything below a folder, in order of path; nothing if there is no such folder. Links are not followed: what lies
/// behind them is somebody else's.
pub fn walk(folder: &Path, base: &Path, findings: &mut Vec<Finding>) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).and_then(|entries| {
            entries.map(|entry| entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)))).collect()
        });
        let entries: Vec<_> = match entries {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                findings.push(unreadable(shown(&folder, base), &error));
                continue;
            }
        };
        for (path, kind) in entries {
            if path.to_str().is_none() {
                let message = "the name is not UTF-8".to_owned();
                findings.push(finding(Rule::Unreadable, shown(&path, base), message, "rename it"));
                continue;
            }
            found.push(Entry { path: shown(&path, base), kind });
            if kind.is_dir() {
                folders.push(path);
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The file at a path, or the files below it.
fn files(path: &Path, base: &Path) -> Vec<String> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => vec![shown(path, base)],
        Ok(found) if found.is_dir() => {
            let entries = walk(path, base, &mut Vec::new()).into_iter();
            entries.filter(|entry| entry.kind.is_file()).map(|entry| entry.path).collect()
        }
        _ => Vec::new(),
    }
}

/// A path relative to `base` where it is below it, with `/` between the parts.
pub fn shown(path: &Path, base: &Path) -> String {
    let inside = path.strip_prefix(base).unwrap_or(path);
    let parts: Vec<_> = inside
        .components()
        .filter(|part| !matches!(part, Component::RootDir | Component::CurDir))
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    let root = if inside.has_root() && cfg!(unix) { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

fn finding(rule: Rule, file: String, message: String, help: &str) -> Finding {
    Finding { file, place: Place::new(1, 1, 1), rule, message, help: help.to_owned() }
}

fn unreadable(path: String, error: &io::Error) -> Finding {
    finding(Rule::Unreadable, path, format!("it cannot be read: {error}"), "check the path and who may read it")
}

fn no_file(path: String, kind: FileType) -> Finding {
    let (what, help) = match kind {
        kind if kind.is_symlink() => ("a link, and links are not followed", "put the file itself into its place"),
        kind if kind.is_dir() => ("a folder", "rename it, so that nobody takes it for a specification"),
        _ => ("neither a file nor a folder", "put a file into its place"),
    };
    finding(Rule::NotAFile, path, format!("it is {what}"), help)
}

fn not_utf8(path: String, bytes: &[u8], offset: usize) -> Finding {
    let valid = bytes.get(..offset).unwrap_or_default();
    let line = valid.split(|byte| *byte == b'\n').count();
    let start = valid.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = String::from_utf8_lossy(valid.get(start..).unwrap_or_default()).chars().count() + 1;
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let message = format!("the file is not UTF-8: byte {byte:#04x} at offset {offset}, in line {line}");
    let place = Place::new(line, column, 1);
    Finding { place, ..finding(Rule::Compiler(Code::NotUtf8), path, message, "save it as UTF-8") }
}
