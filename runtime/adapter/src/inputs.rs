//! Maps what a REST or MCP caller sends to the arguments of an operation.

use naftiko_client::__private::{
    Argument, Arguments, Connection, Defaults, VariableValues, Violations, check_body_once, check_once, from_json_text,
    listed, pointer_token, shortened, visible,
};
use naftiko_client::{Error, ErrorKind, Violation};
use naftiko_schema::{ArgumentMapping, ArgumentSource, Binding, Kind, Location, Parameter, PathStep, Target};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::offload::offload;
use crate::source::{Scope, Values, is_null, joined};

/// How much of an unknown name is repeated in messages, in characters.
const NAME_LIMIT: usize = 64;
/// The longest list of known names, in bytes.
const NAMES_LIMIT: usize = 6000;

/// No value for each input.
pub fn values(binding: &Binding) -> Values {
    vec![None; binding.inputs().len()]
}

/// Checks the caller's values as inputs, and maps them to the target's arguments. What is left out has its default. Long values
/// with rules or a schema are checked on another thread.
///
/// # Errors
/// If values are missing or invalid.
pub async fn checked(binding: &'static Binding, connection: &Connection, values: Values) -> Result<Arguments, Error> {
    let has_schema = binding.target.request_schema().is_some();
    let is_checked = |input: &Parameter| !input.rules.is_empty() || (has_schema && input.location.is_body());
    let with_rules = binding.inputs().iter().zip(&values).filter(|(input, _)| is_checked(input));
    let length = with_rules.filter_map(|(_, value)| value.as_ref()).map(Argument::length).sum();
    let used = binding.variables();
    let variables = connection.variables(binding.target.name(), &used).await?;
    let connection = connection.clone();
    offload(length, move || {
        if used.is_empty() {
            return checked_here(binding, &connection, &variables, values);
        }
        let arguments = checked_here(binding, &connection, &variables, values.clone())?;
        let others = move |others: Vec<_>| checked_here(binding, &connection, &others.into(), values.clone()).ok();
        Ok(arguments.renewable(used, variables.into_values(), others))
    })
    .await
}

/// What else is wrong with values, where inputs of these names are known to be wrong.
pub async fn also_wrong(
    binding: &'static Binding,
    connection: &Connection,
    values: Values,
    known: &[&str],
) -> Violations {
    let Err(error) = checked(binding, connection, values).await else { return Violations::default() };
    let ErrorKind::Arguments(violations) = error.kind() else { return Violations::default() };
    let others = violations.iter().filter(|violation| !known.contains(&violation.parameter.as_str()));
    let mut others: Violations = others.cloned().collect();
    others.omit(error.omitted_violations());
    others
}

fn checked_here(
    binding: &'static Binding,
    connection: &Connection,
    variables: &VariableValues,
    mut values: Values,
) -> Result<Arguments, Error> {
    let defaults = connection.defaults();
    let mut violations = Violations::default();
    for (input, value) in binding.inputs().iter().zip(&mut values) {
        if value.is_none() {
            let declared = || input.default.as_deref().map(|json| from_json_text(input.kind, json));
            *value = defaults.argument(input).or_else(declared);
        }
        violations.extend(Argument::check(input, value.as_ref()).err());
    }
    let shown =
        (!variables.is_empty()).then(|| arguments(binding, defaults, values.clone(), &connection.placeholders()));
    let mut arguments = arguments(binding, defaults, values, variables);
    arguments.hide(variables.secrets(), shown);
    let of_arguments = match &binding.target {
        Target::Operation(operation) => match &binding.arguments {
            ArgumentMapping::Mapped(_) if violations.is_empty() => check_once(operation, &mut arguments),
            // The inputs are the arguments, or where they are wrong, so are the arguments that are made of them, but for the
            // rest of the body.
            _ => check_body_once(operation, &mut arguments),
        },
        Target::Flow(flow) if violations.is_empty() => arguments.check(&flow.parameters),
        Target::Flow(_) => Violations::default(),
    };
    violations.absorb(of_arguments.map(|it| of_caller(binding, it)));
    if violations.is_empty() { Ok(arguments) } else { Err(Error::arguments(binding.target.name(), violations)) }
}

/// A violation in the caller's terms. Where the body or a part of it is an object of inputs, it is that of one of them; so is
/// that of an argument that is a part of an input.
fn of_caller(binding: &Binding, violation: Violation) -> Violation {
    input_of(binding, &violation).unwrap_or(violation)
}

fn input_of(binding: &Binding, violation: &Violation) -> Option<Violation> {
    let ArgumentMapping::Mapped(mapping) = &binding.arguments else { return None };
    let mut parameters = binding.target.parameters().iter().zip(mapping.sources.iter());
    let is_meant = |parameter: &Parameter, source: &ArgumentSource| {
        let has_inputs = parameter.location.is_body() || matches!(source, ArgumentSource::Part(_));
        has_inputs && parameter.name == violation.parameter
    };
    let (_, mut source) = parameters.find(|(parameter, source)| is_meant(parameter, source))?;
    let mut pointer = violation.pointer.as_deref().unwrap_or_default();
    while let ArgumentSource::Object(members) = source {
        let rest = pointer.strip_prefix('/')?;
        let (name, inside) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len()))?;
        (source, pointer) = (&members.iter().find(|member| pointer_token(&member.name) == name)?.value, inside);
    }
    let (id, path): (_, &[PathStep]) = match source {
        ArgumentSource::Input(id) => (*id, &[]),
        ArgumentSource::Part(part) => (part.input, &part.at),
        _ => return None,
    };
    let input = mapping.inputs.get(id.index())?;
    let mut at: String = path.iter().map_while(token).collect();
    at.push_str(pointer);
    Some(Violation::new(&input.name, &*violation.problem).at(at))
}

/// A step of a path as a part of a JSON pointer (RFC 6901).
fn token(step: &PathStep) -> Option<String> {
    match step {
        PathStep::Key(name) => Some(format!("/{}", pointer_token(name))),
        PathStep::Index(index) => Some(format!("/{index}")),
        _ => None,
    }
}

/// The arguments that the caller's values make, with the defaults of what is left out.
fn arguments(binding: &Binding, defaults: &Defaults, values: Values, variables: &VariableValues) -> Arguments {
    let mapped: Values = match &binding.arguments {
        ArgumentMapping::Identity => values,
        ArgumentMapping::Mapped(mapping) => {
            let scope = Scope { inputs: &values, renewal: None, outputs: &[], element: None, variables };
            mapping.sources.iter().map(|source| scope.value(source)).collect()
        }
    };
    let mut arguments = Arguments::of(converted(mapped, binding.target.parameters()));
    if let Target::Operation(operation) = &binding.target {
        defaults.complete(operation, &mut arguments);
    }
    arguments
}

/// Arguments in the types of their parameters. Null is no argument, but where a body takes any value.
pub(crate) fn converted(values: Values, parameters: &[Parameter]) -> Values {
    let pairs = values.into_iter().zip(parameters);
    let of_parameter = |(argument, parameter): (Option<Argument>, &Parameter)| {
        let takes_null = parameter.kind == Kind::Any && parameter.location.is_body();
        let argument = argument.filter(|argument| takes_null || !is_null(argument))?;
        Some(convert(&argument, parameter).unwrap_or(argument))
    };
    pairs.map(of_parameter).collect()
}

/// Converts an argument to the type of its parameter, if it has another one: text to a number, a number to text, one value to
/// an array.
fn convert(argument: &Argument, parameter: &Parameter) -> Option<Argument> {
    let first = match argument {
        Argument::Json(json) if parameter.location != Location::Body => *json.trim_ascii_start().first()?,
        Argument::Value(Value::String(_)) => b'"',
        Argument::Value(Value::Number(_)) => b'0',
        Argument::Value(Value::Bool(_)) => b't',
        Argument::Value(Value::Array(_)) => b'[',
        Argument::Value(Value::Object(_)) => b'{',
        Argument::Value(_) | Argument::Json(_) | Argument::Raw(_) => return None,
    };
    match (first, parameter.kind) {
        // In text, a list or an object is its JSON.
        (b'-' | b'0'..=b'9' | b't' | b'f' | b'[' | b'{', Kind::String) => Some(Argument::Value(argument.text().into())),
        (b'"', Kind::Integer | Kind::Number | Kind::Boolean | Kind::Object) => {
            let text = argument.text();
            let json = serde_json::from_str::<&RawValue>(&text).ok()?.get();
            (!json.starts_with(['"', 'n'])).then(|| from_json_text(parameter.kind, json))
        }
        // A whole body of no known type is what the text describes, if that is an object or an array.
        (b'"', Kind::Any) if parameter.location == Location::Body => {
            let text = argument.text();
            let json = serde_json::from_str::<&RawValue>(&text).ok()?.get();
            json.starts_with(['{', '[']).then(|| from_json_text(Kind::Any, json))
        }
        // A single value becomes an array of one item.
        (b'-' | b'0'..=b'9' | b't' | b'f' | b'"', Kind::Array) => {
            Some(joined(b'[', &[argument.to_json()?.into_owned()], b']'))
        }
        // A whole number may have been written as 10.0.
        (_, kind @ (Kind::String | Kind::Integer | Kind::Boolean)) => match argument {
            Argument::Json(json) => Some(from_json_text(kind, std::str::from_utf8(json).ok()?)),
            Argument::Value(_) | Argument::Raw(_) => None,
        },
        _ => None,
    }
}

/// A name that a caller sent, as it is repeated in messages: cut, and without characters that no one sees.
pub fn short(name: &str) -> String {
    visible(&shortened(name, NAME_LIMIT)).into_owned()
}

/// Adds the violations for unknown inputs. Only the first of them lists the names of the known inputs.
pub fn unknown_inputs<'n, 'i, V>(
    violations: &mut Violations<V>,
    names: impl ExactSizeIterator<Item = &'n str>,
    known: impl IntoIterator<Item = &'i Parameter>,
    located: impl Fn(Violation) -> V,
) {
    let count = names.len();
    let shown = violations.room().min(count);
    let mut expected = Some(known.into_iter().map(|input| &input.name));
    for name in names.take(shown) {
        let problem = match expected.take().map(|names| listed(names, NAMES_LIMIT)) {
            None => "is not a known input".to_owned(),
            Some(known) if known.is_empty() => "is not a known input; none are accepted".to_owned(),
            Some(known) => format!("is not a known input; expected one of {known}"),
        };
        violations.push(located(Violation::new(&short(name), problem)));
    }
    violations.omit(count - shown);
}
