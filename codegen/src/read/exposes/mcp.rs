//! MCP adapters: tools, resources and prompts.

use naftiko_schema::Role;

use super::AdapterKind;
use crate::codes::Code;
use crate::diagnostic::{Sink, nearest};
use crate::read::document::{Input, Invocation, Text};
use crate::read::fields::Fields;
use crate::read::invocation::invocation;
use crate::read::rules::rules;
use crate::read::yaml::Node;
use crate::read::{name_of, read_all, read_parts};

#[derive(Debug)]
pub(crate) struct Mcp {
    /// Whether clients reach it over standard input and output only.
    pub(crate) over_stdio: bool,
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

pub(super) fn read(fields: &mut Fields<'_>, sink: &mut Sink) -> AdapterKind {
    let transport = fields.get(&["transport"]).and_then(|entry| entry.value.scalar_text());
    let over_stdio = transport.is_some_and(|transport| transport == "stdio");
    fields.ignore(&["inputParameters"]);
    let caching = Caching { ttl_ms: ttl(fields, sink), public: scope(fields, sink) };
    let (tools, _) = read_parts("tool", fields.members(&["tools"], sink), tool, sink);
    let (resources, _) = read_parts("resource", fields.members(&["resources"], sink), resource, sink);
    let (prompts, _) = read_parts("prompt", fields.members(&["prompts"], sink), prompt, sink);
    AdapterKind::Mcp(Mcp { over_stdio, tools, resources, prompts, caching })
}

fn ttl(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<u64> {
    let text = fields.text(&["ttlMs"], sink)?;
    let ttl = text.value.parse().ok();
    if ttl.is_none() {
        let message = format!("`ttlMs` must be a whole number of milliseconds, but it is `{}`", text.value);
        sink.report(Code::WrongType, text.span, message);
    }
    ttl
}

/// Whether a cached result may be shared between users.
fn scope(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<bool> {
    let text = fields.text(&["cacheScope"], sink)?;
    match text.value.as_str() {
        "public" => Some(true),
        "private" => Some(false),
        other => {
            let message = format!("`cacheScope` must be `public` or `private`, but it is `{other}`");
            let meant = nearest(other, ["public", "private"]);
            sink.report(Code::WrongType, text.span, message).nearest(text.span, other, meant, "");
            None
        }
    }
}

fn tool(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Tool> {
    let mut fields = Fields::of(node, "a tool", sink);
    let name = name_of(key, &mut fields, sink);
    let title = fields.text(&["label", "display", "title"], sink);
    let description = fields.text(&["description"], sink);
    fields.ignore(&["tags"]);
    let hints = fields.get(&["hints"]).map(|entry| hints(&entry.value, sink)).unwrap_or_default();
    let mut invocation = invocation(&mut fields, sink);
    if let Some(entry) = fields.get(&["inputSchema"]).filter(|_| invocation.inputs.is_empty()) {
        invocation.inputs = schema_inputs(&entry.value, sink);
    }
    // Without a name, a tool has that of the flow that it runs.
    let name = name.or_else(|| {
        let flow = invocation.flow.as_ref()?;
        let (_, name) = flow.value.rsplit_once('.')?;
        Some(Text { value: name.to_owned(), span: flow.span })
    });
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    fields.finish(sink);
    Some(Tool { name: name?, title, description, hints, invocation })
}

/// The inputs that a schema describes, as lists of tools have it.
fn schema_inputs(node: &Node, sink: &mut Sink) -> Vec<Input> {
    let mut fields = Fields::of(node, "`inputSchema`", sink);
    let required = fields.list("required", sink);
    let properties = fields.pairs("properties", sink).unwrap_or_default();
    let input = |(name, node): (Text, &Node)| {
        let mut fields = Fields::of(node, "a property", sink);
        // Several types are any type.
        let kind =
            fields.get(&["type"]).and_then(|entry| Some(Text { value: entry.value.scalar_text()?, span: entry.span }));
        let description = fields.text(&["description"], sink);
        let required = Some(required.iter().any(|required| required.value == name.value));
        let rules = rules(&mut fields, sink);
        Input { name, location: None, kind, description, required, value: None, rules }
    };
    properties.into_iter().map(input).collect()
}

impl Hints {
    /// These hints, and where they say nothing, others.
    pub(crate) fn or(self, others: Self) -> Self {
        Self {
            read_only: self.read_only.or(others.read_only),
            destructive: self.destructive.or(others.destructive),
            idempotent: self.idempotent.or(others.idempotent),
            open_world: self.open_world.or(others.open_world),
        }
    }
}

fn hints(node: &Node, sink: &mut Sink) -> Hints {
    let mut hints = Fields::of(node, "`hints`", sink);
    let read = Hints {
        read_only: hints.flag("readOnly", sink),
        destructive: hints.flag("destructive", sink),
        idempotent: hints.flag("idempotent", sink),
        open_world: hints.flag("openWorld", sink),
    };
    hints.finish(sink);
    read
}

fn resource(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<McpResource> {
    let mut fields = Fields::of(node, "an MCP resource", sink);
    let uri = fields.required_text(&["uri"], sink);
    let name = name_of(key, &mut fields, sink).or_else(|| uri.clone());
    let title = fields.text(&["label", "display", "title"], sink);
    let description = fields.text(&["description"], sink);
    let media_type = fields.text(&["mimeType"], sink);
    let binary = fields.flag("binary", sink).unwrap_or(false);
    fields.ignore(&["tags"]);
    let location = fields.text(&["location"], sink);
    let calls = ["call", "operation", "steps", "ref"].into_iter().find(|key| fields.has(&[*key]));
    let source = match location {
        Some(location) => {
            if let Some(other) = calls {
                report_both(&location, other, sink);
            }
            fields.ignore(&[
                "call",
                "operation",
                "steps",
                "ref",
                "mappings",
                "with",
                "inputParameters",
                "outputParameters",
            ]);
            ResourceSource::Location(location)
        }
        None => ResourceSource::Call(invocation(&mut fields, sink)),
    };
    fields.finish(sink);
    Some(McpResource { name: name?, title, uri: uri?, description, media_type, binary, source })
}

fn prompt(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Prompt> {
    let mut fields = Fields::of(node, "a prompt", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let title = fields.text(&["label", "display", "title"], sink);
    let description = fields.text(&["description"], sink);
    fields.ignore(&["tags"]);
    let arguments = read_all(fields.members(&["arguments"], sink), argument, sink);
    let location = fields.text(&["location"], sink);
    let members = fields.members(&["template"], sink);
    let has_template = !members.is_empty();
    let messages = read_all(members, message, sink);
    let content = match location {
        Some(location) => {
            if has_template {
                report_both(&location, "template", sink);
            }
            PromptContent::Location(location)
        }
        None => {
            if !has_template {
                fields.missing(&["template"], sink);
            }
            PromptContent::Messages(messages)
        }
    };
    fields.finish(sink);
    Some(Prompt { name: name?, title, description, arguments, content })
}

fn report_both(location: &Text, other: &str, sink: &mut Sink) {
    let message = format!("`location` and `{other}` both say what the content is");
    sink.report(Code::SeveralSources, location.span, message).help("remove one of the two");
}

fn argument(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<PromptArgument> {
    let mut fields = Fields::of(node, "an argument of a prompt", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let title = fields.text(&["label", "display", "title"], sink);
    let description = fields.text(&["description"], sink);
    let required = fields.flag("required", sink).unwrap_or(true);
    fields.ignore(&["type", "tags"]);
    fields.finish(sink);
    Some(PromptArgument { name: name?, title, description, required })
}

fn message(_: Option<Text>, node: &Node, sink: &mut Sink) -> Option<PromptMessage> {
    let mut fields = Fields::of(node, "a message of a prompt", sink);
    let role = fields.required_text(&["role"], sink);
    let content = fields.required_text(&["content"], sink);
    fields.finish(sink);
    let role = role?;
    let role = match role.value.as_str() {
        "user" => Role::User,
        "assistant" => Role::Assistant,
        other => {
            let message = format!("unknown role `{other}` in a prompt");
            let meant = nearest(other, ["user", "assistant"]);
            let help = "use `user` or `assistant`";
            sink.report(Code::UnknownRole, role.span, message).nearest(role.span, other, meant, help);
            return None;
        }
    };
    Some(PromptMessage { role, content: content? })
}
