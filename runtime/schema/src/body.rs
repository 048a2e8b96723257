//! Request bodies that are built from several parameters and fixed text.

use serde::Serialize;

use crate::table::table;
use crate::{List, ParameterId, Template, Text};

table! {
    /// A request body.
    pub struct Body {
        /// The `Content-Type`. That of a multipart body gets its boundary when it is built.
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
    /// Parts of `multipart/form-data` (RFC 7578); an array repeats its part.
    Multipart(List<BodyPart>),
    /// Text. Values in it are escaped as its media type requires.
    Text(Template),
    /// Bytes: those of a text that is Base64 (RFC 4648 §4), and otherwise those of the text itself.
    Bytes(Template),
}

/// A value of a [`Body`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum BodyNode {
    /// A fixed value, as JSON text.
    Json(Text),
    /// The value of a parameter, in its own type. It is left out if the parameter has no value.
    Parameter(ParameterId),
    /// The value of a parameter that stands in JSON text without quotes, in its own type: text that is JSON is that value. It is
    /// left out if the parameter has no value.
    Bare(ParameterId),
    /// The value of a parameter that stands in quotes. If its type is known, it is in its type; otherwise numbers and booleans
    /// become text. It is left out if the parameter has no value.
    Quoted(ParameterId),
    /// Text with values in it. It is left out if it has parameters in it and none of them has a value.
    Text(Template),
    /// An object. Below the root it is left out if it has members and all of them are.
    Object(List<BodyMember>),
    /// An array.
    Array(List<BodyNode>),
}

table! {
    /// A member of an object, or a pair of a form.
    pub struct BodyMember {
        /// Its name, as its author wrote it.
        name: text,
        /// Its value.
        value: BodyNode,
    } with {
        /// What its name is made of, if there are values in it.
        made: optional(Template),
    }
}

table! {
    /// A part of a multipart body.
    pub struct BodyPart {
        /// The name of the field.
        name: text,
        /// Its value.
        value: BodyNode,
    } with {
        /// The name of the file, which makes the part a file.
        file_name: optional(Template),
        /// The `Content-Type` of the part.
        media_type: optional(text),
        /// A value that is Base64 (RFC 4648 §4) means its bytes.
        bytes: flag,
    }
}
