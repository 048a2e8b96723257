//! Files that are read on request. Files outside of the folder and hidden files are never read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;

/// The largest file, in bytes.
const LIMIT: u64 = 10 << 20;
/// The largest number of files in a folder.
const FILE_COUNT_LIMIT: usize = 1000;

/// The files of a folder, as paths below it in order; one empty path for a file.
pub(super) fn list(root: &Path) -> io::Result<Vec<String>> {
    let root = root.canonicalize()?;
    if root.is_file() {
        return Ok(vec![String::new()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().filter(|name| is_shown(name)).map(str::to_owned) else {
                continue;
            };
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            // Links to folders are not followed, because they may form a cycle.
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if inside(&root, &path).is_ok() {
                found.push(path);
            }
            if found.len() + folders.len() > FILE_COUNT_LIMIT {
                return Err(io::Error::other("the folder has too many files"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads the file at a path below the root, or the root itself if that is a file and the path is empty.
pub(super) fn read(root: &Path, below: &str) -> io::Result<Vec<u8>> {
    let root = root.canonicalize()?;
    let path = if below.is_empty() { file(root)? } else { inside(&root, below)? };
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other("the file is too large"));
    }
    Ok(bytes)
}

/// The file at a path below a folder, with links resolved. It must be inside the folder.
fn inside(root: &Path, below: &str) -> io::Result<std::path::PathBuf> {
    if !below.split('/').all(is_shown) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let path = root.join(below).canonicalize()?;
    if path.starts_with(root) { file(path) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// The path, if it is a regular file: a pipe would block its reader forever.
fn file(path: std::path::PathBuf) -> io::Result<std::path::PathBuf> {
    if path.is_file() { Ok(path) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Whether the name of a file or folder is valid in a URI and not hidden.
fn is_shown(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

/// The media type of a file, by its name.
pub(super) fn media_type(file: &str) -> Option<&'static str> {
    let (_, extension) = file.rsplit_once('.')?;
    let known = MEDIA_TYPES.iter().find(|(known, _)| known.eq_ignore_ascii_case(extension));
    known.map(|(_, media_type)| *media_type)
}

const MEDIA_TYPES: [(&str, &str); 18] = [
    ("css", "text/css"),
    ("csv", "text/csv"),
    ("gif", "image/gif"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("json", "application/json"),
    ("md", "text/markdown"),
    ("mp3", "audio/mpeg"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("webp", "image/webp"),
    ("xml", "application/xml"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with a file, a subfolder and a hidden file, and a secret file next to it.
    fn tree(name: &str) -> std::path::PathBuf {
        let base = std::env::temp_dir().join(format!("naftiko-files-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&base);
        let root = base.join("docs");
        fs::create_dir_all(root.join("deep")).expect("folders");
        for (path, text) in
            [("b.md", "b"), ("deep/a.txt", "a"), (".hidden", "h"), ("../secret.txt", "s"), ("two words", "")]
        {
            fs::write(root.join(path), text).expect("a file");
        }
        root
    }

    #[test]
    fn visible_files_are_listed_in_order_and_readable() {
        let root = tree("shown");
        assert_eq!(list(&root).expect("a list"), ["b.md", "deep/a.txt"]);
        assert_eq!(read(&root, "deep/a.txt").expect("a file"), b"a");
        assert_eq!(list(&root.join("b.md")).expect("a file"), [""]);
        assert_eq!(read(&root.join("b.md"), "").expect("a file"), b"b");
    }

    #[test]
    fn outside_and_hidden_files_are_not_read() {
        let root = tree("outside");
        for below in [
            "",
            "..",
            "../secret.txt",
            "deep/../../secret.txt",
            "/etc/passwd",
            ".hidden",
            "deep",
            "deep/",
            "a\\..\\b.md",
        ] {
            let error = read(&root, below).expect_err(below);
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{below}");
        }
        fs::write(root.join("large"), vec![b'x'; LIMIT as usize + 1]).expect("a file");
        assert_eq!(read(&root, "large").expect_err("it is too large").kind(), io::ErrorKind::Other);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_inside_the_root() {
        use std::os::unix::fs::symlink;
        let root = tree("links");
        symlink("../secret.txt", root.join("out.txt")).expect("a link");
        symlink("..", root.join("up")).expect("a link");
        symlink("deep/a.txt", root.join("in.txt")).expect("a link");
        assert_eq!(list(&root).expect("a list"), ["b.md", "deep/a.txt", "in.txt"]);
        assert_eq!(read(&root, "in.txt").expect("a file"), b"a");
        for below in ["out.txt", "up/secret.txt", "up/docs/b.md/"] {
            assert_eq!(read(&root, below).expect_err(below).kind(), io::ErrorKind::NotFound, "{below}");
        }
    }
}
