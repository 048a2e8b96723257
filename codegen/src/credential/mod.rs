//! Credentials, one module for each kind: how a specification spells it, the table that it becomes, and its OpenAPI scheme.

mod api_key;
mod basic;
mod bearer;

use naftiko_schema::{Credential, Location, Template};
use serde_json::Value;

use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Constant;
use crate::read::document::{Authentication, Text};
use crate::resolve::variables::Variables;

/// A kind of credential.
struct Kind {
    /// The words for it, in lower case.
    names: &'static [&'static str],
    /// The credentials that an `authentication` of this kind means.
    link: fn(&mut Linker<'_, '_>) -> Vec<Credential>,
}

/// The kinds that are known.
static KINDS: [Kind; 3] = [api_key::KIND, bearer::KIND, basic::KIND];

/// Whether `authentication` of this type is known.
pub(crate) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// The name of a credential among OpenAPI's security schemes, and its scheme (OpenAPI 3.1, "Security Scheme Object").
pub(crate) fn openapi_scheme(credential: &Credential) -> (&'static str, Value) {
    match credential {
        Credential::ApiKey(key) => api_key::openapi_scheme(key),
        Credential::Bearer(_) => bearer::openapi_scheme(),
        Credential::Basic(_) => basic::openapi_scheme(),
    }
}

/// What authenticates every request to an API.
#[derive(Default)]
pub(crate) struct Credentials {
    pub(crate) credentials: Vec<Credential>,
    /// Members of the body.
    pub(crate) members: Vec<Constant>,
}

/// Links the `authentication` of an API or an adapter. A kind that is not supported is an error: a request without the
/// credential would be refused.
pub(crate) fn link(source: &Authentication, variables: &mut Variables<'_>, sink: &mut Sink) -> Credentials {
    let mut linker = Linker { source, variables, sink, members: Vec::new() };
    let credentials = match find(&source.kind.value) {
        Some(kind) => (kind.link)(&mut linker),
        None => {
            let message = format!("authentication of type `{}` is not supported", source.kind.value);
            let help = "use `apikey`, `bearer` or `basic`";
            linker.sink.report(Code::CredentialKind, source.kind.span, message).help(help);
            Vec::new()
        }
    };
    Credentials { credentials, members: linker.members }
}

/// Links one `authentication`.
struct Linker<'l, 'v> {
    source: &'l Authentication,
    variables: &'l mut Variables<'v>,
    sink: &'l mut Sink,
    members: Vec<Constant>,
}

impl Linker<'_, '_> {
    /// The template of a key of the `authentication`, which must be there.
    fn template(&mut self, field: Option<&Text>, name: &str) -> Template {
        match field {
            Some(text) => self.variables.template(text, self.sink),
            None => {
                self.missing(name);
                Template::new(&[])
            }
        }
    }

    fn missing(&mut self, name: &str) {
        let message = format!("`{name}` is missing in authentication of type `{}`", self.source.kind.value);
        self.sink.report(Code::MissingKey, self.source.span, message).help(format!("add `{name}:`"));
    }

    /// Adds a credential that is a member of each request body.
    fn member(&mut self, name: &Text, value: Template) {
        self.members.push(Constant { name: name.clone(), location: Location::Body, value, json: None });
    }
}
