//! OpenAPI documents of versions 2.0, 3.0 and 3.1: their operations, with references followed.

use std::collections::BTreeMap;

use naftiko_schema::http::percent_decode;
use naftiko_schema::{Location, Method};

use crate::read::yaml::{Content, Entry, Node};

/// How many references may lead to each other in a row.
const MAX_HOPS: usize = 16;

/// A document.
pub(crate) struct Document<'n> {
    root: &'n Node,
}

/// An operation of a document.
pub(crate) struct Operation<'n> {
    pub(crate) method: Method,
    pub(crate) path: &'n str,
    /// The key of the method.
    pub(crate) entry: &'n Entry,
    pub(crate) parameters: Vec<Parameter<'n>>,
    /// The schema of the JSON body of a request.
    pub(crate) request: Option<&'n Node>,
    /// Whether requests must have a body.
    pub(crate) needs_body: bool,
    /// The status of a successful response, such as `201`.
    pub(crate) status: Option<&'n str>,
    /// The schema of the JSON body of a successful response.
    pub(crate) response: Option<&'n Node>,
    /// The schemas of unsuccessful responses, by their statuses.
    pub(crate) failures: Vec<(&'n str, &'n Node)>,
    /// What callers have to know before they call it.
    pub(crate) note: Option<String>,
}

pub(crate) struct Parameter<'n> {
    pub(crate) name: String,
    pub(crate) location: Location,
    pub(crate) node: &'n Node,
    pub(crate) schema: &'n Node,
}

impl<'n> Operation<'n> {
    /// The parameter of this name; case makes no difference in names of header fields (RFC 9110 §5.1).
    pub(crate) fn parameter(&self, name: &str, location: Location) -> Option<&Parameter<'n>> {
        self.parameters.iter().find(|other| {
            other.location == location
                && (other.name == name || location == Location::Header && other.name.eq_ignore_ascii_case(name))
        })
    }
}

impl<'n> Document<'n> {
    /// The document of a tree; `None` if it is no OpenAPI document.
    pub(crate) fn new(root: &'n Node) -> Option<Self> {
        let version = root.get("openapi").or_else(|| root.get("swagger")).and_then(Node::scalar_text)?;
        let is_known = ["2.", "3."].iter().any(|major| version.starts_with(major)) || version == "2" || version == "3";
        is_known.then_some(Self { root })
    }

    /// Whether its author says that requests without what it requires are refused.
    pub(crate) fn is_verified(&self) -> bool {
        flag(self.root, "x-naftiko-verified")
    }

    /// What a reference within the document leads to (RFC 6901).
    pub(crate) fn at(&self, reference: &str) -> Option<&'n Node> {
        let pointer = percent_decode(reference.strip_prefix('#')?);
        let mut node = self.root;
        for token in pointer.split('/').skip(1) {
            let token = token.replace("~1", "/").replace("~0", "~");
            node = match &node.content {
                Content::Sequence(items) => items.get(token.parse::<usize>().ok()?)?,
                _ => node.get(&token)?,
            };
        }
        Some(node)
    }

    /// The node, or what it refers to; `None` if the reference leads nowhere.
    pub(crate) fn followed(&self, node: &'n Node) -> Option<&'n Node> {
        let mut node = node;
        for _ in 0..MAX_HOPS {
            match node.get("$ref").and_then(Node::scalar_text) {
                Some(reference) => node = self.at(&reference)?,
                None => return Some(node),
            }
        }
        None
    }

    /// The path that the servers' addresses have before those of operations.
    pub(crate) fn base_paths(&self) -> Vec<String> {
        let servers = self.root.get("servers").map(items).unwrap_or_default();
        let urls = servers.iter().filter_map(|server| server.get("url").and_then(Node::scalar_text));
        let of_url = |url: String| {
            let rest = url
                .split_once("://")
                .map_or(url.as_str(), |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
            rest.trim_matches('/').to_owned()
        };
        let base = self.root.get("basePath").and_then(Node::scalar_text);
        urls.map(of_url).chain(base.map(|base| base.trim_matches('/').to_owned())).collect()
    }

    /// Whether requests of an operation have a body, of any media type.
    pub(crate) fn has_body(&self, operation: &'n Node) -> bool {
        let parameters = operation.get("parameters").map(items).unwrap_or_default();
        let in_body = |parameter: &Node| matches!(text(parameter, "in").as_deref(), Some("body" | "formData"));
        operation.get("requestBody").is_some()
            || parameters.iter().filter_map(|parameter| self.followed(parameter)).any(in_body)
    }

    /// The media types of the bodies of an operation's requests, in the order of their names.
    pub(crate) fn request_content(&self, operation: &'n Node) -> Vec<&'n Entry> {
        let body = operation.get("requestBody").and_then(|body| self.followed(body));
        body.and_then(|body| body.get("content")).map(sorted).unwrap_or_default()
    }

    /// The parameters of version 2.0 that are fields of a form.
    pub(crate) fn form_parameters(&self, operation: &'n Node) -> Vec<&'n Node> {
        let parameters = operation.get("parameters").map(items).unwrap_or_default();
        let parameters = parameters.iter().filter_map(|parameter| self.followed(parameter));
        parameters.filter(|parameter| text(parameter, "in").as_deref() == Some("formData")).collect()
    }

    /// All operations, in the order of the document.
    pub(crate) fn operations(&self) -> Vec<Operation<'n>> {
        let mut operations = Vec::new();
        for path in self.root.get("paths").map(entries).unwrap_or_default() {
            let Some(item) = self.followed(&path.value) else { continue };
            for entry in entries(item) {
                let method = Method::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(&entry.key));
                let (Some(method), Content::Mapping(_)) = (method, &entry.value.content) else { continue };
                operations.push(self.operation(method, &path.key, item, entry));
            }
        }
        operations
    }

    fn operation(&self, method: Method, path: &'n str, item: &'n Node, entry: &'n Entry) -> Operation<'n> {
        let node = &entry.value;
        // An operation's own parameters replace those of its path.
        let own = [node, item].into_iter().flat_map(|node| node.get("parameters").map(items).unwrap_or_default());
        let own: Vec<&Node> = own.filter_map(|parameter| self.followed(parameter)).collect();
        let mut parameters: BTreeMap<(String, Location), Parameter<'n>> = BTreeMap::new();
        for parameter in own.iter().filter_map(parameter) {
            parameters.entry((parameter.name.clone(), parameter.location)).or_insert(parameter);
        }
        let body = node.get("requestBody").and_then(|body| self.followed(body));
        let body_of_2 = own.iter().copied().find(|node| text(node, "in").as_deref() == Some("body"));
        let response = self.response(node);
        Operation {
            method,
            path,
            entry,
            parameters: parameters.into_values().collect(),
            request: body
                .and_then(|body| json_schema(body.get("content")?))
                .or_else(|| body_of_2.and_then(|body| body.get("schema"))),
            needs_body: body.or(body_of_2).and_then(|body| body.get("required")).is_some_and(Node::is_true),
            status: response.map(|(status, _)| status),
            response: response.and_then(|(_, schema)| schema),
            failures: self.failures(node),
            note: text(node, "x-naftiko-note"),
        }
    }

    /// The statuses of unsuccessful responses that have a schema, each with it. A pattern of statuses, such as 4XX, and what
    /// holds for all others, `default`, count as one.
    fn failures(&self, operation: &'n Node) -> Vec<(&'n str, &'n Node)> {
        let responses = operation.get("responses").map(sorted).unwrap_or_default();
        let is_only = responses.len() == 1;
        let unsuccessful = responses.into_iter().filter(|entry| match entry.key.as_bytes() {
            [b'4' | b'5', ..] => true,
            key => key == b"default" && !is_only,
        });
        let schema = |entry: &'n Entry| Some((entry.key.as_str(), self.schema_of(self.followed(&entry.value)?)?));
        unsuccessful.filter_map(schema).collect()
    }

    /// The schema of a response.
    fn schema_of(&self, response: &'n Node) -> Option<&'n Node> {
        response.get("content").and_then(json_schema).or_else(|| response.get("schema"))
    }

    /// The status and the schema of the first successful response that has a schema, or else of the first.
    fn response(&self, operation: &'n Node) -> Option<(&'n str, Option<&'n Node>)> {
        let responses = sorted(operation.get("responses")?);
        let successful = responses.iter().filter(|entry| entry.key.starts_with('2'));
        let default = responses.iter().filter(|entry| entry.key == "default" && responses.len() == 1);
        let described = successful.chain(default).filter_map(|entry| {
            let response = self.followed(&entry.value)?;
            Some((entry.key.as_str(), self.schema_of(response)))
        });
        let all: Vec<_> = described.collect();
        all.iter().find(|(_, schema)| schema.is_some()).or(all.first()).copied()
    }
}

fn parameter<'n>(node: &&'n Node) -> Option<Parameter<'n>> {
    let location = match text(node, "in")?.as_str() {
        "path" => Location::Path,
        "query" => Location::Query,
        "header" => Location::Header,
        "cookie" => Location::Cookie,
        _ => return None,
    };
    let schema = node.get("schema").or_else(|| json_schema(node.get("content")?)).unwrap_or(node);
    Some(Parameter { name: text(node, "name")?, location, node, schema })
}

/// The schema of JSON among the media types of a body.
fn json_schema(content: &Node) -> Option<&Node> {
    let is_json = |media_type: &str| {
        let essence = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        essence.ends_with("/json") || essence.ends_with("+json") || essence == "*/*"
    };
    sorted(content).into_iter().find(|entry| is_json(&entry.key)).and_then(|entry| entry.value.get("schema"))
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.get(key).and_then(Node::scalar_text)
}

/// Whether a keyword is `true`.
pub(crate) fn flag(node: &Node, keyword: &str) -> bool {
    node.get(keyword).is_some_and(|value| matches!(value.content, Content::Bool(true, _)))
}

fn items(node: &Node) -> &[Node] {
    match &node.content {
        Content::Sequence(items) => items,
        _ => &[],
    }
}

/// The entries of a mapping in the order of their keys, so that their order in the document makes no difference.
fn sorted(node: &Node) -> Vec<&Entry> {
    let mut entries: Vec<&Entry> = entries(node).iter().collect();
    entries.sort_by(|one, other| one.key.cmp(&other.key));
    entries
}

pub(crate) fn entries(node: &Node) -> &[Entry] {
    match &node.content {
        Content::Mapping(entries) => entries,
        _ => &[],
    }
}
