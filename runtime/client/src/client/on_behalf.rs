//! Credentials of callers, in place of the client's.

use std::fmt;
use std::sync::Arc;

use naftiko_schema::{Api, ApiId, Capability, Credential};
use secrecy::{ExposeSecret as _, SecretString};

use super::keys::Source;
use super::needs;
use super::token::TokenProvider;

/// The credentials that a call has in place of those of its client: for all APIs, or for that of a namespace. Cloning is cheap.
#[doc(hidden)]
#[derive(Clone, Default)]
pub struct OnBehalf(Option<Arc<Vec<OfApi>>>);

/// A credential for the API of a namespace, or for those of all.
type OfApi = (Option<String>, Source);

impl OnBehalf {
    /// The same credentials, and a secret for the API of a namespace, or for those of all. The first one for an API counts.
    #[must_use]
    pub fn secret(self, namespace: Option<&str>, secret: SecretString) -> Self {
        self.with(namespace, Source::Fixed(secret))
    }

    /// The same, with a token from a provider.
    #[must_use]
    pub fn provider(self, namespace: Option<&str>, provider: impl TokenProvider) -> Self {
        self.with(namespace, Source::Provider(Arc::new(provider)))
    }

    fn with(self, namespace: Option<&str>, source: Source) -> Self {
        let mut all = self.0.unwrap_or_default();
        Arc::make_mut(&mut all).push((namespace.map(str::to_owned), source));
        Self(Some(all))
    }

    /// That for an API.
    pub(super) fn of(&self, api: &Api) -> Option<&Source> {
        let is_of = |namespace: &Option<String>| namespace.as_ref().is_none_or(|name| *name == *api.namespace);
        self.0.iter().flat_map(|all| all.iter()).find(|(namespace, _)| is_of(namespace)).map(|(_, source)| source)
    }
}

impl fmt::Debug for OnBehalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().flat_map(|all| all.iter()).map(|(namespace, _)| namespace)).finish()
    }
}

/// What the calls of an API must bring.
#[derive(Clone, Debug)]
pub(super) struct Demanded {
    /// The namespace of the API; of all APIs with a credential unless set.
    pub(super) namespace: Option<String>,
    /// What a caller does to bring it, for the error of a call without it.
    pub(super) how: String,
}

impl Demanded {
    pub(super) fn is_of(&self, api: &Api) -> bool {
        match &self.namespace {
            Some(namespace) => *namespace == *api.namespace,
            None => !api.credentials.is_empty(),
        }
    }
}

/// The part of the credentials of an API that is different for each caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The value of a variable, by its index.
    Variable(usize),
    /// The token of an authorization server.
    Token,
}

/// Where a secret of a caller goes in the credentials of an API: in the place of their only variable.
///
/// # Errors
/// Why there is no such place.
pub(super) fn place(capability: &Capability, api: ApiId) -> Result<Place, &'static str> {
    let credentials = capability.api(api).map_or(&[][..], |api| &api.credentials);
    match credentials {
        [] => return Err("it has no credential"),
        [Credential::OAuth2(_)] => return Ok(Place::Token),
        _ => {}
    }
    let is_computed = |credential: &Credential| {
        matches!(
            credential,
            Credential::OAuth2(_) | Credential::Digest(_) | Credential::SigV4(_) | Credential::Signed(_)
        )
    };
    if credentials.iter().any(is_computed) {
        return Err("it is computed for each request, as by `digest` and `sigv4`, or one of several is a token");
    }
    let variables = needs::of_credentials(credentials);
    match variables.first() {
        Some(only) if variables.len() == 1 => Ok(Place::Variable(*only)),
        Some(_) => Err("it has more than one variable, and a caller brings one text"),
        None => Err("it has no variable in whose place a caller could bring a text"),
    }
}

/// Whether a secret of a caller stays what it is among the rest of the credentials of an API.
pub(super) fn fits(api: &Api, secret: &SecretString) -> bool {
    let secret = secret.expose_secret();
    !secret.trim().is_empty() && api.credentials.iter().all(|credential| super::credential::fits(credential, secret))
}

#[cfg(test)]
mod tests {
    use naftiko_schema::{ApiKey, Basic, Bearer, Digest, Location, Template, TemplatePart, VariableId, list, text};

    use super::*;

    const fn variable(id: u32) -> TemplatePart {
        TemplatePart::Variable(VariableId(id))
    }

    const TOKEN: Template = Template::new(const { &[TemplatePart::Literal(text("Token ")), variable(1)] });
    const OTHER: Template = Template::new(const { &[variable(2)] });
    const LITERAL: Template = Template::new(const { &[TemplatePart::Literal(text("user"))] });
    const KEY: Credential = Credential::ApiKey(ApiKey::new(Location::Header, "X-Key", TOKEN));

    fn place_of(credentials: &'static [Credential]) -> Result<Place, &'static str> {
        let api = Api { credentials: list(credentials), ..Api::new("api") };
        let capability = Capability { apis: std::borrow::Cow::Owned(vec![api]), ..Capability::new("c", "", "") };
        place(&capability, ApiId(0))
    }

    #[test]
    fn secret_of_a_caller_has_the_place_of_the_only_variable() {
        assert_eq!(place_of(const { &[KEY] }), Ok(Place::Variable(1)));
        assert_eq!(place_of(const { &[Credential::Basic(Basic::new(LITERAL, OTHER))] }), Ok(Place::Variable(2)));
        assert_eq!(place_of(const { &[KEY, Credential::Bearer(Bearer::new(TOKEN))] }), Ok(Place::Variable(1)));
        for refused in [
            &[][..],
            const { &[KEY, Credential::Bearer(Bearer::new(OTHER))] },
            const { &[Credential::Basic(Basic::new(TOKEN, OTHER))] },
            const { &[Credential::Bearer(Bearer::new(LITERAL))] },
            const { &[Credential::Digest(Digest::new(LITERAL, OTHER))] },
        ] {
            assert!(place_of(refused).is_err(), "{refused:?}");
        }
    }

    #[test]
    fn credentials_of_callers_are_found_by_namespace_and_never_shown() {
        let credentials = OnBehalf::default().secret(Some("one"), "of-one-caller".into());
        assert!(credentials.of(&Api::new("one")).is_some() && credentials.of(&Api::new("other")).is_none());
        let credentials = credentials.secret(None, "of-all-callers".into());
        let secret = |namespace: &'static str| match credentials.of(&Api::new(namespace)) {
            Some(Source::Fixed(secret)) => secret.expose_secret().to_owned(),
            _ => String::new(),
        };
        assert_eq!((secret("one"), secret("other")), ("of-one-caller".to_owned(), "of-all-callers".to_owned()));
        assert!(!format!("{credentials:?}").contains("caller"), "{credentials:?}");
    }
}
