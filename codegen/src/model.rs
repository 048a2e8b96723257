//! The model: every decision made, nothing left to look up. Emitters read it and nothing else.

use std::collections::BTreeSet;

pub(crate) use crate::read::document::Role;

/// A capability, ready to be emitted.
#[derive(Debug)]
pub(crate) struct Model {
    /// The generated crate.
    pub(crate) crate_name: String,
    /// The source, relative to the repository.
    pub(crate) spec: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// Environment variables.
    pub(crate) variables: Vec<String>,
    pub(crate) apis: Vec<Api>,
    pub(crate) operations: Vec<Operation>,
    pub(crate) rest: Option<Rest>,
    pub(crate) mcp: Option<Mcp>,
    /// Where the server is watched, where that has a port of its own.
    pub(crate) control: Option<Control>,
}

#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) namespace: String,
    /// `None` leaves it to configuration.
    pub(crate) base_uri: Option<String>,
    pub(crate) authentication: Vec<Authentication>,
    /// The feature and the module of its operations, where there are several APIs.
    pub(crate) part: Option<Part>,
}

/// A part of a generated client that may be left out.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) feature: String,
    pub(crate) module: String,
}

/// What callers of an adapter have to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Callers {
    pub(crate) proof: Proof,
    /// The environment variables in it, which only a server needs.
    pub(crate) variables: Vec<String>,
}

/// What shows who a caller is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Proof {
    /// All of these, in headers. Without any, everybody may call.
    Credentials(Vec<Authentication>),
    Token(AccessToken),
}

/// A token that an authorization server made out for this server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccessToken {
    /// The authorization server's URI.
    pub(crate) issuer: Vec<TemplatePart>,
    /// The URI of this server, as its callers know it.
    pub(crate) resource: Vec<TemplatePart>,
    /// What tokens may name in its place.
    pub(crate) audience: Option<Vec<TemplatePart>>,
    /// All of them have to be granted.
    pub(crate) scopes: Vec<Vec<TemplatePart>>,
}

impl Default for Proof {
    fn default() -> Self {
        Self::Credentials(Vec::new())
    }
}

impl Callers {
    /// Whether everybody may call.
    pub(crate) fn are_anybody(&self) -> bool {
        matches!(&self.proof, Proof::Credentials(credentials) if credentials.is_empty())
    }

    /// The access token that they send, if it is one.
    pub(crate) fn token(&self) -> Option<&AccessToken> {
        match &self.proof {
            Proof::Token(token) => Some(token),
            Proof::Credentials(_) => None,
        }
    }
}

/// A text as its author wrote it, with `{{NAME}}` for each of these variables.
pub(crate) fn template_text(parts: &[TemplatePart], variables: &[String]) -> String {
    let text = |part: &TemplatePart| match part {
        TemplatePart::Literal(text) => text.clone(),
        TemplatePart::Variable(index) => format!("{{{{{}}}}}", variables.get(*index).map_or("", String::as_str)),
    };
    parts.iter().map(text).collect()
}

/// A credential that goes with every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authentication {
    Header { name: String, value: Vec<TemplatePart> },
    Query { name: String, value: Vec<TemplatePart> },
    Cookie { name: String, value: Vec<TemplatePart> },
    Bearer { token: Vec<TemplatePart> },
    Basic { username: Vec<TemplatePart>, password: Vec<TemplatePart> },
}

/// A piece of text with variables in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    Literal(String),
    /// An index into [`Model::variables`], or [`Callers::variables`].
    Variable(usize),
}

#[derive(Debug)]
pub(crate) struct Operation {
    /// The name in the capability.
    pub(crate) name: String,
    /// The name of the client's method.
    pub(crate) method_name: String,
    /// The name of the call's builder type.
    pub(crate) type_name: String,
    /// The name of the table entry.
    pub(crate) const_name: String,
    /// Where it is declared: file and line.
    pub(crate) origin: String,
    pub(crate) api: usize,
    pub(crate) method: Method,
    /// The path as the author wrote it, for documentation.
    pub(crate) path_text: String,
    pub(crate) path: Vec<PathPart>,
    pub(crate) description: String,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) constants: Vec<Constant>,
    /// How the body is made of parameters of location [`Location::Field`].
    pub(crate) body: Option<Body>,
    pub(crate) json_output: bool,
    pub(crate) repeat: Repeat,
}

/// When a failed call may be sent again without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The operation is idempotent.
    Always,
    /// It is not: only where the upstream cannot have acted.
    Unacted,
    /// It looks like a plain read, and changes something all the same.
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Method {
    Get,
    Head,
    Options,
    Post,
    Put,
    Patch,
    Delete,
}

impl Model {
    /// What callers of each adapter have to send.
    pub(crate) fn callers(&self) -> impl Iterator<Item = &Callers> {
        let rest = self.rest.as_ref().map(|rest| &rest.callers);
        let mcp = self.mcp.as_ref().map(|mcp| &mcp.callers);
        [rest, mcp, self.control.as_ref().map(|control| &control.callers)].into_iter().flatten()
    }

    /// Environment variables that the server needs beside those of the client.
    pub(crate) fn variables_of_callers(&self) -> BTreeSet<&str> {
        let named = self.callers().flat_map(|callers| &callers.variables);
        named.filter(|name| !self.variables.contains(name)).map(String::as_str).collect()
    }
}

impl Method {
    pub(crate) const ALL: [(&'static str, Self); 7] = [
        ("GET", Self::Get),
        ("HEAD", Self::Head),
        ("OPTIONS", Self::Options),
        ("POST", Self::Post),
        ("PUT", Self::Put),
        ("PATCH", Self::Patch),
        ("DELETE", Self::Delete),
    ];

    pub(crate) fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }

    /// Whether a request changes nothing (RFC 9110 §9.2.1).
    pub(crate) fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// Whether a repeated request has the effect of one (RFC 9110 §9.2.2).
    pub(crate) fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self, Self::Put | Self::Delete)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PathPart {
    Literal(String),
    Parameter(usize),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameter {
    /// The name on the wire.
    pub(crate) name: String,
    /// The name of the argument or setter.
    pub(crate) rust_name: String,
    pub(crate) location: Location,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    /// JSON text for REST and MCP callers that leave it out.
    pub(crate) default: Option<String>,
    pub(crate) description: String,
    /// Keywords of JSON Schema, as a JSON object.
    pub(crate) rules: Option<String>,
}

/// Where a parameter travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Location {
    /// One segment of the path, or a part of one.
    Path,
    /// One or more segments of the path.
    Segments,
    Query,
    Header,
    Cookie,
    /// The whole body.
    Body,
    /// A part of the body.
    Field,
}

impl Location {
    /// Whether the parameter stands in the path.
    pub(crate) fn is_path(self) -> bool {
        matches!(self, Self::Path | Self::Segments)
    }

    /// The part of a request, in a word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Path | Self::Segments => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body | Self::Field => "body",
        }
    }

    /// Whether the parameter travels in the body.
    pub(crate) fn is_body(self) -> bool {
        matches!(self, Self::Body | Self::Field)
    }
}

/// A body that is made of several parameters and fixed text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Body {
    pub(crate) media_type: String,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Json(Node),
    /// Pairs of `application/x-www-form-urlencoded`.
    Form(Vec<(String, Node)>),
    Text(Vec<BodyPart>),
}

/// A value of a body.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// A fixed value, as JSON text.
    Json(String),
    /// The value of a parameter of the operation.
    Parameter(usize),
    Text(Vec<BodyPart>),
    Object(Vec<(String, Node)>),
    Array(Vec<Node>),
}

/// A piece of text in a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum BodyPart {
    Literal(String),
    /// An index into [`Operation::parameters`].
    Parameter(usize),
    /// An index into [`Model::variables`].
    Variable(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    String,
    Integer,
    Number,
    Boolean,
    Array,
    Object,
    Any,
}

#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) name: String,
    pub(crate) location: Location,
    pub(crate) value: Vec<TemplatePart>,
}

#[derive(Debug)]
pub(crate) struct Rest {
    pub(crate) port: u16,
    pub(crate) callers: Callers,
    pub(crate) routes: Vec<Route>,
}

#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) method: Method,
    /// The path with its placeholders as `{name}`, or `{name+}` for several segments.
    pub(crate) path: String,
    /// The input that each placeholder feeds, in order; `None` where nothing reads it.
    pub(crate) captures: Vec<Option<usize>>,
    pub(crate) summary: String,
    pub(crate) call: Call,
}

#[derive(Debug)]
pub(crate) struct Mcp {
    pub(crate) port: u16,
    pub(crate) callers: Callers,
    pub(crate) description: String,
    /// How long clients may keep what they got, and whether for everybody, where the capability says so.
    pub(crate) ttl_ms: Option<u64>,
    pub(crate) public: Option<bool>,
    pub(crate) tools: Vec<Tool>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) prompts: Vec<Prompt>,
}

#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// Empty where the capability does not say.
    pub(crate) media_type: String,
    /// A URI, or a template of URIs with placeholders as `{name}`.
    pub(crate) uri: String,
    pub(crate) source: ResourceSource,
}

/// Where the content of a resource comes from.
#[derive(Debug)]
pub(crate) enum ResourceSource {
    Call {
        /// The input that each placeholder feeds, in order; `None` where nothing reads it.
        captures: Vec<Option<usize>>,
        binary: bool,
        call: Call,
    },
    Text {
        /// The name of the file.
        file: String,
        text: String,
    },
    /// A file or a folder that is there when the server runs.
    OfTheServer(String),
}

#[derive(Debug)]
pub(crate) struct Prompt {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) arguments: Vec<PromptArgument>,
    pub(crate) source: PromptSource,
}

#[derive(Debug)]
pub(crate) struct PromptArgument {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) required: bool,
}

/// Where the messages of a prompt come from.
#[derive(Debug)]
pub(crate) enum PromptSource {
    Messages(Vec<(Role, String)>),
    /// A file that is there when the server runs, with the only message.
    OfTheServer(String),
}

#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) port: u16,
    pub(crate) callers: Callers,
    /// What it serves.
    pub(crate) health: bool,
    pub(crate) info: bool,
    pub(crate) metrics: bool,
}

#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    pub(crate) hints: Hints,
    pub(crate) call: Call,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Hints {
    pub(crate) read_only: bool,
    pub(crate) destructive: bool,
    pub(crate) idempotent: bool,
    pub(crate) open_world: bool,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: usize,
    pub(crate) wiring: Wiring,
    pub(crate) output: Output,
}

/// How the caller's inputs become the operation's arguments.
#[derive(Debug)]
pub(crate) enum Wiring {
    /// The inputs are the operation's parameters.
    Direct,
    /// The inputs differ; there is one source for each of the operation's parameters.
    Mapped { inputs: Vec<Parameter>, sources: Vec<Source> },
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Absent,
    Input(usize),
    Json(String),
    Text(Vec<TextPart>),
    List(Vec<Source>),
    Object(Vec<(String, Source)>),
}

/// A piece of text with the caller's inputs in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TextPart {
    Literal(String),
    Input(usize),
}

/// What of the answer the caller gets.
#[derive(Debug)]
pub(crate) enum Output {
    /// All of it, as it came.
    Whole,
    /// A document made of it.
    Projected(Projection),
}

#[derive(Clone, Debug)]
pub(crate) enum Projection {
    /// The value at a path.
    Path(Vec<PathStep>),
    /// A fixed value, as JSON text.
    Json(String),
    /// An object made of the value at a path.
    Object { at: Vec<PathStep>, fields: Vec<(String, Projection)> },
    /// An array with each item of the array at a path made over.
    Array { at: Vec<PathStep>, item: Box<Projection> },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PathStep {
    Key(String),
    /// Counted from the end where negative.
    Index(i64),
    /// Every item.
    Each,
}
