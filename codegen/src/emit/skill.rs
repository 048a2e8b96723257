//! `src/skill.rs`: the skills.

use naftiko_schema::Skills;

use super::rust::Item;
use super::{rust, tables};
use crate::model::Model;

const ROUTER: &str = "#[cfg(feature = \"skill\")]
pub fn router() -> naftiko_skill::Router {
    naftiko_skill::router(&ADAPTER)
}
";

pub(super) fn emit(model: &Model, skills: &Skills) -> String {
    let mounted =
        rust::mounted("The skills below `/skills`, to be served alone or mounted in an application.", &skills.auth);
    let items = [
        Item::from("use naftiko_client::schema::*;\n"),
        Item::adapter("Skills", tables::expression(skills, model)),
        Item::from(format!("{mounted}{ROUTER}")),
    ];
    rust::file(model, "The skills: instructions for agents, with their files.", items)
}
