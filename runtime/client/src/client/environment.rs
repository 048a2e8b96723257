//! Where the values of variables come from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use naftiko_schema::Variable;

use super::bind_file;

/// The environment variables of the process, or others in their place, and the folder of the files that have values. It has no
/// `Debug`, because they may be secrets.
#[derive(Clone, Default)]
pub struct Environment {
    variables: Option<Arc<BTreeMap<String, String>>>,
    folder: Option<Arc<Path>>,
}

impl Environment {
    /// These variables, and none of the process.
    pub fn of(variables: BTreeMap<String, String>) -> Self {
        Self { variables: Some(Arc::new(variables)), folder: None }
    }

    /// The same, with files from this folder; without one, from the current folder of the process.
    #[must_use]
    pub fn with_folder(self, folder: Option<PathBuf>) -> Self {
        Self { folder: folder.map(Arc::from), ..self }
    }

    /// The value of a variable: from the file that its bind names, or from the environment.
    ///
    /// # Errors
    /// What is missing, in words that quote no value.
    pub fn value(&self, variable: &Variable) -> Result<String, String> {
        let (Some(file), Some(key)) = (&variable.file, &variable.key) else {
            let missing = || format!("the environment variable `{}` is not set", variable.name);
            return self.get(&variable.name).ok_or_else(missing);
        };
        let path = self.folder.as_deref().unwrap_or(Path::new("")).join(&**file);
        bind_file::value(&path, file, key)
    }

    /// The value of a variable. A blank one counts as unset.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.variables {
            Some(variables) => variables.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.trim().is_empty())
    }
}
