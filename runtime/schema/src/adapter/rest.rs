//! The REST adapter.

use crate::table::table;
use crate::{Binding, InboundAuth, InputId, Method, Operation, Text};

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
        /// What is passed on, if no route takes a request.
        forwards: [Forward],
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

table! {
    /// A path below which requests are passed on to an API as they are.
    pub struct Forward {
        /// The path, written as that of a [`Route`]. What its last placeholder takes is appended to the base URI, if it is the
        /// whole last segment.
        path: text,
        /// One operation for each method, whose only parameter is the body. Their path is empty.
        operations: [Operation],
    } with {
        /// The header fields of callers that are passed on, besides those about the content, in lower case.
        trusted: [Text],
    }
}
