//! `src/flows.rs`: the tables of flows.

use std::collections::BTreeSet;

use naftiko_schema::{Binding, FlowId, Target};
use proc_macro2::TokenStream;
use quote::quote;

use super::adapter::facts;
use super::rust::Item;
use super::{rust, tables};
use crate::model::{Flow, Model};

pub(super) fn emit(model: &Model) -> String {
    let calls = model.flows.iter().any(|flow| flow.table.operations().next().is_some());
    let operations = calls.then(|| {
        quote! {
            use super::operations;
        }
    });
    let mut items = vec![Item::from(quote! {
        use naftiko_client::schema::*;
    })];
    items.extend(operations.map(Item::from));
    items.extend(model.flows.iter().enumerate().map(|(index, flow)| table(model, FlowId::from(index), flow)));
    rust::file(model, "Flows: steps that run as one, and what callers get of them.", items)
}

fn table(model: &Model, id: FlowId, flow: &Flow) -> Item {
    let (docs, name, feature) =
        (rust::docs(&rust::code(&flow.table.name)), tables::ident(&flow.const_name), condition(&features(model, id)));
    let table = tables::expression(&*flow.table, model);
    let tokens = quote! {
        #docs
        #feature
        pub(crate) static #name: Flow = ();
    };
    Item::Table(tokens, table)
}

/// The features of the adapters that run a flow.
fn features(model: &Model, id: FlowId) -> BTreeSet<&'static str> {
    let runs = |binding: &&Binding| matches!(&binding.target, Target::Flow(flow) if flow.id == id);
    let adapters = model.adapters.iter().filter(|adapter| adapter.bindings().iter().any(runs));
    adapters.map(|adapter| facts(adapter).feature).collect()
}

/// The condition that one of these features is on.
pub(super) fn condition(features: &BTreeSet<&str>) -> TokenStream {
    let features: Vec<_> = features.iter().map(|feature| quote! { feature = #feature }).collect();
    match features.as_slice() {
        [only] => quote! { #[cfg(#only)] },
        several => quote! { #[cfg(any(#(#several),*))] },
    }
}

/// The condition that any flow is used.
pub(super) fn any(model: &Model) -> TokenStream {
    let flows = 0..model.flows.len();
    condition(&flows.flat_map(|index| features(model, FlowId::from(index))).collect())
}

/// The modules that a module of an adapter refers to: those of the targets of its bindings.
pub(super) fn modules(bindings: &[&Binding]) -> TokenStream {
    let has = |wanted: fn(&Target) -> bool| bindings.iter().any(|binding| wanted(&binding.target));
    let flows = has(|target| matches!(target, Target::Flow(_))).then(|| quote! { , flows });
    let operations = has(|target| matches!(target, Target::Operation(_))).then(|| quote! { , operations });
    quote! { Client #flows #operations }
}
