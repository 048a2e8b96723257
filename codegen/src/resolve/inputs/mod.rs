//! The caller's inputs of a route or tool, and what `with` makes of them.

mod declared;
mod outputs;
mod reference;
mod step;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use naftiko_schema::{InputId, InputPart, Kind, Location};

pub(super) use self::declared::constants;
use self::declared::{Path, declared_inputs};
use self::outputs::has_placeholder;
use super::unique_inputs;
use super::variables::Variables;
use crate::codes::Code;
use crate::diagnostic::{Sink, Span};
use crate::json_path;
use crate::linked::{Parameter, Source};
use crate::names::Index;
use crate::read::document::{Input, Invocation, Text};
use crate::read::yaml::{Content, Node};
use crate::template::{self, Piece};
use crate::vocabulary;

/// The prefixes that mean "what the caller sent".
pub(super) struct Scope<'c> {
    /// `rest` in a route, `tools` in a tool.
    pub(super) kind: &'static str,
    pub(super) namespace: Option<&'c Text>,
    /// The namespace in the file from which it is imported, which its own references have.
    pub(super) original: Option<&'c Text>,
    /// Whether a reference is only what is written as one, as under `ikanos:`.
    pub(super) is_exact: bool,
    pub(super) variables: &'c Variables<'c>,
    /// The longest binary response of the adapter, in bytes.
    pub(super) limit: Option<u64>,
}

pub(super) struct Context<'c, 'd> {
    /// The span of the route or tool, for diagnostics about the whole of it.
    pub(super) span: Span,
    pub(super) scope: &'c Scope<'c>,
    /// Input parameters that the route shares with its siblings.
    pub(super) shared: &'d [Input],
    /// The route's path, or the URI of a resource; a tool has none.
    pub(super) path: Option<&'c [Piece]>,
    /// Whether callers can only send what is in the path, as with resources.
    pub(super) closed: bool,
    /// Whether an input without `required` takes it from its parameter.
    pub(super) inherits: bool,
    /// Whether requests with the route's method usually have a body (RFC 9110 §9.3).
    pub(super) has_body: bool,
}

/// The caller's inputs. If a route or tool declares no inputs, they are derived from the parameters.
pub(super) struct Inputs<'c, 'd> {
    pub(super) inputs: Vec<Parameter>,
    /// Their names.
    names: Index,
    /// Inputs with a fixed value.
    constants: BTreeMap<&'d str, &'d Input>,
    /// Those of them whose values are being read, which cannot be a part of themselves.
    reading: Vec<&'d str>,
    /// The names of the inputs that say that they are required.
    demanded: BTreeSet<&'d str>,
    /// How many of the inputs are declared; the others were derived.
    declared: usize,
    /// Whether no input is declared.
    pub(super) open: bool,
    /// The names of the parameters that are known from placeholders only.
    pub(super) guessed: BTreeSet<String>,
    /// The names of the parameters that are fed.
    parameters: BTreeSet<&'c str>,
    /// The steps whose outputs can be used.
    pub(super) steps: Vec<&'d str>,
    /// The names of all steps of the flow.
    all_steps: BTreeSet<&'d str>,
    /// The output parameters of transforms, with the step that has each.
    made: Vec<(&'d str, usize)>,
    /// Whether the next step is taken for each element of a list.
    for_each: bool,
    /// What has no input of its own, by name: parts of bodies, and what `with` beside the steps of a flow makes.
    pub(super) locals: BTreeMap<&'d str, Source>,
    /// The placeholders of the route.
    path: Option<Path<'c>>,
    context: &'c Context<'c, 'd>,
}

impl<'c, 'd> Inputs<'c, 'd> {
    /// The inputs that a route, tool or flow declares. `parameters` are the names of what they may feed.
    pub(super) fn declared(
        invocation: &'d Invocation,
        parameters: BTreeSet<&'c str>,
        context: &'c Context<'c, 'd>,
        sink: &mut Sink,
    ) -> Self {
        unique_inputs(&invocation.inputs, sink);
        let declared: Vec<&Input> = invocation.inputs.iter().chain(context.shared).collect();
        let path = context.path.map(Path::new);
        let (inputs, locals) = declared_inputs(&declared, context, path.as_ref(), sink);
        let names = Index::of(inputs.iter().map(|input| input.name.as_str()));
        let (count, open) = (inputs.len(), declared.is_empty());
        Self {
            inputs,
            names,
            constants: constants(&declared),
            reading: Vec::new(),
            demanded: declared.iter().filter(|it| it.required == Some(true)).map(|it| it.name.value.as_str()).collect(),
            declared: count,
            open,
            guessed: BTreeSet::new(),
            parameters,
            steps: Vec::new(),
            all_steps: invocation.steps.iter().map(|step| step.name.value.as_str()).collect(),
            made: Vec::new(),
            for_each: false,
            locals,
            path,
            context,
        }
    }

    /// All that callers send and the capability fixes, by name. Of two of one name the later counts.
    pub(super) fn all(&mut self, sink: &mut Sink) -> Vec<(String, Source)> {
        let names: Vec<&str> = self.constants.keys().copied().collect();
        let fixed = names.into_iter().filter_map(|name| {
            let (input, value) = self.fixed(name)?;
            let kind = vocabulary::kind(input.kind.as_ref()).unwrap_or(Kind::Any);
            let any = Parameter::of_any(kind.as_str(), value.span);
            Some((name.to_owned(), self.constant(name, &any, sink)?))
        });
        let fixed: Vec<_> = fixed.collect();
        let sent = self.inputs.iter().enumerate();
        let sent = sent.map(|(index, input)| (input.name.clone(), Source::Input(index.into())));
        let locals = self.locals.iter().map(|(name, source)| ((*name).to_owned(), source.clone()));
        sent.chain(fixed).chain(locals).collect()
    }

    /// The input with the name of the parameter: exactly, or folded if only one is.
    fn same(&mut self, parameter: &Parameter, sink: &mut Sink) -> Source {
        if let Some(local) = self.locals.get(parameter.name.as_str()) {
            return local.clone();
        }
        if let Some(source) = self.constant(&parameter.name, parameter, sink) {
            return source;
        }
        if let Some(index) = self.known(&parameter.name) {
            return Source::Input(index);
        }
        // What stands in a template of the operation may also be an output or a part of it, or of an input. A parameter of
        // its own is no output that only has its name.
        let is_own = matches!(parameter.location, Location::Query | Location::Header | Location::Cookie);
        if (!is_own || parameter.name.contains(['.', '[']))
            && let Some(output) = self.output(&parameter.name, parameter.span, sink)
        {
            return Source::Output(output);
        }
        if let Some(part) = self.part(&parameter.name) {
            return Source::Part(part);
        }
        if self.guessed.contains(&parameter.name)
            && let Some(name) = self.strip(&parameter.name)
        {
            return self.reference(parameter, name, parameter.span, sink);
        }
        // Without an input, no one could send its part of a credential.
        let is_open = self.open || parameter.location == Location::Credential;
        if is_open && let Some(part) = self.derived_part(parameter, sink) {
            return Source::Part(part);
        }
        if is_open && self.can_send(&parameter.name) {
            Source::Input(self.derive(&parameter.name, parameter, sink))
        } else {
            Source::Absent
        }
    }

    pub(super) fn same_or_required(&mut self, parameter: &Parameter, sink: &mut Sink) -> Source {
        match self.same(parameter, sink) {
            Source::Absent => self.required(parameter, sink),
            source => source,
        }
    }

    /// The source of a parameter without an argument: an input of the caller if the parameter is required.
    pub(super) fn required(&mut self, parameter: &Parameter, sink: &mut Sink) -> Source {
        if let Some(index) = self.names.exact(&parameter.name) {
            return if parameter.required { Source::Input(index.into()) } else { Source::Absent };
        }
        // A placeholder of a route is declared by its path. `with` names all that is passed on.
        let wanted = parameter.required || !self.open || self.context.closed;
        if wanted && self.is_in_path(&parameter.name) {
            return Source::Input(self.derive(&parameter.name, parameter, sink));
        }
        if !parameter.required {
            return Source::Absent;
        }
        if self.context.closed {
            return self.unreachable(&parameter.name, self.context.span, sink);
        }
        let message = format!("the required parameter `{}` has no argument; it becomes an input", parameter.name);
        let help = format!("add `{}:` under `with`", parameter.name);
        sink.report(Code::MissingArgument, self.context.span, message).help(help);
        Source::Input(self.derive(&parameter.name, parameter, sink))
    }

    /// Whether callers can send an input of this name.
    fn can_send(&self, name: &str) -> bool {
        !self.context.closed || self.is_in_path(name)
    }

    /// Whether a placeholder of the route, or of the URI of a resource, has this name.
    fn is_in_path(&self, name: &str) -> bool {
        self.path.as_ref().is_some_and(|path| path.location(name).is_some())
    }

    /// Reports an input that clients of a resource cannot send, because they send only its URI.
    fn unreachable(&self, name: &str, span: Span, sink: &mut Sink) -> Source {
        let message = format!("clients cannot send `{name}`: it does not appear in the URI of the resource");
        let help = format!("add `{{{name}}}` to the URI, or a fixed value under `with`");
        sink.report(Code::UnreachableArgument, span, message).help(help);
        Source::Absent
    }

    /// An input with a fixed value, and the value.
    fn fixed(&self, name: &str) -> Option<(&'d Input, &'d Node)> {
        let input = *self.constants.get(name)?;
        Some((input, input.value.as_ref()?))
    }

    /// The fixed value of an input in the type of a parameter, or in its own if that takes any.
    fn constant(&mut self, name: &str, parameter: &Parameter, sink: &mut Sink) -> Option<Source> {
        let (input, value) = self.fixed(name)?;
        let declared = parameter.kind.as_ref().filter(|kind| kind.value != "any");
        let kind = declared.or(input.kind.as_ref()).or(parameter.kind.as_ref());
        if has_placeholder(value) {
            let typed = Parameter { kind: kind.cloned(), ..parameter.clone() };
            let (own, input) = self.constants.remove_entry(name)?;
            self.reading.push(own);
            // It is the same for all steps, so that no output and no element is a part of it.
            let (steps, made, for_each) = (take(&mut self.steps), take(&mut self.made), take(&mut self.for_each));
            let source = self.source(&typed, value, sink);
            (self.steps, self.made, self.for_each) = (steps, made, for_each);
            self.reading.pop();
            self.constants.insert(own, input);
            return Some(source);
        }
        let kind = vocabulary::kind(kind).unwrap_or(Kind::String);
        Some(Source::Json(value.to_json_of(kind, parameter.location.is_body())))
    }

    /// The input of this name, or the only declared one that is equal when folded and does not have the name of another
    /// parameter.
    fn known(&self, name: &str) -> Option<InputId> {
        if let Some(index) = self.names.exact(name) {
            return Some(index.into());
        }
        if self.declared == 0 {
            return None;
        }
        let free = |input: &Parameter| !self.parameters.contains(&input.name.as_str());
        let declared = self.names.like(name).into_iter().filter(|index| *index < self.declared);
        let mut like = declared.filter(|index| self.inputs.get(*index).is_some_and(free));
        like.next().filter(|_| like.next().is_none()).map(InputId::from)
    }

    /// The source of an argument under `with`. A reference to what callers left out leaves the parameter to the declared input
    /// of its own name.
    pub(super) fn argument(&mut self, parameter: &Parameter, node: &Node, sink: &mut Sink) -> Source {
        let source = self.source(parameter, node, sink);
        let is_reference = matches!(&node.content, Content::Text(text) if self.strip(text).is_some());
        let referred = match &source {
            Source::Input(id) => id.index(),
            Source::Part(part) => part.input.index(),
            _ => return source,
        };
        let Some(own) = self.names.exact(&parameter.name) else { return source };
        if !is_reference || own >= self.declared || own == referred {
            return source;
        }
        for index in [referred, own] {
            if let Some(input) = self.inputs.get_mut(index)
                && !self.demanded.contains(input.name.as_str())
            {
                input.required = input.location.is_path();
            }
        }
        Source::First(vec![source, Source::Input(own.into())])
    }

    /// The part of an input that a placeholder of the operation names, such as `user.id`, where neither the operation nor the
    /// route or tool declares anything. Callers of routes send names of a query as they are written.
    fn derived_part(&mut self, parameter: &Parameter, sink: &mut Sink) -> Option<InputPart> {
        let is_placeholder = self.guessed.contains(&parameter.name) && parameter.location != Location::Credential;
        if !is_placeholder || self.context.closed || (self.context.path.is_some() && !parameter.location.is_body()) {
            return None;
        }
        let (base, rest) = parameter.name.split_at_checked(parameter.name.find(['.', '['])?)?;
        let at = json_path::parse(&format!("${rest}")).ok().filter(|_| template::is_name(base))?;
        let known = self.names.exact(base);
        let kind = known.and_then(|index| self.inputs.get(index)?.kind.as_ref());
        if kind.is_some_and(|kind| !["object", "array", "any"].contains(&kind.value.as_str())) {
            return None;
        }
        let kind = if rest.starts_with('.') { "object" } else { "array" };
        let kind = Some(Text { value: kind.to_owned(), span: Span::default() });
        let whole = Parameter { location: Location::Field, kind, ..parameter.clone() };
        let input = known.map_or_else(|| self.derive(base, &whole, sink), InputId::from);
        Some(InputPart { input, at: at.into() })
    }

    /// Derives an input from its parameter.
    fn derive(&mut self, name: &str, parameter: &Parameter, sink: &mut Sink) -> InputId {
        let location = self.derived_location(name, parameter);
        if self.context.path.is_some() && parameter.location.is_path() && !location.is_path() {
            let message =
                format!("the path of the route has no placeholder for `{name}`; callers send it in the query");
            let help = format!("add `{{{name}}}` to the path of the route");
            sink.report_once(Code::MissingArgument, name, self.context.span, message).help(help);
        }
        self.names.push(name);
        let (name, wire) = (name.to_owned(), name.to_owned());
        let required = parameter.required || location.is_path();
        let kind = parameter.kind.clone().filter(|kind| kind.span != parameter.span);
        self.inputs.push(Parameter { name, wire, location, required, kind, ..parameter.clone() });
        InputId::from(self.inputs.len() - 1)
    }

    /// An input of a route is in the path if a placeholder has its name; otherwise it has the location of its parameter.
    fn derived_location(&self, name: &str, parameter: &Parameter) -> Location {
        let Some(path) = &self.path else { return parameter.location };
        match (path.location(name), parameter.location) {
            (Some(location), _) => location,
            (None, Location::Path | Location::Segments | Location::Inserted) => Location::Query,
            // Queries are logged.
            (None, Location::Credential) => Location::Header,
            (None, other) => other,
        }
    }
}
