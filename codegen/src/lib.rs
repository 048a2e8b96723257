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
mod lint;
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

/// Specification files, and texts that resources and prompts are made of: path relative to the repository
/// (`spec/provider/capability.yaml`) and text.
pub type Sources = BTreeMap<String, String>;

/// Generated files: path relative to the repository (`generated/crate/src/lib.rs`) and text.
pub type Files = BTreeMap<String, String>;

/// What became of one specification.
#[derive(Debug)]
pub struct Compiled {
    /// The crate, or why there is none.
    pub outcome: Outcome,
    /// All findings.
    pub diagnostics: Diagnostics,
}

/// The crate, or why there is none.
#[derive(Debug)]
pub enum Outcome {
    /// A crate was generated.
    Generated(Crate),
    /// The specification has errors.
    Refused,
    /// The file is something else: parts that other files import, or YAML of another kind.
    NotACapability,
}

/// A generated crate.
#[derive(Debug)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// Its files, below `generated/` and its name.
    pub files: Files,
    /// The environment variables that its client needs.
    pub variables: Vec<String>,
    /// The consumed namespaces, and whether the capability names their base URI.
    pub apis: Vec<(String, bool)>,
    /// How many operations it consumes.
    pub operations: usize,
    /// How many REST routes it exposes.
    pub routes: usize,
    /// How many MCP tools it exposes.
    pub tools: usize,
}

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

/// Whether a path is named like a specification.
pub fn is_specification(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

/// The files and folders that resources and prompts of a specification are made of, so that whoever reads sources knows
/// what to read. They need not be there.
pub fn named_files(path: &str, text: &str) -> Vec<String> {
    resolve::files::named(path, text)
}

/// Generates one crate for every capability among the sources.
///
/// # Errors
/// When any source has an error; then nothing is generated, and the diagnostics hold all findings of all sources.
pub fn generate(sources: &Sources) -> Result<Generated, Diagnostics> {
    generate_only(sources, |_| true)
}

/// Generates crates for those capabilities whose paths are wanted. The other sources are there to be imported.
///
/// # Errors
/// When one of these has an error; then nothing is generated, and the diagnostics hold all findings of all of them.
pub fn generate_only(sources: &Sources, wanted: impl Fn(&str) -> bool) -> Result<Generated, Diagnostics> {
    let mut generated = Generated::default();
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for path in sources.keys().filter(|path| is_specification(path) && wanted(path)) {
        let mut sink = diagnostic::Sink::new(path);
        let start = Place::start(0);
        let name = names::crate_name(path).unwrap_or_default();
        let Compiled { outcome, diagnostics } = compile(sources, path, &name);
        if !matches!(outcome, Outcome::NotACapability) {
            if name.is_empty() {
                let help = "name it `spec/provider/capability.yaml`: letters, digits and hyphens, a letter first, no reserved name";
                sink.report(Code::CrateName, start, "the path gives no crate name", help);
            } else if let Some(owner) = owners.insert(name.clone(), path) {
                let message = format!("`{path}` and `{owner}` would both be the crate `{name}`");
                sink.report(Code::CrateName, start, message, "rename one of the files");
            }
        }
        if let Outcome::Generated(made) = outcome {
            generated.files.extend(made.files);
            generated.crates.push(made.name);
        }
        generated.warnings.extend(sink.finish());
        generated.warnings.extend(diagnostics);
    }
    if generated.warnings.has_errors() { Err(generated.warnings) } else { Ok(generated) }
}

/// Compiles one of the sources to a crate of the given name. The others are there to be imported.
///
/// It takes any source, and any text in it: what is wrong with them is among the findings.
pub fn compile(sources: &Sources, path: &str, crate_name: &str) -> Compiled {
    let mut sink = diagnostic::Sink::new(path);
    let outcome = match read::read(sources, path, &mut sink) {
        Some(document) => {
            let linked = resolve::resolve(&document, sources, &mut sink);
            check::check(&linked, &mut sink);
            if sink.has_errors() {
                Outcome::Refused
            } else {
                let model = lower::lower(&linked, crate_name, &|file| sink.path(file).to_owned());
                Outcome::Generated(Crate {
                    files: emit::emit(&model),
                    variables: model.variables,
                    apis: model.apis.into_iter().map(|api| (api.namespace, api.base_uri.is_some())).collect(),
                    operations: model.operations.len(),
                    routes: model.rest.map_or(0, |rest| rest.routes.len()),
                    tools: model.mcp.map_or(0, |mcp| mcp.tools.len()),
                    name: model.crate_name,
                })
            }
        }
        None if sink.has_errors() => Outcome::Refused,
        None => Outcome::NotACapability,
    };
    Compiled { outcome, diagnostics: sink.finish() }
}

/// Checks one of the sources without generating anything, with the rules of style on top.
pub fn lint(sources: &Sources, path: &str) -> Diagnostics {
    let mut diagnostics = compile(sources, path, "lint").diagnostics;
    let text = sources.get(path).map_or("", String::as_str);
    // What cannot be read was reported already.
    if let Some(root) = read::yaml::parse(text, 0, &mut diagnostic::Sink::new(path)) {
        let mut sink = diagnostic::Sink::new(path);
        lint::lint(&root, &mut sink);
        diagnostics.extend(sink.finish());
        diagnostics.sort();
    }
    diagnostics
}
