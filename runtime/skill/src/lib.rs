//! The skill adapter: the skills of a capability over HTTP, as a catalog, documents, files and archives. It only reads: what
//! skills name is called over the other adapters.

mod archive;
mod document;
mod media;
mod path;
mod respond;

pub use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use naftiko_rest::__private::protect;
use naftiko_schema::{Skill, Skills};

#[doc(hidden)]
pub mod __private {
    pub use crate::respond::respond;
}

/// The skills as an axum router, below `/skills`.
pub fn router(skills: &'static Skills) -> Router {
    let skills: Vec<&Skill> = skills.skills.iter().collect();
    let handler = any(move |request: Request| {
        let mut response = respond::respond(&skills, request.method(), request.uri().path());
        protect(response.headers_mut());
        std::future::ready(response)
    });
    Router::new().route("/skills", handler.clone()).route("/skills/{*path}", handler)
}

#[cfg(test)]
mod tests;
