//! Responses.

use axum::response::{IntoResponse as _, Response};
use http::header::{ALLOW, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use http::{Method, StatusCode};
use naftiko_rest::__private::{Problem, contain};
use naftiko_schema::Skill;
use serde::Serialize;

use super::archive::archive;
use super::document::{Catalog, Contents, Detail};
use super::media::media_type;
use super::path::{Wanted, wanted};

/// Responds to any request for one of these skills.
pub fn respond(skills: &[&'static Skill], method: &Method, path: &str) -> Response {
    found(skills, method, path).unwrap_or_else(|problem| problem.at(path).into_response())
}

fn found(skills: &[&'static Skill], method: &Method, path: &str) -> Result<Response, Problem> {
    let wanted = wanted(path).map_err(|_| bad_segment())?;
    let wanted = wanted.ok_or_else(|| Problem::not_found(path))?;
    if !matches!(*method, Method::GET | Method::HEAD) {
        let detail = "skills can only be read; see the Allow header";
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail);
        return Err(problem.header(ALLOW, HeaderValue::from_static("GET, HEAD")));
    }
    match wanted {
        Wanted::Catalog => json(&Catalog::of(skills)),
        Wanted::Skill(name) => json(&Detail::of(skill(skills, &name)?)),
        Wanted::Contents(name) => json(&Contents::of(with_files(skills, &name)?)),
        Wanted::Archive(name) => {
            let skill = with_files(skills, &name)?;
            let archive = archive(&skill.files).map_err(|_| failed())?;
            let mut response = response("application/zip", archive);
            response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
            Ok(response)
        }
        Wanted::File(name, path) => {
            let file = skill(skills, &name)?.files.iter().find(|file| file.path == path);
            let file = file
                .ok_or_else(|| if is_plain(&path) { missing("the skill has no such file") } else { bad_segment() })?;
            let mut response = response(media_type(&file.path), file.content.bytes());
            contain(response.headers_mut());
            Ok(response)
        }
    }
}

fn skill(skills: &[&'static Skill], name: &str) -> Result<&'static Skill, Problem> {
    skills.iter().copied().find(|skill| skill.name == name).ok_or_else(|| missing("there is no such skill"))
}

fn with_files(skills: &[&'static Skill], name: &str) -> Result<&'static Skill, Problem> {
    let skill = skill(skills, name)?;
    if skill.files.is_empty() { Err(missing("the skill has no files")) } else { Ok(skill) }
}

/// Whether a path has only the characters that the reference engine takes in names of files.
fn is_plain(path: &str) -> bool {
    path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/'))
}

fn bad_segment() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "the path has a segment that is no name of a file")
}

fn missing(detail: &str) -> Problem {
    Problem::new(StatusCode::NOT_FOUND, detail)
}

fn failed() -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the response cannot be written")
}

fn json(document: &impl Serialize) -> Result<Response, Problem> {
    Ok(response("application/json", serde_json::to_vec(document).map_err(|_| failed())?))
}

fn response(media_type: &'static str, body: impl Into<axum::body::Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}
