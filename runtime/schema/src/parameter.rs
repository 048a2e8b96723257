//! Parameters of operations, and inputs of routes, tools and resources.

use serde::Serialize;

use crate::table::table;
use crate::{Rules, Separator};

/// The keyword in schemas of members, and in descriptions of parameters, that names the environment variable with the value
/// where a caller leaves it out, as [`Parameter::configured`] does: `{"env": "NAME"}`.
pub const CONFIGURED: &str = "x-naftiko-default";

table! {
    /// A parameter of an operation, or an input of a route, tool or resource.
    pub struct Parameter {
        /// The name on the wire.
        name: text,
        /// Where it travels.
        location: Location,
        /// The JSON type that it accepts.
        kind: Kind,
    } with {
        /// It must have a value.
        required: flag,
        /// The default for REST and MCP callers, as JSON text.
        default: optional(text),
        /// The environment variable that has the value where a caller leaves the parameter out, if it is set.
        configured: optional(text),
        /// The number that a list begins with where a caller leaves the parameter out, if the parameter counts its pages or items and
        /// the number is not the usual one: 1 for pages, 0 for items.
        counts_from: optional(u64),
        /// How an array or an object is written. Unless set, an array repeats its name, and an object is JSON.
        style: optional(ParameterStyle),
        /// What values must satisfy besides their type.
        rules: Rules,
        /// What it means.
        description: text,
    }
}

/// How an array or an object is written outside of JSON (OpenAPI 3.1, "Style Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum ParameterStyle {
    /// One text: the items of an array, or the names and values of an object in turn, with this between them.
    Separated(Separator),
    /// One pair for each value inside: `name[member]=value`, `name[0]=value`, at any depth.
    Brackets,
    /// One pair for each member of an object: `member=value`.
    Members,
}

/// Where a parameter travels in an HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Location {
    /// One segment of the path, or a part of one.
    Path,
    /// One or more segments of the path: `/` is kept, everything else is encoded.
    Segments,
    /// The query; an array repeats its key, unless its style says another way.
    Query,
    /// A header field.
    Header,
    /// One pair of the `Cookie` header.
    Cookie,
    /// The whole body, as JSON.
    Body,
    /// A part of the body: as [`Operation::body`](crate::Operation::body) uses it, or a member of the JSON object
    /// that a caller sends.
    Field,
    /// No place of its own: other values have it in them, as their templates say.
    Inserted,
    /// A part of a credential, and nothing else. It is a secret.
    Credential,
}

impl Location {
    /// Whether the parameter is part of the path.
    pub const fn is_path(self) -> bool {
        matches!(self, Self::Path | Self::Segments)
    }

    /// Whether the parameter travels in the body.
    pub const fn is_body(self) -> bool {
        matches!(self, Self::Body | Self::Field)
    }

    /// The name of the part of a request.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path | Self::Segments => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Body | Self::Field => "body",
            Self::Inserted => "template",
            Self::Credential => "credential",
        }
    }
}

/// The JSON type that a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Kind {
    /// A string.
    String,
    /// A whole number that fits 64 bits with its sign.
    Integer,
    /// Any finite number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// An array; of strings, unless it is a body or a part of one.
    Array,
    /// An object.
    Object,
    /// Any JSON value.
    Any,
}

impl Kind {
    /// The name of the type in a specification.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::Object => "object",
            Self::Any => "any",
        }
    }
}
