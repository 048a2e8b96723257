//! A capability whose references all point to something: what `resolve` makes and `check` and `lower` read.

use crate::diagnostic::Place;
pub(crate) use crate::model::{Location, TemplatePart, TextPart};
use crate::read::document::{Consumes, Document, Hints, Output, Text};
use crate::template::Piece;

#[derive(Debug)]
pub(crate) struct Linked<'d> {
    pub(crate) document: &'d Document,
    /// The environment variables in use, in order of first use.
    pub(crate) variables: Vec<String>,
    pub(crate) apis: Vec<Api<'d>>,
    pub(crate) operations: Vec<Operation<'d>>,
    pub(crate) routes: Vec<Route<'d>>,
    pub(crate) tools: Vec<Tool<'d>>,
}

#[derive(Debug)]
pub(crate) struct Api<'d> {
    pub(crate) source: &'d Consumes,
    pub(crate) credential: Option<Credential<'d>>,
}

/// The authentication of an API with its templates resolved to variables.
#[derive(Debug)]
pub(crate) enum Credential<'d> {
    Header {
        name: &'d Text,
        value: Vec<TemplatePart>,
    },
    Query {
        name: &'d Text,
        value: Vec<TemplatePart>,
    },
    Bearer {
        token: Vec<TemplatePart>,
    },
    Basic {
        username: Vec<TemplatePart>,
        password: Vec<TemplatePart>,
    },
    /// A kind that is not supported; it was reported.
    Unsupported,
}

#[derive(Debug)]
pub(crate) struct Operation<'d> {
    pub(crate) api: usize,
    pub(crate) name: &'d Text,
    pub(crate) method: Option<&'d Text>,
    pub(crate) description: Option<&'d Text>,
    pub(crate) output_format: Option<&'d Text>,
    pub(crate) path: &'d Text,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) constants: Vec<Constant>,
}

#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) location: Location,
    pub(crate) kind: Option<Text>,
    pub(crate) required: bool,
    pub(crate) description: Option<String>,
}

/// A parameter whose value the capability fixes.
#[derive(Debug)]
pub(crate) struct Constant {
    pub(crate) name: Text,
    pub(crate) location: Location,
    pub(crate) value: Vec<TemplatePart>,
}

#[derive(Debug)]
pub(crate) struct Route<'d> {
    pub(crate) place: Place,
    pub(crate) method: Option<&'d Text>,
    pub(crate) path: &'d Text,
    pub(crate) pieces: Vec<Piece>,
    pub(crate) description: Option<&'d Text>,
    pub(crate) call: Call<'d>,
}

#[derive(Debug)]
pub(crate) struct Tool<'d> {
    pub(crate) name: &'d Text,
    pub(crate) title: Option<&'d Text>,
    pub(crate) description: Option<&'d Text>,
    pub(crate) hints: Hints,
    pub(crate) call: Call<'d>,
}

/// A call with every argument traced to its source.
#[derive(Debug)]
pub(crate) struct Call<'d> {
    /// An index into [`Linked::operations`].
    pub(crate) operation: usize,
    /// What the caller may send.
    pub(crate) inputs: Vec<Parameter>,
    /// One source for each parameter of the operation.
    pub(crate) sources: Vec<Source>,
    pub(crate) outputs: &'d [Output],
}

/// Where the argument for a parameter comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// Nowhere: the parameter is left out.
    Absent,
    /// From the caller's input with this index.
    Input(usize),
    /// A fixed JSON value.
    Json(serde_json::Value),
    /// Text with the caller's inputs in it.
    Text(Vec<TextPart>),
}
