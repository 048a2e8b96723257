//! The static tables that describe a capability. Generated code declares them; everything else in this crate reads them.

/// An HTTP request method (RFC 9110 §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
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
    /// The method's name as it stands on the wire.
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

    pub(crate) fn to_http(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Head => http::Method::HEAD,
            Self::Options => http::Method::OPTIONS,
            Self::Post => http::Method::POST,
            Self::Put => http::Method::PUT,
            Self::Patch => http::Method::PATCH,
            Self::Delete => http::Method::DELETE,
        }
    }
}

/// Where a parameter travels in an HTTP request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// One segment of the path, or a part of one.
    Path,
    /// One or more segments of the path: `/` stays, everything else is encoded.
    Segments,
    /// The query; an array repeats its key.
    Query,
    /// A header field.
    Header,
    /// One pair of the `Cookie` header.
    Cookie,
    /// The whole body, as JSON.
    Body,
    /// A part of the body: what [`Operation::body`] makes of it, or a member of the JSON object that a caller sends.
    Field,
}

/// The JSON type that a parameter accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// A parameter of an operation, a route or a tool.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// The name on the wire.
    pub name: &'static str,
    /// Where it travels.
    pub location: Location,
    /// What it accepts.
    pub kind: Kind,
    /// Whether a caller must give it.
    pub required: bool,
    /// The JSON text that REST and MCP callers get when they leave it out.
    pub default: Option<&'static str>,
    /// What values must be beside their kind: keywords of JSON Schema, as a JSON object.
    pub rules: Option<&'static str>,
    /// What it means; may be empty.
    pub description: &'static str,
}

impl Parameter {
    /// An optional parameter.
    pub const fn new(name: &'static str, location: Location, kind: Kind) -> Self {
        Self { name, location, kind, required: false, default: None, rules: None, description: "" }
    }

    /// The same parameter, required.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// The same parameter with a default, given as JSON text.
    #[must_use]
    pub const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }

    /// The same parameter with rules for its values: keywords of JSON Schema, as a JSON object.
    #[must_use]
    pub const fn rules(mut self, json: &'static str) -> Self {
        self.rules = Some(json);
        self
    }

    /// The same parameter with a description.
    #[must_use]
    pub const fn describe(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }
}

/// A piece of a path template.
#[derive(Clone, Copy, Debug)]
pub enum PathPart {
    /// Text that stands in the path as it is.
    Literal(&'static str),
    /// The value of the parameter with this index, percent-encoded.
    Parameter(usize),
}

/// One operation of a consumed API.
#[derive(Debug)]
pub struct Operation {
    /// The operation's name in the capability.
    pub name: &'static str,
    /// The API that it belongs to, an index into [`Capability::apis`].
    pub api: usize,
    /// The HTTP method.
    pub method: Method,
    /// The path template, relative to the API's base URI.
    pub path: &'static [PathPart],
    /// The parameters, in declaration order.
    pub parameters: &'static [Parameter],
    /// What the capability fixes: headers, cookies and query parameters that no caller sets.
    pub constants: &'static [Constant],
    /// How the body is made of parameters of location [`Location::Field`]. Without it the body is the parameter of
    /// location [`Location::Body`], if there is one.
    pub body: Option<Body>,
    /// Whether the answer is declared to be JSON.
    pub json_output: bool,
    /// When a call may be sent again without being asked for.
    pub repeat: Repeat,
}

/// When a call may be sent again after it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Whenever that may help: the operation is idempotent (RFC 9110 §9.2.2).
    Always,
    /// Only where the upstream cannot have acted: it was never reached, or turned the request away with a 429.
    Unacted,
    /// Never: it looks like a plain read, and changes something all the same.
    Never,
}

impl Operation {
    /// The path template as a specification would write it, `/secrets/{secret_id}`.
    pub(crate) fn path_template(&self) -> String {
        let part = |part: &PathPart| match part {
            PathPart::Literal(text) => (*text).to_owned(),
            PathPart::Parameter(index) => {
                format!("{{{}}}", self.parameters.get(*index).map_or("", |parameter| parameter.name))
            }
        };
        self.path.iter().map(part).collect()
    }
}

/// A body that is made of several parameters and fixed text.
#[derive(Clone, Copy, Debug)]
pub struct Body {
    /// The `Content-Type`.
    pub media_type: &'static str,
    /// What is sent.
    pub content: Content,
}

/// What a [`Body`] holds.
#[derive(Clone, Copy, Debug)]
pub enum Content {
    /// A JSON document.
    Json(Node),
    /// Pairs of `application/x-www-form-urlencoded`; an array repeats its key.
    Form(&'static [(&'static str, Node)]),
    /// Text. Values are escaped where the media type is XML.
    Text(&'static [BodyPart]),
}

/// A value of a [`Body`].
#[derive(Clone, Copy, Debug)]
pub enum Node {
    /// A fixed value, as JSON text.
    Json(&'static str),
    /// The value of the parameter with this index, in its own type. It is left out when the parameter is.
    Parameter(usize),
    /// Text with values in it. It is left out when one of its parameters is.
    Text(&'static [BodyPart]),
    /// An object. Below the root it is left out when it has members and all of them are.
    Object(&'static [(&'static str, Node)]),
    /// An array.
    Array(&'static [Node]),
}

/// A piece of text in a [`Body`].
#[derive(Clone, Copy, Debug)]
pub enum BodyPart {
    /// Text that stands as it is.
    Literal(&'static str),
    /// The text of the parameter with this index.
    Parameter(usize),
    /// The value of the variable with this index in [`Capability::variables`].
    Variable(usize),
}

/// A header, cookie or query parameter with a fixed value.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    /// The name on the wire.
    pub name: &'static str,
    /// Where it travels.
    pub location: Location,
    /// The value.
    pub value: Template,
}

impl Constant {
    /// Whether its value may be a secret.
    #[cfg(feature = "test-util")]
    pub(crate) fn has_variable(&self) -> bool {
        self.value.iter().any(|part| matches!(part, TemplatePart::Variable(_)))
    }
}

/// Text with configuration variables in it.
pub(crate) type Template = &'static [TemplatePart];

/// A piece of text with configuration variables in it.
#[derive(Clone, Copy, Debug)]
pub enum TemplatePart {
    /// Text that stands as it is.
    Literal(&'static str),
    /// The value of the variable with this index in [`Capability::variables`].
    Variable(usize),
}

/// A credential that goes with every request to an API.
#[derive(Clone, Copy, Debug)]
pub enum Authentication {
    /// A header field.
    Header {
        /// The field's name.
        name: &'static str,
        /// The field's value.
        value: Template,
    },
    /// A query parameter.
    Query {
        /// The parameter's name.
        name: &'static str,
        /// The parameter's value.
        value: Template,
    },
    /// A pair of the `Cookie` header.
    Cookie {
        /// The cookie's name.
        name: &'static str,
        /// The cookie's value.
        value: Template,
    },
    /// `Authorization: Bearer` (RFC 6750).
    Bearer {
        /// The token.
        token: Template,
    },
    /// `Authorization: Basic` (RFC 7617).
    Basic {
        /// The user name.
        username: Template,
        /// The password.
        password: Template,
    },
}

/// A consumed API: one `consumes` entry of the capability.
#[derive(Debug)]
pub struct Api {
    /// The entry's namespace.
    pub namespace: &'static str,
    /// The base URI, unless the user must configure it.
    pub base_uri: Option<&'static str>,
    /// The credentials of every request.
    pub authentication: &'static [Authentication],
}

/// A value that comes from the environment, as the capability's `binds` say. Every one is treated as a secret.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// The environment variable.
    pub name: &'static str,
}

/// A whole capability.
#[derive(Debug)]
pub struct Capability {
    /// The name of the generated crate.
    pub name: &'static str,
    /// The human-readable title.
    pub title: &'static str,
    /// The version of the generated crate.
    pub version: &'static str,
    /// What it is for; may be empty.
    pub description: &'static str,
    /// The consumed APIs.
    pub apis: &'static [Api],
    /// The configuration variables.
    pub variables: &'static [Variable],
}
