//! Table entries that several emitters share.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{format_ident, quote};

use crate::model::{
    Call, Kind, Location, Method, Operation, Output, Parameter, PathStep, Projection, Source, TemplatePart, TextPart,
    Wiring,
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

fn kind(kind: Kind) -> TokenStream {
    let name = format_ident!("{kind:?}");
    quote! { Kind::#name }
}

pub(super) fn parameter(parameter: &Parameter) -> TokenStream {
    let (name, description) = (&parameter.name, &parameter.description);
    let (location, kind) = (location(parameter.location), kind(parameter.kind));
    let required = parameter.required.then(|| quote! { .required() });
    let default = parameter.default.as_ref().map(|json| quote! { .default(#json) });
    let describe = (!description.is_empty()).then(|| quote! { .describe(#description) });
    quote! { Parameter::new(#name, #location, #kind) #required #default #describe }
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
    quote! { Call { operation: &operations::#operation, wiring: #wiring, output: #output } }
}

fn source(source: &Source) -> TokenStream {
    match source {
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
