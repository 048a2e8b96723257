//! The targets of calls: which operation a route or a tool calls.
//!
//! A call is `namespace.operation`. If it is incomplete, or several operations have the name, the route or tool around it
//! is compared with the operations. If exactly one fits, that is called, and a diagnostic says so.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{Method, OperationId};

use super::flow::is_mock;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::linked::{Api, Operation};
use crate::names::fold;
use crate::read::document::{Document, Invocation, Text};
use crate::template::Piece;

/// The operations of a capability, by the names that calls may give them.
pub(super) struct Targets<'l> {
    /// `namespace.operation`.
    full: BTreeMap<String, Vec<OperationId>>,
    /// The operation alone.
    short: BTreeMap<&'l str, Vec<OperationId>>,
    /// The operation alone, folded.
    folded: BTreeMap<String, Vec<OperationId>>,
    /// The method and the segments of the path of each operation.
    shapes: BTreeMap<(Method, Vec<String>), Vec<OperationId>>,
    /// How many segments the path of each operation has.
    lengths: Vec<usize>,
    longest: usize,
    /// The namespaces of the APIs, in order.
    namespaces: Vec<&'l str>,
    operations: &'l [Operation<'l>],
    /// Namespaces whose imports could not be resolved.
    missing: &'l [String],
    /// Namespaces that imported APIs have in their own files only.
    replaced: &'l [String],
    /// Operations that were left out for their errors, as calls name them.
    left_out: &'l [String],
    /// The flows of aggregates, which calls cannot name.
    flows: BTreeSet<String>,
    /// Whether a call must be `namespace.operation`.
    is_exact: bool,
}

/// The route, tool or resource that has the call.
pub(super) struct CallSite<'s> {
    pub(super) span: Span,
    /// The name of the route or tool.
    pub(super) name: Option<&'s str>,
    pub(super) description: Option<&'s str>,
    /// The method and path of a route.
    pub(super) method: Option<Method>,
    pub(super) path: Option<&'s [Piece]>,
    /// The parameters that `with` names.
    pub(super) arguments: Option<BTreeSet<&'s str>>,
}

impl<'l> Targets<'l> {
    pub(super) fn new(
        apis: &[Api<'l>],
        operations: &'l [Operation<'l>],
        document: &'l Document,
        left_out: &'l [String],
    ) -> Self {
        let (missing, replaced) = (document.missing.as_slice(), document.replaced.as_slice());
        let (full, short, folded) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let namespaces = apis.iter().map(|api| api.namespace).collect();
        let (shapes, lengths) = (BTreeMap::new(), Vec::new());
        let mut targets = Self {
            full,
            short,
            folded,
            shapes,
            lengths,
            longest: 0,
            namespaces,
            operations,
            missing,
            replaced,
            left_out,
            flows: document.flow_names().collect(),
            is_exact: document.is_exact,
        };
        for (index, operation) in operations.iter().enumerate() {
            let name = operation.name.value.as_str();
            let namespace = apis.get(operation.api.index()).map_or("", |api| api.namespace);
            targets.full.entry(format!("{namespace}.{name}")).or_default().push(index.into());
            targets.short.entry(name).or_default().push(index.into());
            targets.folded.entry(fold(name)).or_default().push(index.into());
            let shape = shape(&operation.pieces);
            targets.lengths.push(shape.len());
            targets.longest = targets.longest.max(shape.len());
            targets.shapes.entry((operation.method, shape)).or_default().push(index.into());
        }
        targets
    }

    /// The operation of a call.
    pub(super) fn find(&self, call: Option<&Text>, site: &CallSite<'_>, sink: &mut Sink) -> Option<OperationId> {
        let text = call.map(|call| call.value.strip_prefix("$this.").unwrap_or(&call.value));
        let span = call.map_or(site.span, |call| call.span);
        if let Some(name) = self.means_left_out(text, site) {
            let message = format!("calls to `{name}` are left out, because it is left out");
            sink.report_once(Code::LeftOutCall, name, span, message).help("its error says why");
            return None;
        }
        // Of several with one name that send the same requests, any will do; the name is reported.
        if let Some([first, others @ ..]) = text.and_then(|text| self.full.get(text)).map(Vec::as_slice)
            && others.iter().all(|other| self.are_alike(*first, *other))
        {
            return Some(*first);
        }
        if let Some(namespace) = text.and_then(|text| self.missing_namespace(text)) {
            let message = format!("calls to `{namespace}` are left out, because it could not be imported");
            let help = "correct the import, which is reported separately";
            sink.report_once(Code::LeftOutCall, namespace, span, message).help(help);
            return None;
        }
        match self.narrow(self.candidates(text, site), site).as_slice() {
            [] => self.unknown(call, span, sink),
            [only] => {
                let operation = self.operations.get(only.index())?;
                let what = format!("`{} {}`", operation.method.as_str(), operation.path.value);
                let message = match text {
                    Some(text) => format!("`{text}` is taken as {what}, the only operation that fits"),
                    None => format!("`call` is missing; {what} is called, the only operation that fits"),
                };
                let full = format!("{}.{}", self.namespace(*only).unwrap_or_default(), operation.name.value);
                let report = sink.report(Code::InferredCall, span, message);
                if self.full.get(&full).is_none_or(|named| named.len() > 1) {
                    report.help("give the operation a unique name");
                } else if let Some(text) = text {
                    report.help(format!("write `call: {full}`")).replace(span, text, &full, true);
                } else {
                    report.help(format!("write `call: {full}`"));
                }
                Some(*only)
            }
            several => {
                let several: Vec<String> = several
                    .iter()
                    .filter_map(|index| self.operations.get(index.index()))
                    .map(|operation| format!("`{} {}`", operation.method.as_str(), operation.path.value))
                    .collect();
                let message = match text {
                    Some(text) => format!("ambiguous call `{text}`: several operations fit"),
                    None => "`call` is missing, and several operations fit".to_owned(),
                };
                let help = format!("write `namespace.operation` for one of {}", several.join(", "));
                sink.report(Code::AmbiguousCall, span, message).help(help);
                None
            }
        }
    }

    fn are_alike(&self, one: OperationId, other: OperationId) -> bool {
        let both = self.operations.get(one.index()).zip(self.operations.get(other.index()));
        both.is_some_and(|(one, other)| one.is_like(other))
    }

    /// Whether a call names an operation exactly, or one that is left out or of a namespace that could not be imported.
    pub(super) fn knows(&self, call: &Text, site: &CallSite<'_>) -> bool {
        let text = call.value.strip_prefix("$this.").unwrap_or(&call.value);
        self.missing_namespace(text).is_some()
            || self.means_left_out(Some(text), site).is_some()
            || self.full.contains_key(text)
    }

    /// Whether a tool without a call and fixed outputs has no operation that it could mean.
    pub(super) fn calls_nothing(&self, invocation: &Invocation, site: &CallSite<'_>) -> bool {
        let says_nothing = invocation.call.is_none() && invocation.steps.is_empty() && !is_mock(invocation);
        self.is_exact
            && says_nothing
            && self.means_left_out(None, site).is_none()
            && self.candidates(None, site).is_empty()
    }

    /// Whether a text is the name of an operation after the namespace of its API.
    pub(super) fn names(&self, text: &str) -> bool {
        self.namespaces.iter().any(|namespace| belongs(text, namespace)) && !self.named(text).is_empty()
    }

    /// The operation that was left out and that a call, or without one the name of its site, may mean. None of the others is
    /// called in its place.
    fn means_left_out(&self, text: Option<&str>, site: &CallSite<'_>) -> Option<&'l str> {
        let text = text.or(site.name)?;
        if let Some(exact) = self.left_out.iter().find(|name| *name == text) {
            return Some(exact);
        }
        let last = |name: &str| fold(name.rsplit_once('.').map_or(name, |(_, last)| last));
        let is_known = self.left_out.is_empty() || self.full.contains_key(text);
        let wanted = if is_known { return None } else { last(text) };
        self.left_out.iter().find(|name| last(name) == wanted).map(String::as_str)
    }

    /// The operations that a call, or without one its site, may mean.
    fn candidates(&self, text: Option<&str>, site: &CallSite<'_>) -> Vec<OperationId> {
        if let Some(exact) = text.and_then(|text| self.full.get(text)).filter(|exact| exact.len() == 1) {
            return exact.clone();
        }
        let mut candidates = match text {
            Some(text) => self.named(text),
            None => site.name.and_then(|name| self.folded.get(&fold(name))).cloned().unwrap_or_default(),
        };
        // A similar name never makes a route call an operation with another method.
        let same_method = |index: &OperationId| {
            let method = self.operations.get(index.index()).map(|operation| operation.method);
            site.method.is_none() || site.method == method
        };
        candidates.retain(same_method);
        // One that was left out may have fitted better.
        if candidates.is_empty() && text.is_none() && self.left_out.is_empty() {
            candidates = self.of_shape(site);
        }
        candidates
    }

    /// The namespace of a call to an import that could not be resolved. An import without a namespace may have had any.
    fn missing_namespace<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (first, _) = text.split_once('.')?;
        let named = self.missing.iter().find(|name| belongs(text, name)).and_then(|name| text.get(..name.len()));
        let known = self.namespaces.iter().any(|name| belongs(text, name));
        named.or_else(|| (self.missing.iter().any(String::is_empty) && !known).then_some(first))
    }

    /// The operations that a text can name. Some files write slashes between namespace, resource and operation.
    fn named(&self, text: &str) -> Vec<OperationId> {
        if self.is_exact {
            return self.full.get(text).cloned().unwrap_or_default();
        }
        let found = self.named_exactly(text);
        if found.is_empty() && text.contains('/') { self.named_exactly(&text.replace('/', ".")) } else { found }
    }

    /// The operations that a text with dots can name, from the strictest reading to the loosest.
    fn named_exactly(&self, text: &str) -> Vec<OperationId> {
        if let Some(found) = self.full.get(text) {
            return found.clone();
        }
        let Some((_, last)) = text.rsplit_once('.') else {
            // Without a namespace, all operations with the name are candidates.
            return self.short.get(text).or_else(|| self.folded.get(&fold(text))).cloned().unwrap_or_default();
        };
        // A resource may be named between the namespace and the operation.
        let within = |found: Option<&Vec<OperationId>>| {
            let found = found.into_iter().flatten().copied();
            found.filter(|index| self.namespace(*index).is_some_and(|name| belongs(text, name))).collect::<Vec<_>>()
        };
        for found in [within(self.short.get(last)), within(self.folded.get(&fold(last)))] {
            if !found.is_empty() {
                return found;
            }
        }
        // An unknown namespace is ignored if only one operation has the name.
        if self
            .namespaces
            .iter()
            .copied()
            .chain(self.replaced.iter().map(String::as_str))
            .any(|name| belongs(text, name))
        {
            return Vec::new();
        }
        match self.short.get(last).or_else(|| self.folded.get(&fold(last))).map(Vec::as_slice) {
            Some([only]) => vec![*only],
            _ => Vec::new(),
        }
    }

    fn namespace(&self, id: OperationId) -> Option<&'l str> {
        self.namespaces.get(self.operations.get(id.index())?.api.index()).copied()
    }

    /// The candidates, in order, that fit best: by method and path for a route, by parameters, by description.
    fn narrow(&self, mut candidates: Vec<OperationId>, site: &CallSite<'_>) -> Vec<OperationId> {
        if let Some(method) = site.method {
            self.keep(&mut candidates, |operation| operation.method == method);
        }
        if let Some(path) = site.path {
            // Of several paths with which that of the route ends, the longest is the most specific.
            let methods = site.method.map_or_else(|| Method::ALL.to_vec(), |method| vec![method]);
            let longest = self.ends(&methods, path).find_map(|ids| {
                let ids: Vec<_> = ids.into_iter().filter(|id| candidates.binary_search(id).is_ok()).collect();
                (!ids.is_empty()).then_some(ids)
            });
            if let Some(longest) = longest {
                candidates = longest;
            } else {
                let length = |id: &OperationId| self.lengths.get(id.index()).copied();
                let longest = candidates.iter().map(length).max().flatten();
                candidates.retain(|id| length(id) == longest);
            }
        }
        if let Some(arguments) = &site.arguments {
            let names = |operation: &Operation<'l>| operation.parameters.iter().map(|p| p.name.clone()).collect();
            self.keep(&mut candidates, |operation| {
                let names: BTreeSet<String> = names(operation);
                names.iter().map(String::as_str).eq(arguments.iter().copied())
            });
        }
        if let Some(description) = site.description {
            let same = |text: &Text| text.value.trim() == description.trim();
            self.keep(&mut candidates, |operation| operation.description.is_some_and(same));
        }
        candidates
    }

    /// Drops the candidates that do not fit, unless that would drop all.
    fn keep(&self, candidates: &mut Vec<OperationId>, fits: impl Fn(&Operation<'l>) -> bool) {
        let fitting = candidates.iter().copied().filter(|index| self.operations.get(index.index()).is_some_and(&fits));
        let fitting: Vec<OperationId> = fitting.collect();
        if candidates.len() > 1 && !fitting.is_empty() {
            *candidates = fitting;
        }
    }

    /// The operations with the method and path of a route, which may have a prefix.
    fn of_shape(&self, site: &CallSite<'_>) -> Vec<OperationId> {
        let (Some(method), Some(path)) = (site.method, site.path) else { return Vec::new() };
        self.ends(&[method], path).flatten().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The operations with whose path a path ends, those with the longest one first.
    fn ends(&self, methods: &[Method], path: &[Piece]) -> impl Iterator<Item = Vec<OperationId>> {
        let wanted = shape(path);
        // Longer ends than any operation has need not be looked at.
        let first = wanted.len().saturating_sub(self.longest);
        (first..=wanted.len()).filter_map(move |start| {
            let end = wanted.get(start..)?.to_vec();
            let found = methods.iter().filter_map(|method| self.shapes.get(&(*method, end.clone())));
            let mut found: Vec<OperationId> = found.flatten().copied().collect();
            found.sort_unstable();
            (!found.is_empty()).then_some(found)
        })
    }

    fn unknown(&self, call: Option<&Text>, span: Span, sink: &mut Sink) -> Option<OperationId> {
        let Some(call) = call else {
            let message = "`call` is missing, and no operation fits; this is left out";
            sink.report(Code::CallsNothing, span, message).help("add `call: namespace.operation`");
            return None;
        };
        if self.flows.contains(&call.value) {
            let message = format!("`{}` is a flow and no operation", call.value);
            let help = "routes and tools name a flow under `ref`; steps call operations only";
            sink.report(Code::UnknownCall, span, message).help(help);
            return None;
        }
        let meant = sink.nearest(Code::UnknownCall, &call.value, self.full.keys().map(String::as_str));
        let help = "write `namespace.operation`, both from `consumes`";
        let report = sink.report(Code::UnknownCall, span, format!("unknown operation `{}`", call.value));
        report.nearest(span, &call.value, meant, help);
        None
    }
}

/// The segments of a path, with all placeholders equal and all words folded.
fn shape(pieces: &[Piece]) -> Vec<String> {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => text.clone(),
        Piece::Placeholder(_) | Piece::Segments(_) => "{}".to_owned(),
    };
    let path: String = pieces.iter().map(piece).collect();
    path.split('/').filter(|segment| !segment.is_empty()).map(fold).collect()
}

/// Whether a call names an operation of a namespace.
fn belongs(call: &str, namespace: &str) -> bool {
    !namespace.is_empty() && call.strip_prefix(namespace).is_some_and(|rest| rest.starts_with('.'))
}
