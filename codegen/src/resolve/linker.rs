//! What routes, tools and resources run: an operation, steps of their own, a flow of an aggregate, or nothing but fixed
//! outputs.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::{FlowId, OperationId};

use super::call::{self, Callee};
use super::flow::{self, Site};
use super::inputs::{Context, Scope};
use super::script::Scripts;
use super::target::{CallSite, Targets};
use super::variables::Variables;
use crate::Sources;
use crate::codes::Code;
use crate::diagnostic::{FIRST, Sink, Span};
use crate::linked::{Call, Flow, Linked, Operation, Parameter, Source, Target};
use crate::read::document::{Adapter, Aggregate, AggregateFlow, Document, Invocation, Output, Text};
use crate::read::orchestration;

/// Links calls, and keeps the flows that they run.
pub(super) struct Linker<'l, 'd> {
    pub(super) linked: &'l Linked<'d>,
    pub(super) targets: &'l Targets<'l>,
    variables: &'l Variables<'l>,
    pub(super) scripts: Scripts<'l>,
    /// The flows of aggregates by `namespace.name`.
    aggregates: BTreeMap<String, (&'d Aggregate, &'d AggregateFlow)>,
    /// Those that were left out for their errors.
    left_out: BTreeSet<String>,
    /// Those that were linked; `None` if that failed.
    known: RefCell<BTreeMap<String, Option<FlowId>>>,
    flows: RefCell<Vec<Flow<'d>>>,
}

impl<'l, 'd> Linker<'l, 'd> {
    pub(super) fn new(
        linked: &'l Linked<'d>,
        targets: &'l Targets<'l>,
        variables: &'l Variables<'l>,
        sources: &'l Sources,
        sink: &mut Sink,
    ) -> Self {
        let scripts = Scripts::new(linked.document, sources);
        let aggregates = by_name(linked.document, sink);
        let left_out = linked.document.left_out_flows().collect();
        let (known, flows) = (RefCell::default(), RefCell::default());
        Self { linked, targets, variables, scripts, aggregates, left_out, known, flows }
    }

    /// The flows of all calls that were linked.
    pub(super) fn into_flows(self) -> Vec<Flow<'d>> {
        self.flows.into_inner()
    }

    /// What a route, tool or resource calls; `None` if that is unclear, which is reported.
    pub(super) fn call(
        &self,
        invocation: &'d Invocation,
        site: &CallSite<'_>,
        context: &Context<'_, 'd>,
        sink: &mut Sink,
    ) -> Option<Call<'d>> {
        if invocation.refused {
            return None;
        }
        if let Some(name) = self.named_flow(invocation) {
            if self.aggregates.contains_key(&name.value) || !self.targets.names(&name.value) {
                return self.call_of_flow(name, invocation, context, sink);
            }
            let message = format!("`{}` names an operation and no flow; it is called", name.value);
            sink.report(Code::InferredCall, name.span, message).help("write it under `call`");
            let id = self.targets.find(Some(name), site, sink)?;
            return call::link(self.linked, id, invocation, context, sink);
        }
        let is_empty = context.path.is_none() && self.targets.calls_nothing(invocation, site);
        if is_empty {
            let message = "`call` is missing, and no operation fits; the tool answers `{}`";
            sink.report(Code::CallsNothing, site.span, message).help("add `call: namespace.operation`");
        }
        if is_empty || flow::is_flow(invocation, self.targets, site, sink) {
            let site = Site { name: site.name.unwrap_or_default(), description: None, span: site.span };
            let flow = flow::link(self, &site, invocation, context, sink)?;
            return Some(self.straight(flow, call::fixed(invocation, context)));
        }
        let id = self.targets.find(invocation.call.as_ref(), site, sink)?;
        call::link(self.linked, id, invocation, context, sink)
    }

    pub(super) fn operation(&self, id: OperationId) -> Option<&'l Operation<'d>> {
        self.linked.operations.get(id.index())
    }

    /// A call of a flow with its own inputs, which are given to it once they are known.
    fn straight(&self, flow: Flow<'d>, fixed: Vec<String>) -> Call<'d> {
        let sources = (0..flow.inputs.len()).map(|index| Source::Input(index.into())).collect();
        let outputs = flow.outputs.clone();
        Call { target: Target::Flow(self.add(flow)), inputs: Vec::new(), fixed, sources, outputs, limit: None }
    }

    fn add(&self, flow: Flow<'d>) -> FlowId {
        let mut flows = self.flows.borrow_mut();
        flows.push(flow);
        FlowId::from(flows.len() - 1)
    }

    /// A call of a flow of an aggregate.
    fn call_of_flow(
        &self,
        name: &Text,
        invocation: &'d Invocation,
        context: &Context<'_, 'd>,
        sink: &mut Sink,
    ) -> Option<Call<'d>> {
        let id = self.flow(name, sink)?;
        if let (Some(call), Some(_)) = (&invocation.call, &invocation.flow) {
            flow::report_ignored(call.span, "call", name, sink);
        }
        if let Some(step) = invocation.steps.first() {
            flow::report_ignored(step.name.span, "steps", name, sink);
        } else if let Some(mapping) = invocation.mappings.iter().flatten().next() {
            flow::report_ignored(mapping.target.span, "mappings", name, sink);
        }
        let (mut parameters, outputs): (Vec<Parameter>, Cow<'d, [Output]>) = {
            let flows = self.flows.borrow();
            let flow = flows.get(id.index())?;
            let own = flow.output.is_none() && flow.outputs.is_empty();
            let outputs = if own { Cow::Borrowed(&*invocation.outputs) } else { flow.outputs.clone() };
            (flow.inputs.clone(), outputs)
        };
        // Inputs of tools are required by default, those of routes are not.
        if context.path.is_none() {
            let declared = self.described(invocation).map_or(&[][..], |flow| &flow.invocation.inputs);
            for parameter in &mut parameters {
                let declared = declared.iter().find(|input| input.name.value == parameter.name);
                parameter.required |= declared.is_some_and(|input| input.required != Some(false));
            }
        }
        let (parameters, guessed) = (&parameters, &BTreeSet::new());
        let callee = Callee { name: &name.value, parameters, constants: &[], left_out: &[], guessed };
        let (inputs, sources) = call::arguments(&callee, invocation, context, sink);
        let fixed = call::fixed(invocation, context);
        Some(Call { target: Target::Flow(id), inputs, fixed, sources, outputs, limit: None })
    }

    /// What references mean in an adapter. `kind` is the word for what callers send.
    pub(super) fn scope(&self, kind: &'static str, adapter: &'d Adapter) -> Scope<'_> {
        Scope {
            kind,
            namespace: adapter.namespace.as_ref(),
            original: adapter.original.as_ref(),
            is_exact: self.linked.document.is_exact,
            variables: self.variables,
            limit: adapter.limit,
        }
    }

    /// The flow of an aggregate. Its mistakes are reported once.
    fn flow(&self, name: &Text, sink: &mut Sink) -> Option<FlowId> {
        if let Some(known) = self.known.borrow().get(&name.value) {
            return *known;
        }
        if self.left_out.contains(&name.value) {
            let message = format!("calls to `{}` are left out, because it is left out", name.value);
            sink.report_once(Code::LeftOutCall, &name.value, name.span, message).help("see why, above");
            return None;
        }
        let Some((aggregate, source)) = self.aggregates.get(&name.value) else {
            // Those of an aggregate without a namespace have no name.
            let known = self.aggregates.keys().map(String::as_str).filter(|name| !name.starts_with('.'));
            let meant = sink.nearest(Code::UnknownFlow, &name.value, known);
            let help = match self.aggregates.contains_key(&format!(".{}", name.value)) {
                true => "add a `namespace` to the aggregate, and write `namespace.flow`",
                false => "write `namespace.flow`, both from `aggregates`",
            };
            let report = sink.report(Code::UnknownFlow, name.span, format!("unknown flow `{}`", name.value));
            report.nearest(name.span, &name.value, meant, help);
            return None;
        };
        let scope = Scope {
            kind: "tools",
            namespace: aggregate.namespace.as_ref(),
            original: aggregate.original.as_ref(),
            is_exact: self.linked.document.is_exact,
            variables: self.variables,
            limit: None,
        };
        let context = Context {
            span: source.name.span,
            scope: &scope,
            shared: &[],
            path: None,
            closed: false,
            inherits: true,
            has_body: true,
        };
        let site = Site { name: &name.value, description: source.description.as_ref(), span: source.name.span };
        let id = flow::link(self, &site, &source.invocation, &context, sink).map(|flow| self.add(flow));
        self.known.borrow_mut().insert(name.value.clone(), id);
        id
    }

    /// What a flow of an aggregate says of itself.
    pub(super) fn described(&self, invocation: &'d Invocation) -> Option<&'d AggregateFlow> {
        let (_, flow) = self.aggregates.get(&self.named_flow(invocation)?.value)?;
        Some(flow)
    }

    /// The flow that an invocation names: under `ref`, or with `call` as one that `orchestration` has.
    fn named_flow(&self, invocation: &'d Invocation) -> Option<&'d Text> {
        let of = |name: &&Text| name.value.split_once('.').is_some_and(|(first, _)| first == orchestration::NAMESPACE);
        let has = || self.linked.document.aggregates.iter().any(Aggregate::is_orchestration);
        let call = invocation.call.as_ref().filter(of).filter(|name| has() && !self.targets.names(&name.value));
        invocation.flow.as_ref().or(call)
    }
}

/// The flows of all aggregates. Two of one name are an error: routes and tools could mean either.
fn by_name<'d>(document: &'d Document, sink: &mut Sink) -> BTreeMap<String, (&'d Aggregate, &'d AggregateFlow)> {
    let mut flows: BTreeMap<String, (&Aggregate, &AggregateFlow)> = BTreeMap::new();
    for aggregate in &document.aggregates {
        let namespace = aggregate.namespace.as_ref().map_or("", |namespace| &namespace.value);
        for flow in &aggregate.flows {
            let name = format!("{namespace}.{}", flow.name.value);
            if let Some((_, first)) = flows.get(&name) {
                report_duplicate(&name, flow.name.span, first.name.span, sink);
            } else {
                flows.insert(name, (aggregate, flow));
            }
        }
    }
    flows
}

fn report_duplicate(name: &str, span: Span, first: Span, sink: &mut Sink) {
    let report = sink.report(Code::DuplicateFlow, span, format!("duplicate flow `{name}`"));
    report.label(first, FIRST).help("rename one of the two");
}
