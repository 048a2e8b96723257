//! Templates over the environment variables that the capability binds.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use heck::ToShoutySnakeCase as _;

use naftiko_schema::{List, ParameterId, Template, TemplatePart, Variable, VariableId};

use crate::codes::Code;
use crate::diagnostic::{Nearest, Sink, Span};
use crate::read::document::{Document, Input, Text};
use crate::template::{Piece, is_name, split};

/// The bound variables, and which of them are used.
pub(crate) struct Variables<'d> {
    /// Every variable of every bind.
    bound: Vec<Bound<'d>>,
    /// Where the binds of a variable are in that list.
    by_name: BTreeMap<&'d str, Vec<usize>>,
    /// The parameters of operations, and the inputs of callers.
    sent: BTreeSet<&'d str>,
    used: RefCell<Vec<Variable>>,
}

/// A variable of a bind.
#[derive(Clone)]
struct Bound<'d> {
    namespace: &'d str,
    name: &'d str,
    /// Where the value is.
    source: Variable,
}

impl<'d> Variables<'d> {
    pub(crate) fn new(document: &'d Document, sink: &mut Sink) -> Self {
        let mut bound = Vec::new();
        for bind in &document.binds {
            let namespace = bind.namespace.as_ref().map_or("", |namespace| namespace.value.as_str());
            let file = bind.location.as_ref().map(|location| bind_file(location, sink));
            for (name, key) in &bind.keys {
                let source = match &file {
                    // A variable without a value, which was reported.
                    Some(None) => Variable { name: name.value.clone().into(), file: None, key: None },
                    Some(Some(file)) => Variable {
                        name: name.value.clone().into(),
                        file: Some(file.clone().into()),
                        key: Some(key.value.clone().into()),
                    },
                    None => {
                        check_name(&key.value, key.span, sink);
                        environment(&key.value)
                    }
                };
                bound.push(Bound { namespace, name: &name.value, source });
            }
        }
        for input in environment_inputs(document) {
            // A bind says more about a variable than its name.
            if bound.iter().all(|bound| bound.name != input.name.value) {
                check_name(&input.name.value, input.name.span, sink);
                bound.push(Bound { namespace: "", name: &input.name.value, source: environment(&input.name.value) });
            }
        }
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, bound) in bound.iter().enumerate() {
            by_name.entry(bound.name).or_default().push(index);
        }
        let sent = document.inputs().filter(|input| input.value.is_none()).map(|input| input.name.value.as_str());
        Self { bound, by_name, sent: sent.collect(), used: RefCell::default() }
    }

    /// The same binds, with no variable in use.
    pub(crate) fn unused(&self) -> Self {
        Self {
            bound: self.bound.clone(),
            by_name: self.by_name.clone(),
            sent: self.sent.clone(),
            used: RefCell::default(),
        }
    }

    /// The tables of the variables in use so far.
    pub(crate) fn tables(&self) -> List<Variable> {
        self.used.borrow().clone().into()
    }

    /// Whether a placeholder names a bound variable, in one of its spellings.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.keys(name).next().is_some()
    }

    /// Whether a placeholder means a variable, bound or not, rather than something that a caller sends.
    pub(crate) fn means_variable(&self, name: &str) -> bool {
        let shouted = |name: &str| is_word(name) && name.contains('_') && !name.contains(char::is_lowercase);
        self.knows(name) || name.starts_with("env.") || shouted(name)
    }

    /// The variables that a placeholder can mean.
    fn keys(&self, name: &str) -> impl Iterator<Item = &Variable> {
        let (namespace, variable) = name.rsplit_once('.').unwrap_or(("", name));
        let bound = self.by_name.get(variable).into_iter().flatten().filter_map(|index| self.bound.get(*index));
        bound.filter(move |bound| namespace.is_empty() || bound.namespace == namespace).map(|bound| &bound.source)
    }

    /// Resolves the placeholders of a text to variables.
    pub(crate) fn template(&self, text: &Text, sink: &mut Sink) -> Template {
        self.pieces(text, None, sink)
    }

    /// The same for a credential, of which callers can send a part: parameters in it are positions among what they send.
    pub(crate) fn credential(&self, text: &Text, sent: &mut Vec<Text>, sink: &mut Sink) -> Template {
        self.pieces(text, Some(sent), sink)
    }

    /// Whether a placeholder of a credential is what callers send: something that they are known to send, or what is beside a
    /// variable. A lone name that nothing declares is that of a secret.
    fn is_sent(&self, name: &str, pieces: &[Piece]) -> bool {
        let is_bound = self.by_name.contains_key(name.to_shouty_snake_case().as_str());
        if !is_name(name) || name.contains('.') || is_bound || self.means_variable(name) {
            return false;
        }
        self.sent.contains(name) || pieces.iter().filter_map(Piece::name).any(|other| self.knows(other))
    }

    fn pieces(&self, text: &Text, mut sent: Option<&mut Vec<Text>>, sink: &mut Sink) -> Template {
        let mut parts = Vec::new();
        // `$NAME` and `${NAME}`, as in a shell, if they are the whole text.
        let name = text.value.strip_prefix('$').map(|rest| rest.trim_start_matches('{').trim_end_matches('}'));
        if let Some(name) = name.filter(|name| is_identifier(name) || self.knows(name)) {
            return self.variable(name, text, sink).map(TemplatePart::Variable).into_iter().collect::<Vec<_>>().into();
        }
        let pieces = split(&text.value);
        for piece in &pieces {
            match piece {
                Piece::Literal(literal) => parts.push(TemplatePart::Literal(literal.clone().into())),
                Piece::Placeholder(name) | Piece::Segments(name) => match &mut sent {
                    Some(sent) if self.is_sent(name, &pieces) => parts.push(self.sent(name, text, sent, sink)),
                    _ => parts.extend(self.variable(name, text, sink).map(TemplatePart::Variable)),
                },
            }
        }
        parts.into()
    }

    /// A part of a credential that callers send.
    fn sent(&self, name: &str, text: &Text, sent: &mut Vec<Text>, sink: &mut Sink) -> TemplatePart {
        let message = format!("`{{{{{name}}}}}` is not bound; callers send this part of the credential as `{name}`");
        let meant = sink.nearest(Code::SentCredential, name, self.bound.iter().map(|bound| bound.name));
        let help = match meant {
            Some(Nearest { name, .. }) => format!("did you mean `{name}`? If not, declare it as an input of callers"),
            None => "add it to `binds` if it is a secret of this program".to_owned(),
        };
        sink.report_once(Code::SentCredential, name, text.span, message).help(help);
        let known = sent.iter().position(|known| known.value == name);
        TemplatePart::Parameter(ParameterId::from(known.unwrap_or_else(|| {
            sent.push(Text { value: name.to_owned(), span: text.span });
            sent.len() - 1
        })))
    }

    /// `{{namespace.VARIABLE}}`, then a bare `{{VARIABLE}}`, then `{{env.VARIABLE}}` without a bind.
    pub(crate) fn variable(&self, name: &str, text: &Text, sink: &mut Sink) -> Option<VariableId> {
        let (namespace, variable) = name.rsplit_once('.').unwrap_or(("", name));
        let mut keys: Vec<Variable> = self.keys(name).cloned().collect();
        keys.dedup();
        match keys.as_slice() {
            [key] => Some(self.index(key.clone())),
            [] if matches!(namespace, "" | "env") && !environment_name(variable).is_empty() => {
                let key = environment_name(variable);
                let message =
                    format!("`{{{{{name}}}}}` is not bound; it is read from the environment variable `{key}`");
                let known = self.bound.iter().map(|bound| bound.name);
                let help = match sink.nearest(Code::ImplicitVariable, variable, known) {
                    Some(Nearest { name, .. }) => format!("did you mean `{name}`? If not, add `{key}` to `binds`"),
                    None => format!("add it to `binds`: `keys: {{ {key}: {key} }}`"),
                };
                sink.report_once(Code::ImplicitVariable, name, text.span, message).help(help);
                check_name(&key, text.span, sink);
                Some(self.index(environment(&key)))
            }
            [] => {
                let known = self.bound.iter().map(|bound| bound.name);
                let message = format!("unknown variable `{name}`");
                let meant = sink.nearest(Code::UnknownVariable, variable, known);
                let report = sink.report(Code::UnknownVariable, text.span, message);
                report.nearest(text.span, variable, meant, "declare it under `binds`");
                None
            }
            _ => {
                let message = format!("several binds declare the variable `{variable}`");
                sink.report(Code::UnknownVariable, text.span, message).help("write `{{namespace.VARIABLE}}`");
                None
            }
        }
    }

    fn index(&self, mut variable: Variable) -> VariableId {
        let mut all = self.used.borrow_mut();
        // Two files can have values of one name, of which a program sets each by its own.
        let is_like = |used: &Variable, variable: &Variable| used.file == variable.file && used.key == variable.key;
        let is_taken = |used: &Variable| used.name == variable.name && !is_like(used, &variable);
        if all.iter().any(is_taken) {
            let (file, key) =
                (variable.file.as_deref().unwrap_or_default(), variable.key.as_deref().unwrap_or_default());
            variable.name = format!("{file}#{key}").into();
        }
        let known = all.iter().position(|used| *used == variable);
        VariableId::from(known.unwrap_or_else(|| {
            all.push(variable);
            all.len() - 1
        }))
    }
}

/// The consumed parameters that are another spelling of a variable. What is a parameter elsewhere is not one of these.
fn environment_inputs(document: &Document) -> impl Iterator<Item = &Input> {
    let (variables, sent): (Vec<&Input>, Vec<&Input>) = document.consumed_inputs().partition(|it| it.is_environment());
    let sent: BTreeSet<&str> = sent.into_iter().map(|input| input.name.value.as_str()).collect();
    variables.into_iter().filter(move |input| !sent.contains(input.name.value.as_str()))
}

/// A variable of the environment.
fn environment(name: &str) -> Variable {
    Variable { name: name.to_owned().into(), file: None, key: None }
}

/// The path of the file at a location, relative to the capability or absolute. Of other locations nothing is known.
fn bind_file(location: &Text, sink: &mut Sink) -> Option<String> {
    let path = match location.value.split_once("://") {
        None => location.value.as_str(),
        Some((scheme, path)) if scheme.eq_ignore_ascii_case("file") => path,
        Some((scheme, _)) => {
            let message = format!("values cannot be read from `{scheme}`");
            let help = "let the vault write a file or set environment variables, and bind these";
            sink.report(Code::BindSource, location.span, message).help(help);
            return None;
        }
    };
    // `file:///./x` is the usual spelling of a relative path.
    Some(if path.starts_with("/./") || path.starts_with("/../") { path.get(1..)?.to_owned() } else { path.to_owned() })
}

/// The environment variable for a name: the name itself, or its words in capitals; empty if neither is valid.
fn environment_name(name: &str) -> String {
    if is_word(name) {
        return name.to_owned();
    }
    let words = name.to_shouty_snake_case();
    if is_word(&words) && is_name(name) { words } else { String::new() }
}

/// Reports a name that no environment variable can have, or that shells cannot set (POSIX.1-2017, XBD §8.1).
pub(crate) fn check_name(name: &str, span: Span, sink: &mut Sink) {
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        let message = format!("`{name}` is not a valid name of an environment variable");
        let help = "use letters, digits and `_`, and do not start with a digit";
        sink.report(Code::BadVariable, span, message).help(help);
    } else if !is_identifier(name) {
        let message = format!("shells cannot set an environment variable called `{name}`");
        let help = format!("pass it with `env '{name}=...'` or from a container, or choose another name");
        sink.report_once(Code::ShellVariable, name, span, message).help(help);
    }
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Whether shells can set a variable of this name.
fn is_identifier(name: &str) -> bool {
    is_word(name) && !name.starts_with(|c: char| c.is_ascii_digit())
}
