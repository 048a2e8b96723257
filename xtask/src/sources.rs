//! Reads specifications from disk: the YAML files below a folder, a diagnostic for each one that cannot be read, and the
//! texts that they name.

use std::collections::BTreeSet;
use std::fs::{self, File, FileType};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use naftiko_codegen::{
    Code, Diagnostic, Sources, Span, add_file, companion_paths, is_companion, is_settings, is_specification,
    named_files, overlay_paths, settings_paths,
};

/// What was read, and what could not be read.
#[derive(Debug, Default)]
pub struct Tree {
    /// The texts, by path as it is shown.
    pub sources: Sources,
    /// The texts of files that are not UTF-8, with the wrong bytes replaced. They are shown, and never compiled.
    pub undecodable: Sources,
    /// Why other files could not be read.
    pub diagnostics: Vec<Diagnostic>,
}

/// Something below a folder.
#[derive(Debug)]
pub struct Entry {
    /// Its path as it is shown.
    pub path: String,
    /// What it is.
    pub kind: FileType,
}

/// The largest file that is read, in MiB, unless an operator says otherwise. The compiler needs about 50 times as much memory.
pub const LIMIT: u64 = 8;

/// The limit of this process.
static LIMIT_HERE: AtomicU64 = AtomicU64::new(LIMIT);

/// Sets the size in MiB up to which this process reads specifications, files that they import, and texts that they name.
pub fn limit(mib: u64) {
    LIMIT_HERE.store(mib, Ordering::Relaxed);
}

/// Reads all YAML files below a folder, companions in JSON, settings, and the texts that they name. Paths are shown relative to `base`.
pub fn read(folder: &Path, base: &Path) -> Tree {
    let mut tree = Tree::default();
    for Entry { path, kind } in walk(folder, base, &mut tree.diagnostics) {
        if is_specification(&path) || is_companion(&path) || is_settings(&path) {
            tree.add(base, path, kind);
        }
    }
    tree.add_named(folder, base);
    tree
}

/// The texts of all files with these extensions below a folder, or of one file, by their paths from there. What cannot be
/// read is left out.
pub fn texts(path: &Path, extensions: &[&str]) -> Sources {
    let (folder, files) = if path.is_dir() {
        let found = walk(path, path, &mut Vec::new());
        (path, found.into_iter().filter(|entry| entry.kind.is_file()).map(|entry| entry.path).collect())
    } else {
        let folder = path.parent().unwrap_or(Path::new(""));
        (folder, path.file_name().map(|name| name.to_string_lossy().into_owned()).into_iter().collect::<Vec<_>>())
    };
    let wanted = files.into_iter().filter(|file| {
        Path::new(file).extension().is_some_and(|extension| extensions.iter().any(|known| extension == *known))
    });
    wanted
        .filter_map(|file| Some((String::from_utf8(read_limited(&folder.join(&file)).ok()?).ok()?, file)))
        .map(|(text, file)| (file, text))
        .collect()
}

impl Tree {
    /// Reads one file, whatever its name is.
    pub fn read_file(&mut self, file: &Path, base: &Path) {
        let path = shown(file, base);
        match fs::symlink_metadata(file) {
            Ok(found) => self.add(base, path, found.file_type()),
            Err(error) => self.diagnostics.push(unreadable(path, &error)),
        }
    }

    /// The paths of the specifications among the sources.
    pub fn specifications(&self) -> impl Iterator<Item = &String> {
        self.sources.keys().filter(|path| is_specification(path))
    }

    /// Reads the companion of a file, its overlay and its settings, if it has them.
    pub fn add_companion(&mut self, file: &Path, base: &Path) {
        let file = shown(file, base);
        for path in companion_paths(&file).into_iter().chain(overlay_paths(&file)).chain(settings_paths(&file)) {
            if let Ok(found) = fs::symlink_metadata(base.join(&path)) {
                self.add(base, path, found.file_type());
            }
        }
    }

    /// Reads the files of resources, prompts, scripts and skills below a folder. Missing ones are reported by the compiler.
    pub fn add_named(&mut self, folder: &Path, base: &Path) {
        // A folder in the path may be a link to another folder.
        let inside = |path: &PathBuf| {
            path.canonicalize().and_then(|path| Ok(path.starts_with(folder.canonicalize()?))).unwrap_or(false)
        };
        let mut named: BTreeSet<_> = self
            .specifications()
            .flat_map(|path| self.sources.get(path).map(|text| named_files(path, text)))
            .flatten()
            .collect();
        // What they name is named, too.
        while !named.is_empty() {
            let mut read = Sources::new();
            for path in named.iter().map(|path| base.join(path)).filter(inside) {
                for path in files(&path, base).into_iter().filter(|path| !self.sources.contains_key(path)) {
                    match read_limited(&base.join(&path)) {
                        Ok(bytes) => add_file(&mut read, path, bytes),
                        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                            self.diagnostics.push(unreadable(path, &error));
                        }
                        Err(_) => {}
                    }
                }
            }
            read.retain(|path, _| !self.sources.contains_key(path));
            let schemas = read.iter().filter(|(path, _)| path.ends_with(".proto"));
            named = schemas.flat_map(|(path, text)| named_files(path, text)).collect();
            self.sources.extend(read);
        }
    }

    fn add(&mut self, base: &Path, path: String, kind: FileType) {
        // Reading a pipe could block forever.
        if !kind.is_file() {
            self.diagnostics.push(not_a_file(path, kind));
            return;
        }
        match read_limited(&base.join(&path)).map(String::from_utf8) {
            Ok(Ok(text)) => drop(self.sources.insert(path, text)),
            Ok(Err(error)) => {
                self.diagnostics.push(not_utf8(&path, error.as_bytes(), error.utf8_error().valid_up_to()));
                self.undecodable.insert(path, String::from_utf8_lossy(error.as_bytes()).into_owned());
            }
            Err(error) => self.diagnostics.push(unreadable(path, &error)),
        }
    }
}

/// Reads a file up to the limit.
fn read_limited(file: &Path) -> io::Result<Vec<u8>> {
    let limit = LIMIT_HERE.load(Ordering::Relaxed);
    let bytes = limit.saturating_mul(1 << 20);
    let file = File::open(file)?;
    let length = file.metadata()?.len();
    // A file can grow while it is read.
    let mut read = Vec::with_capacity(usize::try_from(length.min(bytes)).unwrap_or_default());
    if length > bytes || file.take(bytes.saturating_add(1)).read_to_end(&mut read)? as u64 > bytes {
        let message = format!("it has {} bytes, and the limit is {limit} MiB", length.max(read.len() as u64));
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(read)
}

/// Everything below a folder, in order of path; nothing if the folder does not exist. Links are not followed, because
/// they may lead out of the folder.
pub fn walk(folder: &Path, base: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry> {
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
                diagnostics.push(unreadable(shown(&folder, base), &error));
                continue;
            }
        };
        for (path, kind) in entries {
            if path.to_str().is_none() {
                let diagnostic = Diagnostic::new(
                    Code::Unreadable,
                    shown(&path, base),
                    Span::default(),
                    "the file name is not UTF-8",
                );
                diagnostics.push(diagnostic.with_help("rename the file"));
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

/// A path with `/` between its parts; relative to `base` if it is below it.
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

fn unreadable(path: String, error: &io::Error) -> Diagnostic {
    let message = format!("the file cannot be read: {error}");
    let help = match error.kind() {
        io::ErrorKind::FileTooLarge => "split it, or raise the limit with `--max-file-size MIB`",
        _ => "check the path and its permissions",
    };
    Diagnostic::new(Code::Unreadable, path, Span::default(), message).with_help(help)
}

fn not_a_file(path: String, kind: FileType) -> Diagnostic {
    let (what, help) = match kind {
        kind if kind.is_symlink() => ("a link, and links are not followed", "replace it by the file itself"),
        kind if kind.is_dir() => ("a folder", "rename it, so that it does not look like a specification"),
        _ => ("neither a file nor a folder", "replace it by a file"),
    };
    Diagnostic::new(Code::NotAFile, path, Span::default(), format!("this is {what}")).with_help(help)
}

fn not_utf8(path: &str, bytes: &[u8], offset: usize) -> Diagnostic {
    let line = bytes.get(..offset).unwrap_or_default().split(|byte| *byte == b'\n').count();
    let byte = bytes.get(offset).copied().unwrap_or_default();
    let message = format!("the file is not UTF-8: byte {byte:#04x} at offset {offset}, in line {line}");
    Diagnostic::new(Code::NotUtf8, path, Span::new(offset, offset), message).with_help("save it as UTF-8")
}
