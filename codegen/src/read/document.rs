//! A capability as its author wrote it: one type per kind of mapping, every name with its place.

use crate::diagnostic::Place;

use super::yaml::Node;

/// A text and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) place: Place,
}

#[derive(Debug)]
pub(crate) struct Document {
    /// The place of `capability`.
    pub(crate) place: Place,
    pub(crate) info: Info,
    pub(crate) binds: Vec<Bind>,
    pub(crate) consumes: Vec<Consumes>,
    pub(crate) adapters: Vec<Adapter>,
    /// The namespaces that were to be imported and are nowhere; empty where an import names none.
    pub(crate) missing: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Info {
    pub(crate) title: Option<Text>,
    pub(crate) description: Option<Text>,
}

#[derive(Debug)]
pub(crate) struct Bind {
    /// Where the source keys are looked up: in the environment, if nowhere else.
    pub(crate) location: Option<Text>,
    pub(crate) namespace: Option<Text>,
    /// Variable and source key.
    pub(crate) keys: Vec<(Text, Text)>,
}

#[derive(Debug)]
pub(crate) struct Consumes {
    pub(crate) place: Place,
    pub(crate) namespace: Text,
    pub(crate) base_uri: Option<Text>,
    pub(crate) authentication: Option<Authentication>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) resources: Vec<ConsumedResource>,
}

#[derive(Debug)]
pub(crate) struct Authentication {
    pub(crate) place: Place,
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

/// What callers' access tokens are checked by.
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
    /// A path of the operation's own.
    pub(crate) path: Option<Text>,
    pub(crate) description: Option<Text>,
    pub(crate) output_format: Option<Text>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) body: Option<BodySource>,
}

/// The `body` of a consumed operation.
#[derive(Debug)]
pub(crate) struct BodySource {
    pub(crate) place: Place,
    /// `json`, `form`, `text` and so on; none where the body is given as mere text.
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
    /// What values must be beside their type: keywords of JSON Schema, as a JSON object.
    pub(crate) rules: Option<String>,
}

/// An `exposes` entry.
#[derive(Debug)]
pub(crate) struct Adapter {
    pub(crate) place: Place,
    pub(crate) kind: AdapterKind,
    pub(crate) namespace: Option<Text>,
    pub(crate) address: Option<Text>,
    pub(crate) port: Option<u16>,
    pub(crate) description: Option<Text>,
    /// What callers have to send.
    pub(crate) authentication: Option<Authentication>,
}

#[derive(Debug)]
pub(crate) enum AdapterKind {
    Rest(Vec<RestResource>),
    Mcp(Mcp),
    Control(Control),
    /// An adapter that is left out; that was reported.
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

/// How long clients may keep what they got, and for whom.
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

/// Who says a message of a prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
}

#[derive(Debug)]
pub(crate) struct RestResource {
    pub(crate) path: Text,
    pub(crate) inputs: Vec<Input>,
    pub(crate) operations: Vec<RestOperation>,
}

#[derive(Debug)]
pub(crate) struct RestOperation {
    pub(crate) place: Place,
    pub(crate) method: Option<Text>,
    /// A path of the operation's own, below that of the resource.
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
    /// Whether something else stands in the place of `call`, which was reported.
    pub(crate) refused: bool,
    /// Parameter and value; `None` where there is no `with` at all.
    pub(crate) with: Option<Vec<(Text, Node)>>,
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<Output>,
}

/// An output parameter: what of the answer the caller gets.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) place: Place,
    pub(crate) name: Option<Text>,
    pub(crate) kind: Option<Text>,
    pub(crate) mapping: Option<Text>,
    pub(crate) value: Option<Node>,
    pub(crate) properties: Vec<Output>,
    pub(crate) items: Option<Box<Output>>,
}
