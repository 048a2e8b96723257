//! What clients may do with the MCP tools, from the command line.

use std::num::NonZeroU32;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Failure;
use super::cli::secret;
use crate::mcp::{Confirmation, Policy};

#[derive(Args)]
#[command(next_help_heading = "MCP tools")]
pub(super) struct Tools {
    /// Offer only tools that change nothing; the REST adapter then answers GET, HEAD and OPTIONS only
    #[arg(long, env = "NAFTIKO_READ_ONLY")]
    pub(super) read_only: bool,
    /// Offer only tools whose names match, where * stands for anything (repeatable)
    #[arg(long = "tools", env = "NAFTIKO_TOOLS", value_name = "PATTERN", value_delimiter = ',')]
    only: Vec<String>,
    /// Do not offer tools whose names match (repeatable)
    #[arg(long = "exclude-tools", env = "NAFTIKO_EXCLUDE_TOOLS", value_name = "PATTERN", value_delimiter = ',')]
    excluded: Vec<String>,
    /// Whether somebody has to agree before a destructive tool is called
    #[arg(long, env = "NAFTIKO_CONFIRM", default_value = "ask", value_name = "WHEN")]
    confirm: Confirm,
    /// The key, of 32 bytes or more, that seals what clients send back with a confirmation; replicas need the same, and a
    /// process that has none makes one up
    #[arg(long, env = "NAFTIKO_STATE_KEY", hide_env_values = true, value_parser = secret, value_name = "KEY")]
    state_key: Option<SecretString>,
    /// How long the text of a result may be, in bytes
    #[arg(long, env = "NAFTIKO_RESPONSE_BUDGET", default_value_t = 100_000, value_name = "BYTES")]
    response_budget: usize,
    /// Show the secrets in results of tools whose names match, of all without a pattern (repeatable)
    #[arg(
        long,
        env = "NAFTIKO_REVEAL_SECRETS",
        value_name = "PATTERN",
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "*"
    )]
    reveal_secrets: Vec<String>,
    /// Show the requests that calls would send, and send none; REST is not served
    #[arg(long, env = "NAFTIKO_DRY_RUN")]
    pub(super) dry_run: bool,
}

/// Limits for the one client on standard input and output. Over HTTP all requests have them.
#[derive(Args)]
pub(super) struct Limits {
    /// How many calls may run at once; others are told to come back
    #[arg(long, env = "NAFTIKO_MAX_IN_FLIGHT", default_value_t = 16, value_name = "COUNT")]
    max_in_flight: usize,
    /// How many calls the client may make in a second; any number unless set
    #[arg(long, env = "NAFTIKO_RATE_LIMIT", value_name = "COUNT")]
    rate_limit: Option<NonZeroU32>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Confirm {
    /// Nobody is asked
    Off,
    /// Clients that can ask their user do so; others call as they like
    Ask,
    /// Clients ask their user; those that cannot call nothing destructive
    Require,
}

impl Tools {
    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        let confirmation = match self.confirm {
            Confirm::Off => Confirmation::Off,
            Confirm::Ask => Confirmation::Ask,
            Confirm::Require => Confirmation::Require,
        };
        let mut policy = Policy::default()
            .tools(&self.only)
            .exclude_tools(&self.excluded)
            .confirmation(confirmation)
            .response_budget(self.response_budget)
            .reveal_secrets(&self.reveal_secrets);
        if self.read_only {
            policy = policy.read_only();
        }
        if self.dry_run {
            policy = policy.dry_run();
        }
        match &self.state_key {
            Some(key) => policy.state_key(key).map_err(|error| Failure::Refused(error.to_string())),
            None => Ok(policy),
        }
    }

    /// For whoever asks what is in effect.
    pub(super) fn describe(&self) -> Value {
        let confirm = match self.confirm {
            Confirm::Off => "off",
            Confirm::Ask => "ask",
            Confirm::Require => "require",
        };
        json!({
            "readOnly": self.read_only,
            "tools": self.only,
            "excludeTools": self.excluded,
            "confirm": confirm,
            "stateKey": self.state_key.as_ref().map(|_| "set"),
            "responseBudget": self.response_budget,
            "revealSecrets": self.reveal_secrets,
            "dryRun": self.dry_run,
        })
    }
}

impl Limits {
    pub(super) fn limit(&self, policy: Policy) -> Policy {
        let policy = policy.calls_at_once(self.max_in_flight);
        match self.rate_limit {
            Some(count) => policy.calls_per_second(count),
            None => policy,
        }
    }
}
