//! `src/flows.rs`: the tables of flows.

use std::collections::BTreeSet;

use naftiko_schema::{Binding, FlowId, Target};

use super::adapter::facts;
use super::rust::{Item, Table};
use super::{rust, tables};
use crate::model::{Flow, Model};

pub(super) fn emit(model: &Model) -> String {
    let calls = model.flows.iter().any(|flow| flow.table.operations().next().is_some());
    let mut items = vec![Item::from("use naftiko_client::schema::*;\n")];
    items.extend(calls.then(|| Item::from("use super::operations;\n")));
    items.extend(model.flows.iter().enumerate().map(|(index, flow)| table(model, FlowId::from(index), flow)));
    rust::file(model, "Flows: steps that run as one, and what callers get of them.", items)
}

fn table(model: &Model, id: FlowId, flow: &Flow) -> Item {
    Item::Table(Table {
        docs: rust::code(&flow.table.name),
        condition: condition(features(model, id)),
        name: flow.const_name.clone(),
        kind: "Flow",
        value: tables::expression(&*flow.table, model),
    })
}

/// The features of the adapters that run a flow.
fn features(model: &Model, id: FlowId) -> BTreeSet<&'static str> {
    let runs = |binding: &&Binding| matches!(&binding.target, Target::Flow(flow) if flow.id == id);
    let adapters = model.adapters.iter().filter(|adapter| adapter.bindings().iter().any(runs));
    adapters.map(|adapter| facts(adapter).feature).collect()
}

/// The attribute for what is there if one of these features is on.
pub(super) fn condition<'f>(features: impl IntoIterator<Item = &'f str>) -> String {
    let features: Vec<_> = features.into_iter().map(|feature| format!("feature = {feature:?}")).collect();
    match features.as_slice() {
        [only] => format!("#[cfg({only})]"),
        several => format!("#[cfg(any({}))]", several.join(", ")),
    }
}

/// The condition that any flow is used.
pub(super) fn any(model: &Model) -> String {
    let flows = 0..model.flows.len();
    condition(flows.flat_map(|index| features(model, FlowId::from(index))).collect::<BTreeSet<_>>())
}

/// The modules that a module of an adapter refers to: those of the targets of its bindings.
pub(super) fn modules(bindings: &[&Binding]) -> Vec<&'static str> {
    let has = |wanted: fn(&Target) -> bool| bindings.iter().any(|binding| wanted(&binding.target));
    let flows = has(|target| matches!(target, Target::Flow(_))).then_some("flows");
    let operations = has(|target| matches!(target, Target::Operation(_))).then_some("operations");
    ["Client"].into_iter().chain(flows).chain(operations).collect()
}

/// The import of what a module refers to.
pub(super) fn imports(names: Vec<&str>) -> String {
    match names.as_slice() {
        [only] => format!("use super::{only};\n"),
        several => format!("use super::{{{}}};\n", several.join(", ")),
    }
}
