//! Header fields of callers that go upstream: none, or those that were named.

use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderName};

use super::cli::Serve;
use super::{Failure, Program};
use crate::operation::Authentication;
use crate::request::is_framing;

/// Fields that prove something to this server, or that it answers itself. The upstream has a credential of its own, and
/// that of a caller is not for it (MCP, "Access Token Privilege Restriction").
const KEPT: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::ORIGIN,
    header::CONTENT_TYPE,
    header::ACCEPT_ENCODING,
];

/// The names of fields that go upstream. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Forwarding(Arc<[HeaderName]>);

impl Forwarding {
    pub(super) fn new(program: &Program, options: &Serve) -> Result<Self, Failure> {
        let keys = program.callers().flat_map(|callers| callers.credentials()).filter_map(|kind| match kind {
            Authentication::Header { name, .. } => Some(*name),
            _ => None,
        });
        let keys: Vec<&str> = keys.chain([options.api_key_header.as_str()]).collect();
        let name = |text: &String| {
            let name = text.trim().parse::<HeaderName>().ok().filter(|name| {
                let proves = keys.iter().any(|key| key.eq_ignore_ascii_case(name.as_str()));
                !proves && !KEPT.contains(name) && !is_framing(name)
            });
            name.ok_or_else(|| Failure::Refused(format!("--forward-header {text}: no such field goes upstream")))
        };
        Ok(Self(options.forward_header.iter().map(name).collect::<Result<_, _>>()?))
    }

    /// Adds what goes upstream of a caller's fields, beside what does already.
    pub(super) fn add(&self, fields: &HeaderMap, forwarded: &mut HeaderMap) {
        for name in &*self.0 {
            if !forwarded.contains_key(name) {
                forwarded.extend(fields.get_all(name).iter().map(|value| (name.clone(), value.clone())));
            }
        }
    }
}
