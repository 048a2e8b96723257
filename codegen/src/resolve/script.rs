//! Scripts: their files, which are embedded in the crate, and what they see. Transforms see the same.

use super::files::{folders, from_location, plain};
use super::inputs::Inputs;
use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Action, Parameter, Script, Source, Step, Transform};
use crate::read::document::{AdapterKind, Document, ScriptStep, Scripting, Text, TransformStep};
use crate::read::yaml::{Content, Node};

/// The key of the folder of scripts whose steps name none.
pub(super) const LOCATION: &str = "defaultLocation";
/// The languages of the format. The runtime knows the first one.
const LANGUAGES: [&str; 3] = ["javascript", "python", "groovy"];

/// What the scripts of a capability share.
pub(super) struct Scripts<'l> {
    sources: &'l Sources,
    settings: Scripting,
}

impl<'l> Scripts<'l> {
    pub(super) fn new(document: &Document, sources: &'l Sources) -> Self {
        let mut controls = document.adapters.iter().filter_map(|adapter| match &adapter.kind {
            AdapterKind::Control(control) => Some(control.scripting.clone()),
            _ => None,
        });
        Self { sources, settings: controls.next().unwrap_or_default() }
    }

    /// Links a script, but for the part of its context that is known only when all steps are.
    pub(super) fn link<'d>(
        &self,
        step: &'d ScriptStep,
        name: &str,
        inputs: &mut Inputs<'_, 'd>,
        sink: &mut Sink,
    ) -> Option<Script> {
        let given = step.language.as_ref().or(self.settings.language.as_ref());
        let Some(given) = given else {
            let message = format!("the script of step `{name}` has no language");
            let help = "write `language: javascript`, or `defaultLanguage` under `management.scripting` of the control adapter";
            sink.report(Code::Scripts, step.span, message).help(help);
            return None;
        };
        let language = match given.value.to_ascii_lowercase() {
            short if short == "js" => LANGUAGES[0].to_owned(),
            language => language,
        };
        if !LANGUAGES.contains(&language.as_str()) {
            let message = format!("scripts in `{}` are not known", given.value);
            let meant = sink.nearest(Code::Scripts, &language, LANGUAGES);
            let report = sink.report(Code::Scripts, given.span, message);
            report.nearest(given.span, &given.value, meant, "write it in `javascript`");
            return None;
        }
        let rejection = self.rejection(&language, name);
        if let Some(rejection) = &rejection {
            let message = format!("{rejection}: every request for it fails");
            let help = "change `management.scripting` of the control adapter, or remove the step";
            sink.report(Code::ScriptSetup, step.span, message).help(help);
        } else if language != LANGUAGES[0] {
            let message = format!("the server needs something that runs scripts in `{language}`");
            let help =
                "the program that starts the server registers a `ScriptRunner` for it; or write it in JavaScript";
            sink.report_once(Code::ScriptSetup, &language, given.span, message).help(help);
        }
        // What is never run needs no files.
        let files = if rejection.is_some() { Vec::new() } else { self.files(step, sink)? };
        let with = step.with.iter().flatten().map(|(name, node)| (name.value.clone(), value(name, node, inputs, sink)));
        Some(Script {
            language,
            files,
            context: Source::Object(with.collect()),
            timeout: self.settings.timeout,
            statements: self.settings.statements,
            rejection,
            switched_off: !self.settings.enabled,
        })
    }

    /// Why the capability does not let a script run.
    fn rejection(&self, language: &str, step: &str) -> Option<String> {
        if !self.settings.enabled {
            return Some(format!("the script of step `{step}` is switched off"));
        }
        // An empty list allows all, as in the reference engine.
        let allowed = &self.settings.allowed;
        let is_allowed = allowed.is_empty() || allowed.iter().any(|known| known.value.eq_ignore_ascii_case(language));
        (!is_allowed).then(|| {
            format!("the script of step `{step}` is in `{language}`, which is not one of the allowed languages")
        })
    }

    /// The files of a script, dependencies first.
    fn files(&self, step: &ScriptStep, sink: &mut Sink) -> Option<Vec<(String, String)>> {
        let Some(location) = step.location.as_ref().or(self.settings.location.as_ref()) else {
            let message = "this script has no location";
            let help = "write `location: file:///./scripts`, or `defaultLocation` under `management.scripting` of the control \
                        adapter";
            sink.report(Code::Scripts, step.span, message).help(help);
            return None;
        };
        let files = step.dependencies.iter().chain([&step.file]);
        // All mistakes are reported.
        let texts: Vec<_> = files.map(|file| self.file(file, location, sink)).collect();
        texts.into_iter().collect()
    }

    fn file(&self, file: &Text, location: &Text, sink: &mut Sink) -> Option<(String, String)> {
        let name = from_location(&file.value);
        if !is_safe(name) {
            let message = format!("`{name}` is not a path below the location of the script");
            let help = "write the path from there, without `..`";
            sink.report(Code::Scripts, file.span, message).help(help);
            return None;
        }
        let folders = folders(sink.path(file.span.file), &location.value);
        let text = folders.iter().find_map(|folder| self.sources.get(&format!("{folder}/{name}")));
        let Some(text) = text else {
            let message = format!("there is no text file `{name}` in `{}`", location.value);
            let help = "put the folder of the scripts beside this file: it is found by the end of the path";
            sink.report(Code::Scripts, file.span, message).help(help);
            return None;
        };
        Some((name.to_owned(), plain(text)))
    }
}

/// A value under `with` of a script. A template is text, even if it is an input or an output alone; what is absent is empty.
fn value<'d>(name: &'d Text, node: &'d Node, inputs: &mut Inputs<'_, 'd>, sink: &mut Sink) -> Source {
    let kind = Some(Text { value: "any".to_owned(), span: node.span });
    let parameter = Parameter { kind, ..Parameter::of_any(&name.value, node.span) };
    let is_template = node.scalar_text().is_some_and(|text| text.contains("{{"));
    match inputs.source(&parameter, node, sink) {
        Source::Output(output) if is_template => Source::Filled(vec![naftiko_schema::InputText::Output(output)]),
        Source::Input(input) if is_template => Source::Filled(vec![naftiko_schema::InputText::Input(input)]),
        Source::Part(part) if is_template => Source::Filled(vec![naftiko_schema::InputText::Part(part)]),
        Source::Text(parts) => Source::Filled(parts),
        other => other,
    }
}

/// A step that the application takes.
pub(super) fn transform<'d>(
    declared: &'d TransformStep,
    name: &Text,
    inputs: &mut Inputs<'_, 'd>,
    sink: &mut Sink,
) -> Transform<'d> {
    let message = format!("the server needs something that makes the output of step `{}`", name.value);
    let help = "the program that starts the server registers a `Transform` under the name of the step";
    sink.report(Code::ScriptSetup, name.span, message).help(help);
    let with = declared.with.iter().flatten().map(|(name, node)| (name.value.clone(), value(name, node, inputs, sink)));
    Transform { declared, inputs: Source::Object(with.collect()), outputs: Source::Absent }
}

/// Gives scripts and transforms what they see besides their own values: what callers send, and the outputs of earlier steps.
pub(super) fn give_context(steps: &mut [Step<'_>], inputs: &mut Inputs<'_, '_>, sink: &mut Sink) {
    let names: Vec<String> = steps.iter().map(|step| step.name.clone()).collect();
    for (index, step) in steps.iter_mut().enumerate() {
        let outputs = names.iter().take(index).enumerate().map(|(index, name)| {
            let whole = naftiko_schema::StepValue { step: index.into(), at: Vec::new().into() };
            (name.clone(), Source::Output(whole))
        });
        match &mut step.action {
            Action::Script(script) => {
                let own = members(&mut script.context);
                script.context = object(inputs.all(sink).into_iter().chain(outputs).chain(own));
            }
            Action::Transform(transform) => {
                let own = members(&mut transform.inputs);
                transform.inputs = object(inputs.all(sink).into_iter().chain(own));
                transform.outputs = object(outputs);
            }
            Action::Call(_) | Action::Lookup(_) => {}
        }
    }
}

/// Takes the members of an object.
fn members(source: &mut Source) -> Vec<(String, Source)> {
    match std::mem::replace(source, Source::Absent) {
        Source::Object(members) => members,
        _ => Vec::new(),
    }
}

/// An object, in which of two members with one name the later counts.
fn object(all: impl Iterator<Item = (String, Source)>) -> Source {
    let mut members: Vec<(String, Source)> = Vec::new();
    for (name, source) in all {
        match members.iter_mut().find(|(known, _)| *known == name) {
            Some((_, value)) => *value = source,
            None => members.push((name, source)),
        }
    }
    Source::Object(members)
}

/// Whether a path stays below the folder that it is relative to.
fn is_safe(file: &str) -> bool {
    let is_name = |part: &str| !matches!(part, "" | "." | "..");
    !file.contains(|c: char| c.is_control() || c == '\\') && !file.contains("://") && file.split('/').all(is_name)
}

/// The default location of scripts, wherever a control adapter has it.
pub(super) fn default_location(node: &Node) -> Option<String> {
    match &node.content {
        Content::Mapping(entries) => entries.iter().find_map(|entry| {
            let own = (entry.key == LOCATION).then(|| entry.value.scalar_text()).flatten();
            own.map(|text| text.to_string()).or_else(|| default_location(&entry.value))
        }),
        Content::Sequence(items) => items.iter().find_map(default_location),
        _ => None,
    }
}

/// Adds the files that the scripts among these steps may mean.
pub(super) fn named(steps: &Node, importer: &str, default: Option<&str>, named: &mut Vec<String>) {
    let steps: Vec<&Node> = match &steps.content {
        Content::Sequence(items) => items.iter().collect(),
        Content::Mapping(entries) => entries.iter().map(|entry| &entry.value).collect(),
        _ => Vec::new(),
    };
    for step in steps {
        let own = step.get("location").and_then(Node::scalar_text);
        let Some(location) = own.as_deref().or(default) else { continue };
        let dependencies = match step.get("dependencies").map(|node| &node.content) {
            Some(Content::Sequence(items)) => items.iter().collect(),
            _ => Vec::new(),
        };
        let files = step.get("file").into_iter().chain(dependencies).filter_map(Node::scalar_text);
        let folders = folders(importer, location);
        for file in files {
            let name = from_location(&file);
            let name = Some(name).filter(|name| is_safe(name));
            named.extend(name.iter().flat_map(|name| folders.iter().map(move |folder| format!("{folder}/{name}"))));
        }
    }
}
