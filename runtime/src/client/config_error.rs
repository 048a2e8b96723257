//! Why a client cannot be built.

/// Why a client cannot be built. Values never appear in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Variables are set neither in the builder nor in the environment. All of them are named at once.
    #[error("missing environment {}: {}", if .names.len() == 1 { "variable" } else { "variables" }, .names.join(", "))]
    MissingVariables {
        /// The names of the missing environment variables.
        names: Vec<&'static str>,
    },
    /// `token` was called, but the capability does not have exactly one variable for it.
    #[error("`token` sets the only variable of a capability, and this one has {count}; use `variable`")]
    Token {
        /// How many variables the capability has.
        count: usize,
    },
    /// `variable` was called with a name that the capability does not bind.
    #[error("the capability binds no variable `{name}`")]
    UnknownVariable {
        /// The name that was given.
        name: String,
    },
    /// The capability names no base URI and none was given.
    #[error("no base URI for `{namespace}`: the capability leaves it to you, set one with `base_uri`")]
    NoBaseUri {
        /// The consumed namespace.
        namespace: &'static str,
    },
    /// `base_uri` was called, but the capability consumes several APIs.
    #[error(
        "`base_uri` sets the base URI of the only API of a capability, and this one has {count}; use `base_uri_of`"
    )]
    SeveralApis {
        /// How many APIs the capability consumes.
        count: usize,
    },
    /// `base_uri_of` was called with a namespace that the capability does not consume.
    #[error("the capability consumes no API `{namespace}`")]
    UnknownApi {
        /// The namespace that was given.
        namespace: String,
    },
    /// The base URI is not an absolute `http` or `https` URI without user, query and fragment.
    #[error("the base URI must be an absolute http or https URI without user, query and fragment")]
    BaseUri,
    /// The base URI would send credentials in clear text to another machine.
    #[error(
        "the base URI is plain http to another machine; use https, or allow it (`allow_plain_http`, `--allow-plain-http`)"
    )]
    PlainHttp,
    /// The base URI is https, and this build has no TLS.
    #[error(
        "the base URI is https, and TLS is not built in; take one of the features `ring`, `aws-lc-rs` and `native-tls`"
    )]
    NoTls,
    /// The name of the application cannot stand in a header.
    #[error("the user agent holds characters that no header value may have")]
    UserAgent,
    /// A credential cannot be a header value.
    #[error("a credential of `{capability}` holds characters that no header value may have")]
    Credential {
        /// The capability.
        capability: &'static str,
    },
    /// The HTTP client cannot be made, for want of trusted root certificates, say.
    #[error("the HTTP client cannot be made")]
    Http(#[source] reqwest::Error),
}
