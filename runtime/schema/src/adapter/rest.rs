//! The REST adapter.

use crate::table::table;
use crate::{Binding, InboundAuth, InputId, Method};

table! {
    /// What a capability exposes over REST.
    pub struct Rest {
        /// The port that the capability names.
        port: u16,
    } with {
        /// What the capability calls it; empty if it does not say.
        namespace: text,
        /// How callers of the server authenticate.
        auth: InboundAuth,
        /// The routes.
        routes: [Route],
        /// Their OpenAPI document, as JSON.
        openapi: text,
    }
}

table! {
    /// A route: one method on one path.
    pub struct Route {
        /// The method.
        method: Method,
        /// The path, with `{name}` for each placeholder, which may be only a part of a segment. `{name+}` as the last
        /// segment takes the rest of the path.
        path: text,
        /// What it runs.
        binding: Binding,
    } with {
        /// The input that each placeholder fills, in order; `None` if nothing reads it.
        captures: [Option<InputId>],
        /// What it does.
        summary: text,
        /// The media type of responses where the upstream names none, or only says that they are bytes.
        media_type: optional(text),
    }
}
