//! Templates over the environment variables that the capability binds.

use crate::codes::Code;
use crate::diagnostic::{Sink, did_you_mean};
use crate::linked::TemplatePart;
use crate::read::document::{Document, Text};
use crate::template::{Piece, split};

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
            for (_, key) in bind.keys.iter().filter(|(_, key)| bind.environment && !is_variable(&key.value)) {
                let message = "this cannot be the name of an environment variable";
                sink.report(Code::BadVariable, key.place, message, "use letters, digits and `_`, no digit first");
            }
            bound.extend(bind.keys.iter().map(|(name, key)| (namespace, name.value.as_str(), key.value.as_str())));
        }
        Self { bound, used: Vec::new() }
    }

    /// The environment variables in use so far.
    pub(super) fn names(&self) -> Vec<String> {
        self.used.clone()
    }

    /// Whether a placeholder names a bound variable, in one of its spellings.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.keys(name).next().is_some()
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
        for piece in split(&text.value) {
            match piece {
                Piece::Literal(literal) => parts.push(TemplatePart::Literal(literal)),
                Piece::Placeholder(name) => parts.extend(self.variable(&name, text, sink).map(TemplatePart::Variable)),
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
            [] if namespace == "env" && is_variable(variable) => {
                let message = format!("`{{{{{name}}}}}` is read from the environment although no bind names it");
                let help = format!("add it to `binds`: `keys: {{ {variable}: {variable} }}`");
                sink.report(Code::ImplicitVariable, text.place, message, help);
                Some(self.index(variable))
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

fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
