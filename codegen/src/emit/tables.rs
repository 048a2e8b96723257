//! Tables as Rust: a serializer that writes any table of `naftiko-schema` as the expression that makes it.
//!
//! A struct becomes a call of its constructor and of the setters of those fields that are set, an enum variant its name.
//! So a new field or table needs nothing here.

use std::fmt::Display;

use proc_macro2::{Ident, Literal, Span};
use serde::ser::{self, Serialize};

use super::code::Code;
use crate::model::Model;

/// An identifier that `names` made.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// The expression that makes a table. References to operations name the constants that the model has for them.
pub(super) fn expression(table: &impl Serialize, model: &Model) -> Code {
    write(table, Writer { model, form: Form::Argument })
}

fn write(value: &(impl Serialize + ?Sized), writer: Writer<'_>) -> Code {
    value
        .serialize(writer)
        .unwrap_or_else(|Unwritable(message)| Code::call("compile_error!", vec![Code::text(&message)]))
}

fn call(function: &'static str, argument: Code) -> Code {
    Code::call(function, vec![argument])
}

/// Writes one value.
#[derive(Clone, Copy)]
struct Writer<'m> {
    model: &'m Model,
    form: Form,
}

/// What surrounds a value.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    /// The constructor of a struct: texts and lists are plain references.
    Argument,
    /// A setter: as in a constructor, and a flag or an optional value is there because it is set.
    Setter,
    /// A variant or a list: texts and lists have the type of the field.
    Stored,
}

impl<'m> Writer<'m> {
    fn stored(self) -> Self {
        Self { form: Form::Stored, ..self }
    }

    fn arguments(self, name: &'static str) -> Arguments<'m> {
        Arguments { writer: self, name, arguments: Vec::new(), setters: Vec::new() }
    }

    fn items(self) -> Items<'m> {
        Items { writer: self, items: Vec::new() }
    }
}

/// Why a value cannot be written. No table has such a value; if one did, the generated crate would not compile.
#[derive(Debug)]
struct Unwritable(String);

impl Display for Unwritable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unwritable {}

impl ser::Error for Unwritable {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

type Written = Result<Code, Unwritable>;

fn unwritable(what: &str) -> Unwritable {
    Unwritable(format!("tables have no {what}"))
}

impl<'m> ser::Serializer for Writer<'m> {
    type Ok = Code;
    type Error = Unwritable;
    type SerializeSeq = Items<'m>;
    type SerializeTuple = ser::Impossible<Code, Unwritable>;
    type SerializeTupleStruct = ser::Impossible<Code, Unwritable>;
    type SerializeTupleVariant = ser::Impossible<Code, Unwritable>;
    type SerializeMap = ser::Impossible<Code, Unwritable>;
    type SerializeStruct = Arguments<'m>;
    type SerializeStructVariant = ser::Impossible<Code, Unwritable>;

    fn serialize_bool(self, value: bool) -> Written {
        // The setter of a flag takes no argument.
        Ok(match self.form {
            Form::Setter => Code::nothing(),
            _ => Code::atom(if value { "true" } else { "false" }),
        })
    }

    fn serialize_i8(self, value: i8) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Written {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Written {
        Ok(Code::atom(value.to_string()))
    }

    fn serialize_u8(self, value: u8) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Written {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Written {
        Ok(Code::atom(value.to_string()))
    }

    fn serialize_f32(self, _: f32) -> Written {
        Err(unwritable("floating-point numbers"))
    }

    fn serialize_f64(self, _: f64) -> Written {
        Err(unwritable("floating-point numbers"))
    }

    fn serialize_char(self, _: char) -> Written {
        Err(unwritable("characters"))
    }

    fn serialize_str(self, value: &str) -> Written {
        let text = Code::text(value);
        Ok(if self.form == Form::Stored { call("text", text) } else { text })
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        Ok(call("list", Code::atom(Literal::byte_string(value).to_string())))
    }

    fn serialize_none(self) -> Written {
        Ok(Code::atom("None"))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        if self.form == Form::Setter {
            return Ok(write(value, Self { form: Form::Argument, ..self }));
        }
        Ok(call("Some", write(value, self.stored())))
    }

    fn serialize_unit(self) -> Written {
        Err(unwritable("units"))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Written {
        Err(unwritable("unit structs"))
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Written {
        Ok(Code::atom([name, "::", variant].concat()))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Written {
        // A reference to skills, which have a module, by the namespace of their adapter.
        if name == "SkillsRef" {
            let namespace = serde_json::to_value(value).map_err(|error| unwritable(&error.to_string()))?;
            let module = namespace.as_str().and_then(|namespace| self.model.module_of_skills(namespace));
            let module = module.ok_or_else(|| unwritable("references to no adapter"))?;
            return Ok(call("to", Code::atom(["&", module, "::ADAPTER"].concat())));
        }
        Ok(call(name, write(value, self.stored())))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Written {
        // A target carries the number of its operation or flow in place of that of a variant.
        if name == "Target" && variant == "Flow" {
            let flow = self.model.flows.get(index as usize).ok_or_else(|| unwritable("such flow"))?;
            return Ok(call("runs", Code::atom(format!("&flows::{}", flow.const_name))));
        }
        if name == "Target" {
            let operation = self.model.operations.get(index as usize).ok_or_else(|| unwritable("such operation"))?;
            return Ok(call("calls", Code::atom(["&operations::", &operation.const_name].concat())));
        }
        Ok(Code::call([name, "::", variant].concat(), vec![write(value, self.stored())]))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unwritable> {
        Ok(self.items())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unwritable> {
        Err(unwritable("tuples"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Unwritable> {
        Err(unwritable("tuple structs"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unwritable> {
        Err(unwritable("tuple variants"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unwritable> {
        Err(unwritable("maps"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Self::SerializeStruct, Unwritable> {
        Ok(self.arguments(name))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unwritable> {
        Err(unwritable("struct variants"))
    }
}

/// The arguments of a constructor, and the setters after it.
struct Arguments<'m> {
    writer: Writer<'m>,
    name: &'static str,
    arguments: Vec<Code>,
    setters: Vec<(&'static str, Option<Code>)>,
}

impl ser::SerializeStruct for Arguments<'_> {
    type Ok = Code;
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unwritable> {
        match key.strip_prefix('.') {
            Some(setter) => {
                let value = write(value, Writer { form: Form::Setter, ..self.writer });
                self.setters.push((setter, Some(value).filter(|value| !value.is_nothing())));
            }
            None => self.arguments.push(write(value, Writer { form: Form::Argument, ..self.writer })),
        }
        Ok(())
    }

    fn end(self) -> Written {
        Ok(Code::call([self.name, "::new"].concat(), self.arguments).set(self.setters))
    }
}

/// The items of a list.
struct Items<'m> {
    writer: Writer<'m>,
    items: Vec<Code>,
}

impl ser::SerializeSeq for Items<'_> {
    type Ok = Code;
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.items.push(write(value, self.writer.stored()));
        Ok(())
    }

    fn end(self) -> Written {
        let list = Code::list(self.items);
        Ok(if self.writer.form == Form::Stored { call("list", list) } else { list })
    }
}
