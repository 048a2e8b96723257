//! `src/operations.rs`: the tables of the consumed operations.

use quote::quote;

use super::rust::Item;
use super::{rust, tables};
use crate::model::{Model, Operation};

pub(super) fn emit(model: &Model) -> String {
    let capability = tables::expression(&model.capability, model);
    let mut items = vec![
        Item::from(quote! {
            use naftiko_client::schema::*;
        }),
        Item::Table(
            quote! {
                /// The capability.
                pub(crate) static CAPABILITY: Capability = ();
            },
            capability,
        ),
    ];
    items.extend(model.operations.iter().map(|source| operation(model, source)));
    rust::file(model, "What the capability consumes: APIs, variables and operations, as tables.", items)
}

fn operation(model: &Model, operation: &Operation) -> Item {
    let docs = rust::docs(&rust::code(&format!("{} {}", operation.table.method.as_str(), operation.path_text)));
    let name = tables::ident(&operation.const_name);
    let table = tables::expression(&*operation.table, model);
    let part = model.part(operation.table.api).map(|part| {
        let feature = &part.feature;
        quote! { #[cfg(feature = #feature)] }
    });
    let tokens = quote! {
        #docs
        #part
        pub(crate) static #name: Operation = ();
    };
    Item::Table(tokens, table)
}
