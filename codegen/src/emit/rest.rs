//! `src/rest.rs`: the routes of a REST adapter.

use naftiko_schema::Rest;

use super::code::Code;
use super::rust::Item;
use super::{flows, rust, tables};
use crate::model::Model;

const ROUTER: &str = "pub fn router(client: &Client) -> Router {
    naftiko_rest::router(&ADAPTER, client.connection())
}
";

/// `document` is the file with the OpenAPI document.
pub(super) fn emit(model: &Model, rest: &Rest, document: &str) -> String {
    let mounted = rust::mounted("The routes, to be served alone or mounted in an application.", &rest.auth);
    let bindings: Vec<_> = rest.routes.iter().map(|route| &route.binding).collect();
    let items = [
        Item::from("use naftiko_client::schema::*;\nuse naftiko_rest::Router;\n"),
        Item::from(flows::imports(flows::modules(&bindings))),
        Item::from(format!(
            "/// The OpenAPI 3.1 document of the routes, as JSON. The server has it at `/openapi.json`.\n\
             pub const OPENAPI: &str = include_str!(\"../{document}\");\n"
        )),
        Item::adapter("Rest", tables::expression(rest, model).set(vec![("openapi", Some(Code::atom("OPENAPI")))])),
        Item::from(format!("{mounted}{ROUTER}")),
    ];
    let docs = "The REST adapter: one route per exposed operation.";
    rust::file(model, docs, items)
}
