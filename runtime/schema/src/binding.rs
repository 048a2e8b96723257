//! What a route, tool or resource runs, and how the inputs of its caller become arguments.

use serde::{Serialize, Serializer};

use crate::table::{Ref, table};
use crate::{Flow, Format, InputId, List, Location, Method, Operation, Output, Parameter, RetrySafety, StepValue, Text};

table! {
    /// What a route, tool or resource runs, how its arguments are computed, and what its caller gets of the response.
    pub struct Binding {
        /// What is run.
        target: Target,
    } with {
        /// How inputs become arguments.
        arguments: ArgumentMapping,
        /// The part of the response that the caller gets.
        output: Output,
    }
}

impl Binding {
    /// What the caller may send.
    pub fn inputs(&self) -> &[Parameter] {
        match &self.arguments {
            ArgumentMapping::Identity => self.target.parameters(),
            ArgumentMapping::Mapped(Mapping { inputs, .. }) => inputs,
        }
    }

    /// The input that is the whole body of the target's request, if one is.
    pub fn body_input(&self) -> Option<InputId> {
        let body = self.target.parameters().iter().position(|parameter| parameter.location == Location::Body)?;
        match &self.arguments {
            ArgumentMapping::Identity => Some(InputId::from(body)),
            ArgumentMapping::Mapped(mapping) => match mapping.sources.get(body)? {
                ArgumentSource::Input(id) => Some(*id),
                _ => None,
            },
        }
    }

    /// The schema of the response that the caller gets, if it is known and not changed.
    pub fn response_schema(&self) -> Option<&str> {
        match self.output {
            Output::Whole => self.target.response_schema(),
            Output::Projected(_) => None,
        }
    }

    /// The format of what the caller gets. A projection is always JSON.
    pub fn format(&self) -> Format {
        match self.output {
            Output::Whole => self.target.format(),
            Output::Projected(_) => Format::Json,
        }
    }
}

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
    pub fn format(&self) -> Format {
        self.responding().map_or(Format::Json, |operation| operation.format)
    }

    /// The operation whose response it passes on; `None` if it makes a document of its own.
    pub fn responding(&self) -> Option<&Operation> {
        match self {
            Self::Operation(operation) => Some(operation),
            Self::Flow(flow) if flow.output.is_some() => None,
            Self::Flow(flow) => flow.last_target()?.responding(),
        }
    }
}

/// How inputs become arguments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ArgumentMapping {
    /// The inputs are the parameters of the target.
    Identity,
    /// The inputs differ.
    Mapped(Mapping),
}

impl ArgumentMapping {
    pub(crate) const UNSET: Self = Self::Identity;
}

table! {
    /// A mapping from inputs to arguments.
    pub struct Mapping {
        /// What the caller may send.
        inputs: [Parameter],
        /// One source for each parameter of the target, in order.
        sources: [ArgumentSource],
    }
}

/// Where an argument comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ArgumentSource {
    /// Nowhere: the parameter has no value.
    Absent,
    /// An input.
    Input(InputId),
    /// The output of a step, or a part of it.
    Output(StepValue),
    /// A fixed value, as JSON text.
    Json(Text),
    /// Text with inputs in it. It is absent if one of them is.
    Text(List<InputText>),
    /// Text with inputs in it. What is absent is empty.
    Filled(List<InputText>),
    /// A list of the items that are not absent. It is absent if all of its items are.
    List(List<ArgumentSource>),
    /// An object of the members that are not absent. It is absent if all of its members are.
    Object(List<SourceMember>),
}

table! {
    /// A member of [`ArgumentSource::Object`].
    pub struct SourceMember {
        /// Its name.
        name: text,
        /// Its value.
        value: ArgumentSource,
    }
}

/// A piece of [`ArgumentSource::Text`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum InputText {
    /// Text, used as it is.
    Literal(Text),
    /// The text of an input.
    Input(InputId),
    /// The text of an output.
    Output(StepValue),
}
