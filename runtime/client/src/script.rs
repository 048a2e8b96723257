//! Scripts in languages of an application, and transforms, which make an object of what a caller sent and of what earlier steps
//! returned.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::format::from_value;
use crate::transport::BoxFuture;

/// Runs the scripts of one language, such as Python or Groovy. JavaScript needs none: it is built in.
pub trait ScriptRunner: Send + Sync + 'static {
    /// Runs a script, and returns what it assigned to `result`; `None` if it assigned nothing. The future is dropped when the
    /// time limit of the script, or of the call, is over.
    ///
    /// # Errors
    /// If the script throws, or cannot be run.
    fn run<'r>(&'r self, script: ScriptCall<'r>) -> BoxFuture<'r, Result<Option<Value>, ScriptError>>;
}

/// A script that is to be run once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ScriptCall<'r> {
    /// Name and text of each file, in the order in which they run: dependencies first.
    pub files: Vec<(&'r str, &'r str)>,
    /// What the script sees as `context`: an object with the inputs, the outputs of earlier steps, and values of its own.
    pub context: Value,
    /// How long it may run.
    pub timeout: Duration,
    /// How many statements it may run.
    pub statements: u32,
}

impl<'r> ScriptCall<'r> {
    #[doc(hidden)]
    pub fn new(files: Vec<(&'r str, &'r str)>, context: Value, timeout: Duration, statements: u32) -> Self {
        Self { files, context, timeout, statements }
    }
}

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

/// Why a script or a transform returned no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptError {
    /// It threw an error, because of what it was given: a mistake of the caller. The text is the message of the error.
    Thrown(String),
    /// It cannot be run, or went beyond a limit: no mistake of the caller. The text says why.
    Failed(String),
}
