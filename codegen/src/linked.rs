//! A capability whose references all point to something: what `resolve` makes and `check` and `lower` read.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::http::percent_decode;
use naftiko_schema::{
    ApiId, Body, Credential, FileContent, FlowId, Format, InboundAuth, InputId, InputPart, InputText, List, Location,
    Method, OperationId, ParameterStyle, Role, SkillFile, SkillSource, StepId, StepValue, Template, Variable,
    VariableValue,
};

use crate::codes::Code;
use crate::companion::Types;
use crate::diagnostic::Span;
use crate::names::Index;
use crate::read::document::{
    self, Adapter, AdapterType, Document, Hints, McpResource, Output, Rules, Text, TransformStep,
};
use crate::template::Piece;

#[derive(Debug)]
pub(crate) struct Linked<'d> {
    pub(crate) document: &'d Document,
    /// The environment variables in use, in order of first use.
    pub(crate) variables: List<Variable>,
    pub(crate) apis: Vec<Api<'d>>,
    pub(crate) operations: Vec<Operation<'d>>,
    /// What a companion says about their bodies.
    pub(crate) types: Types,
    /// What routes and tools run that is more than one call.
    pub(crate) flows: Vec<Flow<'d>>,
    pub(crate) routes: Vec<Route<'d>>,
    pub(crate) forwards: Vec<Forward<'d>>,
    pub(crate) tools: Vec<Tool<'d>>,
    pub(crate) resources: Vec<Resource<'d>>,
    pub(crate) prompts: Vec<Prompt<'d>>,
    pub(crate) skills: Vec<Skill<'d>>,
    /// For each adapter of the document, the index of the one whose listener it has.
    pub(crate) listeners: Vec<usize>,
    /// How callers of each listener authenticate, by the index of its adapter.
    pub(crate) inbound: BTreeMap<usize, InboundAuth>,
    /// The errors that the settings allow.
    pub(crate) allowed: BTreeSet<Code>,
}

impl Linked<'_> {
    /// The listeners of a type, in the order of the file.
    pub(crate) fn listeners_of(&self, adapter_type: AdapterType) -> impl Iterator<Item = Listener<'_>> {
        let all = self.listeners.iter().zip(&self.document.adapters).enumerate();
        all.filter_map(move |(index, (listener, adapter))| {
            let is_own = *listener == index && adapter.kind.type_of() == Some(adapter_type);
            let auth = self.inbound.get(&index).filter(|_| is_own)?;
            Some(Listener { index, adapter, port: adapter.port.unwrap_or(adapter_type.usual_port()), auth })
        })
    }

    /// All calls of routes, tools and resources.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &Call<'_>> {
        let resources = self.resources.iter().filter_map(|resource| match &resource.source {
            ResourceSource::Call(call) => Some(call),
            ResourceSource::Files(_) => None,
        });
        let routes = self.routes.iter().map(|route| &route.call);
        routes.chain(self.tools.iter().map(|tool| &tool.call)).chain(resources)
    }
}

/// What is served on one port: an adapter, with others that have no listener of their own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listener<'l> {
    /// The index of the adapter.
    pub(crate) index: usize,
    pub(crate) adapter: &'l Adapter,
    pub(crate) port: u16,
    /// How callers authenticate.
    pub(crate) auth: &'l InboundAuth,
}

#[derive(Debug)]
pub(crate) struct Api<'d> {
    pub(crate) span: Span,
    /// The namespace as calls spell it.
    pub(crate) namespace: &'d str,
    /// The namespace, with a number if several APIs have the same one.
    pub(crate) name: String,
    /// The default, as it is written.
    pub(crate) base_uri: Option<&'d Text>,
    /// Where it says that requests go through a tunnel, whose end the operator must name.
    pub(crate) tunnel: Option<Span>,
    pub(crate) credentials: Vec<Credential>,
}

#[derive(Debug)]
pub(crate) struct Operation<'d> {
    pub(crate) api: ApiId,
    pub(crate) name: &'d Text,
    pub(crate) method: Method,
    pub(crate) description: Option<&'d Text>,
    /// What callers have to know before they call it, as the companion says.
    pub(crate) note: Option<String>,
    pub(crate) output_format: Option<&'d Text>,
    /// The format of its responses, or why they cannot be mapped.
    pub(crate) format: Result<Format, Unreadable>,
    pub(crate) output_media_type: Option<&'d Text>,
    /// The longest response, in bytes.
    pub(crate) limit: Option<u64>,
    /// Header fields of responses for callers, in lower case.
    pub(crate) output_headers: Vec<String>,
    /// The whole path as its author wrote it.
    pub(crate) path: Text,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) constants: Vec<Constant>,
    /// What steps see of the response.
    pub(crate) outputs: &'d [Output],
    pub(crate) body: Option<Body>,
    /// Its credentials in place of those of the API, if callers send a part of them.
    pub(crate) credentials: Vec<Credential>,
    /// Declared parameters that are left out for a reason that was reported.
    pub(crate) left_out: Vec<String>,
    /// The names of the parameters that are known from placeholders only.
    pub(crate) guessed: BTreeSet<String>,
}

/// Why responses cannot be mapped. It matters only where a route or tool maps them.
#[derive(Debug)]
pub(crate) struct Unreadable {
    pub(crate) span: Span,
    pub(crate) message: String,
    pub(crate) help: &'static str,
}

impl Operation<'_> {
    /// Whether callers send a part of the credential that nothing declares.
    pub(crate) fn has_sent_credential(&self) -> bool {
        self.parameters.iter().any(|parameter| parameter.location == Location::Credential)
    }

    /// Whether calls of the two send the same requests.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let parameter = |it: &Parameter| {
            (it.name.clone(), it.wire.clone(), it.location, it.kind.as_ref().map(|kind| kind.value.clone()), it.style)
        };
        let parameters = |it: &Self| it.parameters.iter().map(parameter).collect::<Vec<_>>();
        let constant = |it: &Constant| (it.name.value.clone(), it.location, it.value.clone(), it.json.clone());
        let constants = |it: &Self| it.constants.iter().map(constant).collect::<Vec<_>>();
        let same = self.api == other.api && self.method == other.method && self.pieces == other.pieces;
        same && self.body == other.body && parameters(self) == parameters(other) && constants(self) == constants(other)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    /// The name that the capability knows it by.
    pub(crate) name: String,
    /// The name that travels.
    pub(crate) wire: String,
    pub(crate) span: Span,
    pub(crate) location: Location,
    pub(crate) kind: Option<Text>,
    pub(crate) required: bool,
    pub(crate) description: Option<String>,
    pub(crate) rules: Rules,
    /// The environment variable that may have the value.
    pub(crate) configured: Option<String>,
    /// How an array or an object is written outside of JSON, as the companion says.
    pub(crate) style: Option<ParameterStyle>,
    /// The number that a list begins with, as the companion says.
    pub(crate) counts_from: Option<u64>,
}

impl Parameter {
    /// Something of this name that takes any value.
    pub(crate) fn of_any(name: &str, span: Span) -> Self {
        Self {
            name: name.to_owned(),
            wire: name.to_owned(),
            span,
            location: Location::Field,
            kind: None,
            required: false,
            description: None,
            rules: Rules::default(),
            configured: None,
            style: None,
            counts_from: None,
        }
    }
}

/// A parameter whose value the capability fixes.
#[derive(Clone, Debug)]
pub(crate) struct Constant {
    pub(crate) name: Text,
    pub(crate) location: Location,
    pub(crate) value: Template,
    /// The value in its own type as JSON text, unless variables are in it.
    pub(crate) json: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Route<'d> {
    /// The index of the adapter of its listener.
    pub(crate) listener: usize,
    pub(crate) span: Span,
    pub(crate) method: Method,
    pub(crate) path: Text,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) description: Option<&'d Text>,
    /// The media type of binary responses for which the upstream names none.
    pub(crate) media_type: Option<&'d Text>,
    pub(crate) call: Call<'d>,
}

impl Route<'_> {
    /// What makes the route different from others: its method, and its path with all placeholders made equal. The server
    /// matches decoded segments, so `/a b` and `/a%20b` are one.
    pub(crate) fn shape(&self) -> (Method, String) {
        (self.method, shape(&self.pieces))
    }
}

/// A path, decoded, with all placeholders made equal.
pub(crate) fn shape(pieces: &[Piece]) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Literal(text) => percent_decode(text).into_owned(),
        Piece::Placeholder(_) => "{}".to_owned(),
        Piece::Segments(_) => "{+}".to_owned(),
    };
    pieces.iter().map(piece).collect()
}

/// A path below which requests are passed on.
#[derive(Debug)]
pub(crate) struct Forward<'d> {
    /// The index of the adapter of its listener.
    pub(crate) listener: usize,
    pub(crate) path: &'d Text,
    pub(crate) pieces: Vec<Piece>,
    /// The operation at the base URI, which has what every request has.
    pub(crate) operation: Operation<'d>,
    /// Header fields of callers, in lower case.
    pub(crate) trusted: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Skill<'d> {
    /// The index of the adapter of its listener.
    pub(crate) listener: usize,
    pub(crate) declared: &'d document::Skill,
    pub(crate) tools: Vec<SkillTool<'d>>,
    /// Its files, in order of their paths.
    pub(crate) files: Vec<SkillFile>,
}

/// What a skill tells agents to use.
#[derive(Debug)]
pub(crate) struct SkillTool<'d> {
    pub(crate) name: &'d Text,
    pub(crate) description: Option<&'d Text>,
    pub(crate) source: SkillSource,
}

#[derive(Debug)]
pub(crate) struct Tool<'d> {
    /// The index of the adapter of its listener.
    pub(crate) listener: usize,
    /// The name that clients see.
    pub(crate) name: String,
    pub(crate) title: Option<&'d Text>,
    pub(crate) description: Option<&'d Text>,
    pub(crate) hints: Hints,
    /// Whether nothing says what callers may send, so that they may send anything.
    pub(crate) open: bool,
    pub(crate) call: Call<'d>,
}

impl Tool<'_> {
    /// Whether callers could distinguish the two only by their names.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let text = |text: Option<&Text>| text.map(|text| text.value.clone());
        let input = |input: &Parameter| {
            (input.wire.clone(), input.location, input.required, input.kind.as_ref().map(|kind| kind.value.clone()))
        };
        let inputs = |tool: &Self| tool.call.inputs.iter().map(input).collect::<Vec<_>>();
        let same = self.call.target == other.call.target && self.call.sources == other.call.sources;
        same && inputs(self) == inputs(other) && text(self.description) == text(other.description)
    }
}

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// One of [`Linked::operations`].
    Operation(OperationId),
    /// One of [`Linked::flows`].
    Flow(FlowId),
}

/// A call with every argument traced to its source.
#[derive(Debug)]
pub(crate) struct Call<'d> {
    pub(crate) target: Target,
    /// What the caller may send. For the steps of a route or tool itself, that is what the flow has.
    pub(crate) inputs: Vec<Parameter>,
    /// The names of the inputs with a fixed value.
    pub(crate) fixed: Vec<String>,
    /// One source for each parameter of the target.
    pub(crate) sources: Vec<Source>,
    pub(crate) outputs: Cow<'d, [Output]>,
    /// The longest response, in bytes, if the adapter says one that counts.
    pub(crate) limit: Option<u64>,
}

/// Steps, and what is made of their outputs.
#[derive(Debug)]
pub(crate) struct Flow<'d> {
    pub(crate) name: String,
    pub(crate) description: Option<&'d Text>,
    /// What callers may send.
    pub(crate) inputs: Vec<Parameter>,
    pub(crate) steps: Vec<Step<'d>>,
    /// The document that callers get; the last response without it.
    pub(crate) output: Option<Source>,
    /// Of an aggregate: the part of the last response that callers get.
    pub(crate) outputs: Cow<'d, [Output]>,
}

#[derive(Debug)]
pub(crate) struct Step<'d> {
    pub(crate) name: String,
    /// The list for each of whose elements it is taken. In the sources of its call, its own id means the element.
    pub(crate) for_each: Option<Source>,
    /// What must be true for it to be taken.
    pub(crate) condition: Option<Source>,
    pub(crate) action: Action<'d>,
}

#[derive(Debug)]
pub(crate) enum Action<'d> {
    Call(StepCall<'d>),
    Lookup(Lookup),
    Script(Script),
    Transform(Transform<'d>),
}

/// What the application makes of the outputs of earlier steps.
#[derive(Debug)]
pub(crate) struct Transform<'d> {
    pub(crate) declared: &'d TransformStep,
    /// What it gets of the caller, and values of its own.
    pub(crate) inputs: Source,
    /// The outputs of earlier steps, by their names.
    pub(crate) outputs: Source,
}

/// A program that a step runs.
#[derive(Debug)]
pub(crate) struct Script {
    /// In lower case.
    pub(crate) language: String,
    /// Names and texts of its files, in the order in which they run.
    pub(crate) files: Vec<(String, String)>,
    /// What it sees.
    pub(crate) context: Source,
    /// In milliseconds.
    pub(crate) timeout: u32,
    pub(crate) statements: u32,
    /// Why it is never run.
    pub(crate) rejection: Option<String>,
    /// Whether it is never run because scripts are switched off.
    pub(crate) switched_off: bool,
}

/// A call of an operation by a step.
#[derive(Debug)]
pub(crate) struct StepCall<'d> {
    pub(crate) operation: OperationId,
    /// One source for each parameter of the operation.
    pub(crate) sources: Vec<Source>,
    /// What other steps see of the response.
    pub(crate) outputs: &'d [Output],
}

/// A search in the output of another step.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) list: StepId,
    pub(crate) key: String,
    pub(crate) value: Source,
    pub(crate) members: Vec<String>,
}

impl Flow<'_> {
    /// The calls of its steps.
    pub(crate) fn calls(&self) -> impl Iterator<Item = &StepCall<'_>> {
        self.steps.iter().filter_map(|step| match &step.action {
            Action::Call(call) => Some(call),
            Action::Lookup(_) | Action::Script(_) | Action::Transform(_) => None,
        })
    }
}

impl Call<'_> {
    /// The input that each placeholder of a path feeds: the one with its name, or the only one that differs in style. An error
    /// means that there are several of these.
    pub(crate) fn inputs_of(&self, pieces: &[Piece]) -> Vec<(String, Result<Option<InputId>, ()>)> {
        let in_path: Vec<_> = self.inputs.iter().enumerate().filter(|(_, input)| input.location.is_path()).collect();
        let names = Index::of(in_path.iter().map(|(_, input)| input.name.as_str()));
        let id = |at: usize| in_path.get(at).map(|(index, _)| InputId::from(*index));
        let input_of = |placeholder: &str| match (names.exact(placeholder), &*names.like(placeholder)) {
            (Some(exact), _) => Ok(id(exact)),
            (None, []) => Ok(None),
            (None, [only]) => Ok(id(*only)),
            (None, _) => Err(()),
        };
        pieces.iter().filter_map(Piece::name).map(|name| (name.to_owned(), input_of(name))).collect()
    }
}

/// A resource, with what its URI is made of.
#[derive(Debug)]
pub(crate) struct Resource<'d> {
    /// The index of the adapter of its listener.
    pub(crate) listener: usize,
    pub(crate) declared: &'d McpResource,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) source: ResourceSource<'d>,
}

/// Where the content of a resource comes from.
#[derive(Debug)]
pub(crate) enum ResourceSource<'d> {
    Call(Call<'d>),
    Files(Files),
}

/// The files at a location.
#[derive(Debug)]
pub(crate) enum Files {
    /// Path below the location, which is empty for the location itself; name of the file; what is in it.
    Embedded(Vec<(String, String, FileContent)>),
    /// A file or a folder that is there when the server runs.
    ServerFile(String),
}

#[derive(Debug)]
pub(crate) struct Prompt<'d> {
    /// The index of the adapter of its listener.
    pub(crate) listener: usize,
    pub(crate) declared: &'d document::Prompt,
    pub(crate) text: PromptText,
}

/// What a prompt says.
#[derive(Debug)]
pub(crate) enum PromptText {
    /// Role, text and span of each message.
    Messages(Vec<(Role, String, Span)>),
    /// A file that is there when the server runs, with the only message.
    ServerFile(String),
}

/// Where the argument for a parameter comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// Nowhere: the parameter is left out.
    Absent,
    /// From the caller's input with this index.
    Input(InputId),
    /// From a part of the caller's input.
    Part(InputPart),
    /// From the output of a step.
    Output(StepValue),
    /// From a variable.
    Variable(VariableValue),
    /// A fixed value, as JSON text.
    Json(String),
    /// Text with the caller's inputs in it.
    Text(Vec<InputText>),
    /// The same, where what is absent is empty.
    Filled(Vec<InputText>),
    /// A list with the caller's inputs in it.
    List(Vec<Source>),
    /// An object with the caller's inputs in it.
    Object(Vec<(String, Source)>),
    /// The first of these that has a value.
    First(Vec<Source>),
}

impl Source {
    /// The inputs that can be the whole value.
    pub(crate) fn whole(&self) -> impl Iterator<Item = InputId> {
        let sources = if let Self::First(sources) = self { sources.as_slice() } else { std::slice::from_ref(self) };
        sources.iter().filter_map(|source| if let Self::Input(input) = source { Some(*input) } else { None })
    }

    /// Calls a function with each input that is part of it.
    pub(crate) fn inputs(&self, each: &mut impl FnMut(InputId)) {
        match self {
            Self::Absent | Self::Json(_) | Self::Output(_) | Self::Variable(_) => {}
            Self::Input(fed) => each(*fed),
            Self::Part(part) => each(part.input),
            Self::Text(parts) | Self::Filled(parts) => parts.iter().for_each(|part| match part {
                InputText::Input(fed) => each(*fed),
                InputText::Part(part) => each(part.input),
                InputText::Literal(_) | InputText::Output(_) | InputText::Variable(_) => {}
            }),
            Self::List(items) | Self::First(items) => items.iter().for_each(|item| item.inputs(each)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.inputs(each)),
        }
    }

    /// Calls a function with each step whose output is part of it.
    pub(crate) fn steps(&self, each: &mut impl FnMut(StepId)) {
        match self {
            Self::Absent | Self::Json(_) | Self::Input(_) | Self::Part(_) | Self::Variable(_) => {}
            Self::Output(value) => each(value.step),
            Self::Text(parts) | Self::Filled(parts) => parts.iter().for_each(|part| {
                if let InputText::Output(value) = part {
                    each(value.step);
                }
            }),
            Self::List(items) | Self::First(items) => items.iter().for_each(|item| item.steps(each)),
            Self::Object(members) => members.iter().for_each(|(_, member)| member.steps(each)),
        }
    }
}
