//! Flows: their steps, and which of these wait for which.

use std::collections::BTreeSet;
use std::sync::Arc;

use naftiko_schema::{
    Action, FlowId, Kind, Lookup, Output, Ref, Script, ScriptFile, Step, StepCall, StepId, Target, Transform,
    TransformMember,
};

use super::binding::source;
use super::{Callables, output, parameter, text};
use crate::linked::{self, Linked};
use crate::model::{Flow, Operation};
use crate::names::{Scope, Wish};
use crate::read::document;
use crate::vocabulary;

/// The flows, by their ids.
pub(super) fn lower(linked: &Linked<'_>, operations: &[Operation]) -> Vec<Flow> {
    let wishes: Vec<Wish> = linked.flows.iter().map(|flow| Wish::parameter(&flow.name, "flow")).collect();
    let constants = Scope::constants().assign(&wishes);
    let callables = Callables { operations, flows: &[] };
    let flows = linked.flows.iter().zip(constants).enumerate();
    let flows = flows.map(|(index, (flow, const_name))| Flow {
        table: Arc::new(table(FlowId::from(index), flow, &callables)),
        const_name,
        description: text(flow.description),
    });
    flows.collect()
}

fn table(id: FlowId, flow: &linked::Flow<'_>, callables: &Callables<'_>) -> naftiko_schema::Flow {
    let after = order(flow, callables);
    let steps = flow.steps.iter().zip(after).map(|(step, after)| Step {
        name: step.name.clone().into(),
        action: action(&step.action, callables),
        after: after.into_iter().collect(),
        for_each: step.for_each.as_ref().map(source),
        condition: step.condition.as_ref().map(source),
    });
    naftiko_schema::Flow {
        id,
        name: flow.name.clone().into(),
        parameters: flow.inputs.iter().map(parameter).collect(),
        steps: steps.collect(),
        output: flow.output.as_ref().map(source),
    }
}

fn action(action: &linked::Action<'_>, callables: &Callables<'_>) -> Action {
    match action {
        linked::Action::Call(call) => {
            let operation = &callables.operation(call.operation).table;
            Action::Call(StepCall {
                target: Target::Operation(Ref::Shared(operation.clone())),
                sources: call.sources.iter().map(source).collect(),
                output: match call.outputs {
                    [] => Output::Whole,
                    outputs => output::output(outputs, &operation.format),
                },
            })
        }
        linked::Action::Lookup(lookup) => Action::Lookup(Lookup {
            list: lookup.list,
            key: lookup.key.clone().into(),
            value: source(&lookup.value),
            members: lookup.members.iter().map(|member| member.clone().into()).collect(),
        }),
        linked::Action::Script(script) => Action::Script(Script {
            language: script.language.clone().into(),
            files: script
                .files
                .iter()
                .map(|(name, text)| ScriptFile { name: name.clone().into(), text: text.clone().into() })
                .collect(),
            context: source(&script.context),
            timeout: script.timeout,
            statements: script.statements,
            rejection: script.rejection.clone().map(Into::into),
            switched_off: script.switched_off,
        }),
        linked::Action::Transform(transform) => Action::Transform(Transform {
            inputs: source(&transform.inputs),
            outputs: source(&transform.outputs),
            members: transform.declared.outputs.iter().filter_map(member).collect(),
            description: transform.declared.description.as_ref().map(|text| text.value.clone().into()),
        }),
    }
}

/// A member of what a transform makes. A type that the format does not know is any.
fn member(output: &document::Output) -> Option<TransformMember> {
    let kind = vocabulary::kind(output.kind.as_ref()).unwrap_or(Kind::Any);
    Some(TransformMember { name: output.name.as_ref()?.value.clone().into(), kind })
}

/// The steps that each step waits for: those whose outputs it uses, and around a call that changes something all others, which
/// were written before or after it for a reason. What follows from others is left out.
fn order(flow: &linked::Flow<'_>, callables: &Callables<'_>) -> Vec<BTreeSet<StepId>> {
    let mut waits: Vec<BTreeSet<StepId>> = Vec::new();
    // Each step with all that it waits for, directly or not.
    let mut all: Vec<BTreeSet<StepId>> = Vec::new();
    let mut change: Option<StepId> = None;
    for (index, step) in flow.steps.iter().enumerate() {
        let mut needed: BTreeSet<StepId> = change.into_iter().collect();
        let own = StepId::from(index);
        // Its own id means the element.
        let mut need = |id: StepId| {
            if id != own {
                needed.insert(id);
            }
        };
        step.for_each.iter().chain(&step.condition).for_each(|source| source.steps(&mut need));
        match &step.action {
            linked::Action::Call(call) => call.sources.iter().for_each(|source| source.steps(&mut need)),
            linked::Action::Lookup(lookup) => {
                need(lookup.list);
                lookup.value.steps(&mut need);
            }
            linked::Action::Script(script) => script.context.steps(&mut need),
            linked::Action::Transform(transform) => {
                transform.inputs.steps(&mut need);
                transform.outputs.steps(&mut need);
            }
        }
        if let linked::Action::Call(call) = &step.action
            && !callables.operation(call.operation).table.method.is_safe()
        {
            needed.extend((0..index).map(StepId::from));
            change = Some(own);
        }
        let behind = |id: &StepId| all.get(id.index()).into_iter().flatten().copied();
        let implied: BTreeSet<StepId> = needed.iter().flat_map(behind).collect();
        all.push(needed.union(&implied).copied().collect());
        waits.push(needed.difference(&implied).copied().collect());
    }
    waits
}
