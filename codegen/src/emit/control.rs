//! `src/control.rs`: the port for operators.

use naftiko_schema::Control;
use quote::quote;

use super::{rust, tables};
use crate::model::Model;

pub(super) fn emit(model: &Model, control: &Control) -> Vec<(&'static str, String)> {
    let adapter = tables::expression(control, model);
    let items = [
        quote! {
            use naftiko_client::schema::*;
        },
        quote! {
            pub(crate) static ADAPTER: Control = #adapter;
        },
    ];
    vec![("src/control.rs", rust::file(model, "The control adapter: health, status and metrics.", &items))]
}
