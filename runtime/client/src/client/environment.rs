//! Where the values of variables come from.

use std::collections::BTreeMap;
use std::sync::Arc;

/// The environment variables of the process, or others in their place. It has no `Debug`, because they may be secrets.
#[derive(Clone, Default)]
pub struct Environment(Option<Arc<BTreeMap<String, String>>>);

impl Environment {
    /// These variables, and none of the process.
    pub fn of(variables: BTreeMap<String, String>) -> Self {
        Self(Some(Arc::new(variables)))
    }

    /// The value of a variable. A blank one counts as unset.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.0 {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}
