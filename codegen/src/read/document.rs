//! A capability as it is written: one type for each kind of mapping, every name with its span.

use naftiko_schema::{Role, Rules};

use crate::diagnostic::Span;

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
    pub(crate) info: Info,
    pub(crate) binds: Vec<Bind>,
    pub(crate) consumes: Vec<Consumes>,
    pub(crate) adapters: Vec<Adapter>,
    /// The namespaces whose imports could not be resolved; empty where an import names no namespace.
    pub(crate) missing: Vec<String>,
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
    pub(crate) authentication: Option<Authentication>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) resources: Vec<ConsumedResource>,
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
}

/// How access tokens of callers are checked.
#[derive(Debug)]
pub(crate) struct OAuth2 {
    pub(crate) authorization_server: Option<Text>,
    pub(crate) resource: Option<Text>,
    pub(crate) audience: Option<Text>,
    pub(crate) scopes: Vec<Text>,
    pub(crate) validation: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct ConsumedResource {
    pub(crate) path: Option<Text>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) operations: Vec<ConsumedOperation>,
}

#[derive(Debug)]
pub(crate) struct ConsumedOperation {
    pub(crate) name: Text,
    pub(crate) method: Option<Text>,
    /// The path of the operation itself.
    pub(crate) path: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) output_format: Option<Text>,
    pub(crate) inputs: Vec<Input>,
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

/// An `exposes` entry.
#[derive(Debug)]
pub(crate) struct Adapter {
    pub(crate) span: Span,
    pub(crate) kind: AdapterKind,
    pub(crate) namespace: Option<Text>,
    pub(crate) address: Option<Text>,
    pub(crate) port: Option<u16>,
    pub(crate) description: Option<Text>,
    /// How callers authenticate.
    pub(crate) authentication: Option<Authentication>,
}

/// The types of adapters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AdapterType {
    Rest,
    Mcp,
    Control,
}

impl AdapterType {
    /// All of them, in the order in which they are served.
    pub(crate) const ALL: [Self; 3] = [Self::Rest, Self::Mcp, Self::Control];
}

impl AdapterKind {
    /// The type, unless the adapter is left out.
    pub(crate) fn type_of(&self) -> Option<AdapterType> {
        match self {
            Self::Rest(_) => Some(AdapterType::Rest),
            Self::Mcp(_) => Some(AdapterType::Mcp),
            Self::Control(_) => Some(AdapterType::Control),
            Self::Other => None,
        }
    }
}

#[derive(Debug)]
pub(crate) enum AdapterKind {
    Rest(Vec<RestResource>),
    Mcp(Mcp),
    Control(Control),
    /// An adapter that is left out, which was reported.
    Other,
}

/// What a control adapter serves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Control {
    pub(crate) health: bool,
    pub(crate) info: bool,
    pub(crate) metrics: bool,
}

#[derive(Debug)]
pub(crate) struct Mcp {
    pub(crate) tools: Vec<Tool>,
    pub(crate) resources: Vec<McpResource>,
    pub(crate) prompts: Vec<Prompt>,
    pub(crate) caching: Caching,
}

/// How long clients may cache results, and whether for all users.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Caching {
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) public: Option<bool>,
}

#[derive(Debug)]
pub(crate) struct McpResource {
    pub(crate) name: Text,
    pub(crate) title: Option<Text>,
    /// A URI, or a template of URIs.
    pub(crate) uri: Text,
    pub(crate) description: Option<Text>,
    pub(crate) media_type: Option<Text>,
    pub(crate) binary: bool,
    pub(crate) source: ResourceSource,
}

/// Where the content of a resource comes from.
#[derive(Debug)]
pub(crate) enum ResourceSource {
    Call(Invocation),
    /// A file or a folder.
    Location(Text),
}

#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) name: Text,
    pub(crate) title: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) arguments: Vec<PromptArgument>,
    pub(crate) content: PromptContent,
}

#[derive(Debug)]
pub(crate) struct PromptArgument {
    pub(crate) name: Text,
    pub(crate) title: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) required: bool,
}

#[derive(Debug)]
pub(crate) enum PromptContent {
    Messages(Vec<PromptMessage>),
    /// A file with the text of the only message.
    Location(Text),
}

#[derive(Debug)]
pub(crate) struct PromptMessage {
    pub(crate) role: Role,
    pub(crate) content: Text,
}

#[derive(Debug)]
pub(crate) struct RestResource {
    pub(crate) path: Text,
    pub(crate) inputs: Vec<Input>,
    pub(crate) operations: Vec<RestOperation>,
}

#[derive(Debug)]
pub(crate) struct RestOperation {
    pub(crate) span: Span,
    pub(crate) method: Option<Text>,
    /// The path of the operation itself, below that of the resource.
    pub(crate) path: Option<Text>,
    pub(crate) name: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) invocation: Invocation,
}

#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: Text,
    pub(crate) title: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) hints: Hints,
    pub(crate) invocation: Invocation,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hints {
    pub(crate) read_only: Option<bool>,
    pub(crate) destructive: Option<bool>,
    pub(crate) idempotent: Option<bool>,
    pub(crate) open_world: Option<bool>,
}

/// How a route or a tool calls an operation.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) call: Option<Text>,
    /// Whether there is an unsupported feature instead of a call, which was reported.
    pub(crate) refused: bool,
    /// Parameters and values; `None` if there is no `with`.
    pub(crate) with: Option<Vec<(Text, Node)>>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<Output>,
}

/// An output parameter: a part of the response that the caller gets.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) span: Span,
    pub(crate) name: Option<Text>,
    pub(crate) kind: Option<Text>,
    pub(crate) mapping: Option<Text>,
    pub(crate) value: Option<Node>,
    pub(crate) properties: Vec<Output>,
    pub(crate) items: Option<Box<Output>>,
}
