//! Credentials: from the `authentication` of a specification to tables. `kinds.rs` lists the kinds.

mod kinds;

use naftiko_schema::{Credential, Location, Template};

pub(crate) use self::kinds::openapi_scheme;
use self::kinds::{HELP, KINDS, Kind};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::Constant;
use crate::read::document::{Authentication, Text};
use crate::resolve::variables::Variables;

/// Whether `authentication` of this type is known.
pub(crate) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// What authenticates every request to an API.
#[derive(Default)]
pub(crate) struct Credentials {
    pub(crate) credentials: Vec<Credential>,
    /// Members of the body.
    pub(crate) members: Vec<Constant>,
}

/// Links the `authentication` of an API, which has a name, or of an adapter. A kind that is not supported is an error: a request
/// without the credential would be refused.
pub(crate) fn link(
    source: &Authentication,
    api: Option<&str>,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> Credentials {
    let mut linker = Linker { source, api, variables, sink, members: Vec::new() };
    let credentials = match find(&source.kind.value) {
        Some(kind) => (kind.link)(&mut linker),
        None => {
            let message = format!("authentication of type `{}` is not supported", source.kind.value);
            linker.sink.report(Code::CredentialKind, source.kind.span, message).help(HELP);
            Vec::new()
        }
    };
    Credentials { credentials, members: linker.members }
}

/// Links one `authentication`.
struct Linker<'l, 'v> {
    source: &'l Authentication,
    /// The API, if it is one that authenticates its requests.
    api: Option<&'l str>,
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
