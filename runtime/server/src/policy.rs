//! What MCP clients may do, from the command line.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use naftiko_mcp::{Grant, Names, OutputSchemas, Policy, Rate, Search};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::audit;
use super::confirm::Confirm;
use super::count::count;
use super::failure::Failure;
use super::list::{self, List, members};
use super::program::{Exposed, Program, name_of};
use super::rules::{Identity, Rules};
use super::secret::secret;

#[derive(Args)]
#[command(next_help_heading = "MCP tools")]
pub(super) struct Tools {
    /// The file that says which callers may do what, over REST and MCP
    #[arg(long = "policy", env = "NAFTIKO_POLICY", value_name = "FILE")]
    pub(super) policy_file: Option<PathBuf>,
    /// How many calls each caller may make, by its credential, such as 10/s, 100/min or 1000/h
    #[arg(long, env = "NAFTIKO_PRINCIPAL_RATE_LIMIT", value_name = "RATE", value_parser = rate)]
    principal_rate_limit: Option<Rate>,
    /// How many calls each caller may make of tools whose names match, and of routes that do the same, as PATTERN=RATE (repeatable)
    #[arg(long = "tool-rate-limit", env = "NAFTIKO_TOOL_RATE_LIMITS", value_name = "PATTERN=RATE", value_parser = list::rates)]
    tool_rate_limits: Vec<List>,
    /// Offer only tools that change nothing; REST then serves only GET, HEAD and OPTIONS
    #[arg(long, env = "NAFTIKO_READ_ONLY")]
    pub(super) read_only: bool,
    /// Offer only tools whose names match, where * matches anything (repeatable)
    #[arg(long = "tools", env = "NAFTIKO_TOOLS", value_name = "PATTERN", value_parser = list::texts)]
    only: Vec<List>,
    /// Do not offer tools whose names match (repeatable)
    #[arg(long = "exclude-tools", env = "NAFTIKO_EXCLUDE_TOOLS", value_name = "PATTERN", value_parser = list::texts)]
    excluded: Vec<List>,
    /// Offer only what these capabilities have, by the names below the MCP endpoint of several (repeatable)
    #[arg(long = "toolsets", env = "NAFTIKO_TOOLSETS", value_name = "PATTERN", value_parser = list::texts)]
    toolsets: Vec<List>,
    /// Offer only tools about these resources of the upstream, in the singular, such as `secret` (repeatable)
    #[arg(long = "resources", env = "NAFTIKO_RESOURCES", value_name = "PATTERN", value_parser = list::texts)]
    resources: Vec<List>,
    /// Offer only tools with these verbs: read, create, update, action, delete (repeatable)
    #[arg(long = "verbs", env = "NAFTIKO_VERBS", value_name = "VERB", value_parser = list::texts)]
    verbs: Vec<List>,
    /// Whether the user must confirm calls of destructive tools
    #[arg(long, env = "NAFTIKO_CONFIRM", default_value = "ask", value_name = "WHEN")]
    confirm: Confirm,
    /// The key (32 bytes or more) that protects the state of confirmations; replicas must share it, random unless set
    #[arg(long, env = "NAFTIKO_STATE_KEY", hide_env_values = true, value_parser = secret, value_name = "KEY")]
    state_key: Option<SecretString>,
    /// The maximum length of a result's text, in bytes
    #[arg(long, env = "NAFTIKO_RESPONSE_BUDGET", default_value_t = 100_000, value_name = "BYTES", value_parser = count)]
    response_budget: usize,
    /// Show secrets in the results of tools whose names match, or of all tools without a pattern (repeatable)
    #[arg(
        long,
        env = "NAFTIKO_REVEAL_SECRETS",
        value_name = "PATTERN",
        value_parser = list::texts,
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "*"
    )]
    reveal_secrets: Vec<List>,
    /// A folder whose files clients may get, where the capability has resources or prompts that are files of this machine
    #[arg(long, env = "NAFTIKO_FILES", value_name = "DIR")]
    files: Option<PathBuf>,
    /// Show the requests that calls would send, without sending them; REST is not served
    #[arg(long, env = "NAFTIKO_DRY_RUN")]
    pub(super) dry_run: bool,
    /// Whether the list of tools is three tools that find, describe and call the others; auto: if it would be too long
    #[arg(long, env = "NAFTIKO_SEARCH", default_value = "auto", value_name = "WHEN", num_args = 0..=1, require_equals = true, default_missing_value = "on")]
    search: SearchMode,
    /// The maximum length of the list of tools for --search auto, in bytes
    #[arg(long, env = "NAFTIKO_LIST_BUDGET", default_value_t = 200_000, value_name = "BYTES")]
    list_budget: usize,
    /// List tools whose names match, beside those that find tools (repeatable)
    #[arg(long = "pin-tools", env = "NAFTIKO_PIN_TOOLS", value_name = "PATTERN", value_parser = list::texts)]
    pinned: Vec<List>,
    #[command(flatten)]
    pub(super) audit: audit::Options,
    /// Whether tools declare what their results are, where it is known; errors of these tools are text only
    #[arg(long, env = "NAFTIKO_OUTPUT_SCHEMAS", default_value = "shape", value_name = "WHICH")]
    output_schemas: Declared,
}

/// Limits for the one client on standard input and output. Over HTTP the limits of all requests apply.
#[derive(Args)]
pub(super) struct Limits {
    /// How many calls may run at once; further ones fail and can be retried
    #[arg(long, env = "NAFTIKO_MAX_IN_FLIGHT", default_value_t = 16, value_name = "COUNT", value_parser = count)]
    max_in_flight: usize,
    /// How many calls per second the client may make; unlimited unless set
    #[arg(long, env = "NAFTIKO_RATE_LIMIT", value_name = "COUNT")]
    rate_limit: Option<NonZeroU32>,
}

/// A rate.
fn rate(text: &str) -> Result<Rate, String> {
    text.parse().map_err(|error| format!("it {error}"))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Declared {
    /// Nothing
    Off,
    /// The names of members and their usual kinds, which allow any value
    Shape,
    /// The whole schema: clients reject results that do not satisfy it
    Full,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SearchMode {
    /// Never
    Off,
    /// If the list would be longer than its budget
    Auto,
    /// Always
    On,
}

impl Tools {
    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        let output_schemas = match self.output_schemas {
            Declared::Off => OutputSchemas::Off,
            Declared::Shape => OutputSchemas::Shape,
            Declared::Full => OutputSchemas::Full,
        };
        let search = match self.search {
            SearchMode::Off => Search::Off,
            SearchMode::Auto => Search::Auto,
            SearchMode::On => Search::On,
        };
        let mut policy = Policy::default()
            .search(search)
            .list_budget(self.list_budget)
            .pin_tools(members(&self.pinned))
            .tools(members(&self.only))
            .exclude_tools(members(&self.excluded))
            .toolsets(members(&self.toolsets))
            .resources(members(&self.resources))
            .verbs(members(&self.verbs))
            .confirmation(self.confirm.into())
            .response_budget(self.response_budget)
            .output_schemas(output_schemas)
            .reveal_secrets(members(&self.reveal_secrets));
        if let Some(rate) = self.principal_rate_limit {
            policy = policy.calls_of_principal(rate);
        }
        for (pattern, text) in members(&self.tool_rate_limits).filter_map(|limit| limit.rsplit_once('=')) {
            policy = policy.calls_of_tools(pattern, rate(text).map_err(Failure::Refused)?);
        }
        if self.read_only {
            policy = policy.read_only();
        }
        if self.dry_run {
            policy = policy.dry_run();
        }
        if let Some(folder) = &self.files {
            let refused = |error| Failure::Refused(format!("--files {}: {error}", folder.display()));
            policy = policy.files(folder).map_err(refused)?;
        }
        match &self.state_key {
            Some(key) => policy.state_key(key).map_err(|error| Failure::Refused(error.to_string())),
            None => Ok(policy),
        }
    }

    /// The rules of the policy file, for callers of a program; none without a file.
    pub(super) fn rules(&self, program: &'static Program) -> Result<Rules, Failure> {
        let Some(path) = &self.policy_file else { return Ok(Rules::default()) };
        let (mut names, all) = (Names::default(), program.exposed());
        for exposed in all.iter().flatten() {
            exposed.adapter.mcp().into_iter().for_each(|mcp| names.add_tools(exposed.toolset(), mcp));
            exposed.adapter.rest().into_iter().for_each(|rest| names.add_routes(exposed.toolset(), rest));
        }
        let with_rules = all.iter().filter(|exposed| exposed.iter().any(Exposed::has_rules));
        let adapters: Vec<_> = with_rules.map(|exposed| name_of(exposed)).collect();
        Rules::read(path, &names, &adapters)
    }

    /// What the policy file allows the client on standard input with this name, of these adapters; `None` without a file.
    pub(super) fn grant_on_stdio(
        &self,
        program: &'static Program,
        exposed: &[Exposed],
        name: Option<&str>,
    ) -> Result<Option<Grant>, Failure> {
        let rules = self.rules(program)?;
        let rule = rules.of(&Identity::on_stdio(name), name_of(exposed));
        Ok(rule.map(|(_, grant)| grant.clone()))
    }

    /// The policy as JSON, for `--print-config`.
    pub(super) fn describe(&self) -> Value {
        let output_schemas = match self.output_schemas {
            Declared::Off => "off",
            Declared::Shape => "shape",
            Declared::Full => "full",
        };
        let search = match self.search {
            SearchMode::Off => "off",
            SearchMode::Auto => "auto",
            SearchMode::On => "on",
        };
        json!({
            "policy": self.policy_file,
            "principalRateLimit": self.principal_rate_limit.map(|rate| rate.to_string()),
            "toolRateLimits": members(&self.tool_rate_limits).collect::<Vec<_>>(),
            "search": search,
            "listBudget": self.list_budget,
            "pinTools": members(&self.pinned).collect::<Vec<_>>(),
            "readOnly": self.read_only,
            "tools": members(&self.only).collect::<Vec<_>>(),
            "excludeTools": members(&self.excluded).collect::<Vec<_>>(),
            "toolsets": members(&self.toolsets).collect::<Vec<_>>(),
            "resources": members(&self.resources).collect::<Vec<_>>(),
            "verbs": members(&self.verbs).collect::<Vec<_>>(),
            "confirm": self.confirm.as_str(),
            "stateKey": self.state_key.as_ref().map(|_| "set"),
            "responseBudget": self.response_budget,
            "revealSecrets": members(&self.reveal_secrets).collect::<Vec<_>>(),
            "files": self.files,
            "dryRun": self.dry_run,
            "outputSchemas": output_schemas,
            "audit": self.audit.describe(),
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
