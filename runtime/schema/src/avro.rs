//! Avro schemas (Avro 1.12 specification, "Schema Declaration"), as far as they say what bytes mean.

use serde::Serialize;

use crate::table::table;
use crate::{List, Text};

table! {
    /// What a datum is, and the types with names that it refers to by their number.
    pub struct AvroSchema {
        /// What the datum is.
        root: AvroType,
    } with {
        /// The types with names.
        named: [AvroNamed],
    }
}

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum AvroType {
    /// Nothing.
    Null,
    /// One byte.
    Boolean,
    /// A whole number of 32 or 64 bits, which look the same.
    Long,
    /// A number of 32 bits.
    Float,
    /// A number of 64 bits.
    Double,
    /// Bytes.
    Bytes,
    /// Text in UTF-8.
    Text,
    /// Items of one type, which is the only one in the list.
    Array(List<AvroType>),
    /// Members with values of one type, which is the only one in the list.
    Map(List<AvroType>),
    /// A value of one of several types.
    Union(List<AvroType>),
    /// A type with a name, by its number.
    Named(usize),
}

/// A type with a name.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum AvroNamed {
    /// Fields.
    Record(List<AvroField>),
    /// One of several texts.
    Enum(List<Text>),
    /// This number of bytes.
    Fixed(usize),
}

table! {
    /// A field of a record.
    pub struct AvroField {
        /// Its name.
        name: text,
        /// What it is.
        value: AvroType,
    }
}
