//! Resources: what is listed, which of them a URI means, and what is in them.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use bytes::Bytes;
use percent_encoding::percent_decode_str;
use regex_lite::{Captures, Regex};
use rmcp::ErrorData;
use rmcp::model::{JsonObject, ReadResourceResult, ResourceContents, ResourceTemplate};
use serde_json::json;

use super::mask::{mask, masked};
use super::{Policy, Resource, ResourceSource, content, files};
use crate::argument::from_texts;
use crate::arguments::Argument;
use crate::client::Connection;
use crate::error::{Error, ErrorKind};
use crate::exposure::{Exposure, Forwarded, Values};
use crate::output::Output;
use crate::response::Response;

/// The resources of a capability, with the patterns of those that are templates.
pub(super) struct Resources(Vec<(&'static Resource, Option<Regex>)>);

impl Resources {
    pub(super) fn new(table: &'static [Resource], policy: &Policy) -> Self {
        let shown = table.iter().filter(|resource| policy.shows_resource(resource));
        Self(shown.map(|resource| (resource, pattern(resource.uri))).collect())
    }

    /// Whether some are files that come and go.
    pub(super) fn has_folders(&self) -> bool {
        self.0.iter().any(|(resource, _)| matches!(resource.source, ResourceSource::OfTheServer(_)))
    }

    /// The resources that have a URI, those in folders as they are now.
    pub(super) async fn list(&self) -> Vec<rmcp::model::Resource> {
        let mut all = Vec::new();
        for (resource, _) in self.0.iter().filter(|(_, pattern)| pattern.is_none()) {
            match resource.source {
                ResourceSource::Call { .. } => all.push(describe(resource, "", Some(resource.media_type))),
                ResourceSource::Text { file, text } => {
                    all.push(describe(resource, "", files::media_type(file)).with_size(text.len() as u64));
                }
                ResourceSource::OfTheServer(root) => {
                    let below = blocking(move || files::list(Path::new(root))).await;
                    let below = below.inspect_err(|error| tell_operator(root, error)).unwrap_or_default();
                    all.extend(
                        below.iter().map(|path| describe(resource, path, files::media_type(&named(root, path)))),
                    );
                }
            }
        }
        all
    }

    /// The templates of resources.
    pub(super) fn templates(&self) -> Vec<ResourceTemplate> {
        let templates = self.0.iter().filter(|(_, pattern)| pattern.is_some()).map(|(resource, _)| {
            let mut template = ResourceTemplate::new(resource.uri, resource.name).with_title(resource.title);
            template.description = said(resource.description);
            template.mime_type = said(resource.media_type);
            template
        });
        templates.collect()
    }

    /// What is in the resource with a URI.
    pub(super) async fn read(
        &self,
        uri: &str,
        connection: &Connection,
        policy: &Policy,
        forwarded: Forwarded,
    ) -> Result<ReadResourceResult, ErrorData> {
        let (resource, below, captures) = self.find(uri).ok_or_else(|| unknown(uri))?;
        let declared = said(resource.media_type);
        let contents = match &resource.source {
            ResourceSource::Text { file, text } => {
                let media_type = declared.or(files::media_type(file).map(str::to_owned));
                content::contents(uri, media_type, false, text.as_bytes().to_vec())
            }
            ResourceSource::OfTheServer(root) => {
                let media_type = declared.or(files::media_type(&named(root, &below)).map(str::to_owned));
                let (root, below) = (*root, below);
                let bytes = blocking(move || files::read(Path::new(root), &below)).await;
                let bytes = bytes.map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => unknown(uri),
                    _ => {
                        tell_operator(root, &error);
                        refused(uri, "the resource cannot be read")
                    }
                })?;
                content::contents(uri, media_type, false, bytes)
            }
            ResourceSource::Call { captures: fed, binary, call } => {
                let _place = policy.admit().map_err(|much| {
                    let text = format!("nothing was sent, {}; try again in {} s", much.problem, much.wait);
                    refused(uri, text)
                })?;
                let values = values(call, fed, captures.as_ref()).ok_or_else(|| unknown(uri))?;
                let arguments = values.and_then(|values| call.checked(values)).map_err(|error| failure(uri, &error))?;
                if policy.dry_run {
                    return Err(refused(uri, "nothing was sent: all calls of this server are dry runs"));
                }
                let response = call.execute(connection, arguments, forwarded).await;
                let read = response.and_then(|response| answered(resource, call, policy, response));
                let (media_type, bytes) = read.map_err(|error| failure(uri, &error))?;
                let contents = content::contents(uri, declared.or(media_type), *binary, bytes);
                let budget = policy.response_budget;
                if matches!(&contents, ResourceContents::TextResourceContents { text, .. } if text.len() > budget) {
                    return Err(refused(uri, format!("the resource is longer than {budget} bytes")));
                }
                contents
            }
        };
        Ok(ReadResourceResult::new(vec![contents]))
    }

    /// The resource that a URI means: the one with this URI before one with files below it, and templates last.
    fn find<'u>(&self, uri: &'u str) -> Option<(&'static Resource, String, Option<Captures<'u>>)> {
        let plain = || self.0.iter().filter(|(_, pattern)| pattern.is_none()).map(|(resource, _)| *resource);
        if let Some(resource) = plain().find(|resource| resource.uri == uri) {
            return Some((resource, String::new(), None));
        }
        let below = |resource: &'static Resource| match resource.source {
            ResourceSource::OfTheServer(_) => {
                let below = uri.strip_prefix(resource.uri.trim_end_matches('/'))?.strip_prefix('/')?;
                (!below.is_empty()).then(|| (resource, below.to_owned(), None))
            }
            ResourceSource::Call { .. } | ResourceSource::Text { .. } => None,
        };
        plain().find_map(below).or_else(|| {
            self.0.iter().find_map(|(resource, pattern)| {
                Some((*resource, String::new(), Some(pattern.as_ref()?.captures(uri)?)))
            })
        })
    }
}

/// The pattern of a template of URIs; none, if it has no placeholder. A placeholder stands for a part of one segment.
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

/// What the placeholders of a URI hold, each percent-decoded once; nothing where it is no text.
fn values(call: &Exposure, fed: &[Option<usize>], captures: Option<&Captures<'_>>) -> Option<Result<Values, Error>> {
    let mut values = call.values();
    for (capture, input) in fed.iter().enumerate() {
        let text = captures?.get(capture + 1)?.as_str();
        let text = percent_decode_str(text).decode_utf8().ok()?.into_owned();
        let Some((index, parameter)) = input.and_then(|index| Some((index, call.inputs().get(index)?))) else {
            continue;
        };
        match from_texts(parameter, std::iter::once(text)) {
            Ok(value) => *values.get_mut(index)? = Some(Argument::Value(value)),
            Err(violation) => return Some(Err(Error::arguments(call.operation.name, vec![violation]))),
        }
    }
    Some(Ok(values))
}

/// The media type and the bytes of an answer, without its secrets unless they may be shown.
fn answered(
    resource: &Resource,
    call: &Exposure,
    policy: &Policy,
    response: Response<Bytes>,
) -> Result<(Option<String>, Vec<u8>), Error> {
    let reveals = policy.reveals(resource.name);
    match &call.output {
        Output::Whole => {
            let media_type = content::media_type(response.headers());
            let bytes = Vec::from(response.into_body());
            Ok((media_type, if reveals { bytes } else { masked(call.operation, bytes) }))
        }
        Output::Projected(projection) => {
            let document = response.document(call.operation.name, call.operation.json_output)?;
            let mut document = document.into_body();
            if !reveals {
                mask(call.operation, &mut document);
            }
            let text = projection.apply(&document).to_string();
            Ok((Some("application/json".to_owned()), text.into_bytes()))
        }
    }
}

/// What readers are told of a failure: nothing of the upstream but its status and its id of the request.
fn failure(uri: &str, error: &Error) -> ErrorData {
    let mut data = JsonObject::new();
    data.insert("uri".to_owned(), uri.into());
    if let Some(status) = error.status() {
        data.insert("status".to_owned(), status.as_u16().into());
    }
    if let Some(id) = error.request_id() {
        data.insert("requestId".to_owned(), id.into());
    }
    let data = data.into();
    match error.kind() {
        ErrorKind::Arguments(_) => ErrorData::invalid_params(error.to_string(), Some(data)),
        _ if error.status().is_some_and(|status| matches!(status.as_u16(), 404 | 410)) => {
            ErrorData::resource_not_found("there is no such resource", Some(data))
        }
        ErrorKind::Status(_) => ErrorData::internal_error("the upstream does not give the resource", Some(data)),
        _ => ErrorData::internal_error(error.to_string(), Some(data)),
    }
}

fn refused(uri: &str, text: impl Into<Cow<'static, str>>) -> ErrorData {
    ErrorData::internal_error(text, Some(json!({ "uri": uri })))
}

fn unknown(uri: &str) -> ErrorData {
    ErrorData::resource_not_found("there is no such resource", Some(json!({ "uri": uri })))
}

/// What clients see in the list: of the resource itself, or of a file below it.
fn describe(resource: &Resource, below: &str, media_type: Option<&str>) -> rmcp::model::Resource {
    let within = |text: &str| format!("{}/{below}", text.trim_end_matches('/'));
    let (uri, name, title) = match below {
        "" => (resource.uri.to_owned(), resource.name.to_owned(), resource.title.to_owned()),
        below => (within(resource.uri), within(resource.name), below.to_owned()),
    };
    let mut described = rmcp::model::Resource::new(uri, name).with_title(title);
    described.description = said(resource.description);
    described.mime_type = said(resource.media_type).or(media_type.and_then(said));
    described
}

fn said(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// The name of a file below a root, or of the root.
fn named(root: &str, below: &str) -> String {
    if below.is_empty() { root.to_owned() } else { below.to_owned() }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other).flatten()
}

fn tell_operator(path: &str, error: &io::Error) {
    tracing::warn!(path, error = %error, "files of a resource cannot be read");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_a_part_of_one_segment() {
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
