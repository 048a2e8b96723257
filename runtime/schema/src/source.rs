//! Where values come from: what callers send, fixed values, and outputs of steps.

use serde::Serialize;

use crate::table::table;
use crate::{InputId, Kind, List, PathStep, StepId, Text, VariableId};

/// Where an argument comes from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ArgumentSource {
    /// Nowhere: the parameter has no value.
    Absent,
    /// An input.
    Input(InputId),
    /// A part of an input that is a document.
    Part(InputPart),
    /// The output of a step, or a part of it.
    Output(StepValue),
    /// The value of a variable.
    Variable(VariableValue),
    /// A fixed value, as JSON text.
    Json(Text),
    /// Text with inputs in it. It is absent if all of them are; those that are have no text in it.
    Text(List<InputText>),
    /// Text with inputs in it. What is absent is empty.
    Filled(List<InputText>),
    /// A list of the items that are not absent. It is absent if all of its items are.
    List(List<ArgumentSource>),
    /// An object of the members that are not absent. It is absent if all of its members are.
    Object(List<SourceMember>),
    /// The first of these that is not absent.
    First(List<ArgumentSource>),
}

table! {
    /// A member of [`ArgumentSource::Object`].
    pub struct SourceMember {
        /// Its name.
        name: text,
        /// Its value.
        value: ArgumentSource,
    }
}

/// A piece of [`ArgumentSource::Text`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum InputText {
    /// Text, used as it is.
    Literal(Text),
    /// The text of an input.
    Input(InputId),
    /// The text of a part of an input.
    Part(InputPart),
    /// The text of an output.
    Output(StepValue),
    /// The value of a variable.
    Variable(VariableId),
}

impl ArgumentSource {
    /// Calls a function with each variable that is part of it.
    pub fn variables(&self, each: &mut impl FnMut(VariableId)) {
        match self {
            Self::Variable(value) => each(value.variable),
            Self::Text(parts) | Self::Filled(parts) => parts.iter().for_each(|part| {
                if let InputText::Variable(id) = part {
                    each(*id);
                }
            }),
            Self::List(items) | Self::First(items) => items.iter().for_each(|item| item.variables(each)),
            Self::Object(members) => members.iter().for_each(|member| member.value.variables(each)),
            Self::Absent | Self::Input(_) | Self::Part(_) | Self::Output(_) | Self::Json(_) => {}
        }
    }

    /// Calls a function with each step whose output is part of it.
    pub fn steps(&self, each: &mut impl FnMut(StepId)) {
        match self {
            Self::Output(value) => each(value.step),
            Self::Text(parts) | Self::Filled(parts) => parts.iter().for_each(|part| {
                if let InputText::Output(value) = part {
                    each(value.step);
                }
            }),
            Self::List(items) | Self::First(items) => items.iter().for_each(|item| item.steps(each)),
            Self::Object(members) => members.iter().for_each(|member| member.value.steps(each)),
            Self::Absent | Self::Input(_) | Self::Part(_) | Self::Variable(_) | Self::Json(_) => {}
        }
    }

    /// Whether a variable is part of it.
    pub fn has_variable(&self) -> bool {
        let mut has = false;
        self.variables(&mut |_| has = true);
        has
    }
}

table! {
    /// The value at a path in the output of a step.
    pub struct StepValue {
        /// The step.
        step: StepId,
        /// The path.
        at: [PathStep],
    }
}

table! {
    /// The value of a variable, which is text.
    pub struct VariableValue {
        /// The variable.
        variable: VariableId,
        /// The type as which the text is read, if it is one of that type.
        kind: Kind,
    }
}

table! {
    /// The value at a path in an input.
    pub struct InputPart {
        /// The input.
        input: InputId,
        /// The path.
        at: [PathStep],
    }
}
