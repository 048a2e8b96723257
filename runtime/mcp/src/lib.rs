//! The MCP adapter: tools, resources and prompts, served over Streamable HTTP and stdio.

mod about;
mod accept;
mod action;
mod audit;
mod budget;
mod call;
mod catalog;
mod changes;
mod choice;
mod choices;
mod confirm;
mod content;
mod failure;
mod files;
mod forwarded;
mod grant;
mod handler;
mod http;
mod inputs;
mod limits;
mod listing;
mod lists;
mod long;
mod mask;
mod member;
mod members;
mod message;
mod observe;
mod observed;
mod page;
mod patterns;
mod plan;
mod policy;
mod prompts;
#[cfg(test)]
mod properties;
mod question;
mod recorded;
mod resources;
mod result;
mod revision;
mod schema;
#[cfg(feature = "search")]
mod search;
mod shape;
mod shown;
mod skills;
mod stdio;
mod structure;
mod trail;
mod whole;
mod words;

pub use self::http::HttpOptions;
pub use action::Action;
pub use audit::{Audit, AuditOutcome, AuditedCall};
pub use changes::Changes;
pub use choices::{Confirmation, OutputSchemas, Search};
pub use grant::{Grant, Names};
pub use handler::Server;
pub use limits::{Limited, NoRate, Rate};
pub use observe::{ObservedRequest, Observer};
pub use patterns::UnmatchedPattern;
pub use policy::{Policy, ShortKey};

#[doc(hidden)]
pub mod __private {
    pub use crate::changes::Listening;
    pub use crate::http::{Endpoint, PATH};
    pub use crate::members::SharedCatalog;
    pub use crate::patterns::Patterns;
    pub use crate::policy::AUDIT_PAUSE;
    pub use crate::stdio::serve_last;
    pub use rmcp::transport::stdio_pipes;
}
