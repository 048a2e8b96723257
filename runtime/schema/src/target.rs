//! What routes, tools and resources run: an operation, or a flow of several steps.

use std::collections::BTreeSet;

use serde::{Serialize, Serializer};

use crate::table::{Ref, table};
use crate::{
    ArgumentSource, FlowId, Format, Kind, Method, Operation, Output, Parameter, RetrySafety, StepId, Text, VariableId,
};

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// An operation of a consumed API.
    Operation(Ref<Operation>),
    /// Several of them.
    Flow(Ref<Flow>),
}

/// The target that runs an operation, in a `static`.
pub const fn calls(operation: &'static Operation) -> Target {
    Target::Operation(Ref::Static(operation))
}

/// The target that runs a flow, in a `static`.
pub const fn runs(flow: &'static Flow) -> Target {
    Target::Flow(Ref::Static(flow))
}

/// How a target is serialized: generated code refers to the operation or the flow by name.
impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Operation(operation) => {
                serializer.serialize_newtype_variant("Target", operation.id.0, "Operation", &())
            }
            Self::Flow(flow) => serializer.serialize_newtype_variant("Target", flow.id.0, "Flow", &()),
        }
    }
}

impl Target {
    /// The name in the capability, for errors, logs and metrics.
    pub fn name(&self) -> &str {
        match self {
            Self::Operation(operation) => &operation.name,
            Self::Flow(flow) => &flow.name,
        }
    }

    /// Its parameters.
    pub fn parameters(&self) -> &[Parameter] {
        match self {
            Self::Operation(operation) => &operation.parameters,
            Self::Flow(flow) => &flow.parameters,
        }
    }

    /// The operations that it calls.
    pub fn operations(&self) -> Vec<&Operation> {
        match self {
            Self::Operation(operation) => vec![operation],
            Self::Flow(flow) => flow.operations().collect(),
        }
    }

    /// Whether it changes nothing upstream, according to its methods.
    pub fn is_safe(&self) -> bool {
        self.operations().iter().all(|operation| operation.method.is_safe())
    }

    /// Whether its responses have no body.
    pub fn is_bodiless(&self) -> bool {
        self.responding().is_some_and(|operation| operation.method == Method::Head)
    }

    /// When it may be repeated after a failure.
    pub fn retry_safety(&self) -> RetrySafety {
        match self {
            Self::Operation(operation) => operation.retry_safety,
            Self::Flow(flow) => flow.retry_safety(),
        }
    }

    /// What the body of its request is, as the JSON text of a JSON Schema, if it is known.
    pub fn request_schema(&self) -> Option<&str> {
        match self {
            Self::Operation(operation) => operation.request_schema.as_deref(),
            Self::Flow(_) => None,
        }
    }

    /// What the body of a successful response is, as the JSON text of a JSON Schema, if it is known.
    pub fn response_schema(&self) -> Option<&str> {
        self.responding()?.response_schema.as_deref()
    }

    /// The format of its response.
    pub fn format(&self) -> &Format {
        self.responding().map_or(&Format::Json, |operation| &operation.format)
    }

    /// The operation whose response it passes on; `None` if it makes a document of its own.
    pub fn responding(&self) -> Option<&Operation> {
        match self {
            Self::Operation(operation) => Some(operation),
            Self::Flow(flow) => flow.responding(),
        }
    }
}

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
        /// The list for each of whose elements a call is made. In the sources of that call, the id of the step itself
        /// means the element. The output of the step is the list of what each call returned, in the order of the elements.
        for_each: optional(ArgumentSource),
        /// What must be true for the step to run. Otherwise it has no output.
        condition: optional(ArgumentSource),
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Action {
    /// It calls an operation.
    Call(StepCall),
    /// It searches a list.
    Lookup(Lookup),
    /// It runs a program.
    Script(Script),
    /// It asks the application.
    Transform(Transform),
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
    /// A program that computes a value. It has no access to anything but the values that it is given, so that it changes
    /// nothing. Its output is what it assigns to `result`.
    pub struct Script {
        /// Its language, in lower case.
        language: text,
        /// The files, in the order in which they run.
        files: [ScriptFile],
        /// What it sees as `context`: an object with the inputs, the outputs of earlier steps, and values of its own.
        context: ArgumentSource,
        /// How long it may run, in milliseconds.
        timeout: u32,
        /// How many statements it may run, about.
        statements: u32,
    } with {
        /// Why it is never run.
        rejection: optional(text),
        /// Whether it is never run because the server runs no scripts, which is not about the caller.
        switched_off: flag,
    }
}

table! {
    /// A file of a program.
    pub struct ScriptFile {
        /// Its name below the folder of the programs, for messages.
        name: text,
        /// The text.
        text: text,
    }
}

table! {
    /// What the application makes of the outputs of earlier steps, by a function that it registers under the name of the step.
    /// It changes nothing.
    pub struct Transform {
        /// What it gets of the caller, and values of its own: an object.
        inputs: ArgumentSource,
        /// The outputs of earlier steps that have one, by their names: an object.
        outputs: ArgumentSource,
        /// The members of what it makes. Others are left out, unless there are none.
        members: [TransformMember],
    } with {
        /// What it makes, in prose.
        description: optional(text),
    }
}

table! {
    /// A member of what the application makes.
    pub struct TransformMember {
        /// Its name.
        name: text,
        /// Its type.
        kind: Kind,
    }
}

impl Script {
    /// The language that needs no runner of the application.
    pub const JAVASCRIPT: &str = "javascript";
}

impl Target {
    /// The programs that it runs.
    pub fn scripts(&self) -> Vec<&Script> {
        let steps = match self {
            Self::Operation(_) => &[][..],
            Self::Flow(flow) => &flow.steps,
        };
        let scripts = steps.iter().map(|step| match &step.action {
            Action::Script(script) => vec![script],
            Action::Call(call) => call.target.scripts(),
            Action::Lookup(_) | Action::Transform(_) => Vec::new(),
        });
        scripts.flatten().collect()
    }

    /// The names of the steps that the application takes.
    pub fn transforms(&self) -> Vec<&str> {
        let steps = match self {
            Self::Operation(_) => &[][..],
            Self::Flow(flow) => &flow.steps,
        };
        let names = steps.iter().map(|step| match &step.action {
            Action::Transform(_) => vec![&*step.name],
            Action::Call(call) => call.target.transforms(),
            Action::Lookup(_) | Action::Script(_) => Vec::new(),
        });
        names.flatten().collect()
    }
}

impl Flow {
    /// The operations that are called, in the order of the steps.
    pub fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.calls().flat_map(|call| call.target.operations())
    }

    /// The calls of which one is the last that runs, from the last on: each but the last of these has a condition.
    pub fn last_calls(&self) -> Vec<StepId> {
        let mut last = Vec::new();
        for (index, step) in self.steps.iter().enumerate().rev() {
            if matches!(step.action, Action::Call(_)) {
                last.push(index.into());
                if step.condition.is_none() {
                    break;
                }
            }
        }
        last
    }

    /// The operation whose response callers get; `None` if they get a document that the flow makes, or if that depends on
    /// conditions.
    pub fn responding(&self) -> Option<&Operation> {
        if self.output.is_some() {
            return None;
        }
        let mut found: Option<&Operation> = None;
        for id in self.last_calls() {
            let step = self.steps.get(id.index()).filter(|step| step.for_each.is_none())?;
            let Action::Call(call) = &step.action else { return None };
            let operation = call.target.responding()?;
            if found.is_some_and(|found| found.id != operation.id) {
                return None;
            }
            found = Some(operation);
        }
        found
    }

    /// When it may be repeated after a failure: its first steps may have succeeded.
    pub(crate) fn retry_safety(&self) -> RetrySafety {
        let idempotent = self.operations().all(|operation| operation.retry_safety == RetrySafety::Idempotent);
        if idempotent { RetrySafety::Idempotent } else { RetrySafety::Never }
    }

    /// The variables of which its output, and what its steps are given, are made.
    pub fn variables(&self) -> BTreeSet<VariableId> {
        let mut used = BTreeSet::new();
        let mut add = |source: &ArgumentSource| source.variables(&mut |id| used.extend([id]));
        self.output.iter().for_each(&mut add);
        for step in self.steps.iter() {
            step.for_each.iter().chain(&step.condition).for_each(&mut add);
            match &step.action {
                Action::Call(call) => call.sources.iter().for_each(&mut add),
                Action::Lookup(lookup) => add(&lookup.value),
                Action::Script(script) => add(&script.context),
                Action::Transform(transform) => add(&transform.inputs),
            }
        }
        used
    }

    fn calls(&self) -> impl Iterator<Item = &StepCall> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Call(call) => Some(call),
            Action::Lookup(_) | Action::Script(_) | Action::Transform(_) => None,
        })
    }
}
