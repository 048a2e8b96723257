//! Operations of consumed APIs.

use serde::Serialize;

use crate::table::table;
use crate::{
    ApiId, AvroSchema, Body, Credential, Location, OperationId, Parameter, ParameterId, Separator, Template, Text,
    VariableId,
};

/// An HTTP request method (RFC 9110 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`
    Head,
    /// `OPTIONS`
    Options,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// All methods.
    pub const ALL: [Self; 7] = [Self::Get, Self::Head, Self::Options, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method's name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a request changes nothing (RFC 9110 §9.2.1).
    pub const fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// Whether a repeated request has the same effect as one request (RFC 9110 §9.2.2).
    pub const fn is_idempotent(self) -> bool {
        self.is_safe() || matches!(self, Self::Put | Self::Delete)
    }
}

table! {
    /// An operation of a consumed API.
    pub struct Operation {
        /// Its number among the operations of the capability.
        id: OperationId,
        /// Its name in the capability.
        name: text,
        /// The HTTP method.
        method: Method,
        /// When a failed call may be sent again.
        retry_safety: RetrySafety,
    } with {
        /// The API that it belongs to; the first one unless set.
        api: ApiId,
        /// The path, relative to the base URI of the API.
        path: [PathPart],
        /// The parameters, in declaration order.
        parameters: [Parameter],
        /// Headers, cookies and query parameters with values that the capability sets, or makes of arguments.
        fixed: [FixedParameter],
        /// Its credentials in place of those of its API, if arguments are a part of them.
        credentials: [Credential],
        /// How the body is built from parameters of location [`Location::Field`]. Without it the body is the parameter of
        /// location [`Location::Body`], if there is one.
        body: optional(Body),
        /// The format of the body of a successful response.
        format: Format,
        /// The media type of successful responses, whatever the upstream says.
        media_type: optional(text),
        /// The longest response, in bytes, if it is less than the client takes.
        response_limit: optional(u64),
        /// Header fields of its responses that REST callers get in addition to the usual ones.
        response_fields: [Text],
        /// What the body of a request is, as the JSON text of a JSON Schema, if it is known. It is the subset of JSON Schema
        /// 2020-12 that the compiler writes: self-contained, with `$defs` at the root for what contains itself.
        request_schema: optional(text),
        /// Requests may lack members that [`request_schema`](Self::request_schema) requires, because the document that says so is
        /// not verified.
        lenient: flag,
        /// What the body of a successful response is, as [`request_schema`](Self::request_schema) says it.
        response_schema: optional(text),
        /// How the pages of a list follow each other, if it is known.
        pages: optional(Pages),
    }
}

impl Operation {
    /// The parameter with this id.
    pub fn parameter(&self, id: ParameterId) -> Option<&Parameter> {
        self.parameters.get(id.index())
    }

    /// The path as a specification would write it, such as `/secrets/{secret_id}`.
    pub fn path_template(&self) -> String {
        let part = |part: &PathPart| match part {
            PathPart::Literal(text) => text.clone().into_owned(),
            PathPart::Parameter(id) => format!("{{{}}}", self.parameter(*id).map_or("", |parameter| &*parameter.name)),
            PathPart::Variable(_) => "{}".to_owned(),
        };
        self.path.iter().map(part).collect()
    }
}

/// A piece of a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum PathPart {
    /// Text, percent-encoded already.
    Literal(Text),
    /// The value of a parameter, to be percent-encoded.
    Parameter(ParameterId),
    /// The value of a variable, to be percent-encoded.
    Variable(VariableId),
}

table! {
    /// How the pages of a list follow each other: by number, or by a cursor. Places in a response are JSON pointers (RFC 6901).
    pub struct Pages {
        /// The query parameter that takes the number or the cursor. It need not be a parameter of the operation.
        parameter: text,
        /// Where the items are.
        items: text,
    } with {
        /// Where the number of all items is.
        total: optional(text),
        /// Where the cursor of the next page is; pages have numbers unless set.
        cursor: optional(text),
    }
}

table! {
    /// A header, cookie or query parameter with a value that the capability sets. It is left out if its value has arguments in it
    /// and none of them is given.
    pub struct FixedParameter {
        /// The name on the wire.
        name: text,
        /// Where it travels.
        location: Location,
        /// Its value.
        value: Template,
    }
}

/// When a failed call may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum RetrySafety {
    /// Whenever that may help: the operation is idempotent (RFC 9110 §9.2.2).
    Idempotent,
    /// Only if the upstream cannot have processed the request: it was never reached, or responded with a 429.
    OnlyIfNotProcessed,
    /// Never: its method is safe, but it changes something.
    Never,
}

/// The format of the body of a successful response.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Format {
    /// A JSON document (RFC 8259).
    Json,
    /// Any format, as its media type says.
    Any,
    /// Bytes. Their media type says what they are, whatever they look like.
    Binary,
    /// An XML document.
    Xml,
    /// A YAML document.
    Yaml,
    /// Rows of values with this character between them (RFC 4180). The first row has the names.
    Rows(Separator),
    /// The tables of an HTML document: all of them, or those that a list of CSS selectors finds, unless it is empty.
    Html(Text),
    /// The front matter, tables and sections of a Markdown document: all sections, or those whose heading begins so.
    Markdown(Text),
    /// One Avro datum in the binary encoding, without a header.
    Avro(AvroSchema),
    /// A file of Avro data, which has its schema in it.
    AvroFile,
    /// A Protobuf message: its full name, a line end, and a `FileDescriptorSet` in base64.
    Protobuf(Text),
}

impl Format {
    pub(crate) const UNSET: Self = Self::Json;

    /// Whether the body is declared to be JSON.
    pub const fn is_json(&self) -> bool {
        matches!(self, Self::Json)
    }

    /// Whether the body is declared to be a document that can be read as JSON.
    pub const fn is_converted(&self) -> bool {
        !matches!(self, Self::Json | Self::Any | Self::Binary)
    }

    /// The media type of the body, as OpenAPI writes it.
    pub const fn media_type(&self) -> &'static str {
        match self {
            Self::Json => "application/json",
            _ => "*/*",
        }
    }

    /// The feature of the client that reads it, if it needs one.
    pub const fn feature(&self) -> Option<&'static str> {
        match self {
            Self::Json | Self::Any | Self::Binary => None,
            Self::Xml => Some("format-xml"),
            Self::Yaml => Some("format-yaml"),
            Self::Rows(_) => Some("format-csv"),
            Self::Html(_) => Some("format-html"),
            Self::Markdown(_) => Some("format-markdown"),
            Self::Avro(_) | Self::AvroFile => Some("format-avro"),
            Self::Protobuf(_) => Some("format-protobuf"),
        }
    }
}
