//! `src/skill.rs`: the skills.

use naftiko_schema::Skills;
use quote::quote;

use super::{rust, tables};
use crate::model::Model;

pub(super) fn emit(model: &Model, skills: &Skills) -> String {
    let (mounted, table) = (rust::docs(rust::mounted(&skills.auth)), tables::expression(skills, model));
    let items = [
        quote! {
            use naftiko_client::schema::*;
        },
        quote! {
            pub(crate) static ADAPTER: Skills = #table;
        },
        quote! {
            /// The skills below `/skills`, to be served alone or mounted in an application.
            #mounted
            #[cfg(feature = "skill")]
            pub fn router() -> naftiko_skill::Router {
                naftiko_skill::router(&ADAPTER)
            }
        },
    ];
    rust::file(model, "The skills: instructions for agents, with their files.", items)
}
