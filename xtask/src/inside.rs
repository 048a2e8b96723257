//! Files below a folder that are written or removed where their path says: no part of the path is a link, which could lead
//! elsewhere. The folder itself may be one.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Fails if a part of a path below a folder is a link, or leads out of the folder. What is not there yet is fine.
///
/// # Errors
/// It names the part.
pub fn check(folder: &Path, path: &str) -> Result<()> {
    let mut part = folder.to_owned();
    for component in Path::new(path).components() {
        let Component::Normal(name) = component else { bail!("{path} is not a path inside of the folder") };
        part.push(name);
        match fs::symlink_metadata(&part) {
            Ok(found) if found.is_symlink() => {
                let link = part.strip_prefix(folder).unwrap_or(&part).display();
                bail!(
                    "{link} is a link, and nothing is written or removed behind links: replace it by what it leads to"
                );
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error).with_context(|| format!("{path} cannot be reached")),
        }
    }
    Ok(())
}

/// Writes a file below a folder, and the folders that it is in. Readers see the old text or the new one, never a part of it.
///
/// # Errors
/// When a part of the path is a link, or the file cannot be written.
pub fn write(folder: &Path, path: &str, text: &str) -> Result<()> {
    check(folder, path)?;
    let file = folder.join(path);
    // Outside of the folders that are scanned for specifications and crates.
    let draft = folder.join(".gen.draft");
    file.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| replace(&file, &draft, text))
        .with_context(|| format!("{path} cannot be written"))
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
    File::create_new(draft)?.write_all(text.as_bytes())?;
    if let Ok(present) = fs::symlink_metadata(file) {
        fs::set_permissions(draft, present.permissions())?;
    }
    fs::rename(draft, file)
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
