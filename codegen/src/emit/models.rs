//! `src/models.rs`: types for the bodies that a companion describes.

use std::collections::BTreeSet;

use proc_macro2::{TokenStream, TokenTree};
use quote::quote;

use super::{rust, tables};
use crate::model::{Definition, Field, Model, Struct, Type, TypeUse};

/// Clippy's limit for arguments.
const MAX_ARGUMENTS: usize = 7;

pub(super) fn emit(model: &Model) -> String {
    let structs = model.types.iter().filter(|of| matches!(of.definition, Definition::Struct(_)));
    let mut names = BTreeSet::new();
    structs.flat_map(of_type).for_each(|item| idents(item, &mut names));
    let used = |candidates: &[&str]| {
        let used: Vec<_> =
            candidates.iter().filter(|name| names.contains(**name)).map(|name| tables::ident(name)).collect();
        (!used.is_empty()).then_some(used)
    };
    let map = names.contains("BTreeMap").then(|| quote! { use std::collections::BTreeMap; });
    let private = used(&["Deserialize", "Serialize", "Value"]);
    let private = private.map(|names| quote! { use naftiko_client::__private::{#(#names),*}; });
    let public = used(&["Patch", "Redacted"]).map(|names| quote! { use naftiko_client::{#(#names),*}; });
    let imports = private.is_some().then(|| quote! { #private #public });
    let mut items: Vec<TokenStream> = map.into_iter().chain(imports).collect();
    items.extend(model.types.iter().flat_map(of_type));
    rust::file(model, "Types for bodies of requests and responses.", &items)
}

/// The identifiers in code. Texts are none.
fn idents(code: TokenStream, found: &mut BTreeSet<String>) {
    for token in code {
        match token {
            TokenTree::Ident(name) => drop(found.insert(name.to_string())),
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
            let docs = rust::sentence(&of.description, fallback);
            let declare = tables::ident(if *is_closed { "closed_enum" } else { "open_enum" });
            let variants = variants.iter().map(|(name, text)| {
                let name = tables::ident(name);
                quote! { #name = #text }
            });
            vec![quote! { naftiko_client::#declare!(#name, #docs, #(#variants),*); }]
        }
        Definition::Struct(object) => {
            let docs = rust::docs(&rust::sentence(&of.description, "An object in a body."));
            let can_be_empty = !object.sent || !object.fields.iter().any(|field| field.required);
            let (default, receive, send) = (
                can_be_empty.then(|| quote! { Default, }),
                object.received.then(|| quote! { Deserialize, }),
                quote! { Serialize },
            );
            let all_default = (!object.sent).then(|| quote! { , default });
            let fields = object.fields.iter().map(|field| field_of(object, field));
            let mut items = vec![quote! {
                #docs
                #[derive(Clone, Debug, #default PartialEq, #receive #send)]
                #[serde(crate = "naftiko_client::__private::serde" #all_default)]
                #[non_exhaustive]
                pub struct #name {
                    #(#fields)*
                }
            }];
            items.extend(object.sent.then(|| methods(&of.name, object)));
            items
        }
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
        (true, _) if field.required && !object.received && !field.configured => Holder::Always,
        _ => Holder::Optional,
    }
}

fn field_of(object: &Struct, field: &Field) -> TokenStream {
    let docs = rust::docs(&rust::sentence(&field.description, &format!("The member {}.", rust::code(&field.wire))));
    let (name, value, wire) = (tables::ident(&field.name), type_of(&field.value), &field.wire);
    let mut attributes: Vec<TokenStream> = Vec::new();
    if field.name != *wire {
        attributes.push(quote! { rename = #wire });
    }
    let held = match holder(object, field) {
        Holder::Always => value,
        Holder::Optional => quote! { Option<#value> },
        Holder::Patch => quote! { Patch<#value> },
        Holder::Items => {
            let with = match &field.value {
                TypeUse::List(item) | TypeUse::Map(item) if matches!(**item, TypeUse::Optional(_)) => "or_empty",
                TypeUse::List(_) => "list",
                _ => "map",
            };
            let with = format!("naftiko_client::__private::{with}");
            attributes.push(quote! { deserialize_with = #with });
            value
        }
    };
    match holder(object, field) {
        Holder::Optional if object.sent => attributes.push(quote! { skip_serializing_if = "Option::is_none" }),
        Holder::Patch => {
            attributes.extend(object.received.then(|| quote! { default }));
            attributes.push(quote! { skip_serializing_if = "Patch::is_keep" });
        }
        _ => {}
    }
    let attributes = (!attributes.is_empty()).then(|| quote! { #[serde(#(#attributes),*)] });
    quote! {
        #docs
        #attributes
        pub #name: #held,
    }
}

/// How an object is built: what is required first, then a setter for each of the others.
fn methods(name: &str, object: &Struct) -> TokenStream {
    let required: Vec<&Field> = object.required().collect();
    let optional = object.fields.iter().filter(|field| !field.required);
    let arguments = required.iter().map(|field| argument(field));
    let fields = object.fields.iter().map(|field| initial(object, field));
    let many = (required.len() > MAX_ARGUMENTS)
        .then(|| quote! { #[allow(clippy::too_many_arguments, reason = "the companion requires that many")] });
    let body = if required.is_empty() {
        quote! { Self::default() }
    } else {
        quote! { Self { #(#fields),* } }
    };
    let setters = optional.map(|field| {
        let (name, shape) = (tables::ident(&field.name), shape(&field.value));
        let clear = field.nullable.then(|| tables::ident(&field.clear_name)).map(|clear| quote! { , #clear });
        quote! { naftiko_client::setter!(#name, #shape #clear); }
    });
    let clears = required.iter().filter(|field| field.nullable).map(|field| {
        let (name, clear) = (tables::ident(&field.name), tables::ident(&field.clear_name));
        quote! { naftiko_client::setter!(null #name, #clear); }
    });
    let type_name = tables::ident(name);
    quote! {
        impl #type_name {
            /// An object with all that is required.
            #many
            pub fn new(#(#arguments),*) -> Self {
                #body
            }

            #(#clears)*
            #(#setters)*
        }
    }
}

fn argument(field: &Field) -> TokenStream {
    let name = tables::ident(&field.name);
    match &field.value {
        _ if field.configured => quote! { #name: impl Into<naftiko_client::Choice<String>> },
        TypeUse::List(item) => {
            let item = type_of(item);
            quote! { #name: impl IntoIterator<Item = impl Into<#item>> }
        }
        TypeUse::Map(value) => {
            let value = type_of(value);
            quote! { #name: impl IntoIterator<Item = (impl Into<String>, impl Into<#value>)> }
        }
        other => {
            let other = type_of(other);
            quote! { #name: impl Into<#other> }
        }
    }
}

/// A field of a new object.
fn initial(object: &Struct, field: &Field) -> TokenStream {
    let name = tables::ident(&field.name);
    let holder = holder(object, field);
    if !field.required {
        return match holder {
            Holder::Patch => quote! { #name: Patch::Keep },
            _ => quote! { #name: None },
        };
    }
    if field.configured {
        return quote! { #name: #name.into().value() };
    }
    let value = match &field.value {
        TypeUse::List(_) => quote! { #name.into_iter().map(Into::into).collect() },
        TypeUse::Map(_) => quote! { #name.into_iter().map(|(name, value)| (name.into(), value.into())).collect() },
        _ => quote! { #name.into() },
    };
    match holder {
        Holder::Patch => quote! { #name: Patch::Set(#value) },
        Holder::Optional => quote! { #name: Some(#value) },
        Holder::Always | Holder::Items => quote! { #name: #value },
    }
}

/// What a setter takes, as the macro `setter!` spells it.
fn shape(value: &TypeUse) -> TokenStream {
    match value {
        TypeUse::List(item) => {
            let item = type_of(item);
            quote! { [#item] }
        }
        TypeUse::Map(value) => {
            let value = type_of(value);
            quote! { {#value} }
        }
        other => type_of(other),
    }
}

/// A type as `models.rs` writes it.
fn type_of(of: &TypeUse) -> TokenStream {
    written(of, Place::Models)
}

/// A type as other modules write it, which import `models`.
pub(super) fn path_of(of: &TypeUse) -> TokenStream {
    written(of, Place::Elsewhere)
}

/// Where a type is written, and so what is imported there.
#[derive(Clone, Copy)]
enum Place {
    Models,
    Elsewhere,
}

fn written(of: &TypeUse, place: Place) -> TokenStream {
    let within = |path: TokenStream| match place {
        Place::Models => TokenStream::new(),
        Place::Elsewhere => path,
    };
    let wrapped = |wrapper: TokenStream, inside: &TypeUse| {
        let inside = written(inside, place);
        quote! { #wrapper<#inside> }
    };
    match of {
        TypeUse::Boolean => quote! { bool },
        TypeUse::Integer => quote! { i64 },
        TypeUse::Number => quote! { f64 },
        TypeUse::Text => quote! { String },
        TypeUse::Json => {
            let path = within(quote! { naftiko_client::serde_json:: });
            quote! { #path Value }
        }
        TypeUse::Named(name) => {
            let (path, name) = (within(quote! { models:: }), tables::ident(name));
            quote! { #path #name }
        }
        TypeUse::Boxed(inside) => wrapped(quote! { Box }, inside),
        TypeUse::Optional(inside) => wrapped(quote! { Option }, inside),
        TypeUse::Redacted(inside) => {
            let path = within(quote! { naftiko_client:: });
            wrapped(quote! { #path Redacted }, inside)
        }
        TypeUse::List(inside) => wrapped(quote! { Vec }, inside),
        TypeUse::Map(inside) => {
            let (path, inside) = (within(quote! { ::std::collections:: }), written(inside, place));
            quote! { #path BTreeMap<String, #inside> }
        }
    }
}
