//! Files below a folder that are written or removed where their path says: no part of the path is a link, which could lead
//! elsewhere. The folder itself may be one.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// A folder with files that are written or removed one after the other.
pub struct Inside<'f> {
    folder: &'f Path,
    /// The path with `/` of the last folder below it that was seen to be there, as all folders that it is in. None is a link.
    present: String,
    /// The last path below it that was seen not to be there, as nothing inside of it is; empty after something was made.
    absent: String,
    /// Whether a draft of an earlier run was looked for.
    is_clean: bool,
}

impl<'f> Inside<'f> {
    /// What is below this folder.
    pub fn of(folder: &'f Path) -> Self {
        Self { folder, present: String::new(), absent: String::new(), is_clean: false }
    }

    /// Whether a folder was seen to be there.
    fn has(&self, path: &str) -> bool {
        !self.present.is_empty() && is_in(&self.present, path)
    }

    /// Whether a path was seen not to be there.
    fn lacks(&self, path: &str) -> bool {
        !self.absent.is_empty() && is_in(path, &self.absent)
    }

    /// What there is at a path below the folder; `None` if nothing is there yet.
    ///
    /// # Errors
    /// When a part of the path is a link, or leads out of the folder; it names the part.
    pub fn find(&mut self, path: &str) -> Result<Option<Metadata>> {
        let (mut part, mut found) = (String::with_capacity(path.len()), None);
        let mut components = Path::new(path).components().peekable();
        while let Some(component) = components.next() {
            let Component::Normal(name) = component else { bail!("{path} is not a path inside of the folder") };
            if !part.is_empty() {
                part.push('/');
            }
            part.push_str(&name.to_string_lossy());
            let is_whole = components.peek().is_none();
            if !is_whole && self.has(&part) {
                continue;
            }
            if self.lacks(&part) {
                break;
            }
            match fs::symlink_metadata(self.folder.join(&part)) {
                Ok(link) if link.is_symlink() => bail!(
                    "{part} is a link, and nothing is written or removed behind links: replace it by what it leads to"
                ),
                Ok(other) => {
                    if other.is_dir() && !self.has(&part) {
                        self.present.clone_from(&part);
                    }
                    found = Some(other).filter(|_| is_whole);
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    self.absent = part;
                    break;
                }
                Err(error) => return Err(error).with_context(|| format!("{path} cannot be reached")),
            }
        }
        Ok(found)
    }

    /// Writes a file, and the folders that it is in. Where there is one, readers see its text or the new one, never a part of it.
    ///
    /// # Errors
    /// When a part of the path is a link, or the file cannot be written.
    pub fn write(&mut self, path: &str, text: &str) -> Result<()> {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_there = self.has(folder) || self.find(folder)?.is_some();
        self.absent.clear();
        let entered = if is_there { Ok(()) } else { fs::create_dir_all(self.folder.join(folder)) };
        match entered.and_then(|()| create(&self.folder.join(path), text)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => match self.find(path)? {
                Some(found) => self.replace(path, &found, text),
                None => Err(error),
            },
            made => made,
        }
        .with_context(|| format!("{path} cannot be written"))
    }

    /// Writes a file as [`Self::write`] does, unless it has this text.
    ///
    /// # Errors
    /// When a part of the path is a link, or the file cannot be written.
    pub fn update(&mut self, path: &str, text: &str) -> Result<()> {
        let has_text = |file: PathBuf| fs::read(file).is_ok_and(|present| present == text.as_bytes());
        match self.find(path)? {
            Some(found) if found.is_file() && has_text(self.folder.join(path)) => Ok(()),
            _ => self.write(path, text),
        }
    }

    fn replace(&mut self, path: &str, found: &Metadata, text: &str) -> io::Result<()> {
        // Outside of the folders that are scanned for specifications and crates.
        let draft = self.folder.join(".gen.draft");
        if !std::mem::replace(&mut self.is_clean, true) {
            // It may be a link.
            let _ = fs::remove_file(&draft);
        }
        replace_found(&self.folder.join(path), found, &draft, text)
    }
}

/// Whether a path is another one, or inside of it.
fn is_in(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|inside| inside.is_empty() || inside.starts_with('/'))
}

/// Fails if a part of a path below a folder is a link, or leads out of the folder. What is not there yet is fine.
///
/// # Errors
/// It names the part.
pub fn check(folder: &Path, path: &str) -> Result<()> {
    Inside::of(folder).find(path).map(drop)
}

/// Writes one file below a folder, as [`Inside::write`] does.
///
/// # Errors
/// When a part of the path is a link, or the file cannot be written.
pub fn write(folder: &Path, path: &str, text: &str) -> Result<()> {
    Inside::of(folder).write(path, text)
}

/// Removes a file below a folder.
///
/// # Errors
/// When a part of the path is a link, or the file cannot be removed.
pub fn remove(folder: &Path, path: &str) -> Result<()> {
    check(folder, path)?;
    fs::remove_file(folder.join(path)).with_context(|| format!("{path} cannot be removed"))
}

/// Replaces the text of a file by way of a draft. Its permissions are kept.
pub(crate) fn replace(file: &Path, draft: &Path, text: &str) -> io::Result<()> {
    // What is left of an earlier run, which may be a link.
    let _ = fs::remove_file(draft);
    replace_found(file, &fs::symlink_metadata(file)?, draft, text)
}

/// Replaces the text of a file, whose draft is not there yet.
fn replace_found(file: &Path, found: &Metadata, draft: &Path, text: &str) -> io::Result<()> {
    create(draft, text)?;
    fs::set_permissions(draft, found.permissions())?;
    fs::rename(draft, file)
}

/// Makes a file in a place that has no other, not even a link. If that fails, nothing is left.
fn create(file: &Path, text: &str) -> io::Result<()> {
    let mut made = File::create_new(file)?;
    made.write_all(text.as_bytes()).inspect_err(|_| drop(fs::remove_file(file)))
}

/// A path without `.` and `..`, as far as it can be had without looking at the disk.
pub(crate) fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}
