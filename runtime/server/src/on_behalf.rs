//! What goes upstream on behalf of callers, in place of the server's own credential: a key that each caller brings in a header,
//! or a token for which the caller's access token is exchanged (RFC 8693).

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;

use clap::Args;
use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderMap, HeaderName};
use naftiko_adapter::Principal;
use naftiko_client::__private as client;
use naftiko_client::schema::http::is_framing;
use naftiko_client::{ClientBuilder, TokenExchange};
use naftiko_rest::__private::Problem;
use naftiko_schema::{Api, Capability, Credential, Location};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use super::cli::Serve;
use super::environment::lenient;
use super::failure::Failure;
use super::forwarding::NEVER_FORWARDED;
use super::inbound::Inbound;
use super::list::{self, List, members};
use super::program::Program;
use super::secret::secret;

/// So begin the names of fields with a meaning of their own for this server.
const FAMILIES: [&str; 6] = ["accept", "access-control-", "content-", "if-", "mcp-", "sec-"];
/// More such fields.
const KNOWN: [&str; 8] =
    ["forwarded", "last-event-id", "range", "traceparent", "tracestate", "user-agent", "via", "x-request-id"];

/// The options.
#[derive(Args)]
#[command(mut_args = lenient)]
#[group(id = "on-behalf")]
pub(super) struct Flags {
    /// The header in which callers bring their own credential for the upstream; NAMESPACE=HEADER for one of several APIs (repeatable)
    #[arg(long, env = "NAFTIKO_CALLER_CREDENTIAL", value_name = "HEADER", value_parser = list::texts)]
    caller_credential: Vec<List>,
    /// Use the server's own credential for callers that bring none
    #[arg(long, env = "NAFTIKO_CALLER_CREDENTIAL_OPTIONAL")]
    caller_credential_optional: bool,
    /// The token endpoint that exchanges access tokens of callers for those that go upstream; NAMESPACE=URI for one of several APIs (repeatable)
    #[arg(long, env = "NAFTIKO_TOKEN_EXCHANGE", value_name = "URI", value_parser = list::texts)]
    token_exchange: Vec<List>,
    /// The identifier of this server at the token endpoint (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_CLIENT_ID", value_name = "ID", value_parser = list::texts)]
    token_client_id: Vec<List>,
    /// The secret of this server at the token endpoint
    #[arg(long, env = "NAFTIKO_TOKEN_CLIENT_SECRET", hide_env_values = true, value_parser = secret, value_name = "SECRET")]
    token_client_secret: Option<SecretString>,
    /// The file with that secret (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_CLIENT_SECRET_FILE", value_name = "FILE", value_parser = list::texts)]
    token_client_secret_file: Vec<List>,
    /// The audience of the tokens (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_AUDIENCE", value_name = "NAME", value_parser = list::texts)]
    token_audience: Vec<List>,
    /// The resource that the tokens are for (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_RESOURCE", value_name = "URI", value_parser = list::texts)]
    token_resource: Vec<List>,
    /// The scopes of the tokens, separated by spaces (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_SCOPE", value_name = "SCOPES", value_parser = list::texts)]
    token_scope: Vec<List>,
    /// How many tokens of callers are kept
    #[arg(long, env = "NAFTIKO_TOKEN_CAPACITY", default_value_t = 1024, value_name = "COUNT")]
    token_capacity: usize,
}

impl Flags {
    /// The flags as JSON, without secrets.
    pub(super) fn describe(&self) -> Value {
        let list = |lists: &[List]| members(lists).map(String::as_str).collect::<Value>();
        json!({
            "callerCredential": list(&self.caller_credential),
            "callerCredentialOptional": self.caller_credential_optional,
            "tokenExchange": list(&self.token_exchange),
            "tokenClientId": list(&self.token_client_id),
            "tokenClientSecret": self.token_client_secret.as_ref().map(|_| "set"),
            "tokenClientSecretFile": list(&self.token_client_secret_file),
            "tokenAudience": list(&self.token_audience),
            "tokenResource": list(&self.token_resource),
            "tokenScope": list(&self.token_scope),
            "tokenCapacity": self.token_capacity,
        })
    }
}

/// What goes upstream on behalf of callers. Cloning is cheap.
#[derive(Clone, Default)]
pub(super) struct OnBehalf(Arc<Inner>);

#[derive(Default)]
struct Inner {
    ways: Vec<(String, Way)>,
    is_optional: bool,
}

/// How callers get the credential for an API.
enum Way {
    Header(HeaderName),
    Exchange(TokenExchange),
}

impl OnBehalf {
    /// What the command line says.
    ///
    /// # Errors
    /// If it cannot work, or a credential would go to more upstreams than its flag says.
    pub(super) fn new(program: &Program, options: &Serve) -> Result<Self, Failure> {
        let flags = &options.on_behalf;
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
                let exchange = exchange(endpoint, &namespace, &apis, flags)?;
                ways.push((namespace, Way::Exchange(exchange)));
            }
        }
        let mut known = BTreeSet::new();
        if let Some((namespace, _)) = ways.iter().find(|(namespace, _)| !known.insert(namespace)) {
            return Err(Failure::Refused(format!(
                "the API `{namespace}` has more than one --caller-credential or --token-exchange"
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
            Way::Exchange(_) => None,
        })
    }

    /// Lets a client refuse calls on behalf of no one.
    pub(super) fn demand(&self, builder: ClientBuilder<client::Connection>) -> ClientBuilder<client::Connection> {
        self.0.ways.iter().fold(builder, |builder, (namespace, way)| match way {
            Way::Header(_) if self.0.is_optional => builder,
            Way::Header(name) => {
                builder.credentials_of_calls(Some(namespace), format!("send it in the header `{name}`"))
            }
            Way::Exchange(_) => builder.credentials_of_calls(Some(namespace), "send an access token"),
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
            }
        }
        for name in self.fields() {
            fields.remove(name);
        }
        Ok(taken)
    }
}

/// An exchange for the API of a namespace.
fn exchange(endpoint: &str, namespace: &str, apis: &Apis<'_>, flags: &Flags) -> Result<TokenExchange, Failure> {
    let refused = |what: String| Failure::Refused(format!("--token-exchange: {what}"));
    let of = |flag: &'static str, lists: &'_ [List]| -> Result<Vec<String>, Failure> {
        let mut own = Vec::new();
        for text in members(lists) {
            let (named, value) = apis.split(text);
            if named.is_none_or(|named| named == namespace) {
                own.push(value.to_owned());
            }
            apis.known(flag, named)?;
        }
        Ok(own)
    };
    let id = of("--token-client-id", &flags.token_client_id)?.pop();
    let id = id.ok_or_else(|| refused("the identifier of the client is missing; see --token-client-id".to_owned()))?;
    let secret =
        match (of("--token-client-secret-file", &flags.token_client_secret_file)?.pop(), &flags.token_client_secret) {
            (Some(file), _) => {
                let text =
                    fs::read_to_string(&file).map_err(|error| refused(format!("{file} cannot be read: {error}")))?;
                text.trim_end_matches(['\r', '\n']).into()
            }
            (None, Some(secret)) => secret.clone(),
            (None, None) => {
                return Err(refused("the secret of the client is missing; see --token-client-secret-file".to_owned()));
            }
        };
    let invalid = |error| refused(format!("{endpoint}: {error}"));
    let mut exchange = TokenExchange::new(endpoint, id, secret).map_err(invalid)?.capacity(flags.token_capacity);
    for audience in of("--token-audience", &flags.token_audience)? {
        exchange = exchange.audience(&audience);
    }
    for resource in of("--token-resource", &flags.token_resource)? {
        let is_absolute = Url::parse(&resource).is_ok_and(|resource| resource.fragment().is_none());
        if !is_absolute {
            return Err(refused(format!("{resource} is no absolute URI without a fragment")));
        }
        exchange = exchange.resource(&resource);
    }
    let scopes = of("--token-scope", &flags.token_scope)?.join(" ");
    Ok(if scopes.is_empty() { exchange } else { exchange.scope(&scopes) })
}

/// The APIs of a program, as flags name them.
struct Apis<'a> {
    program: &'a Program,
    options: &'a Serve,
}

impl Apis<'_> {
    fn all(&self) -> impl Iterator<Item = (&Capability, &Api)> {
        self.program.served().flat_map(|served| served.capability.apis.iter().map(|api| (&*served.capability, api)))
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
        match namespace.filter(|namespace| !self.all().any(|(_, api)| api.namespace == *namespace)) {
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
        let named: Vec<_> = self.all().filter(|(_, api)| is_named(api)).collect();
        let origins: BTreeSet<_> = named.iter().map(|(capability, api)| self.origin(capability, api)).collect();
        let namespaces: BTreeSet<_> = named.iter().map(|(_, api)| api.namespace.to_string()).collect();
        match (origins.len(), namespace) {
            (0, _) => Err(Failure::Refused(format!("{flag}: no API has a credential"))),
            (1, _) => Ok((namespaces, value)),
            (_, Some(namespace)) => Err(Failure::Refused(format!(
                "{flag} {namespace}=: several capabilities have an API of this name, with different base URIs"
            ))),
            (_, None) => Err(Failure::Refused(format!(
                "{flag}: the APIs have different base URIs, and a credential is for one of them; name it as \
                 NAMESPACE={value}, where NAMESPACE is one of {}",
                namespaces.into_iter().collect::<Vec<_>>().join(", ")
            ))),
        }
    }

    /// The origin of the upstream of an API: as the command line says, or the environment, or the capability.
    fn origin(&self, capability: &Capability, api: &Api) -> Option<String> {
        let of_flag = members(&self.options.upstream.base_uri).find_map(|text| match self.split(text) {
            (Some(namespace), uri) => (api.namespace == *namespace).then(|| uri.to_owned()),
            (None, uri) => Some(uri.to_owned()),
        });
        let uri = of_flag
            .or_else(|| self.options.environment.get(&capability.base_uri_variable(api)))
            .or_else(|| api.base_uri.as_deref().map(str::to_owned))?;
        Some(Url::parse(uri.trim()).ok()?.origin().ascii_serialization())
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
