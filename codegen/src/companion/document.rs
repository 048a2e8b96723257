//! OpenAPI documents of versions 2.0 and 3: their operations, with references followed.

use std::collections::{BTreeMap, BTreeSet};

use naftiko_schema::http::percent_decode;
use naftiko_schema::{Location, Method};

use super::media::{FORMS, JSON, Media, best_json, best_other, essence, is_media_type};
use super::style::Styles;
use crate::read::yaml::{Content, Entry, Node};
use crate::vocabulary::PLACES;

/// Methods that operations of a document can have, and those of a capability cannot.
const UNKNOWN_METHODS: [&str; 3] = ["TRACE", "QUERY", "CONNECT"];

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
    /// In the order of their names and locations.
    pub(crate) parameters: Vec<Parameter<'n>>,
    /// Those that cannot be read.
    pub(crate) unread: Vec<Unread>,
    /// The schema of the JSON body of a request.
    pub(crate) request: Option<&'n Node>,
    /// The media type of the JSON body of a request. Its schema may be missing.
    pub(crate) request_type: Option<String>,
    /// Whether requests must have a body.
    pub(crate) needs_body: bool,
    /// The status of a successful response, such as `201`.
    pub(crate) status: Option<&'n str>,
    /// The schema of the JSON body of a successful response.
    pub(crate) response: Option<&'n Node>,
    /// The media type of a successful response: of JSON if it can be JSON.
    pub(crate) response_type: Option<String>,
    /// Whether the schema of a successful response says that it is bytes.
    pub(crate) response_is_binary: bool,
    /// The schemas of unsuccessful responses, by their statuses.
    pub(crate) failures: Vec<(&'n str, &'n Node)>,
    /// What callers have to know before they call it.
    pub(crate) note: Option<String>,
    /// The servers, where they are not those of the document.
    pub(crate) servers: Option<&'n Node>,
}

pub(crate) struct Parameter<'n> {
    pub(crate) name: String,
    pub(crate) location: Location,
    pub(crate) node: &'n Node,
    pub(crate) schema: &'n Node,
    /// How arrays and objects are written.
    pub(crate) styles: Styles,
}

impl<'n> Operation<'n> {
    /// The parameter of this name; case makes no difference in names of header fields (RFC 9110 §5.1).
    pub(crate) fn parameter(&self, name: &str, location: Location) -> Option<&Parameter<'n>> {
        let order = |other: &Parameter<'_>| (other.name.as_str(), other.location).cmp(&(name, location));
        if let Ok(index) = self.parameters.binary_search_by(order) {
            return self.parameters.get(index);
        }
        let is_field = |other: &&Parameter<'_>| other.location == location && other.name.eq_ignore_ascii_case(name);
        self.parameters.iter().find(is_field).filter(|_| location == Location::Header)
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
        if !pointer.is_empty() && !pointer.starts_with('/') {
            return None;
        }
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

    /// The paths that the addresses of an operation's servers have before its own.
    pub(crate) fn base_paths(&self, operation: &Operation<'n>) -> Vec<String> {
        let servers = operation.servers.or_else(|| self.root.get("servers")).map(items).unwrap_or_default();
        let urls = servers.iter().filter_map(|server| server.get("url").and_then(Node::scalar_text));
        let of_url = |url: String| {
            let rest = url
                .split_once("://")
                .map_or(url.as_str(), |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
            rest.trim_start_matches('.').trim_matches('/').to_owned()
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

    /// The media types of the bodies of an operation's requests, in the order of their names. Forms of version 2.0 are no part of
    /// it.
    pub(crate) fn request_media(&self, operation: &'n Node, item: Option<&'n Node>) -> Vec<Media<'n>> {
        if let Some(body) = operation.get("requestBody") {
            return self.followed(body).map(Media::of_content).unwrap_or_default();
        }
        let own = [Some(operation), item].into_iter().flatten();
        let own = own.flat_map(|node| node.get("parameters").map(items).unwrap_or_default());
        let mut own = own.filter_map(|parameter| self.followed(parameter));
        match own.find(|parameter| text(parameter, "in").as_deref() == Some("body")) {
            Some(body) => self.media_of_2(operation, "consumes", body.get("schema")),
            None => Vec::new(),
        }
    }

    /// The media types of version 2.0, which are JSON where nothing says otherwise.
    fn media_of_2(&self, operation: &Node, keyword: &str, schema: Option<&'n Node>) -> Vec<Media<'n>> {
        let all = operation.get(keyword).or_else(|| self.root.get(keyword)).map(items).unwrap_or_default();
        let mut names: Vec<String> = all.iter().filter_map(Node::scalar_text).collect();
        // Fields of a form are parameters of their own.
        names.retain(|name| is_media_type(name) && !FORMS.contains(&essence(name).as_str()));
        if names.is_empty() {
            names.push(JSON.to_owned());
        }
        names.sort();
        names.into_iter().map(|name| Media { name, schema, encoding: None }).collect()
    }

    /// The parameters of version 2.0 that are fields of a form.
    pub(crate) fn form_parameters(&self, operation: &'n Node) -> Vec<&'n Node> {
        let parameters = operation.get("parameters").map(items).unwrap_or_default();
        let parameters = parameters.iter().filter_map(|parameter| self.followed(parameter));
        parameters.filter(|parameter| text(parameter, "in").as_deref() == Some("formData")).collect()
    }

    /// How the fields of the forms of an operation's requests are written, by their names.
    pub(crate) fn field_styles(&self, operation: &'n Node) -> BTreeMap<String, Styles> {
        let media = self.request_media(operation, None).into_iter();
        let forms = media.filter(|media| essence(&media.name) == "application/x-www-form-urlencoded");
        let encodings = forms.filter_map(|media| media.encoding).flat_map(entries);
        let styles = encodings.map(|field| (field.key.clone(), Styles::of_field(&field.value)));
        let parameters = self.form_parameters(operation).into_iter();
        let of_version_2 =
            parameters.filter_map(|field| Some((text(field, "name")?, Styles::of_parameter(field, Location::Field))));
        styles.chain(of_version_2).collect()
    }

    /// The paths, without extensions.
    fn paths(&self) -> impl Iterator<Item = &'n Entry> {
        let all = self.root.get("paths").map(entries).unwrap_or_default();
        all.iter().filter(|path| !path.key.starts_with("x-"))
    }

    /// What the document has and [`operations`](Self::operations) leaves out.
    pub(crate) fn left_out(&self) -> LeftOut {
        let mut left_out = LeftOut::default();
        for path in self.paths() {
            let Some(item) = self.followed(&path.value) else {
                let reference = text(&path.value, "$ref").unwrap_or_default();
                left_out.notes.push(format!("{}: `{reference}` is not in the document", path.key));
                continue;
            };
            let others = item.get("additionalOperations").map(entries).unwrap_or_default();
            left_out.operations += others.len();
            let note = |entry: &Entry| format!("{} {}: the method is not supported", entry.key, path.key);
            left_out.notes.extend(others.iter().map(note));
            for entry in entries(item).iter().filter(|entry| matches!(entry.value.content, Content::Mapping(_))) {
                let method = entry.key.to_ascii_uppercase();
                if UNKNOWN_METHODS.contains(&method.as_str()) {
                    left_out.operations += 1;
                    left_out.notes.push(format!("{method} {}: the method is not supported", path.key));
                }
                if Method::ALL.iter().any(|known| known.as_str() == method) {
                    let own = [&entry.value, item].into_iter();
                    let own = own.flat_map(|node| node.get("parameters").map(items).unwrap_or_default());
                    for parameter in own.filter(|parameter| self.followed(parameter).is_none()) {
                        let reference = text(parameter, "$ref").unwrap_or_default();
                        let note = format!("{method} {}: its parameter `{reference}` is not in the document", path.key);
                        left_out.notes.push(note);
                    }
                }
            }
        }
        left_out
    }

    /// All operations, in the order of the document.
    pub(crate) fn operations(&self) -> Vec<Operation<'n>> {
        let mut operations = Vec::new();
        for path in self.paths() {
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
        let unread = own.clone().filter_map(|parameter| self.unread(parameter)).collect();
        let own: Vec<&Node> = own.filter_map(|parameter| self.followed(parameter)).collect();
        let mut parameters: BTreeMap<(String, Location), Parameter<'n>> = BTreeMap::new();
        let mut known: BTreeSet<(String, Location)> = BTreeSet::new();
        for parameter in own.iter().filter_map(parameter).filter(|parameter| !is_ignored(parameter)) {
            let is_field = parameter.location == Location::Header;
            let name = if is_field { parameter.name.to_ascii_lowercase() } else { parameter.name.clone() };
            if known.insert((name, parameter.location)) {
                parameters.insert((parameter.name.clone(), parameter.location), parameter);
            }
        }
        let body = node.get("requestBody").and_then(|body| self.followed(body));
        let body = body.or_else(|| own.iter().copied().find(|node| text(node, "in").as_deref() == Some("body")));
        let request = best_json(self.request_media(node, Some(item)));
        let response = self.response(node);
        Operation {
            method,
            path,
            entry,
            parameters: parameters.into_values().collect(),
            unread,
            request: request.as_ref().and_then(|media| media.schema),
            request_type: request.map(|media| media.name),
            needs_body: body.and_then(|body| body.get("required")).is_some_and(Node::is_true),
            status: response.as_ref().map(|response| response.status),
            response: response.as_ref().and_then(|response| response.schema),
            response_is_binary: response.as_ref().is_some_and(|response| response.is_binary),
            response_type: response.and_then(|response| response.media_type),
            failures: self.failures(node),
            note: text(node, "x-naftiko-note"),
            servers: [node, item].into_iter().find_map(|node| node.get("servers")),
        }
    }

    /// A parameter that no request has.
    fn unread(&self, parameter: &'n Node) -> Option<Unread> {
        let node = self.followed(parameter)?;
        let why = match text(node, "in") {
            Some(place) if PLACES.contains(&&*place) => return None,
            Some(place) => format!("it is in `{place}`, which is not supported"),
            None => "it has no `in`".to_owned(),
        };
        Some(Unread { name: text(node, "name").unwrap_or_default(), why, is_required: flag(node, "required") })
    }

    /// The statuses of unsuccessful responses that have a schema, each with it. A pattern of statuses, such as 4XX, and what
    /// holds for all others, `default`, count as one.
    fn failures(&self, operation: &'n Node) -> Vec<(&'n str, &'n Node)> {
        let responses = operation.get("responses").map(by_status).unwrap_or_default();
        let is_success = default_is_success(&responses);
        let unsuccessful = responses.into_iter().filter(|entry| match entry.key.as_bytes() {
            [b'4' | b'5', ..] => true,
            key => key == b"default" && !is_success,
        });
        let schema = |entry: &'n Entry| Some((entry.key.as_str(), self.schema_of(self.followed(&entry.value)?)?));
        unsuccessful.filter_map(schema).collect()
    }

    /// The schema of a response.
    fn schema_of(&self, response: &'n Node) -> Option<&'n Node> {
        response.get("content").and_then(json_schema).or_else(|| response.get("schema"))
    }

    /// The media types of a response, in the order of their names.
    fn response_media(&self, operation: &Node, response: &'n Node) -> Vec<Media<'n>> {
        match (response.get("content"), response.get("schema")) {
            (Some(_), _) => Media::of_content(response),
            (None, Some(schema)) => self.media_of_2(operation, "produces", Some(schema)),
            (None, None) => Vec::new(),
        }
    }

    /// The first successful response that has a schema of JSON, or else the first.
    fn response(&self, operation: &'n Node) -> Option<Response<'n>> {
        let responses = by_status(operation.get("responses")?);
        let successful = responses.iter().filter(|entry| entry.key.starts_with('2'));
        let is_success = default_is_success(&responses);
        let default = responses.iter().filter(|entry| entry.key == "default" && is_success);
        let described = successful.chain(default).filter_map(|entry| {
            let media = self.response_media(operation, self.followed(&entry.value)?);
            let is_binary = media.iter().any(Media::is_binary);
            let other = best_other(&media).map(|media| media.name.clone());
            let json = best_json(media);
            let schema = json.as_ref().and_then(|media| media.schema);
            let media_type = json.map(|media| media.name).or(other);
            Some(Response { status: entry.key.as_str(), schema, media_type, is_binary })
        });
        let mut all: Vec<_> = described.collect();
        let index = all.iter().position(|response| response.schema.is_some()).unwrap_or_default();
        (index < all.len()).then(|| all.swap_remove(index))
    }
}

/// A parameter that cannot be read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) name: String,
    pub(crate) why: String,
    pub(crate) is_required: bool,
}

/// A successful response.
struct Response<'n> {
    status: &'n str,
    schema: Option<&'n Node>,
    media_type: Option<String>,
    is_binary: bool,
}

/// What is left out of a document.
#[derive(Default)]
pub(crate) struct LeftOut {
    /// How many operations.
    pub(crate) operations: usize,
    /// What, and why.
    pub(crate) notes: Vec<String>,
}

/// The responses in the order of their statuses, patterns such as `2XX` and `default`; other keys are extensions or errors.
fn by_status(responses: &Node) -> Vec<&Entry> {
    let is_status = |key: &str| match key.as_bytes() {
        [b'1'..=b'5', tens, ones] => {
            tens.is_ascii_digit() && ones.is_ascii_digit()
                || [tens, ones].iter().all(|digit| matches!(digit, b'X' | b'x'))
        }
        key => key == b"default",
    };
    sorted(responses).into_iter().filter(|entry| is_status(&entry.key)).collect()
}

/// Whether `default` is a successful response: no other is.
fn default_is_success(responses: &[&Entry]) -> bool {
    !responses.iter().any(|entry| entry.key.starts_with(['2', '3']))
}

/// Whether something else says what a header field is (OpenAPI 3.1, "Parameter Object").
fn is_ignored(parameter: &Parameter<'_>) -> bool {
    let ignored = ["accept", "content-type", "authorization"];
    parameter.location == Location::Header && ignored.iter().any(|name| parameter.name.eq_ignore_ascii_case(name))
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
    Some(Parameter { name: text(node, "name")?, location, node, schema, styles: Styles::of_parameter(node, location) })
}

/// The schema of JSON among the media types of a body.
fn json_schema(content: &Node) -> Option<&Node> {
    best_json(Media::of_entries(content))?.schema
}

pub(super) fn text(node: &Node, key: &str) -> Option<String> {
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
pub(super) fn sorted(node: &Node) -> Vec<&Entry> {
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
