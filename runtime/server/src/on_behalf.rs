//! What goes upstream in place of the credential in the environment: a key that each caller brings in a header, a token for which
//! the caller's access token is exchanged (RFC 8693), or a token of this server (RFC 6749 §4.4).

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use naftiko_adapter::Principal;
use naftiko_client::__private as client;
use naftiko_client::schema::http::is_framing;
use naftiko_client::{ClientBuilder, ClientCredentials, ConfigError, TokenExchange};
use naftiko_rest::__private::Problem;
use naftiko_schema::{Api, Capability, Credential, Location};
use secrecy::SecretString;
use url::Url;

use super::cli::Serve;
use super::failure::Failure;
use super::forwarding::NEVER_FORWARDED;
use super::inbound::Inbound;
use super::list::{List, members};
use super::program::Program;
use super::replacing::Flags;
use super::upstream;

/// So begin the names of fields with a meaning of their own for this server.
const FAMILIES: [&str; 7] = ["accept", "access-control-", "content-", "if-", "mcp-", "sec-", "x-forwarded-"];
/// More such fields.
const KNOWN: [&str; 12] = [
    "baggage",
    "date",
    "expect",
    "forwarded",
    "last-event-id",
    "prefer",
    "range",
    "traceparent",
    "tracestate",
    "user-agent",
    "via",
    "x-request-id",
];

/// What goes upstream on behalf of callers. Cloning is cheap.
#[derive(Clone, Default)]
pub(super) struct OnBehalf(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ways: Vec<(String, Way)>,
    is_optional: bool,
}

/// Where the credential for an API comes from.
enum Way {
    Header(HeaderName),
    Exchange(TokenExchange),
    Own(ClientCredentials),
}

impl OnBehalf {
    /// What the command line says.
    ///
    /// # Errors
    /// If it cannot work, or a credential would go to more upstreams than its flag says.
    pub(super) fn new(program: &'static Program, options: &Serve) -> Result<Self, Failure> {
        let flags = &options.on_behalf;
        flags.check().map_err(Failure::Refused)?;
        let apis = Apis { program, options };
        let mut ways: Vec<(String, Way)> = Vec::new();
        for text in members(&flags.caller_credential) {
            let (namespaces, header) = apis.named("--caller-credential", text)?;
            let header = header.parse().ok().filter(|header| !is_taken(header, program, options)).ok_or_else(|| {
                Failure::Refused(format!(
                    "--caller-credential {text}: callers cannot bring a credential in this header"
                ))
            })?;
            ways.extend(namespaces.into_iter().map(|namespace| (namespace, Way::Header(HeaderName::clone(&header)))));
        }
        for text in members(&flags.token_exchange) {
            let (namespaces, endpoint) = apis.named("--token-exchange", text)?;
            for namespace in namespaces {
                let way = Endpoint::new("--token-exchange", &namespace, &apis, flags)?.exchange(endpoint, flags)?;
                ways.push((namespace, way));
            }
        }
        for text in members(&flags.client_credentials) {
            let (namespaces, endpoint) = apis.named("--client-credentials", text)?;
            for namespace in namespaces {
                let way = Endpoint::new("--client-credentials", &namespace, &apis, flags)?.own(endpoint)?;
                ways.push((namespace, way));
            }
        }
        let mut known = BTreeSet::new();
        if let Some((namespace, _)) = ways.iter().find(|(namespace, _)| !known.insert(namespace)) {
            return Err(Failure::Refused(format!(
                "the API `{namespace}` has more than one --caller-credential, --token-exchange or --client-credentials"
            )));
        }
        Ok(Self(Arc::new(Inner { ways, is_optional: flags.caller_credential_optional })))
    }

    /// Whether callers authenticate as this needs it.
    ///
    /// # Errors
    /// If callers have no access tokens that could be exchanged.
    pub(super) fn check<'i>(&self, mut inbound: impl Iterator<Item = &'i Inbound>) -> Result<(), Failure> {
        let exchanges = self.0.ways.iter().any(|(_, way)| matches!(way, Way::Exchange(_)));
        if exchanges && !inbound.all(|inbound| matches!(inbound, Inbound::Token(_))) {
            let what = "--token-exchange needs callers that authenticate by access tokens (`oauth2` in the capability)";
            return Err(Failure::Refused(what.to_owned()));
        }
        Ok(())
    }

    /// The header fields with credentials of callers.
    pub(super) fn fields(&self) -> impl Iterator<Item = HeaderName> {
        self.0.ways.iter().filter_map(|(_, way)| match way {
            Way::Header(name) => Some(name.clone()),
            Way::Exchange(_) | Way::Own(_) => None,
        })
    }

    /// Lets the client of a capability refuse calls on behalf of no one, and get the tokens of this server.
    pub(super) fn demand(
        &self,
        builder: ClientBuilder<client::Connection>,
        capability: &Capability,
    ) -> ClientBuilder<client::Connection> {
        let is_consumed =
            |(namespace, _): &&(String, Way)| capability.apis.iter().any(|api| api.namespace == **namespace);
        self.0.ways.iter().filter(is_consumed).fold(builder, |builder, (namespace, way)| match way {
            Way::Header(_) if self.0.is_optional => builder,
            Way::Header(name) => {
                builder.credentials_of_calls(Some(namespace), format!("send it in the header `{name}`"))
            }
            Way::Exchange(_) => builder.credentials_of_calls(Some(namespace), "send an access token"),
            Way::Own(provider) => builder.credential_provider_of(&**namespace, provider.clone()),
        })
    }

    /// Takes the credentials of a caller out of a request, so that nothing else sees those that the caller brings.
    ///
    /// # Errors
    /// If one of them cannot be a credential.
    pub(super) fn take(&self, fields: &mut HeaderMap, principal: &Principal) -> Result<client::OnBehalf, Problem> {
        let mut taken = client::OnBehalf::default();
        for (namespace, way) in &self.0.ways {
            match way {
                Way::Header(name) => {
                    let Some(value) = fields.get(name) else { continue };
                    let is_key = |text: &&str| !text.is_empty() && !text.contains(char::is_control);
                    let text = value.to_str().ok().map(str::trim).filter(is_key);
                    let Some(text) = text else {
                        let detail = format!("the header `{name}` cannot be a credential");
                        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
                    };
                    taken = taken.secret(Some(namespace), text.into());
                }
                Way::Exchange(exchange) => {
                    let sent = fields.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
                    if let Some((_, token)) = sent {
                        let provider = exchange.for_caller(principal.id(), token.trim().into());
                        taken = taken.provider(Some(namespace), provider);
                    }
                }
                Way::Own(_) => {}
            }
        }
        for name in self.fields() {
            fields.remove(name);
        }
        Ok(taken)
    }
}

/// What this server is at the token endpoint of an API, and what it asks for.
struct Endpoint {
    flag: &'static str,
    id: String,
    secret: SecretString,
    audiences: Vec<String>,
    resources: Vec<String>,
    scope: String,
}

impl Endpoint {
    fn new(flag: &'static str, namespace: &str, apis: &Apis<'_>, flags: &Flags) -> Result<Self, Failure> {
        let missing = |what: &str| Failure::Refused(format!("{flag}: {what}"));
        let of = |flag: &str, lists: &[List]| {
            let mut own = Vec::new();
            for text in members(lists) {
                let (named, value) = apis.split(text);
                apis.known(flag, named)?;
                if named.is_none_or(|named| named == namespace) {
                    own.push(value.to_owned());
                }
            }
            Ok::<_, Failure>(own)
        };
        let id = of("--token-client-id", &flags.token_client_id)?.pop();
        let id = id.ok_or_else(|| missing("the identifier of the client is missing; see --token-client-id"))?;
        let file = of("--token-client-secret-file", &flags.token_client_secret_file)?.pop();
        let secret = match (file, &flags.token_client_secret) {
            (Some(file), _) => {
                let text = fs::read_to_string(&file);
                let text = text.map_err(|error| missing(&format!("{file} cannot be read: {error}")))?;
                text.trim_end_matches(['\r', '\n']).into()
            }
            (None, Some(secret)) => secret.clone(),
            (None, None) => return Err(missing("the secret of the client is missing; see --token-client-secret-file")),
        };
        let resources = of("--token-resource", &flags.token_resource)?;
        let is_absolute = |text: &String| Url::parse(text).is_ok_and(|resource| resource.fragment().is_none());
        if let Some(resource) = resources.iter().find(|resource| !is_absolute(resource)) {
            return Err(missing(&format!("{resource} is no absolute URI without a fragment")));
        }
        Ok(Self {
            flag,
            id,
            secret,
            audiences: of("--token-audience", &flags.token_audience)?,
            resources,
            scope: of("--token-scope", &flags.token_scope)?.join(" "),
        })
    }

    /// The exchange of tokens at an endpoint.
    fn exchange(self, endpoint: &str, flags: &Flags) -> Result<Way, Failure> {
        let exchange = TokenExchange::new(endpoint, self.id, self.secret);
        let exchange = exchange.map_err(|error| invalid(self.flag, endpoint, &error))?.capacity(flags.token_capacity);
        let exchange = self.audiences.iter().fold(exchange, |exchange, audience| exchange.audience(audience));
        let exchange = self.resources.iter().fold(exchange, |exchange, resource| exchange.resource(resource));
        Ok(Way::Exchange(if self.scope.is_empty() { exchange } else { exchange.scope(&self.scope) }))
    }

    /// The tokens of this server at an endpoint.
    fn own(self, endpoint: &str) -> Result<Way, Failure> {
        let scope = Some(&*self.scope).filter(|scope| !scope.is_empty());
        let tokens = ClientCredentials::new(endpoint, self.id, self.secret, scope);
        let tokens = tokens.map_err(|error| invalid(self.flag, endpoint, &error))?;
        let tokens = self.audiences.iter().fold(tokens, |tokens, audience| tokens.audience(audience));
        Ok(Way::Own(self.resources.iter().fold(tokens, |tokens, resource| tokens.resource(resource))))
    }
}

fn invalid(flag: &str, endpoint: &str, error: &ConfigError) -> Failure {
    Failure::Refused(format!("{flag} {}: {error}", client::without_keys(endpoint)))
}

/// The failure of a server whose client cannot be built; if its credential cannot be replaced, with what to do about it.
pub(super) fn refused(error: ConfigError) -> Failure {
    match error {
        ConfigError::CredentialOfCalls { .. } => Failure::Refused(format!(
            "{error}; name only the APIs whose credential can be, as NAMESPACE=… after --caller-credential, --token-exchange and \
             --client-credentials, and all others keep theirs in the environment"
        )),
        other => other.into(),
    }
}

/// The APIs of a program, as flags name them.
struct Apis<'a> {
    program: &'static Program,
    options: &'a Serve,
}

impl Apis<'_> {
    fn all(&self) -> impl Iterator<Item = &'static Api> {
        self.program.served().flat_map(|served| served.capability.apis.iter())
    }

    /// The APIs that are named, each with the origin of its upstream: where the client will send requests.
    fn origins(&self, is_named: impl Fn(&Api) -> bool) -> Result<Vec<(&'static Api, String)>, Failure> {
        let mut named = Vec::new();
        for served in self.program.served() {
            let client = upstream::addressed(self.program, &served.capability, &self.options.upstream);
            let client = client.from_environment(self.options.environment.clone());
            let apis = served.capability.apis.iter().zip(client.base_uris()?);
            let apis = apis.filter(|(api, _)| is_named(api));
            named.extend(apis.map(|(api, uri)| (api, uri.origin().ascii_serialization())));
        }
        Ok(named)
    }

    /// The namespace before a value, and the value. What is no name before `=` is a part of the value.
    fn split<'t>(&self, text: &'t str) -> (Option<&'t str>, &'t str) {
        let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        match text.split_once('=') {
            Some((name, value)) if is_name(name) && !name.is_empty() => (Some(name), value),
            _ => (None, text),
        }
    }

    /// Refuses a namespace that no capability consumes.
    fn known(&self, flag: &str, namespace: Option<&str>) -> Result<(), Failure> {
        match namespace.filter(|namespace| !self.all().any(|api| api.namespace == *namespace)) {
            Some(unknown) => {
                Err(Failure::Refused(format!("{flag} {unknown}=: no capability consumes an API of this name")))
            }
            None => Ok(()),
        }
    }

    /// The namespaces that a flag is for, and its value. A credential goes to one upstream only: to that of a namespace, or to
    /// that of all APIs with a credential.
    fn named<'t>(&self, flag: &str, text: &'t str) -> Result<(BTreeSet<String>, &'t str), Failure> {
        let (namespace, value) = self.split(text);
        self.known(flag, namespace)?;
        let is_named = |api: &Api| match namespace {
            Some(namespace) => api.namespace == *namespace,
            None => !api.credentials.is_empty(),
        };
        let named = self.origins(is_named)?;
        let origins: BTreeSet<_> = named.iter().map(|(_, origin)| origin).collect();
        let namespaces: BTreeSet<_> = named.iter().map(|(api, _)| api.namespace.to_string()).collect();
        match (origins.len(), namespace) {
            (0, _) => Err(Failure::Refused(format!("{flag}: no API has a credential"))),
            (1, _) => Ok((namespaces, value)),
            (_, Some(namespace)) => Err(Failure::Refused(format!(
                "{flag} {namespace}=: several capabilities have an API of this name, with different base URIs"
            ))),
            (_, None) => Err(Failure::Refused(format!(
                "{flag}: the APIs have different base URIs, and a credential is for one of them; name it as \
                 NAMESPACE={}, where NAMESPACE is one of {}",
                client::without_keys(value),
                namespaces.into_iter().collect::<Vec<_>>().join(", ")
            ))),
        }
    }
}

/// Whether a header field has another meaning already.
fn is_taken(name: &HeaderName, program: &Program, options: &Serve) -> bool {
    let is = |other: &str| other.eq_ignore_ascii_case(name.as_str());
    let mut credentials = program.adapters().flat_map(|adapter| adapter.auth().credentials()).map(Credential::field);
    let mut inputs = program.rest().flat_map(|rest| rest.routes.iter()).flat_map(|route| route.binding.inputs().iter());
    let mut trusted = program.rest().flat_map(|rest| rest.forwards.iter()).flat_map(|forward| forward.trusted.iter());
    NEVER_FORWARDED.contains(name)
        || is_framing(name.as_str())
        || KNOWN.contains(&name.as_str())
        || FAMILIES.iter().any(|family| name.as_str().starts_with(family))
        || is(&options.api_key_header)
        || members(&options.forward_header).any(|forwarded| is(forwarded))
        || credentials.any(|(location, field)| location == Location::Header && is(field))
        || inputs.any(|input| input.location == Location::Header && is(&input.name))
        || trusted.any(|field| is(field))
}
