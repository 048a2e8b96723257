//! Values for what callers leave out, which the environment or the application has.

use std::borrow::Cow;
use std::collections::BTreeMap;

use naftiko_schema::{Capability, Location, Operation, Parameter, ParameterId};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::argument::{Argument, Arguments, Schema, Violation, from_texts};

/// The values that are configured, by the environment variables that may have them.
#[doc(hidden)]
#[derive(Clone, Debug, Default)]
pub struct Defaults(BTreeMap<String, String>);

impl Defaults {
    /// The defaults of a capability. `value` has the text for a parameter, if there is one.
    ///
    /// # Errors
    /// If a text is no valid value; with the parameter and the violation.
    pub(crate) fn new(
        capability: &'static Capability,
        value: impl Fn(&'static Parameter) -> Option<String>,
    ) -> Result<Self, (&'static Parameter, Violation)> {
        let defaults: &'static [Parameter] = &capability.defaults;
        let mut known = BTreeMap::new();
        for parameter in defaults {
            let (Some(variable), Some(text)) = (parameter.configured.as_deref(), value(parameter)) else { continue };
            from_texts(parameter, std::iter::once(text.clone()))
                .and_then(|argument| Argument::check(parameter, Some(&argument)))
                .map_err(|violation| (parameter, violation))?;
            known.insert(variable.to_owned(), text);
        }
        Ok(Self(known))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What a variable is configured to be.
    pub fn text(&self, variable: &str) -> Option<&str> {
        self.0.get(variable).map(String::as_str)
    }

    /// The argument for a parameter that a caller leaves out.
    pub fn argument(&self, parameter: &Parameter) -> Option<Argument> {
        let text = self.text(parameter.configured.as_deref()?)?;
        from_texts(parameter, std::iter::once(text.to_owned())).ok()
    }

    /// The same as JSON.
    pub fn value(&self, parameter: &Parameter) -> Option<Value> {
        serde_json::from_slice(&self.argument(parameter)?.to_json()?).ok()
    }

    /// Sets the values of parameters and of members of the body that were left out.
    pub fn complete(&self, operation: &Operation, arguments: &mut Arguments) {
        if self.is_empty() {
            return;
        }
        for (index, parameter) in operation.parameters.iter().enumerate() {
            let id = ParameterId::from(index);
            let argument = match (arguments.get(id), &operation.request_schema) {
                (None, _) => self.argument(parameter),
                (Some(body), Some(schema)) if parameter.location == Location::Body => {
                    self.body(&Schema::of(schema), body)
                }
                _ => None,
            };
            if let Some(argument) = argument {
                arguments.set(id, argument);
            }
        }
    }

    /// The body with its members that were left out; `None` if there are none. A member that is null was not left out.
    fn body(&self, schema: &Schema, body: &Argument) -> Option<Argument> {
        let members: Vec<_> =
            schema.configured().iter().filter_map(|member| Some((&*member.name, self.value(member)?))).collect();
        if members.is_empty() {
            return None;
        }
        match body {
            Argument::Value(Value::Object(known)) => {
                let mut whole = known.clone();
                for (name, value) in members {
                    whole.entry(name).or_insert(value);
                }
                (whole.len() > known.len()).then_some(Argument::Value(Value::Object(whole)))
            }
            Argument::Json(json) => {
                let known: BTreeMap<Cow<'_, str>, IgnoredAny> = serde_json::from_slice(json).ok()?;
                let missing = members.into_iter().filter(|(name, _)| !known.contains_key(*name));
                let mut pairs: Vec<String> =
                    missing.map(|(name, value)| format!("{}:{value}", Value::from(name))).collect();
                if pairs.is_empty() {
                    return None;
                }
                pairs.extend((!known.is_empty()).then(String::new));
                // What the caller sent stays as it is, so that no number loses a digit.
                let rest = json.trim_ascii_start().strip_prefix(b"{")?;
                Some(Argument::Json([b"{", pairs.join(",").as_bytes(), rest].concat().into()))
            }
            Argument::Value(_) | Argument::Raw(_) => None,
        }
    }
}

/// In place of a required argument: its default, which is the value of [`ClientBuilder::default_value`], or that of the
/// environment.
///
/// [`ClientBuilder::default_value`]: crate::ClientBuilder::default_value
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Configured;

/// A required argument that may be left to its default: a value or [`Configured`].
#[derive(Clone, Debug, PartialEq)]
pub enum Choice<T> {
    /// The value of the caller.
    Value(T),
    /// The value that is configured.
    Configured,
}

impl<T> Choice<T> {
    /// The value of the caller.
    pub fn value(self) -> Option<T> {
        match self {
            Self::Value(value) => Some(value),
            Self::Configured => None,
        }
    }
}

impl<T> From<Configured> for Choice<T> {
    fn from(_: Configured) -> Self {
        Self::Configured
    }
}

impl<T: Into<String>> From<T> for Choice<String> {
    fn from(text: T) -> Self {
        Self::Value(text.into())
    }
}

impl<T> From<Choice<T>> for Option<T> {
    fn from(choice: Choice<T>) -> Self {
        choice.value()
    }
}

impl From<i64> for Choice<i64> {
    fn from(number: i64) -> Self {
        Self::Value(number)
    }
}

impl From<f64> for Choice<f64> {
    fn from(number: f64) -> Self {
        Self::Value(number)
    }
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{Kind, Method, OperationId, RetrySafety, Rules};
    use serde_json::json;

    use super::*;
    use crate::check::check;

    static CAPABILITY: Capability = Capability::new("shop", "Shop", "1").defaults(
        const {
            &[
                Parameter::new("region", Location::Path, Kind::String)
                    .configured("REGION")
                    .rules(Rules::new().allowed(
                        const { &[std::borrow::Cow::Borrowed("\"a\""), std::borrow::Cow::Borrowed("\"b\"")] },
                    )),
                Parameter::new("count", Location::Field, Kind::Integer).configured("COUNT"),
            ]
        },
    );
    static OPERATION: Operation = Operation::new(OperationId(0), "add", Method::Post, RetrySafety::Never)
        .parameters(
            const {
                &[
                    Parameter::new("region", Location::Path, Kind::String).required().configured("REGION"),
                    Parameter::new("body", Location::Body, Kind::Object).required(),
                ]
            },
        )
        .request_schema(
            r#"{"type":"object","properties":{"count":{"type":"integer","x-naftiko-default":{"env":"COUNT"}},
            "name":{"type":"string"}},"required":["count","name"]}"#,
        );

    fn defaults(region: &str, count: &str) -> Result<Defaults, (&'static Parameter, Violation)> {
        Defaults::new(&CAPABILITY, |parameter| Some(if parameter.name == "region" { region } else { count }.to_owned()))
    }

    #[test]
    fn values_that_are_not_valid_are_rejected() {
        assert!(defaults("a", "7").is_ok());
        for (region, count, name) in [("c", "7", "region"), ("", "7", "region"), ("a", "seven", "count")] {
            assert_eq!(defaults(region, count).expect_err("it is wrong").0.name, name);
        }
    }

    #[test]
    fn what_is_left_out_gets_its_default_and_nothing_else_changes() {
        let defaults = defaults("b", "7").expect("valid values");
        let value = |value: Value| Some(Argument::Value(value));
        let text = |json: &'static str| Some(Argument::Json(json.into()));
        for (region, body, expected) in [
            (None, value(json!({"name": "x"})), json!(["b", {"name": "x", "count": 7}])),
            (value(json!("a")), value(json!({"count": 1})), json!(["a", {"count": 1}])),
            (None, value(json!({"count": null})), json!(["b", {"count": null}])),
            (None, text(" { \"name\": 1.10 }"), json!(["b", {"count": 7, "name": 1.10}])),
            (None, text("{ }"), json!(["b", {"count": 7}])),
            (None, text("{\"count\":3}"), json!(["b", {"count": 3}])),
            (None, text("[1]"), json!(["b", [1]])),
        ] {
            let mut completed = Arguments::of(vec![region, body]);
            defaults.complete(&OPERATION, &mut completed);
            let json = |id| completed.get(ParameterId(id)).and_then(|argument| Some(argument.to_json()?.into_owned()));
            let values: Vec<Value> =
                (0..2).filter_map(|id| serde_json::from_slice(&json(id).unwrap_or_default()).ok()).collect();
            assert_eq!(Value::from(values), expected);
            assert_eq!(check(&OPERATION, &completed, false).is_empty(), expected[1].is_object());
        }
    }

    #[test]
    fn violation_of_what_is_left_out_names_the_variable() {
        let missing = Arguments::of(vec![None, Some(Argument::Value(json!({"name": "x"})))]);
        let violations = check(&OPERATION, &missing, true);
        let violations: Vec<_> = violations.first().iter().map(ToString::to_string).collect();
        assert_eq!(
            violations,
            [
                "`region` is required where the environment variable `REGION` is not set",
                "`body` at `/count` is required where the environment variable `COUNT` is not set",
            ]
        );
    }

    #[test]
    fn arguments_may_be_left_to_their_defaults() {
        fn given<T>(choice: impl Into<Choice<T>>) -> Option<T> {
            choice.into().value()
        }
        assert_eq!(given::<String>("a"), Some("a".to_owned()));
        assert_eq!(given::<String>(&"a".to_owned()), Some("a".to_owned()));
        assert_eq!(given::<i64>(1), Some(1));
        assert_eq!(given::<f64>(1.5), Some(1.5));
        assert_eq!(given::<String>(Configured), None);
        assert_eq!(given::<i64>(Configured), None);
    }
}
