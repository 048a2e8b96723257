//! The skill adapter: documents, files and archives of skills, behind the feature `skill`.

use axum::extract::Request;
use axum::response::Response;
use naftiko_schema::{Adapter, Skill};

use super::{Member, Parts};

/// The skills for each rule of the policy file, or for all callers.
pub(crate) struct Handler(Vec<Vec<&'static Skill>>);

impl Handler {
    /// The handler for the skills of all members. Of several skills of one name the first is served.
    pub(super) fn new(members: &[Member], parts: &Parts<'_>) -> Self {
        let skills = |has: &dyn Fn(&str) -> bool| {
            let members = members.iter().filter(|member| has(member.exposed.toolset()));
            let mut skills: Vec<&'static Skill> = Vec::new();
            for adapter in members.map(|member| member.exposed.adapter) {
                for skill in Adapter::skills(adapter).into_iter().flat_map(|skills| skills.skills.iter()) {
                    if skills.iter().all(|known| known.name != skill.name) {
                        skills.push(skill);
                    }
                }
            }
            skills
        };
        let of_rules: Vec<_> = parts.rules.grants().map(|grant| skills(&|toolset| grant.has(toolset))).collect();
        Self(if of_rules.is_empty() { vec![skills(&|_| true)] } else { of_rules })
    }

    /// Responds to a request of a caller with a rule.
    #[cfg(feature = "skill")]
    pub(super) fn respond(&self, request: &Request, rule: usize) -> Response {
        let skills = self.0.get(rule).map(Vec::as_slice).unwrap_or_default();
        naftiko_skill::__private::respond(skills, request.method(), request.uri().path())
    }

    #[cfg(not(feature = "skill"))]
    pub(super) fn respond(&self, request: &Request, rule: usize) -> Response {
        use axum::response::IntoResponse as _;

        let count = self.0.get(rule).map_or(0, Vec::len);
        let detail = format!("this server was built without the feature `skill`; it has {count} skills");
        let problem = naftiko_rest::__private::Problem::new(http::StatusCode::NOT_IMPLEMENTED, detail);
        problem.at(request.uri().path()).into_response()
    }
}
