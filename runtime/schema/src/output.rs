//! The part of a response that a caller gets.

use serde::Serialize;

use crate::table::table;
use crate::{List, Text};

/// The part of a response that a caller gets.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Output {
    /// All of it, byte for byte.
    Whole,
    /// A JSON document built from it.
    Projected(Projection),
}

impl Output {
    pub(crate) const UNSET: Self = Self::Whole;
}

/// How to build one document from another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Projection {
    /// The value at a path; null if it does not exist.
    Path(List<PathStep>),
    /// A fixed value, as JSON text.
    Json(Text),
    /// An object built from the value at a path.
    Object(ObjectProjection),
    /// An array built from the items of an array.
    Array(ArrayProjection),
}

impl Projection {
    /// Whether it looks inside the document, so that the document cannot be plain text.
    pub fn needs_structure(&self) -> bool {
        match self {
            Self::Path(steps) => !steps.is_empty(),
            Self::Json(_) => false,
            Self::Object(object) => {
                !object.at.is_empty() || object.members.iter().any(|member| member.value.needs_structure())
            }
            Self::Array(_) => true,
        }
    }
}

table! {
    /// An object built from the value at a path.
    pub struct ObjectProjection {
        /// The path.
        at: [PathStep],
        /// The members.
        members: [ProjectedMember],
    }
}

table! {
    /// A member of an [`ObjectProjection`].
    pub struct ProjectedMember {
        /// Its name.
        name: text,
        /// Its value.
        value: Projection,
    }
}

table! {
    /// An array built from the items of the array at a path; null if it does not exist.
    pub struct ArrayProjection {
        /// The path.
        at: [PathStep],
        /// How to build an item: one projection.
        item: [Projection],
    } with {
        /// What is no array is its only item: the format of the document, XML, does not distinguish the two.
        wraps: flag,
    }
}

/// A step of a path into a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PathStep {
    /// The member with this name.
    Key(Text),
    /// The item with this index, counted from the end if negative.
    Index(i64),
    /// Every item.
    Each,
}
