//! What a route, tool or resource runs, and how the inputs of its caller become arguments.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::table::table;
use crate::{ArgumentSource, Format, InputId, Location, Output, Parameter, Target, Text, VariableId};

table! {
    /// What a route, tool or resource runs, how its arguments are computed, and what its caller gets of the response.
    pub struct Binding {
        /// What is run.
        target: Target,
    } with {
        /// How inputs become arguments.
        arguments: ArgumentMapping,
        /// The names of inputs with a fixed value: what callers send under them has no effect.
        fixed: [Text],
        /// The part of the response that the caller gets.
        output: Output,
        /// The longest response, in bytes, if it is less than the client takes.
        response_limit: optional(u64),
    }
}

impl Binding {
    /// What the caller may send.
    pub fn inputs(&self) -> &[Parameter] {
        match &self.arguments {
            ArgumentMapping::Identity => self.target.parameters(),
            ArgumentMapping::Mapped(Mapping { inputs, .. }) => inputs,
        }
    }

    /// The input that is the whole body of the target's request, if one is.
    pub fn body_input(&self) -> Option<InputId> {
        let body = self.target.parameters().iter().position(|parameter| parameter.location == Location::Body)?;
        match &self.arguments {
            ArgumentMapping::Identity => Some(InputId::from(body)),
            ArgumentMapping::Mapped(mapping) => match mapping.sources.get(body)? {
                ArgumentSource::Input(id) => Some(*id),
                _ => None,
            },
        }
    }

    /// The variables of which arguments are made.
    pub fn variables(&self) -> BTreeSet<VariableId> {
        let mut used = BTreeSet::new();
        if let ArgumentMapping::Mapped(mapping) = &self.arguments {
            mapping.sources.iter().for_each(|source| source.variables(&mut |id| used.extend([id])));
        }
        used
    }

    /// The schema of the response that the caller gets, if it is known and not changed.
    pub fn response_schema(&self) -> Option<&str> {
        match self.output {
            Output::Whole => self.target.response_schema(),
            Output::Projected(_) => None,
        }
    }

    /// The longest response, in bytes, if the capability says one.
    pub fn limit(&self) -> Option<usize> {
        let limit = self.response_limit.or_else(|| self.target.responding()?.response_limit)?;
        Some(usize::try_from(limit).unwrap_or(usize::MAX))
    }

    /// The format of what the caller gets. A projection is always JSON.
    pub fn format(&self) -> &Format {
        match self.output {
            Output::Whole => self.target.format(),
            Output::Projected(_) => &Format::Json,
        }
    }
}

/// How inputs become arguments.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum ArgumentMapping {
    /// The inputs are the parameters of the target.
    Identity,
    /// The inputs differ.
    Mapped(Mapping),
}

impl ArgumentMapping {
    pub(crate) const UNSET: Self = Self::Identity;
}

table! {
    /// A mapping from inputs to arguments.
    pub struct Mapping {
        /// What the caller may send.
        inputs: [Parameter],
        /// One source for each parameter of the target, in order.
        sources: [ArgumentSource],
    }
}
