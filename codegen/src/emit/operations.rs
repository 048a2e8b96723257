//! `src/operations.rs`: the tables of the consumed operations.

use super::rust::{Item, Table};
use super::{flows, rust, tables};
use crate::model::{Model, Operation};

pub(super) fn emit(model: &Model) -> String {
    let mut items = vec![
        Item::from("use naftiko_client::schema::*;\n"),
        Item::Table(Table {
            docs: "The capability.".to_owned(),
            condition: String::new(),
            name: "CAPABILITY".to_owned(),
            kind: "Capability",
            value: tables::expression(&model.capability, model),
        }),
    ];
    items.extend(model.operations.iter().map(|source| operation(model, source)));
    rust::file(model, "What the capability consumes: APIs, variables and operations, as tables.", items)
}

fn operation(model: &Model, operation: &Operation) -> Item {
    let part = model.part(operation.table.api);
    Item::Table(Table {
        docs: rust::code(&format!("{} {}", operation.table.method.as_str(), operation.path_text)),
        condition: part.map_or_else(String::new, |part| flows::condition([&*part.feature])),
        name: operation.const_name.clone(),
        kind: "Operation",
        value: tables::expression(&*operation.table, model),
    })
}
