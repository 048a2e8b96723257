//! Files that are read on request, of a folder that the operator names. Files outside of it, hidden files, and files of the
//! operating system are never read.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// The largest file, in bytes.
const LIMIT: u64 = 10 << 20;
/// The largest number of files in a folder.
const FILE_COUNT_LIMIT: usize = 1000;

/// Folders in which files are the machine rather than its content: secrets of processes, and devices.
const SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The folder of which clients may get files. Only an operator can name it: a capability is somebody else's text.
#[derive(Clone, Debug)]
pub(super) struct Root {
    /// As the operator names it, from the root of the file system.
    named: PathBuf,
    /// The same with links resolved.
    folder: PathBuf,
}

impl Root {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let root = Self { named: std::path::absolute(folder)?, folder: folder.canonicalize()? };
        if !root.folder.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        if is_system(&root.folder) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it belongs to the operating system"));
        }
        Ok(root)
    }

    /// Whether a path that a capability names is in the folder, without a look at the disk.
    pub(super) fn holds(&self, path: &str) -> bool {
        let path = Path::new(path);
        path.is_absolute() && (path.starts_with(&self.named) || path.starts_with(&self.folder))
    }

    /// A path that a capability names, with links resolved: in the folder, and neither hidden nor part of the system.
    fn resolve(&self, path: &str) -> io::Result<PathBuf> {
        let resolved = Path::new(path).canonicalize()?;
        let hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
        match resolved.strip_prefix(&self.folder) {
            Ok(below) if self.holds(path) && !below.components().any(hidden) && !is_system(&resolved) => Ok(resolved),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

fn is_system(path: &Path) -> bool {
    SYSTEM.iter().any(|system| path.starts_with(system))
}

/// The files of a folder, as paths below it in order; one empty path for a file.
pub(super) fn list(root: &Root, path: &str) -> io::Result<Vec<String>> {
    let top = root.resolve(path)?;
    if top.is_file() {
        return Ok(vec![String::new()]);
    }
    let mut found = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(top.join(&folder));
        // The folder itself must be readable; others may be somebody else's.
        let entries = match entries {
            Err(_) if !folder.is_empty() => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Some(name) = entry.file_name().to_str().filter(|name| is_shown(name)).map(str::to_owned) else {
                continue;
            };
            let below = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            // Links to folders are not followed, because they may form a cycle.
            if entry.file_type()?.is_dir() {
                if !is_system(&top.join(&below)) {
                    folders.push(below);
                }
            } else if inside(root, &top, &below).is_ok() {
                found.push(below);
            }
            if found.len() + folders.len() > FILE_COUNT_LIMIT {
                return Err(io::Error::other("the folder has too many files"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads the file at a path below another one, or that one itself if it is a file and the path is empty.
pub(super) fn read(root: &Root, path: &str, below: &str) -> io::Result<Vec<u8>> {
    let top = root.resolve(path)?;
    let path = if below.is_empty() { file(top)? } else { inside(root, &top, below)? };
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LIMIT {
        return Err(io::Error::other("the file is too large"));
    }
    Ok(bytes)
}

/// The file at a path below a folder, with links resolved. It must be inside the folder.
fn inside(root: &Root, top: &Path, below: &str) -> io::Result<PathBuf> {
    if !below.split('/').all(is_shown) {
        return Err(io::ErrorKind::NotFound.into());
    }
    let path = top.join(below);
    let path = root.resolve(path.to_str().ok_or(io::ErrorKind::NotFound)?).map_err(|error| match error.kind() {
        // No file can have such a path.
        io::ErrorKind::NotADirectory | io::ErrorKind::InvalidFilename => io::ErrorKind::NotFound.into(),
        _ => error,
    })?;
    if path.starts_with(top) { file(path) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// The path, if it is a regular file: a pipe would block its reader forever.
fn file(path: PathBuf) -> io::Result<PathBuf> {
    if path.is_file() { Ok(path) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Whether the name of a file or folder is valid in a URI and not hidden.
fn is_shown(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

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

    fn text(path: &Path) -> &str {
        path.to_str().expect("UTF-8")
    }

    #[test]
    fn visible_files_are_listed_in_order_and_readable() {
        let docs = tree("shown");
        let root = Root::new(&docs).expect("a folder");
        let (one, docs) = (docs.join("b.md"), text(&docs));
        assert_eq!(list(&root, docs).expect("a list"), ["b.md", "deep/a.txt"]);
        assert_eq!(read(&root, docs, "deep/a.txt").expect("a file"), b"a");
        assert_eq!(list(&root, text(&one)).expect("a file"), [""]);
        assert_eq!(read(&root, text(&one), "").expect("a file"), b"b");
    }

    #[test]
    fn outside_and_hidden_files_are_not_read() {
        let docs = tree("outside");
        let root = Root::new(&docs).expect("a folder");
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
            "b.md/a.txt",
            &"long".repeat(100),
        ] {
            let error = read(&root, text(&docs), below).expect_err(below);
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{below}");
        }
        fs::write(docs.join("large"), vec![b'x'; LIMIT as usize + 1]).expect("a file");
        assert_eq!(read(&root, text(&docs), "large").expect_err("it is too large").kind(), io::ErrorKind::Other);
        // A capability can name anything.
        let deep = Root::new(&docs.join("deep")).expect("a folder");
        let around = docs.join("deep/../b.md");
        for named in [docs.join("b.md"), docs.join("../secret.txt"), around, docs.join(".hidden"), "/etc/passwd".into()]
        {
            let error = read(&deep, text(&named), "").expect_err("it is outside");
            assert_eq!(error.kind(), io::ErrorKind::NotFound, "{}", named.display());
            assert!(list(&deep, text(&named)).is_err(), "{}", named.display());
        }
        assert!(
            read(&root, text(&docs.join(".hidden")), "").is_err(),
            "hidden files stay so where a capability names them"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_only_inside_the_root() {
        use std::os::unix::fs::symlink;
        let docs = tree("links");
        let root = Root::new(&docs).expect("a folder");
        symlink("../secret.txt", docs.join("out.txt")).expect("a link");
        symlink(".hidden", docs.join("shown.txt")).expect("a link");
        symlink("..", docs.join("up")).expect("a link");
        symlink("deep/a.txt", docs.join("in.txt")).expect("a link");
        assert_eq!(list(&root, text(&docs)).expect("a list"), ["b.md", "deep/a.txt", "in.txt"]);
        assert_eq!(read(&root, text(&docs), "in.txt").expect("a file"), b"a");
        for below in ["out.txt", "shown.txt", "up/secret.txt", "up/docs/b.md/"] {
            assert_eq!(read(&root, text(&docs), below).expect_err(below).kind(), io::ErrorKind::NotFound, "{below}");
        }
        for named in ["out.txt", "up/secret.txt", "shown.txt"] {
            assert!(read(&root, text(&docs.join(named)), "").is_err(), "{named}");
        }
        // The operator may name the folder by a link.
        let link = docs.with_file_name("link");
        symlink(&docs, &link).expect("a link");
        let linked = Root::new(&link).expect("a folder");
        assert_eq!(read(&linked, text(&link.join("b.md")), "").expect("a file"), b"b");
        assert_eq!(read(&linked, text(&docs.join("b.md")), "").expect("a file"), b"b");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn files_of_the_system_are_never_read() {
        let everything = Root::new(Path::new("/")).expect("a folder");
        for path in
            ["/proc/self/environ", "/proc/version", "/dev/null", "/dev/zero", "/sys/kernel/uevent_seqnum", "/dev/stdin"]
        {
            assert_eq!(read(&everything, path, "").expect_err(path).kind(), io::ErrorKind::NotFound, "{path}");
            assert!(list(&everything, path).is_err(), "{path}");
        }
        for path in ["/proc", "/proc/self", "/dev", "/sys", "/dev/../proc/self"] {
            assert!(Root::new(Path::new(path)).is_err(), "{path}");
        }
        // A link is no way around it.
        let docs = tree("system");
        std::os::unix::fs::symlink("/proc/self/environ", docs.join("environ.txt")).expect("a link");
        std::os::unix::fs::symlink("/proc/self", docs.join("self")).expect("a link");
        for below in ["environ.txt", "self/environ"] {
            assert!(read(&everything, text(&docs), below).is_err(), "{below}");
        }
        assert_eq!(list(&everything, text(&docs)).expect("a list"), ["b.md", "deep/a.txt"]);
        assert!(Root::new(&docs.join("self")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn pipes_are_neither_listed_nor_waited_for() {
        let docs = tree("pipes");
        let root = Root::new(&docs).expect("a folder");
        let pipe = docs.join("pipe.txt");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        assert_eq!(list(&root, text(&docs)).expect("a list"), ["b.md", "deep/a.txt"]);
        assert!(read(&root, text(&docs), "pipe.txt").is_err() && read(&root, text(&pipe), "").is_err());
    }
}
