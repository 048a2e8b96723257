//! Templates over the environment variables that the capability binds.

use heck::ToShoutySnakeCase as _;

use crate::codes::Code;
use crate::diagnostic::{Sink, did_you_mean};
use crate::linked::TemplatePart;
use crate::read::document::{Document, Text};
use crate::template::{Piece, is_name, split};

/// The bound variables, and those of them that are in use.
pub(super) struct Variables<'d> {
    /// Namespace, variable and environment variable of every bind.
    bound: Vec<(&'d str, &'d str, &'d str)>,
    used: Vec<String>,
}

impl<'d> Variables<'d> {
    pub(super) fn new(document: &'d Document, sink: &mut Sink) -> Self {
        let mut bound = Vec::new();
        for bind in &document.binds {
            let namespace = bind.namespace.as_ref().map_or("", |namespace| namespace.value.as_str());
            if let Some(location) = &bind.location {
                let message = format!("`{}` is not read; the variables come from the environment", location.value);
                let names: Vec<_> = bind.keys.iter().map(|(name, _)| format!("`{}`", name.value)).collect();
                sink.report(Code::SourceIgnored, location.place, message, format!("set {}", names.join(", ")));
            }
            for (name, key) in &bind.keys {
                // Keys of a file or vault may be anything; the variable's own name is one that an environment can have.
                let key = if bind.location.is_some() { name } else { key };
                if !is_variable(&key.value) {
                    let message = format!("`{}` cannot be the name of an environment variable", key.value);
                    sink.report(Code::BadVariable, key.place, message, "use letters, digits and `_`, no digit first");
                }
                bound.push((namespace, name.value.as_str(), key.value.as_str()));
            }
        }
        // A parameter from the environment is a variable by another name.
        let inputs = document.consumes.iter().flat_map(|api| &api.inputs);
        for input in inputs.filter(|input| input.location.as_ref().is_some_and(|at| at.value == "environment")) {
            bound.push(("", input.name.value.as_str(), input.name.value.as_str()));
        }
        Self { bound, used: Vec::new() }
    }

    /// The same binds, none of them in use.
    pub(super) fn apart(&self) -> Self {
        Self { bound: self.bound.clone(), used: Vec::new() }
    }

    /// The environment variables in use so far.
    pub(super) fn names(&self) -> Vec<String> {
        self.used.clone()
    }

    /// Whether a placeholder names a bound variable, in one of its spellings.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.keys(name).next().is_some()
    }

    /// Whether a placeholder stands for a variable, bound or not, and not for something that a caller sends.
    pub(super) fn means_variable(&self, name: &str) -> bool {
        let shouted = |name: &str| is_variable(name) && name.contains('_') && !name.contains(char::is_lowercase);
        self.knows(name) || name.starts_with("env.") || shouted(name)
    }

    /// The environment variables that a placeholder can stand for.
    fn keys(&self, name: &str) -> impl Iterator<Item = &'d str> {
        let (namespace, variable) = name.rsplit_once('.').unwrap_or(("", name));
        let fits = move |ns: &str, bound: &str| bound == variable && (namespace.is_empty() || ns == namespace);
        self.bound.iter().filter(move |(ns, bound, _)| fits(ns, bound)).map(|(.., key)| *key)
    }

    /// Resolves the placeholders of a text to variables.
    pub(super) fn template(&mut self, text: &Text, sink: &mut Sink) -> Vec<TemplatePart> {
        let mut parts = Vec::new();
        // The shell's way to write it, where it is all of the text.
        let name = text.value.strip_prefix('$').map(|rest| rest.trim_start_matches('{').trim_end_matches('}'));
        if let Some(name) = name.filter(|name| is_variable(name)) {
            return self.variable(name, text, sink).map(TemplatePart::Variable).into_iter().collect();
        }
        for piece in split(&text.value) {
            match piece {
                Piece::Literal(literal) => parts.push(TemplatePart::Literal(literal)),
                Piece::Placeholder(name) | Piece::Segments(name) => {
                    parts.extend(self.variable(&name, text, sink).map(TemplatePart::Variable))
                }
            }
        }
        parts
    }

    /// `{{namespace.VARIABLE}}`, then a bare `{{VARIABLE}}`, then `{{env.VARIABLE}}` without a bind.
    fn variable(&mut self, name: &str, text: &Text, sink: &mut Sink) -> Option<usize> {
        let (namespace, variable) = name.rsplit_once('.').unwrap_or(("", name));
        let mut keys: Vec<&str> = self.keys(name).collect();
        keys.dedup();
        match keys.as_slice() {
            [key] => Some(self.index(key)),
            [] if matches!(namespace, "" | "env") && !environment_name(variable).is_empty() => {
                let key = environment_name(variable);
                let message = format!("`{{{{{name}}}}}` is read from the environment as `{key}`: no bind names it");
                let known = self.bound.iter().map(|(_, bound, _)| *bound);
                let help = match did_you_mean(variable, known) {
                    Some(name) => format!("did you mean `{name}`? If not, add it to `binds`"),
                    None => format!("add it to `binds`: `keys: {{ {key}: {key} }}`"),
                };
                sink.report_once(Code::ImplicitVariable, name, text.place, message, help);
                Some(self.index(&key))
            }
            [] => {
                let known = self.bound.iter().map(|(_, bound, _)| *bound);
                let help = did_you_mean(variable, known).map(|name| format!("did you mean `{name}`?"));
                let help = help.unwrap_or_else(|| "declare it under `binds`".to_owned());
                sink.report(Code::UnknownVariable, text.place, format!("no bind has a variable `{name}`"), help);
                None
            }
            _ => {
                let message = format!("several binds have a variable `{variable}`");
                sink.report(Code::UnknownVariable, text.place, message, "write `{{namespace.VARIABLE}}`");
                None
            }
        }
    }

    fn index(&mut self, name: &str) -> usize {
        if let Some(index) = self.used.iter().position(|used| used == name) {
            return index;
        }
        self.used.push(name.to_owned());
        self.used.len() - 1
    }
}

/// The environment variable that a name stands for: itself, or its words in capitals. Empty, if there is none.
fn environment_name(name: &str) -> String {
    if is_variable(name) {
        return name.to_owned();
    }
    let words = name.to_shouty_snake_case();
    if is_variable(&words) && is_name(name) { words } else { String::new() }
}

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
