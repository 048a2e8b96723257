//! What an application registers: runners of scripts, transforms and signers.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::signer::Signer;
use crate::script::{ScriptRunner, Transform};

/// What an application registers: runners of scripts by language, transforms by the name of their step, and signers by the
/// namespace of their API.
#[derive(Clone, Default)]
pub struct ScriptRunners {
    languages: BTreeMap<String, Arc<dyn ScriptRunner>>,
    transforms: BTreeMap<String, Arc<dyn Transform>>,
    signers: BTreeMap<String, Arc<dyn Signer>>,
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

    /// Adds what signs requests to the API of this consumed namespace, if its `authentication` does not say how.
    #[must_use]
    pub fn with_signer(mut self, namespace: impl Into<String>, signer: impl Signer) -> Self {
        self.signers.insert(namespace.into(), Arc::new(signer));
        self
    }

    pub(crate) fn signer(&self, namespace: &str) -> Option<Arc<dyn Signer>> {
        self.signers.get(namespace).cloned()
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
        let names = self.languages.keys().chain(self.transforms.keys()).chain(self.signers.keys());
        f.debug_set().entries(names).finish()
    }
}
