//! Why a client cannot be built.

/// Why a client cannot be built. It never contains values of variables.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Variables are set neither in the builder nor in the environment. The error names all of them.
    #[error("missing environment {}: {}", if .names.len() == 1 { "variable" } else { "variables" }, .names.join(", "))]
    MissingVariables {
        /// The names of the missing environment variables.
        names: Vec<&'static str>,
    },
    /// Values are in none of the files that should have them, or not in the environment. The error says all that is missing.
    #[error("missing values: {}", .problems.join("; "))]
    MissingValues {
        /// What is missing, each in words.
        problems: Vec<String>,
    },
    /// `token` was called, but the capability does not have exactly one variable for it.
    #[error("`token` sets the only variable of a capability, but this one has {count}; use `variable`")]
    Token {
        /// How many variables the capability has.
        count: usize,
    },
    /// `variable` was called with a name that the capability does not bind.
    #[error("the capability does not bind a variable `{name}`")]
    UnknownVariable {
        /// The name that was passed.
        name: String,
    },
    /// The capability defines no base URI, and none was set.
    #[error("no base URI for `{namespace}`: the capability does not define one; set it with `base_uri`")]
    NoBaseUri {
        /// The consumed namespace.
        namespace: &'static str,
    },
    /// `base_uri` was called, but the capability consumes several APIs.
    #[error(
        "`base_uri` sets the base URI of the only API of a capability, but this one has {count}; use `base_uri_of`"
    )]
    SeveralApis {
        /// How many APIs the capability consumes.
        count: usize,
    },
    /// `base_uri_of` was called with a namespace that the capability does not consume.
    #[error("the capability consumes no API `{namespace}`")]
    UnknownApi {
        /// The namespace that was passed.
        namespace: String,
    },
    /// `default_value` was called with a name for which the capability has no default.
    #[error("the capability has no default for `{name}`")]
    UnknownDefault {
        /// The name that was passed.
        name: String,
    },
    /// A default is not a valid value of its input.
    #[error("the default of `{name}` (environment variable `{variable}`) {problem}")]
    Default {
        /// The name of the input.
        name: &'static str,
        /// The environment variable that may have the default.
        variable: &'static str,
        /// What is wrong and what is allowed.
        problem: String,
    },
    /// The base URI is not an absolute `http` or `https` URI without user, query and fragment.
    #[error("the base URI must be an absolute http or https URI without user, query and fragment")]
    BaseUri,
    /// The base URI would send credentials in clear text to another machine.
    #[error(
        "the base URI uses plain http to another machine; use https, or allow plain http (`allow_plain_http`, `--allow-plain-http`)"
    )]
    PlainHttp,
    /// A token endpoint is not an absolute `https` URI without user and fragment, or an `http` URI of this machine.
    #[error(
        "the token endpoint must be an absolute https URI without user and fragment; plain http is for this machine only"
    )]
    TokenEndpoint,
    /// The base URI uses https, but this build has no TLS.
    #[error(
        "the base URI uses https, but this build has no TLS; enable one of the features `ring`, `aws-lc-rs` or `native-tls`"
    )]
    NoTls,
    /// The user agent is not a valid header value.
    #[error("the user agent contains characters that are not allowed in a header value")]
    UserAgent,
    /// A credential is not a valid header value, query parameter or cookie.
    #[error("a credential of `{capability}` contains characters that are not allowed in a header value")]
    Credential {
        /// The capability.
        capability: &'static str,
    },
    /// The credential of an API cannot come from calls, or from a provider.
    #[error("the credential of `{namespace}` cannot be replaced: {problem}")]
    CredentialOfCalls {
        /// The consumed namespace.
        namespace: String,
        /// Why.
        problem: &'static str,
    },
    /// The capability names the kind of an API's credential, but not how requests are signed, and nothing is registered that
    /// signs them.
    #[error(
        "requests to `{namespace}` need a signature of the kind `{kind}`, and nothing is registered that makes it: register a \
         `Signer` under `{namespace}`, with `ClientBuilder::signer_of`, or for a server with `ScriptRunners::with_signer` in a \
         program that starts it by `run_with`"
    )]
    NoSigner {
        /// The consumed namespace.
        namespace: &'static str,
        /// The kind of credential, as the capability spells it.
        kind: &'static str,
    },
    /// The HTTP client cannot be created, for example because there are no trusted root certificates.
    #[error("the HTTP client cannot be created")]
    Http(#[source] reqwest::Error),
}
