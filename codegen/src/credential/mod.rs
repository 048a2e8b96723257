//! Credentials: from the `authentication` of a specification to tables. `kinds.rs` lists the kinds.

mod kinds;

use naftiko_schema::{Credential, Location, ParameterId, Template, TemplatePart};

pub(crate) use self::kinds::openapi_scheme;
use self::kinds::{HELP, KINDS, Kind, SIGNED};
use crate::codes::Code;
use crate::diagnostic::Sink;
use crate::linked::{Constant, Operation, Parameter};
use crate::read::document::{Authentication, Text};
use crate::resolve::variables::Variables;

/// Whether `authentication` of this type is known.
pub(crate) fn is_known(name: &str) -> bool {
    find(name).is_some()
}

/// Whether callers can authenticate by it. Signatures are for servers that know all keys.
pub(crate) fn is_known_inbound(name: &str) -> bool {
    find(name).is_some_and(|kind| kind.is_inbound)
}

/// Whether only a signer of the application knows what `authentication` of this type means.
pub(crate) fn is_signed(name: &str) -> bool {
    SIGNED.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// What authenticates every request to an API.
#[derive(Default)]
pub(crate) struct Credentials {
    /// The credentials. Parameters in their templates are positions among `sent`.
    credentials: Vec<Credential>,
    /// Members of the body.
    members: Vec<Constant>,
    /// What callers send a part of a credential as.
    sent: Vec<Text>,
}

impl Credentials {
    /// The location and the name of each.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (Location, &str)> {
        self.credentials.iter().map(Credential::field)
    }

    /// The credentials of the API, with nothing that callers send.
    pub(crate) fn of_api(&self) -> Vec<Credential> {
        self.with(|_| None)
    }

    /// The members of each body of an operation, and its credentials if callers send a part of them. It gets a parameter for each
    /// part, unless it has one of this name.
    pub(crate) fn of_operation(&self, operation: &mut Operation<'_>) -> (Vec<Constant>, Vec<Credential>) {
        let mut ids = Vec::new();
        for sent in &self.sent {
            let known = operation.parameters.iter().position(|known| known.name == sent.value);
            ids.push(ParameterId::from(known.unwrap_or_else(|| {
                let parameter =
                    Parameter { location: Location::Credential, ..Parameter::of_any(&sent.value, sent.span) };
                let kind = Some(Text { value: "string".to_owned(), span: sent.span });
                operation.parameters.push(Parameter { kind, ..parameter });
                operation.guessed.insert(sent.value.clone());
                operation.parameters.len() - 1
            })));
        }
        let id = |id: ParameterId| ids.get(id.index()).copied();
        let members = self.members.iter().cloned();
        let members = members.map(|member| Constant { value: filled(&member.value, id), ..member }).collect();
        (members, if self.sent.is_empty() { Vec::new() } else { self.with(id) })
    }

    fn with(&self, id: impl Fn(ParameterId) -> Option<ParameterId>) -> Vec<Credential> {
        let mut credentials = self.credentials.clone();
        for template in credentials.iter_mut().flat_map(Credential::templates_mut) {
            *template = filled(template, &id);
        }
        credentials
    }
}

/// A template with other parameters, or without them.
fn filled(template: &Template, id: impl Fn(ParameterId) -> Option<ParameterId>) -> Template {
    let parts = template.parts.iter().filter_map(|part| match part {
        TemplatePart::Parameter(known) => id(*known).map(TemplatePart::Parameter),
        other => Some(other.clone()),
    });
    parts.collect::<Vec<_>>().into()
}

/// Links the `authentication` of the API of this name. A kind that is not supported is an error: a request without the credential would be
/// refused.
pub(crate) fn link(source: &Authentication, api: &str, variables: &mut Variables<'_>, sink: &mut Sink) -> Credentials {
    let mut linker = Linker { source, api: Some(api), variables, sink, members: Vec::new(), sent: Some(Vec::new()) };
    let credentials = linker.link();
    Credentials { credentials, members: linker.members, sent: linker.sent.unwrap_or_default() }
}

/// Links the `authentication` of an adapter, of which callers send all and choose nothing. Also returns whether it has members of
/// the body.
pub(crate) fn link_inbound(
    source: &Authentication,
    variables: &mut Variables<'_>,
    sink: &mut Sink,
) -> (Vec<Credential>, bool) {
    let mut linker = Linker { source, api: None, variables, sink, members: Vec::new(), sent: None };
    (linker.link(), !linker.members.is_empty())
}

/// Links one `authentication`.
struct Linker<'l, 'v> {
    source: &'l Authentication,
    /// The API, if it is one that authenticates its requests.
    api: Option<&'l str>,
    variables: &'l mut Variables<'v>,
    sink: &'l mut Sink,
    members: Vec<Constant>,
    /// What callers send a part of the credential as; `None` if they cannot.
    sent: Option<Vec<Text>>,
}

impl Linker<'_, '_> {
    fn link(&mut self) -> Vec<Credential> {
        if let Some(kind) = find(&self.source.kind.value) {
            return (kind.link)(self);
        }
        let kind = &self.source.kind;
        let message = format!("authentication of type `{}` is not supported", kind.value);
        self.sink.report(Code::CredentialKind, kind.span, message).help(HELP);
        Vec::new()
    }

    /// The template of a key of the `authentication`, which must be there. Callers can send a part of it.
    fn template(&mut self, field: Option<&Text>, name: &str) -> Template {
        self.required(field, name, Self::text)
    }

    /// The same for what is the same for all callers.
    fn configured(&mut self, field: Option<&Text>, name: &str) -> Template {
        self.required(field, name, Self::fixed)
    }

    fn required(&mut self, field: Option<&Text>, name: &str, read: fn(&mut Self, &Text) -> Template) -> Template {
        match field {
            Some(text) => read(self, text),
            None => {
                self.missing(name);
                Template::new(&[])
            }
        }
    }

    fn fixed(&mut self, text: &Text) -> Template {
        self.variables.template(text, self.sink)
    }

    fn text(&mut self, text: &Text) -> Template {
        match &mut self.sent {
            Some(sent) => self.variables.credential(text, sent, self.sink),
            None => self.fixed(text),
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
