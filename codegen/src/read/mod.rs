//! The first stage: from text to a [`Document`]. It is tolerant: what it cannot read it reports, and goes on.

pub(crate) mod document;
mod fields;
pub(crate) mod yaml;

use crate::codes::Code;
use crate::diagnostic::{Place, Sink};
use document::{
    Authentication, Bind, ConsumedOperation, ConsumedResource, Consumes, Document, Hints, Input, Invocation, Mcp,
    Output, Rest, RestOperation, RestResource, Text, Tool,
};
use fields::Fields;
use yaml::{Content, Node};

/// Versions of the format whose shape this reader knows.
const KNOWN_VERSIONS: [&str; 3] = ["1.0.0-alpha1", "1.0.0-alpha2", "1.0.0-alpha3"];

/// Reads a capability. `None` means that there is none in the text; the sink says why.
pub(crate) fn read(text: &str, sink: &mut Sink) -> Option<Document> {
    let root = yaml::parse(text, sink)?;
    let Content::Mapping(_) = root.content else {
        not_a_capability(root.place, &format!("the file holds {} where a capability is a mapping", root.what()), sink);
        return None;
    };
    let mut fields = Fields::of(&root, "a capability file", sink);
    let version = fields.text(&["naftiko", "ikanos"], sink);
    let Some(capability) = fields.get(&["capability"]) else {
        let shared = ["consumes", "exposes", "aggregates", "binds"].iter().any(|key| fields.get(&[key]).is_some());
        match version {
            Some(version) if !shared => {
                let help = "add `capability:`; or is it spelled differently?";
                sink.report(Code::NoCapability, version.place, "the file has a version but no `capability`", help);
            }
            Some(_) => {
                not_a_capability(root.place, "the file has no `capability`, only parts that others import", sink)
            }
            None => not_a_capability(root.place, "the file has no `capability`", sink),
        }
        return None;
    };
    check_version(version, root.place, sink);
    let mut document = Document {
        place: capability.place,
        title: None,
        description: None,
        binds: Vec::new(),
        consumes: Vec::new(),
        rest: Vec::new(),
        mcp: Vec::new(),
    };
    if let Some(info) = fields.get(&["info"]) {
        let mut info = Fields::of(&info.value, "`info`", sink);
        document.title = info.text(&["label", "display", "title"], sink);
        document.description = info.text(&["description"], sink);
        info.ignore(&["tags", "created", "modified", "version", "stakeholders"]);
        info.finish(sink);
    }
    document.binds =
        fields.members(&["binds"], sink).into_iter().filter_map(|(name, node)| bind(name, node, sink)).collect();
    fields.finish(sink);

    let mut fields = Fields::of(&capability.value, "`capability`", sink);
    document.consumes = read_all(fields.members(&["consumes"], sink), consumes, sink);
    for (name, node) in fields.members(&["exposes"], sink) {
        exposes(name, node, &mut document, sink);
    }
    for key in ["aggregates", "binds"] {
        unsupported(&mut fields, key, "`capability`", sink);
    }
    fields.finish(sink);
    Some(document)
}

fn not_a_capability(place: Place, message: &str, sink: &mut Sink) {
    let help = "a capability starts with a version line (`naftiko: 1.0.0-alpha2`) and has a `capability:` section";
    sink.report(Code::NotACapability, place, format!("{message}; it is skipped"), help);
}

fn check_version(version: Option<Text>, root: Place, sink: &mut Sink) {
    let known = format!("known versions are {}", KNOWN_VERSIONS.join(", "));
    match version {
        None => sink.report(
            Code::UnknownVersion,
            root,
            "the file does not say which version of the format it follows",
            known,
        ),
        Some(version) if !KNOWN_VERSIONS.contains(&version.value.as_str()) => {
            let message =
                format!("version `{}` of the format is not known; the file is read all the same", version.value);
            sink.report(Code::UnknownVersion, version.place, message, known);
        }
        Some(_) => {}
    }
}

/// Reports a key whose feature is not there yet. Leaving it out silently would change what the capability does.
fn unsupported(fields: &mut Fields<'_>, key: &'static str, what: &str, sink: &mut Sink) {
    if let Some(place) = fields.place_of(key) {
        let help = "remove it, or generate this capability with a later version";
        sink.report(Code::Unsupported, place, format!("`{key}` of {what} is not supported yet"), help);
    }
}

/// Reports an entry that stands for one in another file.
fn import(fields: &mut Fields<'_>, keys: &[&'static str], sink: &mut Sink) -> bool {
    let place = fields.get(keys).map(|entry| entry.place);
    if let Some(place) = place {
        let help = "copy the entry from that file into this one";
        sink.report(Code::Unsupported, place, "imports from other files are not supported yet", help);
    }
    place.is_some()
}

type Member<'n> = (Option<Text>, &'n Node);

fn read_all<T>(
    members: Vec<Member<'_>>,
    read: fn(Option<Text>, &Node, &mut Sink) -> Option<T>,
    sink: &mut Sink,
) -> Vec<T> {
    members.into_iter().filter_map(|(name, node)| read(name, node, sink)).collect()
}

/// A member's name: its key in a mapping, its `name` in a list.
fn name_of(key: Option<Text>, fields: &mut Fields<'_>, sink: &mut Sink) -> Option<Text> {
    let given = fields.text(&["name"], sink);
    key.or(given)
}

fn bind(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Bind> {
    let mut fields = Fields::of(node, "a bind", sink);
    let namespace = fields.text(&["namespace"], sink).or(key);
    let environment = fields.place_of("location").is_none();
    unsupported(&mut fields, "location", "a bind", sink);
    fields.ignore(&["description"]);
    let pairs = fields.pairs("keys", sink).unwrap_or_default();
    let keys = pairs
        .into_iter()
        .filter_map(|(name, node)| Some((name.clone(), fields::text(node, &name.value, sink)?)))
        .collect();
    fields.finish(sink);
    Some(Bind { environment, namespace, keys })
}

fn consumes(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Consumes> {
    let mut fields = Fields::of(node, "a `consumes` entry", sink);
    if import(&mut fields, &["location", "from"], sink) {
        return None;
    }
    if let Some(kind) = fields.text(&["type"], sink).filter(|kind| kind.value != "http") {
        let message = format!("an API of type `{}` cannot be consumed", kind.value);
        sink.report(Code::Unsupported, kind.place, message, "only `type: http` is known");
    }
    unsupported(&mut fields, "tunnel", "a `consumes` entry", sink);
    let given = fields.text(&["namespace"], sink);
    let Some(namespace) = given.or(key) else {
        fields.missing(&["namespace"], sink);
        return None;
    };
    let base_uri = fields.text(&["baseUri"], sink);
    fields.ignore(&["description", "as"]);
    let authentication = fields.get(&["authentication"]).and_then(|entry| authentication(&entry.value, sink));
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let resources = read_all(fields.members(&["resources"], sink), consumed_resource, sink);
    let place = fields.place;
    fields.finish(sink);
    Some(Consumes { place, namespace, base_uri, authentication, inputs, resources })
}

fn authentication(node: &Node, sink: &mut Sink) -> Option<Authentication> {
    let mut fields = Fields::of(node, "`authentication`", sink);
    let kind = fields.required_text(&["type"], sink);
    let mut text = |name| fields.text(&[name], sink);
    let (key, value, placement) = (text("key"), text("value"), text("placement"));
    let (token, username, password) = (text("token"), text("username"), text("password"));
    let place = fields.place;
    fields.finish(sink);
    Some(Authentication { place, kind: kind?, key, value, placement, token, username, password })
}

fn consumed_resource(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<ConsumedResource> {
    let mut fields = Fields::of(node, "a consumed resource", sink);
    name_of(key, &mut fields, sink);
    let path = fields.required_text(&["path"], sink);
    fields.ignore(&["label", "display", "description", "tags"]);
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let operations = read_all(fields.members(&["operations"], sink), consumed_operation, sink);
    fields.finish(sink);
    Some(ConsumedResource { path: path?, inputs, operations })
}

fn consumed_operation(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<ConsumedOperation> {
    let mut fields = Fields::of(node, "a consumed operation", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let method = fields.text(&["method"], sink);
    let description = fields.text(&["description"], sink);
    let output_format = fields.text(&["outputRawFormat"], sink);
    unsupported(&mut fields, "body", "a consumed operation", sink);
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    fields.ignore(&[
        "label",
        "display",
        "tags",
        "outputParameters",
        "outputSchema",
        "outputMediaType",
        "maxBinarySize",
    ]);
    fields.finish(sink);
    Some(ConsumedOperation { name: name?, method, description, output_format, inputs })
}

fn input(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Input> {
    let mut fields = Fields::of(node, "an input parameter", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let location = fields.text(&["in"], sink);
    let kind = fields.text(&["type"], sink);
    let description = fields.text(&["description"], sink);
    let required = fields.flag("required", sink);
    let value = fields.get(&["value", "const"]).map(|entry| entry.value.clone());
    fields.ignore(&["label", "display"]);
    fields.finish(sink);
    Some(Input { name: name?, location, kind, description, required, value })
}

fn exposes(key: Option<Text>, node: &Node, document: &mut Document, sink: &mut Sink) {
    let mut fields = Fields::of(node, "an `exposes` entry", sink);
    if import(&mut fields, &["from"], sink) {
        return;
    }
    let Some(kind) = fields.required_text(&["type"], sink) else { return };
    let namespace = fields.text(&["namespace"], sink).or(key);
    let port = port(&mut fields, sink);
    for feature in ["authentication", "address", "inputParameters"] {
        unsupported(&mut fields, feature, "an `exposes` entry", sink);
    }
    match kind.value.as_str() {
        "rest" => {
            fields.ignore(&["description"]);
            let resources = read_all(fields.members(&["resources"], sink), rest_resource, sink);
            document.rest.push(Rest { place: fields.place, namespace, port, resources });
        }
        "mcp" => {
            fields.ignore(&["transport", "ttlMs", "cacheScope"]);
            let description = fields.text(&["description"], sink);
            let tools = read_all(fields.members(&["tools"], sink), tool, sink);
            for feature in ["resources", "prompts"] {
                unsupported(&mut fields, feature, "an MCP adapter", sink);
            }
            document.mcp.push(Mcp { place: fields.place, namespace, port, description, tools });
        }
        other => {
            let message = format!("adapters of type `{other}` are not supported yet");
            sink.report(Code::Unsupported, kind.place, message, "`rest` and `mcp` are known");
            return;
        }
    }
    fields.finish(sink);
}

fn port(fields: &mut Fields<'_>, sink: &mut Sink) -> Option<u16> {
    let text = fields.text(&["port"], sink)?;
    let port = text.value.parse().ok().filter(|port| *port != 0);
    if port.is_none() {
        sink.report(
            Code::WrongType,
            text.place,
            format!("`{}` is no port", text.value),
            "a port is a number from 1 to 65535",
        );
    }
    port
}

fn rest_resource(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<RestResource> {
    let mut fields = Fields::of(node, "a REST resource", sink);
    name_of(key, &mut fields, sink);
    let path = fields.required_text(&["path"], sink);
    fields.ignore(&["label", "display", "description", "tags"]);
    unsupported(&mut fields, "forward", "a REST resource", sink);
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let operations = read_all(fields.members(&["operations"], sink), rest_operation, sink);
    fields.finish(sink);
    Some(RestResource { path: path?, inputs, operations })
}

fn rest_operation(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<RestOperation> {
    let mut fields = Fields::of(node, "a REST operation", sink);
    let name = name_of(key, &mut fields, sink);
    let method = fields.text(&["method"], sink);
    let description = fields.text(&["description"], sink);
    fields.ignore(&["label", "display", "tags"]);
    for feature in ["responses", "responseBinary"] {
        unsupported(&mut fields, feature, "a REST operation", sink);
    }
    let invocation = invocation(&mut fields, "a REST operation", sink);
    let place = fields.place;
    fields.finish(sink);
    Some(RestOperation { place, method, name, description, invocation })
}

fn tool(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Tool> {
    let mut fields = Fields::of(node, "a tool", sink);
    let name = name_of(key, &mut fields, sink);
    if name.is_none() {
        fields.missing(&["name"], sink);
    }
    let title = fields.text(&["label", "display", "title"], sink);
    let description = fields.text(&["description"], sink);
    fields.ignore(&["tags"]);
    let hints = fields.get(&["hints"]).map(|entry| {
        let mut hints = Fields::of(&entry.value, "`hints`", sink);
        let read = Hints {
            read_only: hints.flag("readOnly", sink),
            destructive: hints.flag("destructive", sink),
            idempotent: hints.flag("idempotent", sink),
            open_world: hints.flag("openWorld", sink),
        };
        hints.finish(sink);
        read
    });
    let invocation = invocation(&mut fields, "a tool", sink);
    fields.finish(sink);
    Some(Tool { name: name?, title, description, hints: hints.unwrap_or_default(), invocation })
}

fn invocation(fields: &mut Fields<'_>, what: &str, sink: &mut Sink) -> Invocation {
    for feature in ["ref", "steps", "mappings"] {
        unsupported(fields, feature, what, sink);
    }
    let call = fields.text(&["call"], sink);
    let with = fields.pairs("with", sink);
    let with = with.map(|pairs| pairs.into_iter().map(|(name, node)| (name, node.clone())).collect());
    let inputs = read_all(fields.members(&["inputParameters"], sink), input, sink);
    let outputs = read_all(fields.members(&["outputParameters"], sink), output, sink);
    Invocation { call, with, inputs, outputs }
}

fn output(key: Option<Text>, node: &Node, sink: &mut Sink) -> Option<Output> {
    let mut fields = Fields::of(node, "an output parameter", sink);
    let name = name_of(key, &mut fields, sink);
    let kind = fields.text(&["type"], sink);
    let mapping = fields.text(&["mapping"], sink);
    let value = fields.get(&["value", "const"]).map(|entry| entry.value.clone());
    let properties = read_all(fields.members(&["properties"], sink), output, sink);
    let items = fields.get(&["items"]).and_then(|entry| output(None, &entry.value, sink)).map(Box::new);
    fields.ignore(&["description", "required"]);
    let place = fields.place;
    fields.finish(sink);
    Some(Output { place, name, kind, mapping, value, properties, items })
}
