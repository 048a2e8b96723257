//! Inbound authentication.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{HeaderMap, Method, StatusCode, Uri};
use naftiko_adapter::Principal;
use naftiko_client::__private::{Environment, basic, on_heap, render};
use naftiko_rest::__private::Problem;
use naftiko_schema::{Credential, InboundAuth, InboundScheme, Location, Template, Variable};
use secrecy::{ExposeSecret as _, SecretString};
use url::form_urlencoded;

use super::cli::Serve;
use super::failure::Failure;
use super::named;
use super::oauth::Protected;
use super::rules::Identity;
use super::secret::{same, secret};

/// What callers must send. It has no `Debug`, because it contains secrets.
#[derive(Clone)]
pub(super) enum Inbound {
    /// All of these static credentials.
    Secrets(Vec<Secret>),
    /// An access token of an authorization server.
    Token(Arc<Protected>),
    /// An answer to a challenge.
    #[cfg(feature = "digest")]
    Digest(Arc<super::digest::Digest>),
}

/// A secret of callers, in a header after the name of its authentication scheme if there is one.
#[derive(Clone)]
pub(super) struct Secret {
    place: Place,
    scheme: Option<Scheme>,
    /// The values of which callers have to send one.
    keys: Arc<[Key]>,
}

/// A value, and who sends it.
struct Key {
    secret: SecretString,
    /// The name of the user in Basic authentication, or of the caller whose key it is.
    user: Option<String>,
    principal: Principal,
}

/// Where callers send a secret.
#[derive(Clone)]
enum Place {
    Header(HeaderName),
    /// The query, under this name. Only capabilities can want it there.
    Query(String),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Basic,
}

impl Inbound {
    /// The authentication that the command line configures, or else the capability's, for an endpoint at this path.
    pub(super) fn new(options: &Serve, auth: &InboundAuth, endpoint: &str) -> Result<Self, Failure> {
        let non_empty = |value: &SecretString| {
            let empty = value.expose_secret().trim().is_empty();
            if empty { Err(failure("the secret that callers must send is empty")) } else { Ok(value.clone()) }
        };
        let api_key = |key: Vec<Key>| {
            let header = options.api_key_header.parse();
            let header = header.map_err(|_| failure("--api-key-header is not a valid header name"))?;
            Ok::<_, Failure>(Secret::new(Place::Header(header), None, key))
        };
        let bearer = |keys: Vec<Key>| Secret::new(Place::Header(AUTHORIZATION), Some(Scheme::Bearer), keys);
        let secret = match (&options.bearer_token, &options.api_key, &options.bearer_tokens, &options.api_keys) {
            (None, None, None, None) => return Self::of(auth, endpoint, &options.environment),
            (Some(token), None, None, None) => bearer(vec![Key::shared("bearer", non_empty(token)?)]),
            (None, Some(key), None, None) => api_key(vec![Key::shared("api-key", non_empty(key)?)])?,
            (None, None, Some(file), None) => bearer(Key::named("bearer", file)?),
            (None, None, None, Some(file)) => api_key(Key::named("api-key", file)?)?,
            _ => {
                let flags = "--bearer-token, --bearer-tokens, --api-key and --api-keys";
                return Err(failure(&format!("callers authenticate in one way: set one of {flags}")));
            }
        };
        Ok(Self::Secrets(vec![secret]))
    }

    /// The authentication of the capability.
    fn of(auth: &InboundAuth, endpoint: &str, environment: &Environment) -> Result<Self, Failure> {
        let variables = values(&auth.variables, environment)?;
        match &auth.scheme {
            InboundScheme::Credentials(credentials) => {
                if let [Credential::Digest(credential)] = &**credentials {
                    return digest(credential, &variables);
                }
                let secrets = credentials.iter().map(|credential| Secret::of(credential, &variables));
                Ok(Self::Secrets(secrets.collect::<Result<_, _>>()?))
            }
            InboundScheme::AccessToken(token) => {
                Ok(Self::Token(Arc::new(Protected::new(token, &variables, endpoint)?)))
            }
        }
    }

    pub(super) fn is_public(&self) -> bool {
        matches!(self, Self::Secrets(secrets) if secrets.is_empty())
    }

    /// The header fields with credentials of callers.
    pub(super) fn fields(&self) -> Vec<HeaderName> {
        match self {
            Self::Secrets(secrets) => secrets.iter().filter_map(Secret::field).collect(),
            Self::Token(_) => vec![AUTHORIZATION],
            #[cfg(feature = "digest")]
            Self::Digest(_) => vec![AUTHORIZATION],
        }
    }

    /// Takes the credential out of the query of a request, so that nothing that follows sees it.
    pub(super) fn take(&self, request: &mut Request) {
        let Self::Secrets(secrets) = self else { return };
        let names: Vec<&str> = secrets.iter().filter_map(Secret::query).collect();
        if let Some(uri) = without(request.uri(), &names) {
            *request.uri_mut() = uri;
        }
    }

    /// The response, if the request is for metadata that callers need before they can authenticate.
    pub(super) fn metadata(&self, request: &Request) -> Option<Response> {
        match self {
            Self::Token(protected) => protected.metadata(request.method(), request.uri().path()),
            _ => None,
        }
    }

    /// Returns who sent a request, or rejects an unauthenticated request (RFC 9110 §11.6.1, RFC 6750 §3).
    #[cfg_attr(not(feature = "digest"), allow(unused_variables, reason = "only digests are about the method"))]
    pub(super) async fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Identity, Problem> {
        match self {
            Self::Secrets(secrets) => check(secrets, uri, headers),
            // On the heap, to keep the future of all other requests small.
            Self::Token(protected) => on_heap(|| protected.check(headers, uri.query())).await,
            #[cfg(feature = "digest")]
            Self::Digest(digest) => {
                digest.check(method, uri, headers).map(|user| Identity::of("digest", Some(user.to_owned())))
            }
        }
    }
}

/// A URI without the pairs of these names in its query, if it has any.
fn without(uri: &Uri, names: &[&str]) -> Option<Uri> {
    let query = uri.query().filter(|_| !names.is_empty())?;
    let is_kept = |pair: &&str| named(pair).is_none_or(|(name, _)| !names.contains(&&*name));
    let kept: Vec<&str> = query.split('&').filter(is_kept).collect();
    let separator = if kept.is_empty() { "" } else { "?" };
    let target = format!("{}{separator}{}", uri.path(), kept.join("&"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// The decoded name and value of one pair of a query.
fn named(pair: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(pair.as_bytes()).next()
}

fn check(secrets: &[Secret], uri: &Uri, headers: &HeaderMap) -> Result<Identity, Problem> {
    let (mut keys, mut failed) = (Vec::new(), None);
    for secret in secrets {
        match secret.sent(uri, headers) {
            Some(Some(key)) => keys.push(key),
            sent => failed = failed.or(Some((secret, sent.is_some()))),
        }
    }
    let Some((secret, wrong)) = failed else {
        let identity =
            Identity::of(secrets.first().map_or("none", Secret::kind), keys.iter().find_map(|key| key.user.clone()));
        let principal = keys.first().map(|key| key.principal.clone());
        return Ok(Identity { principal: principal.unwrap_or(identity.principal), ..identity });
    };
    let challenge = match secret.scheme {
        Some(Scheme::Bearer) if wrong => "Bearer error=\"invalid_token\"",
        Some(Scheme::Bearer) => "Bearer",
        Some(Scheme::Basic) => "Basic realm=\"server\", charset=\"UTF-8\"",
        None => "ApiKey",
    };
    let detail = if wrong { "the credential is invalid" } else { "this server requires a credential" };
    let problem = Problem::new(StatusCode::UNAUTHORIZED, detail);
    Err(problem.header(WWW_AUTHENTICATE, HeaderValue::from_static(challenge)))
}

#[cfg(feature = "digest")]
fn digest(credential: &naftiko_schema::Digest, variables: &[SecretString]) -> Result<Inbound, Failure> {
    let (username, password) = (render(&credential.username, variables), render(&credential.password, variables));
    if password.expose_secret().trim().is_empty() {
        return Err(failure("a secret that callers must send is empty"));
    }
    Ok(Inbound::Digest(Arc::new(super::digest::Digest::new(username, password)?)))
}

#[cfg(not(feature = "digest"))]
fn digest(_: &naftiko_schema::Digest, _: &[SecretString]) -> Result<Inbound, Failure> {
    Err(failure("the digests of callers require a build with the feature `digest`"))
}

impl Key {
    /// One that all callers send.
    fn shared(kind: &'static str, secret: SecretString) -> Self {
        Self { secret, user: None, principal: Principal::by(kind) }
    }

    /// Those of callers with names, in a file.
    fn named(kind: &'static str, file: &Path) -> Result<Vec<Self>, Failure> {
        let of = |(name, secret): (String, SecretString)| Self {
            secret,
            principal: Principal::of(kind, &name),
            user: Some(name),
        };
        Ok(named::read(file)?.into_iter().map(of).collect())
    }
}

impl Secret {
    fn new(place: Place, scheme: Option<Scheme>, keys: Vec<Key>) -> Self {
        Self { place, scheme, keys: keys.into() }
    }

    fn of(credential: &Credential, variables: &[SecretString]) -> Result<Self, Failure> {
        let text = |template: &Template| {
            let text = render(template, variables);
            let empty = text.expose_secret().trim().is_empty();
            if empty { Err(failure("a secret that callers must send is empty")) } else { Ok(text) }
        };
        match credential {
            Credential::Bearer(bearer) => {
                let key = Key::shared("bearer", text(&bearer.token)?);
                Ok(Self::new(Place::Header(AUTHORIZATION), Some(Scheme::Bearer), vec![key]))
            }
            Credential::Basic(credential) => {
                let username = render(&credential.username, variables);
                let value = basic(username.expose_secret(), text(&credential.password)?.expose_secret());
                let key = Key::shared("basic", value.strip_prefix("Basic ").unwrap_or(&value).into());
                let key = Key { user: Some(username.expose_secret().to_owned()), ..key };
                Ok(Self::new(Place::Header(AUTHORIZATION), Some(Scheme::Basic), vec![key]))
            }
            Credential::ApiKey(key) if matches!(key.location, Location::Header | Location::Query) => {
                let header = || {
                    let header = key.name.parse().map(Place::Header);
                    header.map_err(|_| failure("the header of the callers' API key has an invalid name"))
                };
                let is_in_query = key.location == Location::Query;
                let place = if is_in_query { Place::Query(key.name.to_string()) } else { header()? };
                Ok(Self::new(place, None, vec![Key::shared("api-key", text(&key.value)?)]))
            }
            // The compiler rejects keys elsewhere, and ignoring a credential here would serve every caller.
            _ => Err(failure("callers can send a credential only in a header or the query")),
        }
    }

    fn field(&self) -> Option<HeaderName> {
        if let Place::Header(header) = &self.place { Some(header.clone()) } else { None }
    }

    fn query(&self) -> Option<&str> {
        if let Place::Query(name) = &self.place { Some(name) } else { None }
    }

    /// The key with this value. All of them are compared, so that the time says nothing of which it is.
    fn key(&self, sent: &[u8]) -> Option<&Key> {
        let is_it = |key: &Key| same(sent, key.secret.expose_secret().as_bytes());
        self.keys.iter().fold(None, |found, key| if is_it(key) { Some(key) } else { found })
    }

    /// Its kind, which identifies the principal.
    fn kind(&self) -> &'static str {
        match self.scheme {
            Some(Scheme::Bearer) => "bearer",
            Some(Scheme::Basic) => "basic",
            None => "api-key",
        }
    }

    /// The key that was sent, unless it is wrong; `None` if no secret of this kind was sent.
    fn sent(&self, uri: &Uri, headers: &HeaderMap) -> Option<Option<&Key>> {
        let header = match &self.place {
            Place::Header(header) => header,
            Place::Query(name) => {
                let pairs = uri.query()?.split('&').filter_map(named);
                let mut sent = pairs.filter(|(known, _)| known == name).map(|(_, value)| value);
                let first = sent.next()?;
                return Some(self.key(first.as_bytes()).filter(|_| sent.next().is_none()));
            }
        };
        let sent = headers.get(header)?;
        let Some(own) = self.scheme else { return Some(self.key(sent.as_bytes())) };
        let (scheme, sent) = sent.to_str().ok()?.split_once(' ')?;
        let name = match own {
            Scheme::Bearer => "bearer",
            Scheme::Basic => "basic",
        };
        scheme.eq_ignore_ascii_case(name).then(|| self.key(sent.trim().as_bytes()))
    }
}

fn failure(what: &str) -> Failure {
    Failure::Refused(what.to_owned())
}

/// The values of variables, from the environment or from files. The error names all that are missing.
fn values(variables: &[Variable], environment: &Environment) -> Result<Vec<SecretString>, Failure> {
    let (mut values, mut missing) = (Vec::new(), Vec::new());
    for variable in variables {
        match environment.value(variable).map(|value| secret(&value)) {
            Ok(Ok(value)) => values.push(value),
            Ok(Err(_)) => missing.push(format!("`{}` is no valid secret", variable.name)),
            Err(problem) => missing.push(problem),
        }
    }
    if missing.is_empty() {
        Ok(values)
    } else {
        Err(Failure::Refused(format!("callers cannot be authenticated: {}", missing.join("; "))))
    }
}
