//! Where the values of variables come from.

use naftiko_schema::{Api, Variable};
use secrecy::ExposeSecret as _;

use super::ClientBuilder;
use crate::client::ConfigError;
use crate::client::connection::Handle;
use crate::client::keys::Source;
use crate::client::on_behalf::{Place, place};

impl<C: Handle> ClientBuilder<C> {
    /// The sources of all variables, in the order of the capability.
    pub(super) fn resolve_variables(&mut self) -> Result<Vec<Source>, ConfigError> {
        let declared: &'static [Variable] = &self.capability.variables;
        if let Some(token) = self.token.take() {
            let [variable] = declared else { return Err(ConfigError::Token { count: declared.len() }) };
            self.variables.push((variable.name.to_string(), token));
        }
        if let Some((name, _)) = self.variables.iter().find(|(name, _)| !declared.iter().any(|d| d.name == **name)) {
            return Err(ConfigError::UnknownVariable { name: name.clone() });
        }
        let of_calls = self.variable_of_calls()?;
        let provided = self.variables_of_providers()?;
        let mut missing = Vec::new();
        let mut values = Vec::new();
        let mut problems = Vec::new();
        for variable in declared {
            let index = values.len() + missing.len();
            let provider = || provided.iter().find(|(id, _)| *id == index).map(|(_, source)| source.clone());
            let configured =
                self.variables.iter().rev().find(|(name, _)| *name == *variable.name).map(|(_, value)| value.clone());
            // Mounted secrets often end with a line break.
            let environment = || {
                let value =
                    self.environment.as_ref()?.value(variable).map_err(|problem| problems.push(problem)).ok()?;
                Some(Source::Fixed(value.trim_end_matches(['\r', '\n']).into()))
            };
            // An empty secret counts as missing: the upstream would reject it with a misleading message.
            let is_set = |source: &Source| match source {
                Source::Fixed(value) => !value.expose_secret().trim().is_empty(),
                Source::Provider(_) => true,
                Source::OfCalls => false,
            };
            match configured.or_else(provider).or_else(environment).filter(is_set) {
                Some(value) => values.push(value),
                None if of_calls == Some(index) => values.push(Source::OfCalls),
                None => missing.push(&*variable.name),
            }
        }
        if missing.is_empty() {
            return Ok(values);
        }
        let in_file = |name: &&str| declared.iter().any(|variable| variable.name == **name && variable.file.is_some());
        if !problems.is_empty() && missing.iter().any(in_file) {
            return Err(ConfigError::MissingValues { problems });
        }
        Err(ConfigError::MissingVariables { names: missing })
    }

    /// The index of the variable for which every call brings a value: no other API needs it.
    fn variable_of_calls(&self) -> Result<Option<usize>, ConfigError> {
        let mut places = Vec::new();
        for (index, api) in self.capability.apis.iter().enumerate() {
            if !self.demanded.iter().any(|demanded| demanded.is_of(api)) {
                places.push(None);
                continue;
            }
            let problem = |problem| ConfigError::CredentialOfCalls { namespace: api.namespace.to_string(), problem };
            places.push(Some(place(self.capability, index.into()).map_err(problem)?));
        }
        Ok(match places.split_first() {
            Some((Some(Place::Variable(first)), others)) => {
                others.iter().all(|other| *other == Some(Place::Variable(*first))).then_some(*first)
            }
            _ => None,
        })
    }

    /// The indices of the variables that providers have, each with its provider.
    fn variables_of_providers(&self) -> Result<Vec<(usize, Source)>, ConfigError> {
        let one = |(namespace, source): &(String, Source)| {
            let apis: &'static [Api] = &self.capability.apis;
            let index = apis.iter().position(|api| api.namespace == **namespace);
            let index = index.ok_or_else(|| ConfigError::UnknownApi { namespace: namespace.clone() })?;
            let problem = |problem| ConfigError::CredentialOfCalls { namespace: namespace.clone(), problem };
            match place(self.capability, index.into()).map_err(problem)? {
                Place::Variable(index) => Ok((index, source.clone())),
                Place::Token => Err(problem("its token is that of the authorization server in the capability")),
            }
        };
        self.providers.iter().map(one).collect()
    }
}
