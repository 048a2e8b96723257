//! Flows: steps that run as one target.

use serde::Serialize;

use crate::table::table;
use crate::{ArgumentSource, FlowId, Operation, Output, Parameter, PathStep, RetrySafety, StepId, Target, Text};

table! {
    /// Steps that run for one caller, and what the caller gets of them. A flow without steps is a mock: it only has an output.
    pub struct Flow {
        /// Its number among the flows of the capability.
        id: FlowId,
        /// Its name in the capability, for errors and logs.
        name: text,
        /// What callers may send.
        parameters: [Parameter],
        /// The steps, in order.
        steps: [Step],
    } with {
        /// The document that the caller gets. Without it, and where none of its parts has a value, that is the response of the
        /// last call.
        output: optional(ArgumentSource),
    }
}

table! {
    /// A step of a flow.
    pub struct Step {
        /// Its name.
        name: text,
        /// What it does.
        action: Action,
    } with {
        /// The steps that must have ended before. Others may run at the same time.
        after: [StepId],
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Action {
    /// It calls an operation.
    Call(StepCall),
    /// It searches a list.
    Lookup(Lookup),
}

table! {
    /// A call of an operation by a step.
    pub struct StepCall {
        /// What is called.
        target: Target,
        /// One source for each parameter of the target, in order.
        sources: [ArgumentSource],
    } with {
        /// What other steps see of the response. Members that are built from a list are added to each of its items.
        output: Output,
    }
}

table! {
    /// A search in the output of another step. Its output is the first item that matches; for a list of values a list, with
    /// one item for each of them that is found.
    pub struct Lookup {
        /// The step whose output is searched: a list of objects, or a single one.
        list: StepId,
        /// The member that is compared, as text.
        key: text,
        /// What it is compared with.
        value: ArgumentSource,
        /// The members that the output has, in order.
        members: [Text],
    }
}

table! {
    /// The value at a path in the output of a step.
    pub struct StepValue {
        /// The step.
        step: StepId,
        /// The path.
        at: [PathStep],
    }
}

impl Flow {
    /// The operations that are called, in the order of the steps.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.calls().flat_map(|call| call.target.operations())
    }

    /// What the last call calls.
    pub(crate) fn last_target(&self) -> Option<&Target> {
        self.calls().last().map(|call| &call.target)
    }

    /// When it may be repeated after a failure: its first steps may have succeeded.
    pub(crate) fn retry_safety(&self) -> RetrySafety {
        let idempotent = self.operations().all(|operation| operation.retry_safety == RetrySafety::Idempotent);
        if idempotent { RetrySafety::Idempotent } else { RetrySafety::Never }
    }

    fn calls(&self) -> impl Iterator<Item = &StepCall> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Call(call) => Some(call),
            Action::Lookup(_) => None,
        })
    }
}
