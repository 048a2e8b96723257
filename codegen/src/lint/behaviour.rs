//! Rules for calls: hints and semantics that contradict HTTP methods, and operations that are never called.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{self, Member, Operation};
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::read::yaml::Node;

/// How many names a message lists.
const LISTED: usize = 5;

pub(super) fn check(root: &Node, sink: &mut Sink) {
    let operations = tree::operations(root);
    for tool in tree::tools(root) {
        check_hints(&tool, &operations, sink);
    }
    check_semantics(root, sink);
    check_unused(root, &operations, sink);
}

/// The two halves of a call: namespace and operation.
fn halves(call: &str) -> Option<(&str, &str)> {
    call.split_once('.').filter(|(_, operation)| !operation.contains('.'))
}

/// The method of the operation that a tool calls, if it is in this file and unambiguous.
fn method<'o>(tool: &Member<'_>, operations: &'o [Operation<'_>]) -> Option<&'o str> {
    let (namespace, name) = halves(tree::call(tool.node)?)?;
    let called = |operation: &&Operation<'_>| operation.namespace == namespace && operation.name.text == name;
    let methods: BTreeSet<&str> = operations.iter().filter(called).map(|found| found.method.as_str()).collect();
    methods.first().copied().filter(|_| methods.len() == 1)
}

/// The hints of a tool must agree with the method that it calls (RFC 9110 §9.2), and with each other.
fn check_hints(tool: &Member<'_>, operations: &[Operation<'_>], sink: &mut Sink) {
    let Some(hints) = tree::get(tool.node, "hints") else { return };
    let (read_only, destructive) = (tree::flag(hints, "readOnly"), tree::flag(hints, "destructive"));
    let method = method(tool, operations).unwrap_or_default();
    let safe = matches!(method, "GET" | "HEAD");
    let reads = format!("calls {method}, which only reads");
    let mut report = |span, problem: &str, help: &str| {
        sink.report(Code::HintContradiction, span, format!("the tool {} {problem}", tool.called())).help(help);
    };
    if let (Some((true, _)), Some((true, span))) = (read_only, destructive) {
        let help = "set one of the two to `false`";
        report(span, "is marked both `readOnly` and `destructive`", help);
    } else if let (true, Some((true, span))) = (safe, destructive) {
        report(span, &format!("is marked `destructive`, but {reads}"), "write `destructive: false`");
    }
    match read_only {
        Some((false, span)) if safe => {
            report(span, &format!("is marked `readOnly: false`, but {reads}"), "write `readOnly: true`");
        }
        Some((true, span)) if method == "DELETE" => {
            let help = "write `readOnly: false` and `destructive: true`";
            report(span, "is marked `readOnly`, but calls DELETE", help);
        }
        _ => {}
    }
}

/// The semantics that a function declares.
struct Semantics {
    safe: Option<bool>,
    idempotent: Option<bool>,
}

/// The semantics of all functions, by namespace and name.
fn semantics(root: &Node) -> BTreeMap<String, Semantics> {
    let mut promises = BTreeMap::new();
    for aggregate in tree::own(root, "aggregates") {
        for function in tree::functions(aggregate.node) {
            let semantics = tree::get(function.node, "semantics");
            if let (Some(namespace), Some(name), Some(semantics)) = (aggregate.name, function.name, semantics) {
                let flag = |key| tree::flag(semantics, key).map(|(flag, _)| flag);
                let semantics = Semantics { safe: flag("safe"), idempotent: flag("idempotent") };
                promises.insert(format!("{}.{}", namespace.text, name.text), semantics);
            }
        }
    }
    promises
}

/// The semantics of a function must agree with the tools and routes that expose it.
fn check_semantics(root: &Node, sink: &mut Sink) {
    let promises = semantics(root);
    let promised = |member: &Member<'_>| promises.get_key_value(tree::text_of(member.node, "ref")?.text);
    for tool in tree::tools(root) {
        let (Some((function, promise)), Some(hints)) = (promised(&tool), tree::get(tool.node, "hints")) else {
            continue;
        };
        let contradictions = [
            (promise.safe == Some(true), "readOnly", false, "safe, but its tool has `readOnly: false`"),
            (promise.safe == Some(false), "readOnly", true, "not safe, but its tool has `readOnly: true`"),
            (promise.safe == Some(true), "destructive", true, "safe, but its tool has `destructive: true`"),
            (promise.idempotent == Some(true), "idempotent", false, "idempotent, but its tool has `idempotent: false`"),
            (
                promise.idempotent == Some(false),
                "idempotent",
                true,
                "not idempotent, but its tool has `idempotent: true`",
            ),
        ];
        for (applies, hint, wrong, problem) in contradictions {
            if let Some((_, span)) = tree::flag(hints, hint).filter(|(flag, _)| applies && *flag == wrong) {
                contradiction(function, span, problem, sink);
            }
        }
    }
    for route in tree::routes(root) {
        let method = tree::text_of(route.node, "method");
        let (Some((function, promise)), Some(method)) = (promised(&route), method) else { continue };
        let name = method.text.to_ascii_uppercase();
        let reads = matches!(name.as_str(), "GET" | "HEAD" | "OPTIONS");
        if promise.safe == Some(true) && !reads {
            contradiction(function, method.span, &format!("safe, but exposed by {name}, which changes data"), sink);
        }
        if promise.safe == Some(false) && reads {
            contradiction(function, method.span, &format!("not safe, but exposed by {name}, which only reads"), sink);
        }
        if promise.idempotent == Some(true) && name == "POST" {
            contradiction(function, method.span, "idempotent, but exposed by POST, which clients do not repeat", sink);
        }
    }
}

fn contradiction(function: &str, span: Span, problem: &str, sink: &mut Sink) {
    let message = format!("the function `{function}` is {problem}");
    sink.report(Code::SemanticsContradiction, span, message).help("correct the semantics or the adapter");
}

/// Operations that are never called cost review time and suggest features that are not exposed.
fn check_unused(root: &Node, operations: &[Operation<'_>], sink: &mut Sink) {
    // If nothing is exposed, the generated client is for programs, which may call any operation.
    if tree::routes(root).is_empty() && tree::tools(root).is_empty() {
        return;
    }
    let Some(mut called) = calls(root) else { return };
    let declared: BTreeSet<_> = operations.iter().map(|found| (found.namespace, found.name.text)).collect();
    let apis: BTreeSet<_> = operations.iter().map(|found| found.namespace).collect();
    // The compiler completes calls that do not name an operation, so any operation may be called.
    if called.iter().any(|call| apis.contains(call.0) && !declared.contains(call)) {
        return;
    }
    let forwards = tree::resources(root).into_iter().filter_map(|resource| tree::get(resource.node, "forward"));
    let forwarded: BTreeSet<_> =
        forwards.filter_map(|forward| tree::text_of(forward, "targetNamespace")).map(|name| name.text).collect();
    called.retain(|call| declared.contains(call));
    let mut unused: BTreeMap<&str, Vec<&Operation<'_>>> = BTreeMap::new();
    for operation in operations {
        if !called.contains(&(operation.namespace, operation.name.text)) && !forwarded.contains(operation.namespace) {
            unused.entry(operation.namespace).or_default().push(operation);
        }
    }
    for (namespace, operations) in unused {
        let Some(first) = operations.first() else { continue };
        let names: Vec<_> = operations.iter().take(LISTED).map(|found| format!("`{}`", found.name.text)).collect();
        let more = operations.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let message = format!("no route or tool calls {}{more} of `{namespace}`", names.join(", "));
        sink.report(Code::UnusedOperation, first.name.span, message).help("expose them, or remove them");
    }
}

/// Every call of the file; `None` if some are not visible, because they are in other files or inferred.
fn calls(root: &Node) -> Option<BTreeSet<(&str, &str)>> {
    let elsewhere = |section| tree::section(root, section).iter().any(|entry| tree::is_import(entry.node, section));
    if elsewhere("exposes") || elsewhere("aggregates") {
        return None;
    }
    let mut calls = BTreeSet::new();
    for caller in tree::callers(root) {
        if let Some(call) = tree::call(caller.node) {
            calls.insert(halves(call)?);
        } else if ["ref", "steps", "location"].iter().all(|key| tree::get(caller.node, key).is_none()) {
            return None;
        }
        for step in tree::members(caller.node, "steps", "name") {
            if let Some(call) = tree::call(step.node) {
                calls.insert(halves(call)?);
            }
        }
    }
    Some(calls)
}
