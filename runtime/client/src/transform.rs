//! Steps that an application takes: it makes an object of what a caller sent and of what earlier steps returned.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::format::from_value;
use crate::script::ScriptError;
use crate::transport::BoxFuture;

/// Takes a step of type `transform`, which says only in prose what it makes. It is registered under the name of the step.
pub trait Transform: Send + Sync + 'static {
    /// Makes the output of the step: the output parameters that the capability declares for it, in their types. The future is
    /// dropped when the time limit of the flow is over.
    ///
    /// # Errors
    /// If it refuses what it was given, or fails.
    fn run<'r>(&'r self, call: TransformCall<'r>) -> BoxFuture<'r, Result<Map<String, Value>, ScriptError>>;
}

/// A step that is to be taken once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransformCall<'r> {
    /// The name of the flow: that of a tool, a route, a resource or a flow of an aggregate.
    pub flow: &'r str,
    /// The name of the step.
    pub step: &'r str,
    /// What the capability says that the step makes.
    pub description: &'r str,
    /// What the caller sent, fixed inputs, and the step's own `with`.
    pub inputs: Map<String, Value>,
    /// The outputs of earlier steps that have one, by the names of the steps.
    pub outputs: Map<String, Value>,
    /// How long it may take.
    pub timeout: Duration,
}

impl<'r> TransformCall<'r> {
    #[doc(hidden)]
    pub fn new(
        flow: &'r str,
        step: &'r str,
        description: &'r str,
        inputs: Map<String, Value>,
        outputs: Map<String, Value>,
        timeout: Duration,
    ) -> Self {
        Self { flow, step, description, inputs, outputs, timeout }
    }

    /// An input as a type of the application. One that is missing is null.
    ///
    /// # Errors
    /// If it has another shape: a mistake of the caller.
    pub fn input<T: DeserializeOwned>(&self, name: &str) -> Result<T, ScriptError> {
        let value = self.inputs.get(name).cloned().unwrap_or_default();
        from_value(value).map_err(|error| ScriptError::Thrown(format!("the input `{name}` has another shape: {error}")))
    }

    /// The output of an earlier step as a type of the application. One that is missing is null.
    ///
    /// # Errors
    /// If it has another shape.
    pub fn output<T: DeserializeOwned>(&self, step: &str) -> Result<T, ScriptError> {
        let value = self.outputs.get(step).cloned().unwrap_or_default();
        let failed = |error| ScriptError::Failed(format!("the output of step `{step}` has another shape: {error}"));
        from_value(value).map_err(failed)
    }
}
