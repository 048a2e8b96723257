//! Tables as Rust: a serializer that writes any table of `naftiko-schema` as the expression that makes it.
//!
//! A struct becomes a call of its constructor and of the setters of those fields that are set, an enum variant its name.
//! So a new field or table needs nothing here.

use std::fmt::Display;

use proc_macro2::{Ident, Literal, Span};
use serde::ser::{self, Serialize};
use syn::punctuated::Punctuated;
use syn::{Expr, ExprLit, ExprPath, Lit, LitBool, LitByteStr, LitInt, LitStr, Path, Stmt, Token, UnOp};

use crate::model::Model;

/// An identifier that `names` made.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// An index, without the suffix that `quote` would give it.
pub(super) fn index(index: usize) -> Literal {
    Literal::usize_unsuffixed(index)
}

/// The expression that makes a table. References to operations name the constants that the model has for them. It is no text that
/// would be parsed again: tables are most of what is emitted.
pub(super) fn expression(table: &impl Serialize, model: &Model) -> Expr {
    write(table, Writer { model, form: Form::Argument })
}

fn write(value: &(impl Serialize + ?Sized), writer: Writer<'_>) -> Expr {
    value.serialize(writer).unwrap_or_else(|Unwritable(message)| {
        syn::parse_str(&format!("compile_error!({message:?})")).unwrap_or_else(|_| path(&["unwritable"]))
    })
}

/// The call of a method on an expression.
pub(super) fn method(receiver: Expr, name: &str, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::MethodCall(syn::ExprMethodCall {
        attrs: Vec::new(),
        receiver: Box::new(receiver),
        dot_token: Default::default(),
        method: ident(name),
        turbofish: None,
        paren_token: Default::default(),
        args: arguments.into_iter().collect(),
    })
}

/// A name, or several that follow each other.
pub(super) fn path(names: &[&str]) -> Expr {
    let segments: Punctuated<_, Token![::]> = names.iter().map(|name| syn::PathSegment::from(ident(name))).collect();
    Expr::Path(ExprPath { attrs: Vec::new(), qself: None, path: Path { leading_colon: None, segments } })
}

/// Marks the place of no argument, and is never written.
fn nothing() -> Expr {
    Expr::Infer(syn::ExprInfer { attrs: Vec::new(), underscore_token: Default::default() })
}

fn literal(lit: Lit) -> Expr {
    Expr::Lit(ExprLit { attrs: Vec::new(), lit })
}

fn text(value: &str) -> Expr {
    literal(Lit::Str(LitStr::new(value, Span::call_site())))
}

fn called(function: Expr, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    Expr::Call(syn::ExprCall {
        attrs: Vec::new(),
        func: Box::new(function),
        paren_token: Default::default(),
        args: arguments.into_iter().collect(),
    })
}

fn call(function: &str, arguments: impl IntoIterator<Item = Expr>) -> Expr {
    called(path(&[function]), arguments)
}

fn reference(expr: Expr) -> Expr {
    Expr::Reference(syn::ExprReference {
        attrs: Vec::new(),
        and_token: Default::default(),
        mutability: None,
        expr: Box::new(expr),
    })
}

/// A list. One of tables needs a `const` block: tables can own memory, and so are not promoted to statics.
fn array(items: Vec<Expr>) -> Expr {
    let is_empty = items.is_empty();
    let elems = items.into_iter().collect();
    let list = reference(Expr::Array(syn::ExprArray { attrs: Vec::new(), bracket_token: Default::default(), elems }));
    if is_empty {
        return list;
    }
    let block = syn::Block { brace_token: Default::default(), stmts: vec![Stmt::Expr(list, None)] };
    Expr::Const(syn::ExprConst {
        attrs: Vec::new(),
        const_token: Default::default(),
        modifiers: Default::default(),
        block,
    })
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

type Written = Result<Expr, Unwritable>;

fn unwritable(what: &str) -> Unwritable {
    Unwritable(format!("tables have no {what}"))
}

impl<'m> ser::Serializer for Writer<'m> {
    type Ok = Expr;
    type Error = Unwritable;
    type SerializeSeq = Items<'m>;
    type SerializeTuple = ser::Impossible<Expr, Unwritable>;
    type SerializeTupleStruct = ser::Impossible<Expr, Unwritable>;
    type SerializeTupleVariant = ser::Impossible<Expr, Unwritable>;
    type SerializeMap = ser::Impossible<Expr, Unwritable>;
    type SerializeStruct = Arguments<'m>;
    type SerializeStructVariant = ser::Impossible<Expr, Unwritable>;

    fn serialize_bool(self, value: bool) -> Written {
        // The setter of a flag takes no argument.
        Ok(if self.form == Form::Setter {
            nothing()
        } else {
            literal(Lit::Bool(LitBool::new(value, Span::call_site())))
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
        let digits = literal(Lit::Int(LitInt::new(&value.unsigned_abs().to_string(), Span::call_site())));
        if value >= 0 {
            return Ok(digits);
        }
        let op = UnOp::Neg(Default::default());
        Ok(Expr::Unary(syn::ExprUnary { attrs: Vec::new(), op, expr: Box::new(digits) }))
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
        Ok(literal(Lit::Int(LitInt::new(&value.to_string(), Span::call_site()))))
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
        Ok(if self.form == Form::Stored { call("text", [text(value)]) } else { text(value) })
    }

    fn serialize_bytes(self, value: &[u8]) -> Written {
        Ok(call("list", [literal(Lit::ByteStr(LitByteStr::new(value, Span::call_site())))]))
    }

    fn serialize_none(self) -> Written {
        Ok(path(&["None"]))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        if self.form == Form::Setter {
            return Ok(write(value, Self { form: Form::Argument, ..self }));
        }
        Ok(call("Some", [write(value, self.stored())]))
    }

    fn serialize_unit(self) -> Written {
        Err(unwritable("units"))
    }

    fn serialize_unit_struct(self, name: &'static str) -> Written {
        // A reference to the skills, which have a module.
        if name == "Skills" {
            return Ok(call("to", [reference(path(&["skill", "ADAPTER"]))]));
        }
        Err(unwritable("unit structs"))
    }

    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Written {
        Ok(path(&[name, variant]))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Written {
        Ok(call(name, [write(value, self.stored())]))
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
            return Ok(call("runs", [reference(path(&["flows", &flow.const_name]))]));
        }
        if name == "Target" {
            let operation = self.model.operations.get(index as usize).ok_or_else(|| unwritable("such operation"))?;
            return Ok(call("calls", [reference(path(&["operations", &operation.const_name]))]));
        }
        Ok(called(path(&[name, variant]), [write(value, self.stored())]))
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
    arguments: Vec<Expr>,
    setters: Vec<(&'static str, Option<Expr>)>,
}

impl ser::SerializeStruct for Arguments<'_> {
    type Ok = Expr;
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Unwritable> {
        match key.strip_prefix('.') {
            Some(setter) => {
                let value = write(value, Writer { form: Form::Setter, ..self.writer });
                self.setters.push((setter, Some(value).filter(|value| !matches!(value, Expr::Infer(_)))));
            }
            None => self.arguments.push(write(value, Writer { form: Form::Argument, ..self.writer })),
        }
        Ok(())
    }

    fn end(self) -> Written {
        let new = called(path(&[self.name, "new"]), self.arguments);
        Ok(self.setters.into_iter().fold(new, |table, (setter, value)| method(table, setter, value)))
    }
}

/// The items of a list.
struct Items<'m> {
    writer: Writer<'m>,
    items: Vec<Expr>,
}

impl ser::SerializeSeq for Items<'_> {
    type Ok = Expr;
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        self.items.push(write(value, self.writer.stored()));
        Ok(())
    }

    fn end(self) -> Written {
        let list = array(self.items);
        Ok(if self.writer.form == Form::Stored { call("list", [list]) } else { list })
    }
}
