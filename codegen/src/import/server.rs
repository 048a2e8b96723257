//! Where the operations of a document are: base URIs, and paths before those of operations.

use super::{scalar, values};
use crate::companion::document::entries;
use crate::read::yaml::Node;
use crate::vocabulary::base_uri;

/// A server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Server {
    /// The base URI; without one the operator has to set it.
    pub(super) base_uri: Option<String>,
    /// What paths have before them because the address has no host: empty, or a path such as `/v1`.
    pub(super) prefix: String,
}

/// What an operator has to do where a document does not say where the API is.
const HELP: &str = "set the base URI with --base-uri";

impl Server {
    /// The server of a document.
    pub(super) fn of_document(root: &Node, left_out: &mut Vec<String>) -> Self {
        if let Some(url) = best(&values(root, "servers")) {
            return Self::of_url(&url, None, left_out);
        }
        let base = scalar(root, &["basePath"]).unwrap_or_default();
        let Some(host) = scalar(root, &["host"]) else {
            left_out.push(format!("server: the document names no host; {HELP}"));
            return Self { base_uri: None, prefix: prefix(&base) };
        };
        let schemes: Vec<String> = values(root, "schemes").iter().filter_map(Node::scalar_text).collect();
        // Credentials never travel in clear text where that can be avoided.
        let is_plain = schemes.iter().any(|scheme| scheme == "http") && !schemes.iter().any(|scheme| scheme == "https");
        let scheme = if is_plain { "http" } else { "https" };
        Self::of_url(&format!("{scheme}://{host}{}", prefix(&base)), None, left_out)
    }

    /// The server of operations that have their own, beside that of the document.
    pub(super) fn of_operation(servers: &Node, document: &Self, left_out: &mut Vec<String>) -> Option<Self> {
        let url = best(&items(servers))?;
        Some(Self::of_url(&url, document.base_uri.as_deref(), left_out))
    }

    fn of_url(url: &str, document: Option<&str>, left_out: &mut Vec<String>) -> Self {
        let url = url.trim();
        let absolute = if url.starts_with("//") { format!("https:{url}") } else { url.to_owned() };
        let uri = absolute.trim_end_matches('/');
        let is_plain = !uri.contains(['{', '}', '$']);
        if is_plain && uri.contains("://") {
            return match base_uri(uri) {
                Ok(base_uri) => Self { base_uri, prefix: String::new() },
                Err(problem) => {
                    left_out.push(format!("server {}: it {problem}; {HELP}", url.escape_debug()));
                    Self::default()
                }
            };
        }
        // What it is relative to has no such part.
        if !is_plain || uri.contains(['?', '#', '\\']) || uri.contains(char::is_control) || uri.split('/').any(is_up) {
            left_out.push(format!("server {}: {HELP}", url.escape_debug()));
            return Self::default();
        }
        // It is relative to the address of the document, which is most often on the host of the API.
        if let Some((scheme, rest)) = document.and_then(|uri| uri.split_once("://")) {
            let host = rest.split('/').next().unwrap_or(rest);
            return Self { base_uri: Some(format!("{scheme}://{host}{}", prefix(uri))), prefix: String::new() };
        }
        left_out.push(format!("server {url}: it has no host; {HELP}"));
        Self { base_uri: None, prefix: prefix(uri) }
    }

    /// The first part of its host, such as `upload` of `upload.api.test`.
    pub(super) fn label(&self) -> &str {
        let host = self.base_uri.as_deref().and_then(|uri| uri.split_once("://")).map_or("", |(_, rest)| rest);
        host.split(['.', ':', '/']).next().unwrap_or_default()
    }
}

/// The address of the first server that is encrypted, or else of the first, with the defaults of its variables.
fn best(servers: &[Node]) -> Option<String> {
    let url = |server: &Node| {
        let mut url = scalar(server, &["url"])?;
        for variable in server.get("variables").map(entries).unwrap_or_default() {
            let default = scalar(&variable.value, &["default"]).unwrap_or_default();
            url = url.replace(&format!("{{{}}}", variable.key), &default);
        }
        Some(url)
    };
    let urls: Vec<String> = servers.iter().filter_map(url).collect();
    urls.iter().find(|url| url.trim().to_ascii_lowercase().starts_with("https://")).or(urls.first()).cloned()
}

/// Whether a segment leads out of the path before it.
fn is_up(segment: &str) -> bool {
    segment == ".."
}

/// A path with a slash before it and none after it; empty if it is the root.
fn prefix(path: &str) -> String {
    let path = path.trim_start_matches('.').trim_matches('/');
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

fn items(node: &Node) -> Vec<Node> {
    match &node.content {
        crate::read::yaml::Content::Sequence(items) => items.clone(),
        _ => Vec::new(),
    }
}
