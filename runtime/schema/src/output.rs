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
    /// An object with the members of an object, each built from its value.
    Map(MapProjection),
    /// The text at a path, cut.
    Cut(CutProjection),
    /// The first of several that is not null.
    First(List<Projection>),
}

impl Projection {
    /// Whether it looks inside the document, so that the document must be an object or an array.
    pub fn needs_structure(&self) -> bool {
        match self {
            Self::Path(steps) => !steps.is_empty(),
            Self::Json(_) => false,
            Self::Object(object) => {
                !object.at.is_empty() || object.members.iter().any(|member| member.value.needs_structure())
            }
            Self::Array(_) | Self::Map(_) => true,
            Self::Cut(cut) => !cut.at.is_empty(),
            Self::First(several) => several.iter().any(Self::needs_structure),
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
        /// What is no array is its only item, and what is not there an array without items: the format of the document, XML,
        /// does not distinguish them.
        wraps: flag,
    }
}

table! {
    /// An object with the members of the object at a path; null if it does not exist.
    pub struct MapProjection {
        /// The path.
        at: [PathStep],
        /// How to build the value of a member: one projection.
        value: [Projection],
    }
}

table! {
    /// The value at a path. Text is cut.
    pub struct CutProjection {
        /// The path.
        at: [PathStep],
        /// How many characters of a text are left.
        length: u64,
    }
}

/// A step of a path into a document. A path with [`Each`](Self::Each) or a [`Query`](Self::Query) selects a list, any other
/// one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum PathStep {
    /// The member with this name.
    Key(Text),
    /// The item with this index, counted from the end if negative.
    Index(i64),
    /// Every item of an array, or the value of every member of an object.
    Each,
    /// What a JSONPath query selects (RFC 9535), whose `$` is the value that the steps before it lead to.
    Query(Text),
    /// An object of the members with these names, or a list of such objects. Nothing follows.
    Members(List<Text>),
    /// What a function makes of the value, or of the list. No other steps but functions follow.
    Function(PathFunction),
}

/// A function at the end of a path. What it cannot be applied to gives null.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum PathFunction {
    /// How many items an array has, or members an object.
    Length,
    /// The names of an object's members.
    Keys,
    /// The first item of an array.
    First,
    /// The last item of an array.
    Last,
    /// The smallest number of an array, as a float of 64 bits.
    Min,
    /// The largest number of an array, as a float of 64 bits.
    Max,
    /// The mean of the numbers of an array, as a float of 64 bits.
    Average,
    /// The sum of the numbers of an array, as a float of 64 bits.
    Sum,
}
