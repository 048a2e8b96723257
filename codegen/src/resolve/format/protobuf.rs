//! The first message of a `.proto` file, with all that it refers to.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use protox::file::{ChainFileResolver, File, FileResolver, GoogleFileResolver};
use protox::{Compiler, Error};

use crate::Sources;

/// Its full name, a line end, and the descriptors of its file and of those that this imports, in base64; or what is wrong.
pub(super) fn read(path: &str, sources: &Sources) -> Result<String, String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let mut files = ChainFileResolver::new();
    files.add(Beside { folder: folder.to_owned(), sources: sources.clone() });
    files.add(GoogleFileResolver::new());
    let mut compiler = Compiler::with_file_resolver(files);
    compiler.include_imports(true).include_source_info(false);
    compiler.open_file(name).map_err(|error| error.to_string())?;
    let pool = compiler.descriptor_pool();
    let message = pool.get_file_by_name(name).and_then(|file| file.messages().next()).ok_or("it has no message")?;
    Ok(format!("{}\n{}", message.full_name(), STANDARD.encode(compiler.encode_file_descriptor_set())))
}

/// The files in the folder of the first, and in those that it is in: which of them imports are relative to, no file says.
struct Beside {
    folder: String,
    sources: Sources,
}

impl FileResolver for Beside {
    fn open_file(&self, name: &str) -> Result<File, Error> {
        match places(&self.folder, name).find_map(|path| self.sources.get(&path)) {
            Some(text) => File::from_source(name, text.strip_prefix('\u{feff}').unwrap_or(text)),
            None => Err(Error::file_not_found(name)),
        }
    }
}

/// Where an imported file may be, the best first.
pub(super) fn places(folder: &str, name: &str) -> impl Iterator<Item = String> {
    let folders = std::iter::successors(Some(folder), |folder| match folder.rsplit_once('/') {
        Some((outer, _)) => Some(outer),
        None if folder.is_empty() => None,
        None => Some(""),
    });
    folders.map(move |folder| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") })
}

/// The files that the text of a `.proto` file imports, as it writes them.
pub(super) fn imports(text: &str) -> impl Iterator<Item = &str> {
    // One in a comment does no harm: files that are not needed are not read by what compiles them.
    text.split("import").skip(1).filter_map(|rest| {
        let rest = rest.trim_start();
        let rest = rest.strip_prefix("public").or_else(|| rest.strip_prefix("weak")).unwrap_or(rest).trim_start();
        rest.strip_prefix('"').or_else(|| rest.strip_prefix('\''))?.split(['"', '\'']).next()
    })
}
