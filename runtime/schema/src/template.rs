//! Text that is made of parts when a request is built.

use serde::Serialize;

use crate::table::table;
use crate::{List, ParameterId, Text, VariableId};

table! {
    /// Text with values in it. Values are inserted once: what looks like a placeholder in a value is text.
    pub struct Template {
        /// Its pieces, in order.
        parts: [TemplatePart],
    }
}

impl Template {
    /// Whether a part of its value comes from the environment, so that it may be a secret.
    pub fn has_variable(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, TemplatePart::Variable(_)))
    }

    /// Whether arguments are a part of its value.
    pub fn has_argument(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, TemplatePart::Parameter(_)))
    }

    /// The text as its author wrote it, with `{{NAME}}` for each of these variables. Arguments have no name here, and are `{{}}`.
    pub fn source(&self, variables: &[crate::Variable]) -> String {
        let part = |part: &TemplatePart| match part {
            TemplatePart::Literal(text) => text.clone().into_owned(),
            TemplatePart::Variable(id) => {
                format!("{{{{{}}}}}", variables.get(id.index()).map_or("", |variable| &*variable.name))
            }
            TemplatePart::Parameter(_) => "{{}}".to_owned(),
        };
        self.parts.iter().map(part).collect()
    }
}

impl From<Vec<TemplatePart>> for Template {
    fn from(parts: Vec<TemplatePart>) -> Self {
        Self { parts: List::Owned(parts) }
    }
}

/// A piece of a [`Template`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum TemplatePart {
    /// Text, used as it is.
    Literal(Text),
    /// The value of a variable.
    Variable(VariableId),
    /// The text of an argument. Only templates of an operation have arguments.
    Parameter(ParameterId),
}
