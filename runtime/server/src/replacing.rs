//! The flags with which something else goes upstream than the credential in the environment.

use clap::Args;
use naftiko_client::__private::without_keys;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::count::count;
use super::environment::lenient;
use super::list::{self, List, members};
use super::secret::secret;

/// The options.
#[derive(Args)]
#[command(mut_args = lenient)]
#[group(id = "on-behalf")]
pub(super) struct Flags {
    /// The header in which callers bring their own credential for the upstream; NAMESPACE=HEADER for one of several APIs (repeatable)
    #[arg(long, env = "NAFTIKO_CALLER_CREDENTIAL", value_name = "HEADER", value_parser = list::texts)]
    pub(super) caller_credential: Vec<List>,
    /// Use the server's own credential for callers that bring none
    #[arg(long, env = "NAFTIKO_CALLER_CREDENTIAL_OPTIONAL")]
    pub(super) caller_credential_optional: bool,
    /// The token endpoint that exchanges access tokens of callers for those that go upstream; NAMESPACE=URI for one of several APIs (repeatable)
    #[arg(long, env = "NAFTIKO_TOKEN_EXCHANGE", value_name = "URI", value_parser = list::texts)]
    pub(super) token_exchange: Vec<List>,
    /// The token endpoint that gives this server the token that goes upstream; NAMESPACE=URI for one of several APIs (repeatable)
    #[arg(long, env = "NAFTIKO_CLIENT_CREDENTIALS", value_name = "URI", value_parser = list::texts)]
    pub(super) client_credentials: Vec<List>,
    /// The identifier of this server at the token endpoint (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_CLIENT_ID", value_name = "ID", value_parser = list::texts)]
    pub(super) token_client_id: Vec<List>,
    /// The secret of this server at the token endpoint
    #[arg(long, env = "NAFTIKO_TOKEN_CLIENT_SECRET", hide_env_values = true, value_parser = secret, value_name = "SECRET")]
    pub(super) token_client_secret: Option<SecretString>,
    /// The file with that secret (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_CLIENT_SECRET_FILE", value_name = "FILE", value_parser = list::texts)]
    pub(super) token_client_secret_file: Vec<List>,
    /// The audience of the tokens (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_AUDIENCE", value_name = "NAME", value_parser = list::texts)]
    pub(super) token_audience: Vec<List>,
    /// The resource that the tokens are for (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_RESOURCE", value_name = "URI", value_parser = list::texts)]
    pub(super) token_resource: Vec<List>,
    /// The scopes of the tokens, separated by spaces (repeatable, with NAMESPACE=)
    #[arg(long, env = "NAFTIKO_TOKEN_SCOPE", value_name = "SCOPES", value_parser = list::texts)]
    pub(super) token_scope: Vec<List>,
    /// How many tokens of callers are kept
    #[arg(long, env = "NAFTIKO_TOKEN_CAPACITY", default_value_t = 1024, value_name = "COUNT", value_parser = count)]
    pub(super) token_capacity: usize,
}

impl Flags {
    /// Refuses flags that would do nothing, because the one that they are about is not there.
    ///
    /// # Errors
    /// What has no effect, and what it needs.
    pub(super) fn check(&self) -> Result<(), String> {
        let has_endpoint = !self.token_exchange.is_empty() || !self.client_credentials.is_empty();
        let endpoint = "--token-exchange or --client-credentials";
        let flags = [
            (
                "--caller-credential-optional",
                self.caller_credential_optional && self.caller_credential.is_empty(),
                "--caller-credential",
            ),
            ("--token-client-id", !self.token_client_id.is_empty() && !has_endpoint, endpoint),
            ("--token-client-secret", self.token_client_secret.is_some() && !has_endpoint, endpoint),
            ("--token-client-secret-file", !self.token_client_secret_file.is_empty() && !has_endpoint, endpoint),
            ("--token-audience", !self.token_audience.is_empty() && !has_endpoint, endpoint),
            ("--token-resource", !self.token_resource.is_empty() && !has_endpoint, endpoint),
            ("--token-scope", !self.token_scope.is_empty() && !has_endpoint, endpoint),
        ];
        match flags.into_iter().find(|(_, has_no_effect, _)| *has_no_effect) {
            Some((flag, _, needed)) => Err(format!("{flag} has no effect without {needed}")),
            None => Ok(()),
        }
    }

    /// The flags as JSON, without secrets.
    pub(super) fn describe(&self) -> Value {
        let list = |lists: &[List]| members(lists).map(String::as_str).collect::<Value>();
        let endpoints = |lists: &[List]| members(lists).map(|uri| without_keys(uri)).collect::<Value>();
        json!({
            "callerCredential": list(&self.caller_credential),
            "callerCredentialOptional": self.caller_credential_optional,
            "tokenExchange": endpoints(&self.token_exchange),
            "clientCredentials": endpoints(&self.client_credentials),
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
