//! Authentication of consumed APIs: every spelling of it becomes a list of credentials.

use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Authentication, Constant, Location, TemplatePart};
use crate::read::document::{self, Text};
use crate::vocabulary::is_token;

/// What an API wants with every request.
#[derive(Default)]
pub(super) struct Credentials {
    pub(super) credentials: Vec<Authentication>,
    /// Members of the body.
    pub(super) members: Vec<Constant>,
}

/// The credentials that an API wants. What is not supported is reported: a request without it would be refused.
pub(super) fn link(source: &document::Authentication, variables: &mut Variables<'_>, sink: &mut Sink) -> Credentials {
    let mut builder = Builder { source, variables, sink, members: Vec::new() };
    let credentials = builder.link();
    Credentials { credentials, members: builder.members }
}

struct Builder<'b, 'v> {
    source: &'b document::Authentication,
    variables: &'b mut Variables<'v>,
    sink: &'b mut Sink,
    members: Vec<Constant>,
}

impl Builder<'_, '_> {
    fn link(&mut self) -> Vec<Authentication> {
        let source = self.source;
        match source.kind.value.to_ascii_lowercase().as_str() {
            "apikey" | "api-key" | "header" | "query" => self.api_keys(),
            "bearer" => match (&source.token, &source.key, &source.placement) {
                // Some files place a bearer token in a header of their own.
                (None, Some(_), _) => self.api_keys(),
                (None, None, Some(_)) | (Some(_), ..) | (None, None, None) => {
                    let token = self.template(source.token.as_ref().or(source.value.as_ref()), "token");
                    vec![Authentication::Bearer { token }]
                }
            },
            "basic" => {
                let username = self.template(source.username.as_ref(), "username");
                let password = self.template(source.password.as_ref(), "password");
                vec![Authentication::Basic { username, password }]
            }
            other => {
                let message = format!("authentication of type `{other}` is not supported");
                let help = "`apikey` (header, query, cookie, body), `bearer` and `basic` are known";
                self.sink.report(Code::CredentialKind, source.kind.place, message, help);
                Vec::new()
            }
        }
    }

    fn api_keys(&mut self) -> Vec<Authentication> {
        let source = self.source;
        let mut credentials = Vec::new();
        for (name, value) in &source.headers {
            let value = self.variables.template(value, self.sink);
            credentials.extend(self.placed(name, value, "header"));
        }
        for (name, value) in &source.parameters {
            let value = self.variables.template(value, self.sink);
            credentials.extend(self.placed(name, value, "query"));
        }
        if source.headers.is_empty() && source.parameters.is_empty() {
            let value = self.template(source.value.as_ref().or(source.token.as_ref()), "value");
            let Some(name) = &source.key else {
                self.missing("key");
                return credentials;
            };
            let implied = if source.kind.value == "query" { "query" } else { "header" };
            let placement = source.placement.as_ref().map_or(implied, |placement| placement.value.as_str());
            credentials.extend(self.placed(name, value, placement));
        }
        credentials
    }

    fn placed(&mut self, name: &Text, value: Vec<TemplatePart>, placement: &str) -> Option<Authentication> {
        let text = name.value.clone();
        match placement {
            "header" | "cookie" if !is_token(&text) => {
                let message = format!("`{text}` cannot be the name of a {placement}");
                self.sink.report(Code::BadHeaderName, name.place, message, "see RFC 9110 §5.1");
                None
            }
            "header" => Some(Authentication::Header { name: text, value }),
            "cookie" => Some(Authentication::Cookie { name: text, value }),
            "query" => Some(Authentication::Query { name: text, value }),
            "body" => {
                self.members.push(Constant { name: name.clone(), location: Location::Body, value, json: None });
                None
            }
            other => {
                let place = self.source.placement.as_ref().map_or(name.place, |placement| placement.place);
                let message = format!("an API key cannot be placed in `{other}`");
                self.sink.report(
                    Code::CredentialKind,
                    place,
                    message,
                    "`header`, `query`, `cookie` and `body` are known",
                );
                None
            }
        }
    }

    fn template(&mut self, field: Option<&Text>, name: &str) -> Vec<TemplatePart> {
        match field {
            Some(text) => self.variables.template(text, self.sink),
            None => {
                self.missing(name);
                Vec::new()
            }
        }
    }

    fn missing(&mut self, name: &str) {
        let message = format!("authentication of type `{}` has no `{name}`", self.source.kind.value);
        self.sink.report(Code::MissingKey, self.source.place, message, format!("add `{name}:`"));
    }
}
