//! Request bodies that are built from several parameters and fixed text.

use serde::Serialize;

use crate::table::table;
use crate::{List, ParameterId, Text, VariableId};

table! {
    /// A request body.
    pub struct Body {
        /// The `Content-Type`.
        media_type: text,
        /// What is sent.
        content: BodyContent,
    }
}

/// What a [`Body`] holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum BodyContent {
    /// A JSON document.
    Json(BodyNode),
    /// Pairs of `application/x-www-form-urlencoded`; an array repeats its key.
    Form(List<BodyMember>),
    /// Text. Values are escaped if the media type is XML.
    Text(List<BodyText>),
}

/// A value of a [`Body`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum BodyNode {
    /// A fixed value, as JSON text.
    Json(Text),
    /// The value of a parameter, in its own type. It is left out if the parameter has no value.
    Parameter(ParameterId),
    /// Text with values in it. It is left out if one of its parameters has no value.
    Text(List<BodyText>),
    /// An object. Below the root it is left out if it has members and all of them are.
    Object(List<BodyMember>),
    /// An array.
    Array(List<BodyNode>),
}

table! {
    /// A member of an object, or a pair of a form.
    pub struct BodyMember {
        /// Its name.
        name: text,
        /// Its value.
        value: BodyNode,
    }
}

/// A piece of text in a [`Body`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum BodyText {
    /// Text, sent as it is.
    Literal(Text),
    /// The text of a parameter.
    Parameter(ParameterId),
    /// The value of a variable.
    Variable(VariableId),
}
