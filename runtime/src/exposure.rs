//! From what a REST or MCP caller sends to the arguments of an operation.

use std::borrow::Cow;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use crate::argument::{Violation, check_json, scalar_text};
use crate::arguments::{Argument, Arguments};
#[cfg(feature = "rest")]
use crate::client::Flow;
#[cfg(feature = "mcp")]
use crate::client::Preview;
use crate::client::{Connection, Options};
use crate::error::Error;
use crate::operation::{Authentication, Kind, Location, Operation, Parameter, Template, Variable};
use crate::output::Output;
use crate::response::Response;

/// What callers of an adapter have to send, as the capability says. The server of a generated crate checks it.
#[derive(Clone, Copy, Debug)]
pub struct Callers {
    /// What shows who they are.
    pub proof: Proof,
    /// The variables in it. A client alone does not need these.
    pub variables: &'static [Variable],
}

/// What shows who a caller is.
#[derive(Clone, Copy, Debug)]
pub enum Proof {
    /// All of these, in headers.
    Credentials(&'static [Authentication]),
    /// A token that an authorization server made out for this server.
    Token(AccessToken),
}

/// Which access tokens are accepted.
#[derive(Clone, Copy, Debug)]
pub struct AccessToken {
    /// The authorization server's URI.
    pub issuer: Template,
    /// The URI of this server, as its callers know it.
    pub resource: Template,
    /// What tokens may name in its place.
    pub audience: Option<Template>,
    /// All of them have to be granted.
    pub scopes: &'static [Template],
}

impl Callers {
    /// Whoever calls is served.
    pub const ANYBODY: Self = Self { proof: Proof::Credentials(&[]), variables: &[] };

    /// The credentials in headers. A token is none of them.
    #[cfg(feature = "server")]
    pub(crate) fn credentials(&self) -> &'static [Authentication] {
        match self.proof {
            Proof::Credentials(credentials) => credentials,
            Proof::Token(_) => &[],
        }
    }
}

/// What a route or a tool does: which operation it calls, with what, and what of the answer it gives back.
#[derive(Debug)]
pub struct Exposure {
    /// The operation.
    pub operation: &'static Operation,
    /// How the caller's inputs become arguments.
    pub wiring: Wiring,
    /// What of the answer the caller gets.
    pub output: Output,
}

/// How the caller's inputs become the operation's arguments.
#[derive(Debug)]
pub enum Wiring {
    /// The inputs are the operation's parameters.
    Direct,
    /// The inputs differ.
    Mapped {
        /// What the caller may send.
        inputs: &'static [Parameter],
        /// One source for each parameter of the operation, in order.
        sources: &'static [Source],
    },
}

/// Where the argument for a parameter comes from.
#[derive(Debug)]
pub enum Source {
    /// Nowhere: it is left out.
    Absent,
    /// From the input with this index.
    Input(usize),
    /// A fixed value, as JSON text.
    Json(&'static str),
    /// Text with inputs in it. It is left out when one of them is.
    Text(&'static [TextPart]),
    /// A list of what is not left out. It is left out itself when all of its items are.
    List(&'static [Source]),
    /// An object of what is not left out. It is left out itself when all of its members are.
    Object(&'static [(&'static str, Source)]),
}

/// A piece of [`Source::Text`].
#[derive(Debug)]
pub enum TextPart {
    /// Text that stands as it is.
    Literal(&'static str),
    /// The text of the input with this index.
    Input(usize),
}

/// Callers are told less than the log: the causes name the upstream's address.
fn tell_operator(error: &Error) {
    if error.is_for_the_operator() {
        tracing::warn!(operation = error.operation(), kind = ?error.kind(), causes = error.causes(), "upstream failed");
    }
}

/// Who a caller is, as far as the server knows: state that is kept for one is nobody else's. The text only tells callers
/// apart; it has no `Debug`, as it holds what an authorization server calls a person.
#[cfg(feature = "mcp")]
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Principal(Cow<'static, str>);

#[cfg(feature = "mcp")]
impl Principal {
    /// Whoever can send this kind of credential. All of them are one.
    #[cfg(feature = "server")]
    pub(crate) const fn by(kind: &'static str) -> Self {
        Self(Cow::Borrowed(kind))
    }

    /// Whoever has this name with this authorization server.
    #[cfg(feature = "server")]
    pub(crate) fn of(issuer: &str, name: &str) -> Self {
        // Neither a URI nor the name of a kind has a line break in it.
        Self(Cow::Owned(format!("{issuer}\n{name}")))
    }

    /// The text.
    pub(crate) fn id(&self) -> &str {
        &self.0
    }
}

/// Header fields that go upstream with a call beside those that it sets: its id, its trace.
#[derive(Clone, Debug, Default)]
pub(crate) struct Forwarded(pub(crate) HeaderMap);

/// Answers that are shorter are read before they are passed on, in bytes.
#[cfg(feature = "rest")]
const SHORT: usize = 64 << 10;

/// What a caller sent, by input index.
pub(crate) type Values = Vec<Option<Argument>>;

impl Exposure {
    /// What the caller may send.
    pub(crate) fn inputs(&self) -> &'static [Parameter] {
        match self.wiring {
            Wiring::Direct => self.operation.parameters,
            Wiring::Mapped { inputs, .. } => inputs,
        }
    }

    /// Room for the caller's values.
    pub(crate) fn values(&self) -> Values {
        vec![None; self.inputs().len()]
    }

    /// Calls the operation with arguments that were checked.
    pub(crate) async fn execute(
        &self,
        connection: &Connection,
        arguments: Arguments,
        forwarded: Forwarded,
    ) -> Result<Response<Bytes>, Error> {
        let outcome = connection.execute(self.operation, &arguments, &Options::forwarding(forwarded.0)).await;
        outcome.inspect_err(tell_operator)
    }

    /// The same for an answer that is passed on as it comes.
    #[cfg(feature = "rest")]
    pub(crate) async fn flow(
        &self,
        connection: &Connection,
        arguments: Arguments,
        forwarded: Forwarded,
    ) -> Result<Response<Flow>, Error> {
        let outcome = connection.flow(self.operation, &arguments, &Options::forwarding(forwarded.0), SHORT).await;
        outcome.inspect_err(tell_operator)
    }

    /// The request that would be sent.
    #[cfg(feature = "mcp")]
    pub(crate) fn preview(&self, connection: &Connection, arguments: &Arguments) -> Result<Preview, Error> {
        connection.preview(self.operation, arguments, &Options::default())
    }

    /// The operation's arguments of the caller's values, checked in the caller's own terms.
    pub(crate) fn checked(&self, mut values: Values) -> Result<Arguments, Error> {
        let mut violations = Vec::new();
        for (input, value) in self.inputs().iter().zip(&mut values) {
            if value.is_none() {
                *value = input.default.and_then(|json| serde_json::from_str(json).ok()).map(Argument::Value);
            }
            violations.extend(Argument::check(input, value.as_ref()).err());
        }
        if violations.is_empty() {
            Ok(self.arguments(values))
        } else {
            Err(Error::arguments(self.operation.name, violations))
        }
    }

    fn arguments(&self, values: Values) -> Arguments {
        let given: Values = match self.wiring {
            Wiring::Direct => values,
            Wiring::Mapped { sources, .. } => sources.iter().map(|source| source.argument(&values)).collect(),
        };
        let parameters = self.operation.parameters.iter();
        let converted = given.into_iter().zip(parameters).map(|(argument, to)| Some(convert(argument?, to)));
        Arguments::of(converted.collect())
    }
}

impl Source {
    fn argument(&self, values: &Values) -> Option<Argument> {
        match self {
            Self::Absent => None,
            Self::Input(index) => values.get(*index).cloned().flatten(),
            Self::Json(json) => serde_json::from_str(json).ok().map(Argument::Value),
            Self::Text(parts) => {
                let text = |part: &TextPart| match part {
                    TextPart::Literal(text) => Some(Cow::Borrowed(*text)),
                    TextPart::Input(index) => values.get(*index)?.as_ref().map(Argument::text),
                };
                let texts: Option<String> = parts.iter().map(text).collect();
                texts.map(|text| Argument::Value(Value::String(text)))
            }
            Self::List(items) => {
                let given: Vec<Value> = items.iter().filter_map(|item| item.argument(values)?.into_value()).collect();
                (!given.is_empty() || items.is_empty()).then(|| Argument::Value(given.into()))
            }
            Self::Object(members) => {
                let member =
                    |(name, source): &(&str, Self)| Some(((*name).to_owned(), source.argument(values)?.into_value()?));
                let given: Map<String, Value> = members.iter().filter_map(member).collect();
                (!given.is_empty() || members.is_empty()).then(|| Argument::Value(given.into()))
            }
        }
    }
}

/// A caller's input may have another type than the parameter that it feeds: text for a number, a number for text.
fn convert(argument: Argument, parameter: &Parameter) -> Argument {
    let value = match argument {
        Argument::Raw(_) => return argument,
        Argument::Json(_) if parameter.location == Location::Body => return argument,
        // What fits as it is keeps its digits.
        Argument::Json(ref json) if parameter.location == Location::Field && check_json(parameter, json).is_ok() => {
            return argument;
        }
        Argument::Json(ref json) => match serde_json::from_slice(json) {
            Ok(value) => value,
            // It is nested too deeply for anything but a body, which is for the request to say.
            Err(_) => return argument,
        },
        Argument::Value(value) => value,
    };
    let converted = match (&value, parameter.kind) {
        (Value::Number(_) | Value::Bool(_), Kind::String) => scalar_text(&value).map(Value::from),
        (Value::String(text), Kind::Integer | Kind::Number | Kind::Boolean | Kind::Object) => {
            serde_json::from_str(text).ok().filter(|typed: &Value| !typed.is_string() && !typed.is_null())
        }
        // One value where several may be given.
        (Value::String(_) | Value::Number(_) | Value::Bool(_), Kind::Array) => Some(Value::Array(vec![value.clone()])),
        _ => None,
    };
    Argument::Value(converted.unwrap_or(value))
}

/// How much of a name that a caller made up is repeated, in characters: a long one would only blow up the answer.
pub(crate) const NAME_LIMIT: usize = 64;

/// What is wrong with an input that does not exist, and which ones do.
pub(crate) fn unknown_input(name: &str, inputs: &[Parameter]) -> Violation {
    let known: Vec<_> = inputs.iter().map(|input| format!("`{}`", input.name)).collect();
    let known = if known.is_empty() { "there are none".to_owned() } else { format!("known are {}", known.join(", ")) };
    let name: String = name.chars().take(NAME_LIMIT).collect();
    Violation { parameter: name, problem: format!("is not known; {known}") }
}
