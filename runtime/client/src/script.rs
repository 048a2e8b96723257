//! Scripts in languages that an application brings.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::transform::Transform;
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

/// Why a script returned no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScriptError {
    /// It threw an error, because of what it was given: a mistake of the caller. The text is the message of the error.
    Thrown(String),
    /// It cannot be run, or went beyond a limit: no mistake of the caller. The text says why.
    Failed(String),
}

/// What an application registers for steps: runners of scripts by language, and transforms by the name of their step.
#[derive(Clone, Default)]
pub struct ScriptRunners {
    languages: BTreeMap<String, Arc<dyn ScriptRunner>>,
    transforms: BTreeMap<String, Arc<dyn Transform>>,
}

impl ScriptRunners {
    /// Adds the runner of a language, as specifications spell it: `python`, `groovy`.
    #[must_use]
    pub fn with(mut self, language: impl Into<String>, runner: impl ScriptRunner) -> Self {
        self.languages.insert(language.into().to_ascii_lowercase(), Arc::new(runner));
        self
    }

    /// Adds what takes the steps of type `transform` that have this name.
    #[must_use]
    pub fn with_transform(mut self, step: impl Into<String>, transform: impl Transform) -> Self {
        self.transforms.insert(step.into(), Arc::new(transform));
        self
    }

    #[doc(hidden)]
    pub fn get(&self, language: &str) -> Option<&dyn ScriptRunner> {
        self.languages.get(language).map(|runner| &**runner)
    }

    #[doc(hidden)]
    pub fn transform(&self, step: &str) -> Option<&dyn Transform> {
        self.transforms.get(step).map(|transform| &**transform)
    }
}

impl fmt::Debug for ScriptRunners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.languages.keys()).entries(self.transforms.keys()).finish()
    }
}
