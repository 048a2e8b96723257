//! `src/skill.rs`: the skills.

use naftiko_schema::Skills;
use quote::quote;

use super::rust::Item;
use super::{rust, tables};
use crate::model::Model;

pub(super) fn emit(model: &Model, skills: &Skills) -> String {
    let mounted = rust::docs(rust::mounted(&skills.auth));
    let items = [
        Item::from(quote! {
            use naftiko_client::schema::*;
        }),
        Item::adapter("Skills", tables::expression(skills, model)),
        Item::from(quote! {
            /// The skills below `/skills`, to be served alone or mounted in an application.
            #mounted
            #[cfg(feature = "skill")]
            pub fn router() -> naftiko_skill::Router {
                naftiko_skill::router(&ADAPTER)
            }
        }),
    ];
    rust::file(model, "The skills: instructions for agents, with their files.", items)
}
