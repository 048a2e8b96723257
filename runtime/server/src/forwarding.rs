//! Header fields of callers that are forwarded upstream: those of `--forward-header`.

use std::sync::Arc;

use http::header::{self, HeaderMap, HeaderName};
use naftiko_client::schema::http::is_framing;
use naftiko_schema::Location;

use super::cli::Serve;
use super::failure::Failure;
use super::list::members;
use super::program::Program;

/// Fields that authenticate a caller to this server, or that this server handles itself. The upstream has its own
/// credential and must not get the caller's (MCP, "Access Token Privilege Restriction").
pub(super) const NEVER_FORWARDED: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::ORIGIN,
    header::CONTENT_TYPE,
    header::ACCEPT_ENCODING,
];

/// The names of forwarded fields. Cloning is cheap.
#[derive(Clone)]
pub(super) struct Forwarding(Arc<[HeaderName]>);

impl Forwarding {
    pub(super) fn new(program: &Program, options: &Serve) -> Result<Self, Failure> {
        let credentials = program.adapters().flat_map(|adapter| adapter.auth().credentials());
        let keys = credentials.filter_map(|credential| match credential.field() {
            (Location::Header, name) => Some(name),
            _ => None,
        });
        let keys: Vec<&str> = keys.chain([options.api_key_header.as_str()]).collect();
        let name = |text: &String| {
            let name = text.parse::<HeaderName>().ok().filter(|name| {
                let is_credential = keys.iter().any(|key| key.eq_ignore_ascii_case(name.as_str()));
                !is_credential && !NEVER_FORWARDED.contains(name) && !is_framing(name.as_str())
            });
            name.ok_or_else(|| Failure::Refused(format!("--forward-header {text}: this header cannot be forwarded")))
        };
        Ok(Self(members(&options.forward_header).map(name).collect::<Result<_, _>>()?))
    }

    /// Adds the caller's fields to those that are forwarded already, which take precedence.
    pub(super) fn add(&self, fields: &HeaderMap, forwarded: &mut HeaderMap) {
        for name in &*self.0 {
            if !forwarded.contains_key(name) {
                forwarded.extend(fields.get_all(name).iter().map(|value| (name.clone(), value.clone())));
            }
        }
    }
}
