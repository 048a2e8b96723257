//! Table entries that several emitters share.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::model::{
    AccessToken, Authentication, Body, BodyPart, Call, Callers, Content, Kind, Location, Method, Node, Operation,
    Output, Parameter, PathStep, Projection, Proof, Repeat, Source, TemplatePart, TextPart, Wiring,
};

/// An identifier that `names` made.
pub(super) fn ident(name: &str) -> Ident {
    Ident::new(name, Span::call_site())
}

/// An index, without the suffix that `quote` would give it.
pub(super) fn index(index: usize) -> Literal {
    Literal::usize_unsuffixed(index)
}

pub(super) fn method(method: Method) -> TokenStream {
    let name = format_ident!("{method:?}");
    quote! { Method::#name }
}

pub(super) fn location(location: Location) -> TokenStream {
    let name = format_ident!("{location:?}");
    quote! { Location::#name }
}

pub(super) fn repeat(repeat: Repeat) -> TokenStream {
    let name = format_ident!("{repeat:?}");
    quote! { Repeat::#name }
}

fn kind(kind: Kind) -> TokenStream {
    let name = format_ident!("{kind:?}");
    quote! { Kind::#name }
}

pub(super) fn parameter(parameter: &Parameter) -> TokenStream {
    let (name, description) = (&parameter.name, &parameter.description);
    let (location, kind) = (location(parameter.location), kind(parameter.kind));
    let required = parameter.required.then(|| quote! { .required() });
    let default = parameter.default.as_ref().map(|json| quote! { .default(#json) });
    let rules = parameter.rules.as_ref().map(|json| quote! { .rules(#json) });
    let describe = (!description.is_empty()).then(|| quote! { .describe(#description) });
    quote! { Parameter::new(#name, #location, #kind) #required #default #rules #describe }
}

pub(super) fn template(parts: &[TemplatePart]) -> TokenStream {
    let parts = parts.iter().map(|part| match part {
        TemplatePart::Literal(text) => quote! { TemplatePart::Literal(#text) },
        TemplatePart::Variable(variable) => {
            let variable = index(*variable);
            quote! { TemplatePart::Variable(#variable) }
        }
    });
    quote! { &[#(#parts),*] }
}

pub(super) fn body(body: &Body) -> TokenStream {
    let media_type = &body.media_type;
    let content = match &body.content {
        Content::Json(root) => {
            let root = node(root);
            quote! { Content::Json(#root) }
        }
        Content::Form(pairs) => {
            let pairs = members(pairs);
            quote! { Content::Form(#pairs) }
        }
        Content::Text(parts) => {
            let parts = body_parts(parts);
            quote! { Content::Text(#parts) }
        }
    };
    quote! { Body { media_type: #media_type, content: #content } }
}

fn node(source: &Node) -> TokenStream {
    match source {
        Node::Json(json) => quote! { Node::Json(#json) },
        Node::Parameter(parameter) => {
            let parameter = index(*parameter);
            quote! { Node::Parameter(#parameter) }
        }
        Node::Text(parts) => {
            let parts = body_parts(parts);
            quote! { Node::Text(#parts) }
        }
        Node::Object(pairs) => {
            let pairs = members(pairs);
            quote! { Node::Object(#pairs) }
        }
        Node::Array(items) => {
            let items = items.iter().map(node);
            quote! { Node::Array(&[#(#items),*]) }
        }
    }
}

fn members(pairs: &[(String, Node)]) -> TokenStream {
    let pairs = pairs.iter().map(|(name, value)| {
        let value = node(value);
        quote! { (#name, #value) }
    });
    quote! { &[#(#pairs),*] }
}

fn body_parts(parts: &[BodyPart]) -> TokenStream {
    let parts = parts.iter().map(|part| match part {
        BodyPart::Literal(text) => quote! { BodyPart::Literal(#text) },
        BodyPart::Parameter(parameter) => {
            let parameter = index(*parameter);
            quote! { BodyPart::Parameter(#parameter) }
        }
        BodyPart::Variable(variable) => {
            let variable = index(*variable);
            quote! { BodyPart::Variable(#variable) }
        }
    });
    quote! { &[#(#parts),*] }
}

pub(super) fn call(call: &Call, operations: &[Operation]) -> TokenStream {
    let operation = operations.get(call.operation).map(|operation| ident(&operation.const_name));
    let wiring = match &call.wiring {
        Wiring::Direct => quote! { Wiring::Direct },
        Wiring::Mapped { inputs, sources } => {
            let (inputs, sources) = (inputs.iter().map(parameter), sources.iter().map(source));
            quote! { Wiring::Mapped { inputs: &[#(#inputs),*], sources: &[#(#sources),*] } }
        }
    };
    let output = match &call.output {
        Output::Whole => quote! { Output::Whole },
        Output::Projected(tree) => {
            let tree = projection(tree);
            quote! { Output::Projected(#tree) }
        }
    };
    quote! { Exposure { operation: &operations::#operation, wiring: #wiring, output: #output } }
}

fn source(from: &Source) -> TokenStream {
    match from {
        Source::Absent => quote! { Source::Absent },
        Source::Input(input) => {
            let input = index(*input);
            quote! { Source::Input(#input) }
        }
        Source::Json(json) => quote! { Source::Json(#json) },
        Source::Text(parts) => {
            let parts = parts.iter().map(|part| match part {
                TextPart::Literal(text) => quote! { TextPart::Literal(#text) },
                TextPart::Input(input) => {
                    let input = index(*input);
                    quote! { TextPart::Input(#input) }
                }
            });
            quote! { Source::Text(&[#(#parts),*]) }
        }
        Source::List(items) => {
            let items = items.iter().map(source);
            quote! { Source::List(&[#(#items),*]) }
        }
        Source::Object(members) => {
            let members = members.iter().map(|(name, member)| {
                let member = source(member);
                quote! { (#name, #member) }
            });
            quote! { Source::Object(&[#(#members),*]) }
        }
    }
}

fn projection(tree: &Projection) -> TokenStream {
    match tree {
        Projection::Path(at) => {
            let at = steps(at);
            quote! { Projection::Path(#at) }
        }
        Projection::Json(json) => quote! { Projection::Json(#json) },
        Projection::Object { at, fields } => {
            let at = steps(at);
            let fields = fields.iter().map(|(name, tree)| {
                let tree = projection(tree);
                quote! { (#name, #tree) }
            });
            quote! { Projection::Object { at: #at, fields: &[#(#fields),*] } }
        }
        Projection::Array { at, item } => {
            let (at, item) = (steps(at), projection(item));
            quote! { Projection::Array { at: #at, item: &#item } }
        }
    }
}

fn steps(steps: &[PathStep]) -> TokenStream {
    let steps = steps.iter().map(|step| match step {
        PathStep::Key(name) => quote! { PathStep::Key(#name) },
        PathStep::Index(index) => {
            let index = Literal::i64_unsuffixed(*index);
            quote! { PathStep::Index(#index) }
        }
        PathStep::Each => quote! { PathStep::Each },
    });
    quote! { &[#(#steps),*] }
}

pub(super) fn authentication(credentials: &[Authentication]) -> TokenStream {
    let credentials = credentials.iter().map(|credential| match credential {
        Authentication::Header { name, value } => {
            let value = template(value);
            quote! { Authentication::Header { name: #name, value: #value } }
        }
        Authentication::Query { name, value } => {
            let value = template(value);
            quote! { Authentication::Query { name: #name, value: #value } }
        }
        Authentication::Cookie { name, value } => {
            let value = template(value);
            quote! { Authentication::Cookie { name: #name, value: #value } }
        }
        Authentication::Bearer { token } => {
            let token = template(token);
            quote! { Authentication::Bearer { token: #token } }
        }
        Authentication::Basic { username, password } => {
            let (username, password) = (template(username), template(password));
            quote! { Authentication::Basic { username: #username, password: #password } }
        }
    });
    quote! { &[#(#credentials),*] }
}

pub(super) fn callers(callers: &Callers) -> TokenStream {
    if callers.are_anybody() {
        return quote! { Callers::ANYBODY };
    }
    let variables = variables(&callers.variables);
    let proof = match &callers.proof {
        Proof::Credentials(credentials) => {
            let credentials = authentication(credentials);
            quote! { Proof::Credentials(#credentials) }
        }
        Proof::Token(AccessToken { issuer, resource, audience, scopes }) => {
            let (issuer, resource) = (template(issuer), template(resource));
            let audience = match audience.as_deref().map(template) {
                Some(audience) => quote! { Some(#audience) },
                None => quote! { None },
            };
            let scopes = scopes.iter().map(|scope| template(scope));
            quote! {
                Proof::Token(AccessToken {
                    issuer: #issuer,
                    resource: #resource,
                    audience: #audience,
                    scopes: &[#(#scopes),*],
                })
            }
        }
    };
    quote! { Callers { proof: #proof, variables: #variables } }
}

pub(super) fn variables(names: &[String]) -> TokenStream {
    quote! { &[#(Variable { name: #names }),*] }
}

/// What whoever mounts an adapter has to know about its callers.
pub(super) fn mounted(callers: &Callers) -> &'static str {
    if callers.are_anybody() {
        ""
    } else {
        "\nThe capability wants callers to prove who they are. The server of this crate sees to that; an application has to \
         do it itself."
    }
}
