//! References to what the caller sent: `tools.name`, `user.id`, `headers.x`.

use naftiko_schema::{InputPart, Location};

use super::Inputs;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::json_path;
use crate::linked::{Parameter, Source};
use crate::resolve::prefix::IN_ARGUMENTS;

impl Inputs<'_, '_> {
    /// The name behind a prefix that means "what the caller sent".
    pub(super) fn strip<'t>(&self, text: &'t str) -> Option<&'t str> {
        let text = text.strip_prefix("$this.").unwrap_or(text);
        let (prefix, name) = text.split_once('.')?;
        let scope = self.context.scope;
        let own = scope.namespace.into_iter().chain(scope.original).any(|namespace| namespace.value == prefix);
        // Names of parameters can be any text, but in prose a blank follows the full stop.
        let named = !name.is_empty() && !name.starts_with(char::is_whitespace);
        (named && (own || IN_ARGUMENTS.contains(&prefix))).then_some(name)
    }

    /// What a name means that a caller's input, a constant or a place of the request can have.
    pub(super) fn reference(&mut self, parameter: &Parameter, name: &str, span: Span, sink: &mut Sink) -> Source {
        if let Some(local) = self.locals.get(name) {
            return local.clone();
        }
        if self.reading.contains(&name) {
            let message = format!("the fixed value of `{name}` refers to itself");
            sink.report(Code::Unsupported, span, message).help("write a value, or the name of another input");
            return Source::Absent;
        }
        if let Some(source) = self.constant(name, parameter, sink) {
            return source;
        }
        if let Some(index) = self.known(name) {
            return Source::Input(index);
        }
        if let Some(part) = self.part(name) {
            return Source::Part(part);
        }
        if let Some((location, name)) = self.located(name) {
            return self.reference(&Parameter { location, ..parameter.clone() }, name, span, sink);
        }
        // A name alone can be that of an input as well.
        let (step, path) = name.split_at(name.find(['.', '[']).unwrap_or(name.len()));
        if !path.is_empty() && self.all_steps.contains(step) && !self.steps.contains(&step) {
            let message = format!("`{name}` is the output of a step that is not before this one");
            let help = "steps see the outputs of those before them in the file: change their order";
            sink.report(Code::UnknownStep, span, message).help(help);
            return Source::Absent;
        }
        if !self.can_send(name) {
            return self.unreachable(name, span, sink);
        }
        // A placeholder of a route is declared by its path.
        let in_path = self.is_in_path(name);
        if !self.open && !in_path {
            let known = self.inputs.iter().map(|input| input.name.as_str());
            let meant = sink.nearest(Code::UnknownReference, name, known);
            let kind = match &parameter.kind {
                Some(_) => format!("with the type of the parameter `{}`", parameter.name),
                None => "and takes any value".to_owned(),
            };
            let message = format!("unknown input `{name}`; it is added {kind}");
            let report = sink.report(Code::UnknownReference, span, message);
            report.nearest(span, name, meant, "declare it under `inputParameters`");
        }
        Source::Input(self.derive(name, parameter, sink))
    }

    /// The part of a declared input that a name with dots or indices means: `user.id`, `rows[0]`.
    pub(super) fn part(&self, name: &str) -> Option<InputPart> {
        let (input, rest) = name.split_at_checked(name.find(['.', '['])?)?;
        let index = self.names.exact(input).filter(|index| *index < self.declared)?;
        let at = json_path::parse(&format!("${rest}")).ok()?;
        Some(InputPart { input: index.into(), at: at.into() })
    }

    /// The place in the request of a route that a name begins with: `headers.x`, `body.x`.
    fn located<'n>(&self, name: &'n str) -> Option<(Location, &'n str)> {
        let (place, name) = name.split_once('.').filter(|_| self.context.path.is_some())?;
        let location = match place {
            "body" => Location::Field,
            "header" | "headers" => Location::Header,
            "query" => Location::Query,
            "path" => Location::Path,
            _ => return None,
        };
        (!name.is_empty()).then_some((location, name))
    }
}

/// Whether a text has the form of a reference, such as `tools.name`.
pub(super) fn looks_like_reference(text: &str) -> bool {
    let word = |part: &str| {
        part.chars().next().is_some_and(char::is_alphabetic)
            && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
    };
    let text = text.strip_prefix("$this.").unwrap_or(text);
    text.split_once('.').is_some_and(|(prefix, name)| word(prefix) && word(name))
}
