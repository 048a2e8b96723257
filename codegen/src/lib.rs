//! Compiles Naftiko capability files to Rust crates: YAML in, files or diagnostics out.
//!
//! The library is pure. [`generate`] uses no disk, clock, environment or network, and always gives the same bytes for the
//! same sources. It runs in five stages, one module each:
//!
//! | stage | from | to |
//! |---|---|---|
//! | `read` | text | a document that mirrors the YAML, every value with its span |
//! | `resolve` | document | a linked document: every reference is resolved |
//! | `check` | linked document | diagnostics |
//! | `lower` | linked document | the model: every decision made, names included |
//! | `emit` | model | files |

mod check;
mod codes;
mod companion;
mod credential;
mod diagnostic;
mod emit;
mod export;
mod group;
mod import;
mod json;
mod json_path;
mod linked;
mod lint;
mod lower;
mod model;
mod names;
mod percent;
#[cfg(test)]
mod properties;
mod read;
mod resolve;
mod settings;
mod template;
mod vocabulary;

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::thread;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use naftiko_schema::{Adapter, Capability};

use diagnostic::Lines;

pub use codes::{Code, Severity, page};
pub use companion::drift::{Change, Drift, Impact, Incomparable, drift};
pub use companion::{Choice, Documents, companion_paths, is_companion, overlay_paths};
pub use diagnostic::{
    Applicability, Diagnostic, Diagnostics, Label, Location, Locations, Position, Span, Suggestion, render,
};
pub use emit::MARKER;
pub use export::Exported;
pub use group::{group_of, groups};
pub use import::{Import, Imported, import};
pub use names::crate_name;
pub use settings::{allowed, is_settings, settings_paths};

/// Deeply nested files need a large stack, in bytes.
const STACK: usize = 64 << 20;

/// Specification files, and files of resources, prompts, scripts and skills: path relative to the repository
/// (`spec/provider/capability.yaml`) and text. [`add_file`] adds one that may be no text.
pub type Sources = BTreeMap<String, String>;

/// The end of the path of a source whose text is bytes in base64 (RFC 4648 §4).
const ENCODED: &str = ";base64";

/// Adds a file to sources. One that is not UTF-8 can be a file of a skill or of a resource, and nothing else.
pub fn add_file(sources: &mut Sources, path: String, bytes: Vec<u8>) {
    match String::from_utf8(bytes) {
        Ok(text) => sources.insert(path, text),
        Err(error) => sources.insert(path + ENCODED, BASE64_STANDARD.encode(error.as_bytes())),
    };
}

/// Generated files: path relative to the repository (`generated/crate/src/lib.rs`) and text.
pub type Files = BTreeMap<String, String>;

/// The result of compiling one specification.
#[derive(Debug)]
pub struct Compiled {
    /// The crate, or why none was generated.
    pub outcome: Outcome,
    /// All diagnostics.
    pub diagnostics: Diagnostics,
}

/// The crate, or why none was generated.
#[derive(Debug)]
pub enum Outcome {
    /// A crate was generated.
    Generated(Box<Crate>),
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
    model: model::Model,
    /// The OpenAPI documents of its REST adapters, in order, until groups take them.
    documents: Vec<serde_json::Value>,
}

/// A capability that was compiled without generating a crate: the tables that a crate of it would declare.
#[derive(Debug)]
pub struct Tables {
    /// What is consumed.
    pub capability: Capability,
    /// What is exposed.
    pub adapters: Vec<Adapter>,
}

/// The outcome of a run without errors.
#[derive(Debug, Default)]
pub struct Generated {
    /// The files of all crates.
    pub files: Files,
    /// The names of the crates.
    pub crates: Vec<String>,
    /// Warnings and notes.
    pub warnings: Diagnostics,
}

/// Whether a path is named like a specification.
pub fn is_specification(path: &str) -> bool {
    (path.ends_with(".yaml") || path.ends_with(".yml")) && !companion::is_companion(path)
}

/// The files and folders with the content of resources, prompts, scripts and skills of a specification, so that they can be read as
/// sources. They may not exist.
pub fn named_files(path: &str, text: &str) -> Vec<String> {
    resolve::files::named(path, text)
}

/// The files with values of variables that a specification names, which the compiler does not read. They may not exist.
pub fn bound_files(path: &str, text: &str) -> Vec<String> {
    resolve::files::bound(path, text)
}

/// What users choose for a run. The functions of the same names run without any choice.
#[derive(Clone, Debug, Default)]
pub struct Compiler {
    /// Errors for which a part of a capability is left out, besides those that its settings allow. See [`allowed`].
    pub allowed: BTreeSet<Code>,
}

/// Generates one crate for every capability among the sources.
///
/// # Errors
/// When any source has an error; then nothing is generated, and the diagnostics of all sources are returned.
pub fn generate(sources: &Sources) -> Result<Generated, Diagnostics> {
    generate_only(sources, &[], |_| true)
}

/// Generates crates for the capabilities whose paths are wanted. The other sources can be imported. No crate gets one of the
/// reserved names, which other packages of the workspace have.
///
/// # Errors
/// When one of these has an error; then nothing is generated, and the diagnostics of all of them are returned.
pub fn generate_only(
    sources: &Sources,
    reserved: &[String],
    wanted: impl Fn(&str) -> bool,
) -> Result<Generated, Diagnostics> {
    Compiler::default().generate_only(sources, reserved, wanted)
}

/// Compiles one of the sources to a crate of the given name. The others can be imported.
///
/// It accepts any text and any name; every problem is one of the diagnostics.
pub fn compile(sources: &Sources, path: &str, crate_name: &str) -> Compiled {
    Compiler::default().compile(sources, path, crate_name)
}

/// Compiles one of the sources to tables, to be served by this process. The others are there to be imported.
///
/// # Errors
/// If the source has errors or is no capability. The diagnostics hold everything that was found.
pub fn compile_tables(sources: &Sources, path: &str, name: &str) -> Result<(Tables, Diagnostics), Diagnostics> {
    Compiler::default().compile_tables(sources, path, name)
}

impl Compiler {
    /// As the function of this name.
    ///
    /// # Errors
    /// When one of the sources has an error.
    pub fn generate_only(
        &self,
        sources: &Sources,
        reserved: &[String],
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Generated, Diagnostics> {
        let mut generated = Generated::default();
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        let mut crates: BTreeMap<&str, Box<Crate>> = BTreeMap::new();
        let paths = sources.keys().filter(|path| is_specification(path) && wanted(path));
        let mut known = BTreeSet::new();
        for (path, name, compiled) in self.compile_each(sources, paths) {
            let Some(Compiled { outcome, mut diagnostics }) = compiled else { continue };
            diagnostics.remove_known(path, &mut known);
            let mut sink = diagnostic::Sink::new(path);
            if !matches!(outcome, Outcome::NotACapability) && !name.is_empty() {
                let taken = if reserved.contains(&name) {
                    Some(format!("`{name}` is the name of another package of this workspace"))
                } else {
                    let owner = owners.insert(name.clone(), path);
                    owner.map(|owner| format!("`{path}` and `{owner}` have the same crate name `{name}`"))
                };
                if let Some(message) = taken {
                    sink.report(Code::CrateName, Span::start_of(0), message).help("rename the file");
                }
            }
            if let Outcome::Generated(made) = outcome {
                crates.insert(path, made);
            }
            generated.warnings.extend(sink.finish(sources));
            generated.warnings.extend(diagnostics);
        }
        let made = crates.iter_mut().map(|(path, made)| {
            let Crate { model, documents, .. } = &mut **made;
            (*path, group::plan::Made { model, documents: std::mem::take(documents) })
        });
        let is_taken = |name: &str| owners.contains_key(name) || reserved.iter().any(|reserved| reserved == name);
        let groups = group::plan::make(sources, made.collect(), &wanted, is_taken, &mut generated.warnings);
        for made in crates.into_values() {
            generated.files.extend(made.files);
            generated.crates.push(made.name);
        }
        for (name, files) in groups {
            generated.files.extend(files);
            generated.crates.push(name);
        }
        if generated.warnings.has_errors() { Err(generated.warnings) } else { Ok(generated) }
    }

    /// Compiles each of these sources, as many at once as there are processors. The order is kept.
    fn compile_each<'s>(
        &self,
        sources: &'s Sources,
        paths: impl Iterator<Item = &'s String>,
    ) -> Vec<(&'s str, String, Option<Compiled>)> {
        let name = |path: &'s String| (path.as_str(), names::crate_name(path).unwrap_or_default(), None);
        let mut all: Vec<_> = paths.map(name).collect();
        let others = thread::available_parallelism().map_or(1, NonZeroUsize::get).min(all.len()).saturating_sub(1);
        let queue = Mutex::new(all.iter_mut());
        let work = || {
            loop {
                // The lock ends with the statement: a worker holds it only while it takes a path.
                let next = queue.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((path, name, compiled)) = next else { break };
                *compiled = Some(self.compile(sources, path, name));
            }
        };
        thread::scope(|scope| {
            for _ in 0..others {
                // This thread does what others cannot.
                let _ = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
            }
            work();
        });
        all
    }

    /// Compiles one of the sources to a crate of the given name. The others can be imported.
    ///
    /// It accepts any text and any name; every problem is one of the diagnostics.
    pub fn compile(&self, sources: &Sources, path: &str, crate_name: &str) -> Compiled {
        let mut sink = diagnostic::Sink::new(path);
        let model = self.model(sources, path, crate_name, &mut sink);
        if (model.is_some() || sink.has_errors()) && !names::is_crate_name(crate_name) {
            sink.report(Code::CrateName, Span::start_of(0), "the path is not a valid crate name").help(names::RULE);
        }
        let outcome = match model {
            // Emitters write the name as code.
            Some(_) if sink.has_errors() => Outcome::Refused,
            Some(model) => {
                let emit::Emitted { files, documents } = emit::emit(&model);
                Outcome::Generated(Box::new(Crate {
                    files,
                    documents,
                    variables: model.capability.variables.iter().map(|variable| variable.name.to_string()).collect(),
                    apis: model
                        .capability
                        .apis
                        .iter()
                        .map(|api| (api.namespace.to_string(), api.base_uri.is_some()))
                        .collect(),
                    operations: model.operations.len(),
                    routes: model.rest().map(|rest| rest.routes.len()).sum(),
                    tools: model.mcp().map(|mcp| mcp.tools.len()).sum(),
                    name: model.crate_name().to_owned(),
                    model,
                }))
            }
            None if sink.has_errors() => Outcome::Refused,
            None => Outcome::NotACapability,
        };
        Compiled { outcome, diagnostics: sink.finish(sources) }
    }

    /// Compiles one of the sources to tables, to be served by this process. The others are there to be imported.
    ///
    /// # Errors
    /// If the source has errors or is no capability. The diagnostics hold everything that was found.
    pub fn compile_tables(
        &self,
        sources: &Sources,
        path: &str,
        name: &str,
    ) -> Result<(Tables, Diagnostics), Diagnostics> {
        let mut sink = diagnostic::Sink::new(path);
        match self.model(sources, path, name, &mut sink) {
            Some(model) => Ok((emit::with_openapi(model), sink.finish(sources))),
            None => Err(sink.finish(sources)),
        }
    }

    /// The model of a source; `None` if it has errors or is no capability.
    fn model(
        &self,
        sources: &Sources,
        path: &str,
        crate_name: &str,
        sink: &mut diagnostic::Sink,
    ) -> Option<model::Model> {
        self.with_model(sources, path, crate_name, sink, |_, model| model)
    }

    /// What is made of a source; `None` if it has errors or is no capability.
    fn with_model<T>(
        &self,
        sources: &Sources,
        path: &str,
        crate_name: &str,
        sink: &mut diagnostic::Sink,
        make: impl FnOnce(&linked::Linked<'_>, model::Model) -> T,
    ) -> Option<T> {
        loop {
            let document = read::read(sources, path, sink);
            let mut allowed = self.allowed.clone();
            if let Some(document) = &document {
                let linked = resolve::resolve(document, sources, sink);
                check::check(&linked, sink);
                if !sink.has_errors() {
                    let model = lower::lower(&linked, crate_name, path, &origin(sources, sink));
                    return Some(make(&linked, model));
                }
                allowed.extend(linked.allowed);
            }
            // What is left is read again: each part that is left out changes what the others mean.
            if !sink.leave_out(&allowed, sources) {
                return None;
            }
        }
    }
}

/// Where a span is, for the documentation of generated code: its file and line.
fn origin<'s>(sources: &'s Sources, sink: &'s diagnostic::Sink) -> impl Fn(Span) -> String + 's {
    let texts = sink.paths().iter().map(|path| sources.get(path).map_or("", String::as_str));
    let lines: Vec<_> = texts.map(Lines::new).collect();
    move |span| {
        let line = lines.get(span.file).map_or(1, |lines| lines.line(span.start));
        format!("{}#L{line}", sink.path(span.file))
    }
}

/// The operations that one of the sources consumes, as an OpenAPI 3.1 document that can be its companion. The others are there
/// to be imported.
///
/// # Errors
/// If the source has errors or is no capability. The diagnostics hold everything that was found.
pub fn export(sources: &Sources, path: &str, name: &str) -> Result<(Exported, Diagnostics), Diagnostics> {
    let mut sink = diagnostic::Sink::new(path);
    let exported = Compiler::default()
        .with_model(sources, path, name, &mut sink, |linked, model| export::document(linked, &model));
    match exported {
        Some(exported) => Ok((exported, sink.finish(sources))),
        None => Err(sink.finish(sources)),
    }
}

/// Checks one of the sources without generating anything. The rules of style are applied as well.
pub fn lint(sources: &Sources, path: &str) -> Diagnostics {
    let mut sink = diagnostic::Sink::new(path);
    let _ = Compiler::default().model(sources, path, "", &mut sink);
    let mut diagnostics = sink.finish(sources);
    let text = sources.get(path).map_or("", String::as_str);
    // Syntax errors were reported by the compiler.
    if let Some(root) = read::yaml::parse(text, 0, &mut diagnostic::Sink::new(path)) {
        let mut sink = diagnostic::Sink::new(path);
        lint::lint(&root, &mut sink);
        diagnostics.extend(sink.finish(sources));
        diagnostics.sort();
    }
    diagnostics
}
