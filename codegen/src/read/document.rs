//! A capability as it is written: one type for each kind of mapping, every name with its span.

use naftiko_schema::PathStep;

use crate::diagnostic::Span;
use crate::json_path;

pub(crate) use super::exposes::*;
use super::orchestration::NAMESPACE;
pub(crate) use super::rules::Rules;
use super::yaml::Node;

/// A text with its span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) span: Span,
}

#[derive(Debug)]
pub(crate) struct Document {
    /// The span of `capability`.
    pub(crate) span: Span,
    /// Whether the version line is that of `ikanos`, under which names are exact.
    pub(crate) is_exact: bool,
    pub(crate) info: Info,
    pub(crate) binds: Vec<Bind>,
    pub(crate) consumes: Vec<Consumes>,
    pub(crate) aggregates: Vec<Aggregate>,
    pub(crate) adapters: Vec<Adapter>,
    /// The namespaces whose imports could not be resolved; empty where an import names no namespace.
    pub(crate) missing: Vec<String>,
    /// The namespaces that imported entries of `consumes` have in their own files, and by which they are not called.
    pub(crate) replaced: Vec<String>,
}

impl Document {
    /// All parameters of operations, and all inputs of callers.
    pub(crate) fn inputs(&self) -> impl Iterator<Item = &Input> {
        let flows = self.aggregates.iter().flat_map(|aggregate| &aggregate.flows);
        let flows = flows.flat_map(|flow| &flow.invocation.inputs);
        self.consumed_inputs().chain(flows).chain(self.adapters.iter().flat_map(|adapter| adapter.kind.inputs()))
    }

    /// The parameters of all consumed operations, and of what these are in.
    pub(crate) fn consumed_inputs(&self) -> impl Iterator<Item = &Input> {
        let resources = self.consumes.iter().flat_map(|api| &api.resources);
        let operations = resources.clone().flat_map(|resource| &resource.operations);
        let consumed = self.consumes.iter().flat_map(|api| &api.inputs);
        let consumed = consumed.chain(resources.flat_map(|resource| &resource.inputs));
        consumed.chain(operations.flat_map(|operation| &operation.inputs))
    }

    /// The operations that were left out for their errors, as calls name them.
    pub(crate) fn left_out_operations(&self) -> impl Iterator<Item = String> {
        self.consumes.iter().flat_map(|api| api.left_out.iter().map(|name| format!("{}.{name}", api.namespace.value)))
    }

    /// The flows of all aggregates, as references name them.
    pub(crate) fn flow_names(&self) -> impl Iterator<Item = String> {
        self.aggregates.iter().flat_map(|aggregate| {
            let namespace = aggregate.namespace.as_ref().map_or("", |namespace| &namespace.value);
            aggregate.flows.iter().map(move |flow| format!("{namespace}.{}", flow.name.value))
        })
    }

    /// The flows that were left out for their errors, as references name them.
    pub(crate) fn left_out_flows(&self) -> impl Iterator<Item = String> {
        self.aggregates.iter().flat_map(|aggregate| {
            let namespace = aggregate.namespace.as_ref().map_or("", |namespace| &namespace.value);
            aggregate.left_out.iter().map(move |name| format!("{namespace}.{name}"))
        })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Info {
    pub(crate) title: Option<Text>,
    pub(crate) description: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct Bind {
    /// Where the source keys are looked up; in the environment if it is missing.
    pub(crate) location: Option<Text>,
    pub(crate) namespace: Option<Text>,
    /// Variable and source key.
    pub(crate) keys: Vec<(Text, Text)>,
}

#[derive(Debug)]
pub(crate) struct Consumes {
    pub(crate) span: Span,
    pub(crate) namespace: Text,
    pub(crate) base_uri: Option<Text>,
    /// Where it says that requests go through a tunnel.
    pub(crate) tunnel: Option<Span>,
    pub(crate) authentication: Option<Authentication>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) resources: Vec<ConsumedResource>,
    /// The names of operations that were left out for their errors.
    pub(crate) left_out: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Authentication {
    pub(crate) span: Span,
    pub(crate) kind: Text,
    /// The name of the header, query parameter or cookie.
    pub(crate) key: Option<Text>,
    pub(crate) value: Option<Text>,
    pub(crate) placement: Option<Text>,
    pub(crate) token: Option<Text>,
    pub(crate) username: Option<Text>,
    pub(crate) password: Option<Text>,
    /// Several headers or query parameters with their values.
    pub(crate) headers: Vec<(Text, Text)>,
    pub(crate) parameters: Vec<(Text, Text)>,
    pub(crate) oauth2: OAuth2,
    pub(crate) aws: Aws,
    /// All keys that have text, for kinds that only a signer of the application knows.
    pub(crate) members: Vec<(Text, Text)>,
}

/// How requests are signed for AWS.
#[derive(Debug)]
pub(crate) struct Aws {
    pub(crate) access_key: Option<Text>,
    pub(crate) secret_key: Option<Text>,
    pub(crate) session_token: Option<Text>,
    pub(crate) region: Option<Text>,
    pub(crate) service: Option<Text>,
}

/// How access tokens of callers are checked.
#[derive(Debug)]
pub(crate) struct OAuth2 {
    pub(crate) authorization_server: Option<Text>,
    pub(crate) resource: Option<Text>,
    pub(crate) audience: Option<Text>,
    pub(crate) scopes: Vec<Text>,
    pub(crate) validation: Option<Text>,
    pub(crate) introspection_endpoint: Option<Text>,
    /// How a client gets its own token.
    pub(crate) grant: Option<Text>,
    pub(crate) token_endpoint: Option<Text>,
    pub(crate) client_id: Option<Text>,
    pub(crate) client_secret: Option<Text>,
    pub(crate) scope: Option<Text>,
    pub(crate) refresh_token: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct ConsumedResource {
    pub(crate) path: Option<Text>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) operations: Vec<ConsumedOperation>,
    /// The names of operations that were left out for their errors.
    pub(crate) left_out: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct ConsumedOperation {
    pub(crate) name: Text,
    pub(crate) method: Option<Text>,
    /// The path of the operation itself.
    pub(crate) path: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) output_format: Option<Text>,
    /// What the format needs: a file with a schema, a selector, or the start of headings.
    pub(crate) output_schema: Option<Text>,
    /// The media type of binary responses.
    pub(crate) output_media_type: Option<Text>,
    /// The longest binary response, in bytes.
    pub(crate) limit: Option<u64>,
    /// Header fields of responses for callers.
    pub(crate) output_headers: Vec<Text>,
    pub(crate) inputs: Vec<Input>,
    /// What steps see of the response.
    pub(crate) outputs: Vec<Output>,
    pub(crate) body: Option<BodySource>,
}

/// The `body` of a consumed operation.
#[derive(Debug)]
pub(crate) struct BodySource {
    pub(crate) span: Span,
    /// `json`, `form`, `text` and so on; missing where the body is given without a type.
    pub(crate) kind: Option<Text>,
    pub(crate) data: Option<Node>,
}

/// An input parameter, of a consumed operation, a route or a tool.
#[derive(Clone, Debug)]
pub(crate) struct Input {
    pub(crate) name: Text,
    pub(crate) location: Option<Text>,
    pub(crate) kind: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) required: Option<bool>,
    /// A fixed value, or a template.
    pub(crate) value: Option<Node>,
    /// What values must satisfy beside their type.
    pub(crate) rules: Rules,
}

impl Input {
    /// Whether it is another spelling of a variable.
    pub(crate) fn is_environment(&self) -> bool {
        self.location.as_ref().is_some_and(|location| location.value == "environment")
    }
}

/// Flows that several routes and tools run.
#[derive(Debug)]
pub(crate) struct Aggregate {
    pub(crate) namespace: Option<Text>,
    /// Its namespace in the file from which it is imported, if it has another one here.
    pub(crate) original: Option<Text>,
    pub(crate) flows: Vec<AggregateFlow>,
    /// The names of flows that were left out for their errors.
    pub(crate) left_out: Vec<String>,
}

impl Aggregate {
    /// Whether it has the flows of `orchestration`.
    pub(crate) fn is_orchestration(&self) -> bool {
        self.namespace.as_ref().is_some_and(|namespace| namespace.value == NAMESPACE)
    }
}

/// A flow, or function, of an aggregate.
#[derive(Debug)]
pub(crate) struct AggregateFlow {
    pub(crate) name: Text,
    pub(crate) description: Option<Text>,
    /// What `semantics` says.
    pub(crate) hints: Hints,
    pub(crate) invocation: Invocation,
}

/// What a route, a tool or a flow runs: an operation, steps, or a flow of an aggregate.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) call: Option<Text>,
    /// The flow of an aggregate: `ref`.
    pub(crate) flow: Option<Text>,
    pub(crate) steps: Vec<Step>,
    /// How the outputs of steps make a document; `None` if there is no `mappings`.
    pub(crate) mappings: Option<Vec<StepMapping>>,
    /// Whether there is an unsupported feature, which was reported.
    pub(crate) refused: bool,
    /// Parameters and values; `None` if there is no `with`.
    pub(crate) with: Option<Vec<(Text, Node)>>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<Output>,
}

/// A step.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) name: Text,
    /// The list for whose elements it is taken.
    pub(crate) for_each: Option<Node>,
    /// What must be true for it to be taken.
    pub(crate) condition: Option<Node>,
    pub(crate) action: StepAction,
}

#[derive(Debug)]
pub(crate) enum StepAction {
    /// The operation, and what `with` says.
    Call(Option<Text>, Option<Vec<(Text, Node)>>),
    Lookup(Lookup),
    Script(ScriptStep),
    Transform(TransformStep),
}

/// What the application makes of the outputs of earlier steps.
#[derive(Debug)]
pub(crate) struct TransformStep {
    /// What it makes, in prose.
    pub(crate) description: Option<Text>,
    /// The members of what it makes.
    pub(crate) outputs: Vec<Output>,
    /// Values of its own.
    pub(crate) with: Option<Vec<(Text, Node)>>,
}

/// A program that a step runs.
#[derive(Debug)]
pub(crate) struct ScriptStep {
    pub(crate) span: Span,
    /// The file, below the location.
    pub(crate) file: Text,
    pub(crate) language: Option<Text>,
    /// The folder of the file and its dependencies.
    pub(crate) location: Option<Text>,
    /// Files that run before it.
    pub(crate) dependencies: Vec<Text>,
    /// Values of its own.
    pub(crate) with: Option<Vec<(Text, Node)>>,
}

/// A search in the output of another step.
#[derive(Debug)]
pub(crate) struct Lookup {
    /// The step.
    pub(crate) list: Text,
    /// The member that is compared.
    pub(crate) key: Text,
    pub(crate) value: Node,
    pub(crate) members: Vec<Text>,
}

/// A value that becomes a part of the document that steps make.
#[derive(Debug)]
pub(crate) struct StepMapping {
    /// Where it is in the document, with dots between names.
    pub(crate) target: Text,
    pub(crate) value: Node,
}

/// A path into a response, parsed when it is read.
#[derive(Clone, Debug)]
pub(crate) struct Mapping {
    pub(crate) text: Text,
    /// The steps, or what is wrong with the text.
    pub(crate) path: Result<Vec<PathStep>, String>,
}

impl Mapping {
    pub(crate) fn new(text: Text) -> Self {
        Self { path: json_path::parse(&text.value), text }
    }
}

/// An output parameter: a part of the response that the caller gets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Output {
    pub(crate) span: Span,
    pub(crate) name: Option<Text>,
    pub(crate) kind: Option<Text>,
    pub(crate) mapping: Option<Mapping>,
    pub(crate) value: Option<Node>,
    pub(crate) properties: Vec<Output>,
    pub(crate) items: Option<Box<Output>>,
    /// The shape of every member of an object whose names are not known.
    pub(crate) values: Option<Box<Output>>,
    /// How many characters of a text are left.
    pub(crate) max_length: Option<u64>,
}
