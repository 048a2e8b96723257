//! Resources: their list, the resource of a URI, and reading it.

use std::borrow::Cow;
use std::io;

use bytes::Bytes;
use naftiko_adapter::{Forwarded, Values, apply, check_sendable, checked, document, execute, numbers, offload};
use naftiko_client::__private::{Connection, TARGET, from_texts, shortened};
use naftiko_client::{Error, ErrorKind, Response};
use naftiko_schema::http::media_type;
use naftiko_schema::{Binding, InputId, Output, Resource, ResourceCall, ResourceSource, Tool};
use percent_encoding::percent_decode_str;
use regex_lite::{Captures, Regex};
use rmcp::ErrorData;
use rmcp::model::{JsonObject, ReadResourceResult, ResourceContents, ResourceTemplate};
use serde_json::json;

use super::action::Action;
use super::content::Body;
use super::limits::Limited;
use super::long::is_long;
use super::mask::{clean, view};
use super::member::Member;
use super::schema::source;
use super::shown::{Shown, shows_bytes};
use super::skills::Skills;
use super::{Policy, content, files, whole};

/// The longest URI of a resource, in bytes. Results repeat it.
const URI_LIMIT: usize = 8 << 10;
/// How much of a URI errors repeat, in characters.
const URI_SHOWN: usize = 1000;

/// The resources of a server.
pub(super) struct Resources {
    shown: Vec<Entry>,
    /// Files that the policy does not offer.
    withheld: Vec<&'static Resource>,
    /// The tools whose whole schemas are resources, because what is shown of them is cut.
    cut: Vec<&'static Tool>,
    skills: Skills,
    policy: Policy,
}

/// A resource that is offered.
struct Entry {
    resource: &'static Resource,
    /// The pattern of its URI, if it is a template.
    pattern: Option<Regex>,
    /// The connection of its capability.
    connection: Connection,
    /// What it does, for the limits of tools that do the same.
    action: Option<Action>,
}

impl Resources {
    /// The resources of members. `cut` are tools of which the list shows a part.
    pub(super) fn new(members: &[Member], cut: &[&'static Tool], policy: &Policy) -> Self {
        let all =
            members.iter().flat_map(|member| member.adapter.resources.iter().map(move |resource| (resource, member)));
        let (shown, hidden): (Vec<_>, Vec<_>) =
            all.partition(|(resource, member)| policy.shows_resource(resource, member.toolset(), member.adapter));
        let is_file = |resource: &&Resource| matches!(resource.source, ResourceSource::ServerFile(_));
        let entry = |(resource, member): (&'static Resource, &Member)| {
            let action = match &resource.source {
                ResourceSource::Call(call) => {
                    Some(Action::new(member.toolset(), &call.binding.target, member.adapter.tools.iter()))
                }
                ResourceSource::File(_) | ResourceSource::ServerFile(_) => None,
            };
            Entry { resource, pattern: pattern(&resource.uri), connection: member.connection.clone(), action }
        };
        Self {
            shown: shown.into_iter().map(entry).collect(),
            withheld: hidden.into_iter().map(|(resource, _)| resource).filter(is_file).collect(),
            cut: cut.to_vec(),
            skills: Skills::new(members.iter().flat_map(|member| member.adapter.skills.iter().map(|skills| &**skills))),
            policy: policy.clone(),
        }
    }

    /// The skills, whose files are resources.
    pub(super) fn skills(&self) -> &Skills {
        &self.skills
    }

    /// Whether some resources are files of folders, which may change.
    pub(super) fn has_folders(&self) -> bool {
        self.shown.iter().any(|entry| matches!(entry.resource.source, ResourceSource::ServerFile(_)))
    }

    /// The resources with a URI, including the current files of folders.
    pub(super) async fn list(&self) -> Vec<rmcp::model::Resource> {
        let mut all = Vec::new();
        for Entry { resource, .. } in self.shown.iter().filter(|entry| entry.pattern.is_none()) {
            match &resource.source {
                ResourceSource::Call(_) => all.push(describe(resource, "", Some(&resource.media_type))),
                ResourceSource::File(source) => {
                    all.push(
                        describe(resource, "", media_type(&source.file)).with_size(source.content.bytes().len() as u64),
                    );
                }
                ResourceSource::ServerFile(root) => {
                    let root: &'static str = root;
                    let Some(folder) = self.policy.folder_of(root) else { continue };
                    let below = blocking(move || files::list(&folder, root)).await;
                    let below = below.inspect_err(|error| log_for_operator(root, error)).unwrap_or_default();
                    all.extend(below.iter().map(|path| describe(resource, path, media_type(&named(root, path)))));
                }
            }
        }
        all.extend(self.cut.iter().map(|tool| whole::describe(tool)));
        all.extend(self.skills.resources());
        all
    }

    /// The templates of resources.
    pub(super) fn templates(&self) -> Vec<ResourceTemplate> {
        let templates = self.shown.iter().filter(|entry| entry.pattern.is_some()).map(|Entry { resource, .. }| {
            let mut template = ResourceTemplate::new(&*resource.uri, &*resource.name).with_title(&*resource.title);
            template.description = non_empty(&resource.description);
            template.mime_type = non_empty(&resource.media_type);
            template
        });
        templates.collect()
    }

    /// Reads the resource with a URI.
    pub(super) async fn read(
        &self,
        uri: &str,
        policy: &Policy,
        principal: &str,
        forwarded: Forwarded,
    ) -> Result<ReadResourceResult, ErrorData> {
        if let Some(contents) = self.skills.read(uri) {
            return within(uri, contents, policy);
        }
        let found = if uri.len() > URI_LIMIT { None } else { self.find(uri) };
        let Some((Entry { resource, connection, action, .. }, below, captures)) = found else {
            if let Some(tool) = self.cut.iter().find(|tool| source(tool) == uri) {
                return whole::read(tool, policy.response_budget).ok_or_else(|| too_long(uri, policy));
            }
            return Err(if self.is_withheld(uri) { withheld(uri) } else { unknown(uri, policy) });
        };
        let declared = non_empty(&resource.media_type);
        let contents = match &resource.source {
            ResourceSource::File(source) => {
                let media_type = declared.or(media_type(&source.file).map(str::to_owned));
                content::contents(uri, media_type, false, source.content.bytes().to_vec())
            }
            ResourceSource::ServerFile(root) => {
                let media_type = declared.or(media_type(&named(root, &below)).map(str::to_owned));
                let (root, below): (&'static str, _) = (root, below);
                let folder = self.policy.folder_of(root).ok_or_else(|| withheld(uri))?;
                let bytes = blocking(move || files::read(&folder, root, &below)).await;
                let bytes = bytes.map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => unknown(uri, policy),
                    _ => {
                        log_for_operator(root, &error);
                        internal_error(uri, "the resource cannot be read")
                    }
                })?;
                content::contents(uri, media_type, false, bytes)
            }
            ResourceSource::Call(ResourceCall { binding, captures: inputs, binary }) => {
                let tools = action.as_ref().map(Action::tools).unwrap_or_default();
                let refused = |limited: Limited| {
                    let text = format!("nothing was sent, {}; retry in {} s", limited.reason, limited.retry_after);
                    internal_error(uri, text)
                };
                let _permit = policy.permit().map_err(refused)?;
                let values = values(binding, inputs, captures.as_ref()).ok_or_else(|| unknown(uri, policy))?;
                let arguments = match values {
                    Ok(values) => checked(binding, connection, values).await,
                    Err(error) => Err(error),
                };
                let is_planned = policy.limits_tools(policy.grant.as_ref());
                let arguments = arguments.and_then(|arguments| {
                    if is_planned {
                        check_sendable(binding, connection, &arguments, &forwarded)?;
                    }
                    Ok(arguments)
                });
                let sent = if arguments.is_ok() && !policy.dry_run { &*tools } else { &[] };
                policy.admit(principal, sent).map_err(refused)?;
                let arguments = arguments.map_err(|error| failure(uri, &error))?;
                if policy.dry_run {
                    return Err(internal_error(uri, "nothing was sent: this server is in dry-run mode"));
                }
                let response =
                    execute(binding, connection, arguments, forwarded, view(policy.reveals(&resource.name))).await;
                let read = match response {
                    // A projection may take little of a long response.
                    Ok(response) if binding.output == Output::Whole && is_long(response.body(), policy) => {
                        return Err(too_long(uri, policy));
                    }
                    Ok(response) => {
                        let reveals = policy.reveals(&resource.name);
                        offload(response.body().len(), move || content_of(binding, reveals, response)).await
                    }
                    Err(error) => Err(error),
                };
                let (media_type, bytes, is_text) = read.map_err(|error| failure(uri, &error))?;
                content::contents(uri, declared.or(media_type), *binary || !is_text, bytes)
            }
        };
        within(uri, contents, policy)
    }

    /// Whether it is the URI of a file that is not offered.
    fn is_withheld(&self, uri: &str) -> bool {
        self.withheld.iter().any(|resource| resource.uri == uri || below(resource, uri).is_some())
    }

    /// The resource of a URI. One with exactly this URI takes precedence over a folder, and a folder over a template.
    fn find<'u>(&'u self, uri: &'u str) -> Option<(&'u Entry, String, Option<Captures<'u>>)> {
        let plain = || self.shown.iter().filter(|entry| entry.pattern.is_none());
        if let Some(entry) = plain().find(|entry| entry.resource.uri == uri) {
            return Some((entry, String::new(), None));
        }
        let below = |entry: &'u Entry| match &entry.resource.source {
            ResourceSource::ServerFile(_) => Some((entry, below(entry.resource, uri)?.to_owned(), None)),
            ResourceSource::Call(_) | ResourceSource::File(_) => None,
        };
        plain().find_map(below).or_else(|| {
            self.shown
                .iter()
                .find_map(|entry| Some((entry, String::new(), Some(entry.pattern.as_ref()?.captures(uri)?))))
        })
    }
}

/// The result with contents, unless they are too long for models.
fn within(uri: &str, contents: ResourceContents, policy: &Policy) -> Result<ReadResourceResult, ErrorData> {
    let length = match &contents {
        ResourceContents::TextResourceContents { text, .. } => text.len(),
        ResourceContents::BlobResourceContents { blob, .. } => blob.len(),
        _ => 0,
    };
    if length > policy.response_budget {
        return Err(too_long(uri, policy));
    }
    Ok(ReadResourceResult::new(vec![contents]))
}

/// The part of a URI below that of a folder.
fn below<'u>(resource: &Resource, uri: &'u str) -> Option<&'u str> {
    let below = uri.strip_prefix(resource.uri.trim_end_matches('/'))?.strip_prefix('/')?;
    (!below.is_empty()).then_some(below)
}

/// The pattern of a URI template; `None` if it has no placeholder. A placeholder matches a part of one segment.
fn pattern(template: &str) -> Option<Regex> {
    let (first, rest) = template.split_once('{')?;
    let mut pattern = format!("^{}", regex_lite::escape(first));
    for piece in rest.split('{') {
        let (_, literal) = piece.split_once('}')?;
        pattern.push_str("([^/?#]*)");
        pattern.push_str(&regex_lite::escape(literal));
    }
    Regex::new(&format!("{pattern}$")).ok()
}

/// The values of a URI's placeholders, percent-decoded; `None` if one is not UTF-8.
fn values(
    binding: &'static Binding,
    inputs: &[Option<InputId>],
    captures: Option<&Captures<'_>>,
) -> Option<Result<Values, Error>> {
    let mut values = naftiko_adapter::values(binding);
    for (capture, input) in inputs.iter().enumerate() {
        let text = captures?.get(capture + 1)?.as_str();
        let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
        let Some((index, parameter)) = input.and_then(|id| Some((id.index(), binding.inputs().get(id.index())?)))
        else {
            continue;
        };
        match from_texts(parameter, std::iter::once(text)) {
            Ok(argument) => *values.get_mut(index)? = Some(argument),
            Err(violation) => return Some(Err(Error::arguments(binding.target.name(), vec![violation]))),
        }
    }
    Some(Ok(values))
}

/// The media type and the bytes of a response, and whether these are text. Secrets are masked unless the policy shows them.
fn content_of(
    binding: &'static Binding,
    reveals: bool,
    response: Response<Bytes>,
) -> Result<(Option<String>, Vec<u8>, bool), Error> {
    match &binding.output {
        Output::Whole => {
            let media_type = content::media_type(response.headers());
            let body = content::in_utf8(&binding.target, media_type.as_deref(), response).into_body();
            let shown = match content::of(&binding.target, media_type.as_deref(), &body) {
                Body::Text(text) => Shown::text(&binding.target, reveals, media_type.as_deref(), text),
                Body::Bytes(media_type) if shows_bytes(&binding.target, reveals, media_type.as_deref(), &body) => {
                    return Ok((media_type, body.into(), false));
                }
                Body::Unreadable if reveals => return Ok((None, body.into(), false)),
                Body::Bytes(_) | Body::Unreadable => Shown::hidden(),
            };
            Ok((media_type, shown.text.into_bytes(), true))
        }
        Output::Projected(projection) => {
            let mut document = document(&binding.target, projection, response)?.into_body();
            clean(&binding.target, reveals, &mut document);
            let shape = apply(projection, &document);
            let text = if shape.is_null() { numbers::write(&document) } else { numbers::write(&shape) };
            Ok((Some("application/json".to_owned()), text.into_bytes(), true))
        }
    }
}

fn too_long(uri: &str, policy: &Policy) -> ErrorData {
    internal_error(uri, format!("the resource is longer than {} bytes", policy.response_budget))
}

/// The error for a failed call. Of the upstream it shows only its status and request id.
fn failure(uri: &str, error: &Error) -> ErrorData {
    let mut data = JsonObject::new();
    data.insert("uri".to_owned(), repeated(uri).into());
    if let Some(status) = error.status() {
        data.insert("status".to_owned(), status.as_u16().into());
    }
    if let Some(id) = error.request_id() {
        data.insert("requestId".to_owned(), id.into());
    }
    let data = data.into();
    match error.kind() {
        ErrorKind::Arguments(_) | ErrorKind::Thrown(_) => ErrorData::invalid_params(error.to_string(), Some(data)),
        _ if error.status().is_some_and(|status| matches!(status.as_u16(), 404 | 410)) => {
            ErrorData::resource_not_found("resource not found", Some(data))
        }
        ErrorKind::Status(_) => ErrorData::internal_error("the upstream did not return the resource", Some(data)),
        _ => ErrorData::internal_error(error.to_string(), Some(data)),
    }
}

fn internal_error(uri: &str, text: impl Into<Cow<'static, str>>) -> ErrorData {
    ErrorData::internal_error(text, Some(json!({ "uri": repeated(uri) })))
}

fn withheld(uri: &str) -> ErrorData {
    let text = "this resource is a file of the server, which offers only files of the folder that its operator names with --files";
    ErrorData::resource_not_found(text, Some(json!({ "uri": repeated(uri) })))
}

fn unknown(uri: &str, policy: &Policy) -> ErrorData {
    let text = format!("resource not found{}", policy.rule_note());
    ErrorData::resource_not_found(text, Some(json!({ "uri": repeated(uri) })))
}

/// A URI in an error.
fn repeated(uri: &str) -> Cow<'_, str> {
    shortened(uri, URI_SHOWN)
}

/// The list entry of a resource, or of a file below it, which has a URI of its own only.
fn describe(resource: &Resource, below: &str, media_type: Option<&str>) -> rmcp::model::Resource {
    let uri = match below {
        "" => resource.uri.to_string(),
        below => format!("{}/{below}", resource.uri.trim_end_matches('/')),
    };
    let mut described = rmcp::model::Resource::new(uri, &*resource.name).with_title(&*resource.title);
    described.description = non_empty(&resource.description);
    described.mime_type = non_empty(&resource.media_type).or(media_type.and_then(non_empty));
    described
}

fn non_empty(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The name of a file below a root, or of the root.
fn named(root: &str, below: &str) -> String {
    if below.is_empty() { root.to_owned() } else { below.to_owned() }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten()
}

fn log_for_operator(path: &str, error: &io::Error) {
    tracing::warn!(target: TARGET, path, error = %error, "files of a resource cannot be read");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_match_a_part_of_one_segment() {
        assert!(pattern("a://b").is_none());
        let pattern = pattern("a.b://{x}/c.{y}").expect("a template");
        let found =
            |uri| pattern.captures(uri).map(|found| [1, 2].map(|at| found.get(at).expect("it is there").as_str()));
        assert_eq!(found("a.b://1/c.%2f"), Some(["1", "%2f"]));
        assert_eq!(found("a.b:///c."), Some(["", ""]));
        for uri in ["a.b://1/2/c.3", "axb://1/c.3", "a.b://1/c.3/", "a.b://1/c.3?d", "a.b://1/cx3"] {
            assert_eq!(found(uri), None, "{uri}");
        }
    }
}
