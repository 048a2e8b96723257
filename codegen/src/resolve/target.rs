//! The targets of calls: which operation a route or a tool means.
//!
//! A call is `namespace.operation`. Where a file says less, or something that fits several operations, what stands
//! around the call decides, if exactly one operation fits; the finding says which.

use std::collections::{BTreeMap, BTreeSet};

use crate::codes::Code;
use crate::diagnostic::{Place, Sink, did_you_mean};
use crate::linked::{Api, Operation};
use crate::names::fold;
use crate::read::document::Text;
use crate::template::Piece;

/// The operations of a capability, by the names that calls may give them.
pub(super) struct Targets<'l> {
    /// `namespace.operation`.
    full: BTreeMap<String, Vec<usize>>,
    /// The operation alone.
    short: BTreeMap<&'l str, Vec<usize>>,
    /// The operation alone, folded.
    folded: BTreeMap<String, Vec<usize>>,
    /// The namespaces of the APIs, in order.
    namespaces: Vec<&'l str>,
    operations: &'l [Operation<'l>],
    /// Namespaces that were to be imported and are nowhere.
    missing: &'l [String],
}

/// What stands around a call.
pub(super) struct Surroundings<'s> {
    pub(super) place: Place,
    /// The name of the route or tool.
    pub(super) name: Option<&'s str>,
    pub(super) description: Option<&'s str>,
    /// Of a route.
    pub(super) method: Option<&'s str>,
    pub(super) path: Option<&'s [Piece]>,
    /// The parameters that `with` names.
    pub(super) arguments: Option<BTreeSet<&'s str>>,
}

impl<'l> Targets<'l> {
    pub(super) fn new(apis: &[Api<'l>], operations: &'l [Operation<'l>], missing: &'l [String]) -> Self {
        let (full, short, folded) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let namespaces = apis.iter().map(|api| api.namespace).collect();
        let mut targets = Self { full, short, folded, namespaces, operations, missing };
        for (index, operation) in operations.iter().enumerate() {
            let name = operation.name.value.as_str();
            let namespace = apis.get(operation.api).map_or("", |api| api.namespace);
            targets.full.entry(format!("{namespace}.{name}")).or_default().push(index);
            targets.short.entry(name).or_default().push(index);
            targets.folded.entry(fold(name)).or_default().push(index);
        }
        targets
    }

    /// The operation that a call means.
    pub(super) fn find(&self, call: Option<&Text>, around: &Surroundings<'_>, sink: &mut Sink) -> Option<usize> {
        let text = call.map(|call| call.value.strip_prefix("$this.").unwrap_or(&call.value));
        let place = call.map_or(around.place, |call| call.place);
        if let Some([only]) = text.and_then(|text| self.full.get(text)).map(Vec::as_slice) {
            return Some(*only);
        }
        if let Some(namespace) = text.and_then(|text| self.missing_namespace(text)) {
            let message = format!("calls into `{namespace}` are left out: it could not be imported");
            let help = "the import that leads nowhere is a finding of its own";
            sink.report_once(Code::LeftOutCall, namespace, place, message, help);
            return None;
        }
        let mut candidates = match text {
            Some(text) => self.named(text),
            None => around.name.and_then(|name| self.folded.get(&fold(name))).cloned().unwrap_or_default(),
        };
        // A route never becomes a call with another method because of a name that is only like it.
        let same_method = |index: &usize| {
            let method = self.operations.get(*index).map_or("", method_of);
            around.method.is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
        };
        candidates.retain(same_method);
        if candidates.is_empty() && text.is_none() {
            candidates = self.of_shape(around);
        }
        match self.narrow(candidates, around).as_slice() {
            [] => self.unknown(call, place, sink),
            [only] => {
                let operation = self.operations.get(*only)?;
                let what = format!("`{} {}`", method_of(operation), operation.path.value);
                let message = match text {
                    Some(text) => format!("`{text}` is taken for {what}, the only operation that fits"),
                    None => format!("there is no `call`; {what} is called, the only operation that fits"),
                };
                let full = format!("{}.{}", self.namespace(*only).unwrap_or_default(), operation.name.value);
                let help = match self.full.get(&full).map(Vec::len) {
                    Some(1) => format!("write `call: {full}`"),
                    _ => "give the operation a name of its own".to_owned(),
                };
                sink.report(Code::InferredCall, place, message, help);
                Some(*only)
            }
            several => {
                let several: Vec<String> = several
                    .iter()
                    .filter_map(|index| self.operations.get(*index))
                    .map(|operation| format!("`{} {}`", method_of(operation), operation.path.value))
                    .collect();
                let message = match text {
                    Some(text) => format!("`{text}` fits several operations"),
                    None => "there is no `call`, and several operations fit".to_owned(),
                };
                let help = format!("they are {}; write `namespace.operation` with different names", several.join(", "));
                sink.report(Code::AmbiguousCall, place, message, help);
                None
            }
        }
    }

    /// The namespace of a call into an import that leads nowhere. One that names no namespace may have held any.
    fn missing_namespace<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (first, _) = text.split_once('.')?;
        let named = self.missing.iter().find(|name| belongs(text, name)).and_then(|name| text.get(..name.len()));
        let known = self.namespaces.iter().any(|name| belongs(text, name));
        named.or_else(|| (self.missing.iter().any(String::is_empty) && !known).then_some(first))
    }

    /// The operations that a text may name, from the strictest reading to the loosest.
    fn named(&self, text: &str) -> Vec<usize> {
        if let Some(found) = self.full.get(text) {
            return found.clone();
        }
        let Some((_, last)) = text.rsplit_once('.') else {
            // Without a namespace it is whatever has the name.
            return self.short.get(text).or_else(|| self.folded.get(&fold(text))).cloned().unwrap_or_default();
        };
        // Between the namespace and the operation there may be a resource.
        let within = |found: Option<&Vec<usize>>| {
            let found = found.into_iter().flatten().copied();
            found.filter(|index| self.namespace(*index).is_some_and(|name| belongs(text, name))).collect::<Vec<_>>()
        };
        for found in [within(self.short.get(last)), within(self.folded.get(&fold(last)))] {
            if !found.is_empty() {
                return found;
            }
        }
        // A namespace that is not there is overlooked where the name is the only one of its kind.
        if self.namespaces.iter().any(|name| belongs(text, name)) {
            return Vec::new();
        }
        match self.short.get(last).or_else(|| self.folded.get(&fold(last))).map(Vec::as_slice) {
            Some([only]) => vec![*only],
            _ => Vec::new(),
        }
    }

    fn namespace(&self, index: usize) -> Option<&'l str> {
        self.namespaces.get(self.operations.get(index)?.api).copied()
    }

    /// Those of the candidates that fit best: by method and path for a route, by parameters, by description.
    fn narrow(&self, mut candidates: Vec<usize>, around: &Surroundings<'_>) -> Vec<usize> {
        if let Some(method) = around.method {
            self.keep(&mut candidates, |operation| method_of(operation).eq_ignore_ascii_case(method));
        }
        if let Some(path) = around.path {
            let wanted = shape(path);
            self.keep(&mut candidates, |operation| wanted.ends_with(&shape(&operation.pieces)));
            // Of several paths that the route's ends with, the longest says most.
            let length = |operation: &Operation<'_>| shape(&operation.pieces).len();
            let longest = candidates.iter().filter_map(|index| self.operations.get(*index)).map(length).max();
            self.keep(&mut candidates, |operation| Some(length(operation)) == longest);
        }
        if let Some(arguments) = &around.arguments {
            let names = |operation: &Operation<'l>| operation.parameters.iter().map(|p| p.name.clone()).collect();
            self.keep(&mut candidates, |operation| {
                let names: BTreeSet<String> = names(operation);
                names.iter().map(String::as_str).eq(arguments.iter().copied())
            });
        }
        if let Some(description) = around.description {
            let same = |text: &Text| text.value.trim() == description.trim();
            self.keep(&mut candidates, |operation| operation.description.is_some_and(same));
        }
        candidates
    }

    /// Drops the candidates that do not fit, unless none would be left.
    fn keep(&self, candidates: &mut Vec<usize>, fits: impl Fn(&Operation<'l>) -> bool) {
        let fitting = candidates.iter().copied().filter(|index| self.operations.get(*index).is_some_and(&fits));
        let fitting: Vec<usize> = fitting.collect();
        if candidates.len() > 1 && !fitting.is_empty() {
            *candidates = fitting;
        }
    }

    /// The operations with a route's method and path, whatever the route puts before it.
    fn of_shape(&self, around: &Surroundings<'_>) -> Vec<usize> {
        let (Some(method), Some(path)) = (around.method, around.path) else { return Vec::new() };
        let wanted = shape(path);
        let fits = |operation: &Operation<'_>| {
            method_of(operation).eq_ignore_ascii_case(method) && wanted.ends_with(&shape(&operation.pieces))
        };
        self.operations.iter().enumerate().filter(|(_, operation)| fits(operation)).map(|(index, _)| index).collect()
    }

    fn unknown(&self, call: Option<&Text>, place: Place, sink: &mut Sink) -> Option<usize> {
        let Some(call) = call else {
            let message = "nothing is called: there is no `call`, and no operation that fits; it is left out";
            sink.report(Code::CallsNothing, place, message, "add `call: namespace.operation`");
            return None;
        };
        let help = match did_you_mean(&call.value, self.full.keys().map(String::as_str)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "a call is `namespace.operation`, both from `consumes`".to_owned(),
        };
        sink.report(Code::UnknownCall, place, format!("there is no operation `{}`", call.value), help);
        None
    }
}

fn method_of<'o>(operation: &'o Operation<'_>) -> &'o str {
    operation.method.map_or("GET", |method| method.value.as_str())
}

/// The segments of a path with its placeholders made equal and its words folded.
fn shape(pieces: &[Piece]) -> Vec<String> {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Placeholder(_) | Piece::Segments(_) => "{}".to_owned(),
    };
    let path: String = pieces.iter().map(piece).collect();
    path.split('/').filter(|segment| !segment.is_empty()).map(fold).collect()
}

/// Whether a call is one into a namespace.
fn belongs(call: &str, namespace: &str) -> bool {
    !namespace.is_empty() && call.strip_prefix(namespace).is_some_and(|rest| rest.starts_with('.'))
}
