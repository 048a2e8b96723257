//! Compiles Naftiko capability files to Rust crates: YAML in, files or diagnostics out.
//!
//! The library is pure. [`generate`] sees no disk, clock, environment or network, and gives the same bytes for the same
//! sources, always. It runs in five stages, one module each:
//!
//! | stage | from | to |
//! |---|---|---|
//! | `read` | text | a document that mirrors the YAML, every value with its place |
//! | `resolve` | document | a linked document: every reference points to something |
//! | `check` | linked document | findings |
//! | `lower` | linked document | the model: every decision made, names included |
//! | `emit` | model | files |

mod check;
mod codes;
mod diagnostic;
mod emit;
mod json_path;
mod linked;
mod lower;
mod model;
mod names;
mod read;
mod resolve;
mod template;
mod vocabulary;

use std::collections::BTreeMap;

pub use codes::{Code, Severity};
pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use emit::MARKER;
pub use names::crate_name;

/// Specification files: path relative to the repository (`spec/provider/capability.yaml`) and text.
pub type Sources = BTreeMap<String, String>;

/// Generated files: path relative to the repository (`generated/crate/src/lib.rs`) and text.
pub type Files = BTreeMap<String, String>;

/// The outcome of a run without errors.
#[derive(Debug, Default)]
pub struct Generated {
    /// The files of all crates.
    pub files: Files,
    /// The names of the crates.
    pub crates: Vec<String>,
    /// Findings that chose a meaning.
    pub warnings: Diagnostics,
}

/// Generates one crate for every capability among the sources.
///
/// # Errors
/// When any source has an error; then nothing is generated, and the diagnostics hold all findings of all sources.
pub fn generate(sources: &Sources) -> Result<Generated, Diagnostics> {
    let mut generated = Generated::default();
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for (path, text) in sources {
        let mut sink = diagnostic::Sink::new(path);
        if let Some(model) = compile(path, text, &mut owners, &mut sink) {
            generated.files.extend(emit::emit(&model));
            generated.crates.push(model.crate_name);
        }
        generated.warnings.extend(sink.finish());
    }
    if generated.warnings.has_errors() { Err(generated.warnings) } else { Ok(generated) }
}

fn compile<'s>(
    path: &'s str,
    text: &str,
    owners: &mut BTreeMap<String, &'s str>,
    sink: &mut diagnostic::Sink,
) -> Option<model::Model> {
    let document = read::read(text, sink)?;
    let start = Place { line: 1, column: 1, length: 1 };
    let Some(name) = names::crate_name(path) else {
        let help =
            "name it `spec/provider/capability.yaml`: letters, digits and hyphens, a letter first, no reserved name";
        sink.report(Code::CrateName, start, "the path gives no crate name", help);
        return None;
    };
    if let Some(owner) = owners.get(&name) {
        let message = format!("`{path}` and `{owner}` would both be the crate `{name}`");
        sink.report(Code::CrateName, start, message, "rename one of the files");
    }
    owners.insert(name.clone(), path);
    let linked = resolve::resolve(&document, sink);
    check::check(&linked, sink);
    if sink.has_errors() { None } else { Some(lower::lower(&linked, &name, path)) }
}
