//! The skill adapter: documents, files and archives of skills, behind the feature `skill`.

use axum::extract::Request;
use axum::response::Response;
use naftiko_schema::{Adapter, Skill};

use super::Member;

pub(crate) struct Handler(Vec<&'static Skill>);

impl Handler {
    /// The handler for the skills of all members. Of several skills of one name the first is served.
    pub(super) fn new(members: &[Member]) -> Self {
        let adapters = members.iter().map(|member| member.exposed.adapter);
        let mut skills: Vec<&'static Skill> = Vec::new();
        for skill in adapters.filter_map(Adapter::skills).flat_map(|skills| skills.skills.iter()) {
            if skills.iter().all(|known| known.name != skill.name) {
                skills.push(skill);
            }
        }
        Self(skills)
    }

    #[cfg(feature = "skill")]
    pub(super) fn respond(&self, request: &Request) -> Response {
        naftiko_skill::__private::respond(&self.0, request.method(), request.uri().path())
    }

    #[cfg(not(feature = "skill"))]
    pub(super) fn respond(&self, request: &Request) -> Response {
        use axum::response::IntoResponse as _;

        let detail = format!("this server was built without the feature `skill`; it has {} skills", self.0.len());
        let problem = naftiko_rest::__private::Problem::new(http::StatusCode::NOT_IMPLEMENTED, detail);
        problem.at(request.uri().path()).into_response()
    }
}
