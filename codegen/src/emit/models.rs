//! `src/models.rs`: types for the bodies that a companion describes.

use std::collections::BTreeSet;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use serde_json::Value;

use super::{rust, tables};
use crate::model::{Definition, Field, Model, Pattern, Role, Struct, Type, TypeUse, Union};

pub(super) fn emit(model: &Model) -> String {
    let mut names = BTreeSet::new();
    let mut types = Vec::new();
    for of in &model.types {
        let items = of_type(of);
        used_types(of, &items).into_iter().for_each(|code| idents(code, &mut names));
        types.extend(items);
    }
    let used = |candidates: &[&str]| {
        let used: Vec<_> =
            candidates.iter().filter(|name| names.contains(**name)).map(|name| tables::ident(name)).collect();
        (!used.is_empty()).then_some(used)
    };
    let map = names.contains("BTreeMap").then(|| quote! { use std::collections::BTreeMap; });
    let value = names.contains("Value").then(|| quote! { use naftiko_client::serde_json::Value; });
    let public = used(&["Base64", "Patch", "Redacted"]).map(|names| quote! { use naftiko_client::{#(#names),*}; });
    let imports = (value.is_some() || public.is_some()).then(|| quote! { #public #value });
    let mut items: Vec<TokenStream> = map.into_iter().chain(imports).collect();
    items.extend(types);
    rust::file(model, "Types for bodies of requests and responses.", items)
}

/// What generated types may be made of, and what has to be imported then.
const IMPORTED: [&str; 7] = ["BTreeMap", "Base64", "Deserialize", "Patch", "Redacted", "Serialize", "Value"];

/// Code with the types that a type of these items is made of. Names of variants are no types.
fn used_types(of: &Type, items: &[TokenStream]) -> Vec<TokenStream> {
    match &of.definition {
        Definition::Enum { .. } => Vec::new(),
        Definition::Struct(_) => items.to_vec(),
        Definition::Union(union) => {
            let objects = union.objects.iter().map(|(_, value, _)| value);
            objects.chain(union.others.iter().map(|(_, value)| value)).map(type_of).collect()
        }
    }
}

/// The identifiers in code that have to be imported. Texts are none.
fn idents(code: TokenStream, found: &mut BTreeSet<&'static str>) {
    for token in code {
        match token {
            TokenTree::Ident(name) => found.extend(IMPORTED.into_iter().find(|imported| name == *imported)),
            TokenTree::Group(group) => idents(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

fn of_type(of: &Type) -> Vec<TokenStream> {
    let name = tables::ident(&of.name);
    match &of.definition {
        Definition::Enum { variants, is_closed } => {
            let fallback =
                if *is_closed { "One of several values." } else { "One of several values, which may become more." };
            let docs = docs(of, fallback);
            let declare = tables::ident(if *is_closed { "closed_enum" } else { "open_enum" });
            let variants = variants.iter().map(|(name, text)| {
                let name = tables::ident(name);
                quote! { #name = #text }
            });
            vec![quote! { naftiko_client::#declare!(#name, #docs, #(#variants),*); }]
        }
        Definition::Struct(object) => {
            let docs = rust::docs(&docs(of, "An object in a body."));
            let can_be_empty = !object.sent || !object.fields.iter().any(|field| field.required.is_some());
            let default = can_be_empty.then(|| quote! { , Default });
            let fields = object.fields.iter().map(|field| field_of(object, field)).chain(others(object));
            let mut items = vec![quote! {
                #docs
                #[derive(Clone #default)]
                #[non_exhaustive]
                pub struct #name {
                    #(#fields)*
                }
            }];
            items.push(behaviour(&name, object));
            items.extend(object.sent.then(|| builder(&of.name, object)));
            items
        }
        Definition::Union(union) => vec![union_of(&name, &docs(of, "One of several shapes."), union)],
    }
}

/// What a type is: its description, else where it is.
fn docs(of: &Type, fallback: &str) -> String {
    if let Some(description) = &of.description {
        return rust::sentence(description, fallback);
    }
    match &of.role {
        Role::Body { method, is_request } => {
            let side = if *is_request { "requests" } else { "responses" };
            format!("The body of {side} of [`Client::{method}`](super::client::Client::{method}).")
        }
        Role::Member { name, parent } => format!("The member {} of [`{parent}`].", rust::code(name)),
        Role::Variant { union } => format!("A variant of [`{union}`]."),
        Role::Unknown => fallback.to_owned(),
    }
}

/// The field for other members than those that have fields.
fn others(object: &Struct) -> Option<TokenStream> {
    let (name, value) = object.others.as_ref()?;
    let (name, value) = (tables::ident(name), type_of(value));
    Some(quote! {
        /// Other members.
        pub #name: BTreeMap<String, #value>,
    })
}

/// How an object is read, written, shown and compared.
fn behaviour(name: &Ident, object: &Struct) -> TokenStream {
    let direction = match (object.sent, object.received) {
        (true, true) => quote! { both },
        (true, false) => quote! { sent },
        (false, _) => quote! { received },
    };
    let members = object.fields.iter().map(|field| {
        let (name, wire) = (tables::ident(&field.name), &field.wire);
        let held = match holder(object, field) {
            Holder::Always => Some(quote! { (Always) }),
            Holder::Items => {
                let held = decoder(&field.value);
                Some(quote! { (#held) })
            }
            Holder::Optional | Holder::Patch => None,
        };
        let wire = (field.name != *wire).then(|| quote! { = #wire });
        quote! { #name #held #wire }
    });
    let others = object.others.as_ref().map(|(name, value)| {
        let (name, held) = (tables::ident(name), decoder(&TypeUse::Map(Box::new(value.clone()))));
        quote! { ; #name (#held) }
    });
    quote! { naftiko_client::object!(#direction #name; #(#members),* #others); }
}

fn union_of(name: &Ident, docs: &str, union: &Union) -> TokenStream {
    let objects = union.objects.iter().map(|(name, value, pattern)| {
        let (name, value) = (tables::ident(name), type_of(value));
        let pattern = union.received.then(|| match pattern {
            Pattern::Tagged(member, values) => quote! { = Tagged(#member, &[#(#values),*]) },
            Pattern::Members(required, others) => quote! { = Members(&[#(#required),*], &[#(#others),*]) },
        });
        quote! { #name(#value) #pattern }
    });
    let others = union.others.iter().map(|(name, value)| {
        let (name, held) = (tables::ident(name), type_of(value));
        let pattern = union.received.then(|| tables::ident(json_kind(value))).map(|kind| quote! { = #kind });
        quote! { #name(#held) #pattern }
    });
    let text = union.text.as_ref().map(|name| tables::ident(name)).map(|name| quote! { , #name });
    quote! { naftiko_client::union!(#name, #docs, [#(#objects),*], [#(#others),*] #text); }
}

/// What kind of JSON a value is that is no object.
fn json_kind(value: &TypeUse) -> &'static str {
    match value {
        TypeUse::Boolean => "Boolean",
        TypeUse::Integer | TypeUse::Unsigned | TypeUse::Number => "Number",
        TypeUse::List(_) => "List",
        TypeUse::Map(_) | TypeUse::Json => "Map",
        TypeUse::Boxed(inside) | TypeUse::Optional(inside) | TypeUse::Redacted(inside) => json_kind(inside),
        // All types that are no objects are enums of texts.
        TypeUse::Text | TypeUse::Bytes | TypeUse::Named(_) => "Text",
    }
}

/// How a field holds its value.
#[derive(Clone, Copy, PartialEq)]
enum Holder {
    /// As it is: it is always sent.
    Always,
    /// `Option`: null and missing are the same.
    Optional,
    /// `Patch`: null, missing and a value are three things.
    Patch,
    /// As it is: a list or a map, in which nothing is the same as missing.
    Items,
}

fn holder(object: &Struct, field: &Field) -> Holder {
    match (object.sent, &field.value) {
        (false, TypeUse::List(_) | TypeUse::Map(_)) => Holder::Items,
        (true, _) if field.nullable => Holder::Patch,
        (true, _) if field.required.is_some() && !object.received && !field.configured => Holder::Always,
        _ => Holder::Optional,
    }
}

fn field_of(object: &Struct, field: &Field) -> TokenStream {
    let docs = rust::docs(&rust::sentence(&field.description, &format!("The member {}.", rust::code(&field.wire))));
    let (name, value) = (tables::ident(&field.name), type_of(&field.value));
    let held = match holder(object, field) {
        Holder::Always | Holder::Items => value,
        Holder::Optional => quote! { Option<#value> },
        Holder::Patch => quote! { Patch<#value> },
    };
    quote! {
        #docs
        pub #name: #held,
    }
}

/// How a list or a map is read.
fn decoder(value: &TypeUse) -> Ident {
    tables::ident(match value {
        TypeUse::List(item) | TypeUse::Map(item) if matches!(**item, TypeUse::Optional(_)) => "OrEmpty",
        TypeUse::List(_) => "List",
        _ => "Map",
    })
}

/// How an object is built: what is required first, in the order of the companion, then a setter for each of the others.
fn builder(name: &str, object: &Struct) -> TokenStream {
    let required = object.required().map(setter);
    let optional = object.fields.iter().filter(|field| field.required.is_none());
    let others = object.others.as_ref().map(|(name, value)| {
        let (name, value) = (tables::ident(name), type_of(value));
        quote! { #name {#value} }
    });
    let optional = optional.map(setter).chain(others);
    let constant = object.fields.iter().filter(|field| field.required.is_some());
    let constant: Vec<TokenStream> = constant.filter_map(|field| initial(object, field)).collect();
    let constant = (!constant.is_empty()).then(|| quote! { ; #(#constant),* });
    let name = tables::ident(name);
    quote! { naftiko_client::builder!(#name; #(#required),*; #(#optional),* #constant); }
}

/// A member as the macro `builder!` spells it.
fn setter(field: &Field) -> TokenStream {
    let name = tables::ident(&field.name);
    let shape = match &field.value {
        _ if field.configured => quote! { (naftiko_client::Choice<String>) },
        TypeUse::List(item) => {
            let item = type_of(item);
            quote! { [#item] }
        }
        TypeUse::Map(value) => {
            let value = type_of(value);
            quote! { {#value} }
        }
        other => {
            let other = type_of(other);
            quote! { (#other) }
        }
    };
    let clear = field.nullable.then(|| tables::ident(&field.clear_name)).map(|clear| quote! { / #clear });
    quote! { #name #shape #clear }
}

/// A member of a new object that has always the same value.
fn initial(object: &Struct, field: &Field) -> Option<TokenStream> {
    let name = tables::ident(&field.name);
    let value = match serde_json::from_str(field.constant.as_ref()?).ok()? {
        Value::String(text) => quote! { #text.into() },
        Value::Bool(value) => quote! { #value },
        Value::Number(number) => {
            let is_whole = number.is_i64() || number.is_u64();
            let end = if is_whole && matches!(field.value, TypeUse::Number) { ".0" } else { "" };
            let number: TokenStream = format!("{number}{end}").parse().ok()?;
            quote! { #number }
        }
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(match holder(object, field) {
        Holder::Patch => quote! { #name = Patch::Set(#value) },
        Holder::Optional => quote! { #name = Some(#value) },
        Holder::Always | Holder::Items => quote! { #name = #value },
    })
}

/// A type as `models.rs` writes it.
fn type_of(of: &TypeUse) -> TokenStream {
    rust::tokens(&written(of, Place::Models))
}

/// A type as other modules write it, which import `models`.
pub(super) fn path_of(of: &TypeUse) -> String {
    written(of, Place::Elsewhere)
}

/// Where a type is written, and so what is imported there.
#[derive(Clone, Copy)]
enum Place {
    Models,
    Elsewhere,
}

fn written(of: &TypeUse, place: Place) -> String {
    let within = |path: &'static str| match place {
        Place::Models => "",
        Place::Elsewhere => path,
    };
    let wrapped = |wrapper: &str, inside: &TypeUse| format!("{wrapper}<{}>", written(inside, place));
    match of {
        TypeUse::Boolean => "bool".to_owned(),
        TypeUse::Integer => "i64".to_owned(),
        TypeUse::Unsigned => "u64".to_owned(),
        TypeUse::Number => "f64".to_owned(),
        TypeUse::Text => "String".to_owned(),
        TypeUse::Bytes => format!("{}Base64", within("naftiko_client::")),
        TypeUse::Json => format!("{}Value", within("naftiko_client::serde_json::")),
        TypeUse::Named(name) => format!("{}{name}", within("models::")),
        TypeUse::Boxed(inside) => wrapped("Box", inside),
        TypeUse::Optional(inside) => wrapped("Option", inside),
        TypeUse::Redacted(inside) => wrapped(&format!("{}Redacted", within("naftiko_client::")), inside),
        TypeUse::List(inside) => wrapped("Vec", inside),
        TypeUse::Map(inside) => {
            format!("{}BTreeMap<String, {}>", within("::std::collections::"), written(inside, place))
        }
    }
}
