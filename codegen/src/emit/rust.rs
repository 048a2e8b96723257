//! Writing Rust: formatting, headers, and documentation text that cannot break out of its comment.

use proc_macro2::TokenStream;
use quote::quote;

use super::MARKER;
use crate::model::Model;
use crate::vocabulary::is_invisible;

/// Formats a file and puts the header before it. Items are separated by blank lines.
pub(super) fn file(model: &Model, docs: &str, items: &[TokenStream]) -> String {
    let mut text = format!("// {MARKER} from {}.\n// Do not edit: change the specification instead.\n\n", model.spec);
    let docs = doc_lines(docs).map(|line| quote! { #![doc = #line] });
    let head = quote! { #(#docs)* #![cfg_attr(rustfmt, rustfmt_skip)] };
    text.push_str(&format(head));
    for item in items {
        text.push('\n');
        text.push_str(&format(item.clone()));
    }
    text
}

fn format(tokens: TokenStream) -> String {
    let formatted = match syn::parse2(tokens.clone()) {
        Ok(file) => prettyplease::unparse(&file),
        // Emitters write valid Rust; if one did not, the compile tests show the unformatted text.
        Err(_) => tokens.to_string(),
    };
    // prettyplease sets the items of an `impl` without blank lines.
    formatted.replace("    }\n    ///", "    }\n\n    ///")
}

/// Documentation attributes for an item. The text is Markdown.
pub(super) fn docs(text: &str) -> TokenStream {
    let lines = doc_lines(text).map(|line| quote! { #[doc = #line] });
    quote! { #(#lines)* }
}

fn doc_lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") })
}

/// Text from a specification as Markdown that renders as that text and nothing else: no links, no HTML, no code.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '$' | '&') {
            out.push('\\');
        }
        out.push(c);
    }
    // An address would be flagged as a bare link, and a line may not start like a list, a heading or a definition.
    let out = out.replace("://", "\\://");
    if out.starts_with(['-', '+', '=', ':']) {
        return format!("\\{out}");
    }
    match out.find(|c: char| !c.is_ascii_digit()) {
        Some(end) if end > 0 => match out.split_at(end) {
            (digits, rest) if rest.starts_with(['.', ')']) => format!("{digits}\\{rest}"),
            _ => out,
        },
        _ => out,
    }
}

/// Text from a specification as an inline code span.
pub(super) fn code(text: &str) -> String {
    let plain = |c: char| if c.is_control() || is_invisible(c) || c == '`' { '\'' } else { c };
    format!("`{}`", text.chars().map(plain).collect::<String>())
}

/// A sentence for documentation: the text, or a fallback, with a full stop.
pub(super) fn sentence(text: &str, fallback: &str) -> String {
    let text = if text.is_empty() { fallback.to_owned() } else { plain(text) };
    if text.ends_with(['.', '!', '?', ':', ')']) { text } else { format!("{text}.") }
}
