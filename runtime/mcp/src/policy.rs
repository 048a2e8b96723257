//! The operator's policy for MCP clients.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::Arc;
use std::{fmt, io};

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use naftiko_client::__private::TARGET;
use naftiko_schema::{Mcp, Prompt, PromptSource, Resource, ResourceSource, Tool};
use rmcp::model::RequestStateCodec;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::action::Action;
use super::audit::Audit;
use super::choice::{Choice, choosing};
use super::choices::{Confirmation, OutputSchemas, Search};
use super::files::Root;
use super::grant::Grant;
use super::limits::{Limited, Limits, Rate};
use super::observe::Observer;
use super::patterns::{Patterns, UnmatchedPattern};

/// The default maximum length of a result's text, in bytes.
const RESPONSE_BUDGET: usize = 100_000;
/// The default maximum length of the list of tools, in bytes: about 50,000 tokens.
const LIST_BUDGET: usize = 200_000;
/// When to retry a call that cannot be recorded, in seconds.
pub const AUDIT_PAUSE: u64 = 10;
/// The minimum length of the state key, in bytes: that of the hash (RFC 2104 §3).
const KEY_LENGTH: usize = 32;

/// What clients may do: which tools exist, which calls need confirmation, and limits. What it does not choose is neither listed nor
/// called. Clones share the limits and the key.
#[derive(Clone)]
#[must_use]
pub struct Policy {
    choice: Choice,
    revealed: Patterns,
    pub(super) confirmation: Confirmation,
    pub(super) response_budget: usize,
    pub(super) dry_run: bool,
    pub(super) output_schemas: OutputSchemas,
    /// Keeps a record of calls.
    pub(super) audit: Option<Arc<dyn Audit>>,
    /// Sees requests, for traces and metrics.
    pub(super) observer: Option<Arc<dyn Observer>>,
    search: Search,
    list_budget: usize,
    pinned: Patterns,
    /// The folder of which clients may get files.
    files: Option<Arc<Root>>,
    /// Seals the state that a client sends back with a confirmation.
    pub(super) seal: Option<Arc<RequestStateCodec>>,
    permits: Option<Arc<Semaphore>>,
    rate: Option<Arc<DefaultDirectRateLimiter>>,
    /// The limits of each principal.
    limits: Limits,
    /// The rule of the callers, if what they may do depends on who they are.
    pub(super) grant: Option<Grant>,
}

/// The state key is too short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the state key is shorter than {KEY_LENGTH} bytes")]
pub struct ShortKey;

impl Default for Policy {
    /// All tools, confirmations if the client supports them, and a random state key.
    fn default() -> Self {
        let mut key = vec![0; KEY_LENGTH];
        let seal = getrandom::fill(&mut key).ok().and_then(|()| RequestStateCodec::try_new(key).ok());
        Self {
            choice: Choice::default(),
            revealed: Patterns::default(),
            confirmation: Confirmation::default(),
            response_budget: RESPONSE_BUDGET,
            dry_run: false,
            output_schemas: OutputSchemas::default(),
            audit: None,
            observer: None,
            search: Search::default(),
            list_budget: LIST_BUDGET,
            pinned: Patterns::default(),
            files: None,
            seal: seal.map(Arc::new),
            permits: None,
            rate: None,
            limits: Limits::default(),
            grant: None,
        }
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key is a secret.
        f.debug_struct("Policy")
            .field("read_only", &self.choice.read_only)
            .field("confirmation", &self.confirmation)
            .field("response_budget", &self.response_budget)
            .field("dry_run", &self.dry_run)
            .field("output_schemas", &self.output_schemas)
            .field("search", &self.search)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

choosing!(Policy);

impl Policy {
    /// Shows secrets in the results of tools and resources whose names match one of these patterns, instead of masking them.
    pub fn reveal_secrets(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.revealed = Patterns::new(patterns);
        self
    }

    /// Whether the user must confirm calls of destructive tools.
    pub fn confirmation(mut self, confirmation: Confirmation) -> Self {
        self.confirmation = confirmation;
        self
    }

    /// The maximum length of a result's text, in bytes. A longer result is replaced by one with fewer items, or by an error
    /// that says how to request less.
    pub fn response_budget(mut self, bytes: usize) -> Self {
        self.response_budget = bytes;
        self
    }

    /// Makes calls return the request that they would send, without secrets, and send nothing.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// What tools declare about their results, where it is known. Clients check what they get against it, so errors of tools
    /// that declare something are text only.
    pub fn output_schemas(mut self, which: OutputSchemas) -> Self {
        self.output_schemas = which;
        self
    }

    /// Records each call of a tool.
    pub fn audit(mut self, audit: Arc<dyn Audit>) -> Self {
        self.audit = Some(audit);
        self
    }

    /// Shows each request to an observer, for traces and metrics.
    pub fn observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Whether lists show tools that find tools, in place of all tools. It needs the feature `search`.
    pub fn search(mut self, search: Search) -> Self {
        self.search = search;
        self
    }

    /// The maximum length of the list of tools, in bytes, beyond which [`Search::Auto`] shows tools that find tools.
    pub fn list_budget(mut self, bytes: usize) -> Self {
        self.list_budget = bytes;
        self
    }

    /// Lists tools whose names match one of these patterns beside those that find tools.
    pub fn pin_tools(mut self, patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        self.pinned = Patterns::new(patterns);
        self
    }

    /// Offers resources and prompts that are files of this machine, if they are in this folder. Without it they do not exist for
    /// clients. Hidden files, and those of the operating system below `/dev`, `/proc` and `/sys`, are never offered.
    ///
    /// # Errors
    /// If it is not a folder that can be read, or one of the operating system.
    pub fn files(mut self, folder: impl AsRef<Path>) -> io::Result<Self> {
        self.files = Some(Arc::new(Root::new(folder.as_ref())?));
        Ok(self)
    }

    /// The key that seals the state of confirmations. Replicas of a server must share it.
    ///
    /// # Errors
    /// If the key is shorter than 32 bytes.
    pub fn state_key(mut self, key: &SecretString) -> Result<Self, ShortKey> {
        let codec = RequestStateCodec::try_new(key.expose_secret().as_bytes()).map_err(|_| ShortKey)?;
        self.seal = Some(Arc::new(codec));
        Ok(self)
    }

    /// The maximum number of calls that run at once.
    pub fn calls_at_once(mut self, count: usize) -> Self {
        self.permits = Some(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))));
        self
    }

    /// The maximum number of calls per second, all of which may come at once.
    pub fn calls_per_second(mut self, count: NonZeroU32) -> Self {
        self.rate = Some(Arc::new(RateLimiter::direct(Quota::per_second(count))));
        self
    }

    /// The maximum number of calls of each principal, over all adapters that share this policy.
    pub fn calls_of_principal(mut self, rate: Rate) -> Self {
        self.limits.limit(rate);
        self
    }

    /// The same for calls of tools whose names match a pattern, all of them together.
    pub fn calls_of_tools(mut self, pattern: &str, rate: Rate) -> Self {
        self.limits.limit_tools(pattern, rate);
        self
    }

    /// The policy for callers of a rule: what both allow, and the stricter of the two confirmations.
    pub fn granted(mut self, grant: Grant) -> Self {
        self.confirmation = self.confirmation.max(grant.confirmation);
        self.grant = Some(grant);
        self
    }

    /// Checks that each pattern matches something of these capabilities: the name of a tool, or of a resource if it is about
    /// secrets, a capability, a resource of the upstream, or a verb.
    ///
    /// # Errors
    /// If one matches none. The error names it, and the names that there are.
    pub fn check<'m>(&self, adapters: impl IntoIterator<Item = (&'m str, &'m Mcp)>) -> Result<(), UnmatchedPattern> {
        let (mut names, mut resources, mut toolsets) = (Vec::new(), Vec::new(), Vec::new());
        let (mut subjects, mut verbs) = (BTreeSet::new(), BTreeSet::new());
        for (toolset, adapter) in adapters {
            toolsets.push(toolset);
            names.extend(adapter.tools.iter().map(|tool| &*tool.name));
            resources.extend(adapter.resources.iter().map(|resource| &*resource.name));
            subjects.extend(adapter.tools.iter().map(|tool| &*tool.resource).filter(|resource| !resource.is_empty()));
            verbs.extend(adapter.tools.iter().map(|tool| tool.verb.as_str()));
        }
        self.choice.toolsets.check("--toolsets", &toolsets)?;
        self.choice.resources.check("--resources", &subjects.into_iter().collect::<Vec<_>>())?;
        self.choice.verbs.check("--verbs", &verbs.into_iter().collect::<Vec<_>>())?;
        self.choice.only.check("--tools", &names)?;
        self.choice.excluded.check("--exclude-tools", &names)?;
        self.pinned.check("--pin-tools", &names)?;
        Patterns::new(self.limits.patterns()).check("--tool-rate-limit", &names)?;
        names.append(&mut resources);
        self.revealed.check("--reveal-secrets", &names)
    }

    /// Whether callers of some rule may get anything of a capability.
    pub(super) fn offers(&self, toolset: &str) -> bool {
        self.choice.has(toolset)
    }

    /// Whether clients get anything of a capability.
    pub(super) fn has(&self, toolset: &str) -> bool {
        self.offers(toolset) && self.grant.as_ref().is_none_or(|grant| grant.has(toolset))
    }

    /// Whether clients can see and call a tool.
    pub(super) fn shows(&self, tool: &'static Tool) -> bool {
        self.choice.shows(tool) && self.grant.as_ref().is_none_or(|grant| grant.shows(tool))
    }

    /// Whether a list of tools of this length, in bytes, is replaced by tools that find them.
    #[cfg(feature = "search")]
    pub(super) fn searches(&self, length: usize) -> bool {
        match self.search {
            Search::Off => false,
            Search::On => true,
            Search::Auto => length > self.list_budget,
        }
    }

    /// Whether lists show a tool beside those that find tools.
    #[cfg(feature = "search")]
    pub(super) fn pins(&self, name: &str) -> bool {
        self.pinned.match_any(name)
    }

    /// Whether clients can see and read a resource of a capability. The operation that it calls may change something, although
    /// it should not.
    pub(super) fn shows_resource(&self, resource: &Resource, toolset: &str, adapter: &Mcp) -> bool {
        match &resource.source {
            ResourceSource::Call(call) => {
                let target = &call.binding.target;
                let allows = |grant: &Grant| grant.allows(&Action::new(toolset, target, adapter.tools.iter()));
                (!self.choice.read_only || target.is_safe()) && self.grant.as_ref().is_none_or(allows)
            }
            ResourceSource::File(_) => true,
            ResourceSource::ServerFile(path) => self.folder_of(path).is_some(),
        }
    }

    /// Whether clients can see and get a prompt.
    pub(super) fn shows_prompt(&self, prompt: &Prompt) -> bool {
        match &prompt.source {
            PromptSource::Messages(_) => true,
            PromptSource::ServerFile(path) => self.folder_of(path).is_some(),
        }
    }

    /// The folder for files, if it holds a path.
    pub(super) fn folder_of(&self, path: &str) -> Option<Arc<Root>> {
        self.files.as_ref().filter(|root| root.holds(path)).map(Arc::clone)
    }

    /// Logs which resources and prompts clients do not get, because they are files outside of the folder for files.
    #[doc(hidden)]
    pub fn warn_of_withheld_files(&self, adapter: &Mcp) {
        let resources = adapter.resources.iter().filter_map(|resource| match &resource.source {
            ResourceSource::ServerFile(path) => Some((&resource.name, path)),
            ResourceSource::Call(_) | ResourceSource::File(_) => None,
        });
        let prompts = adapter.prompts.iter().filter_map(|prompt| match &prompt.source {
            PromptSource::ServerFile(path) => Some((&prompt.name, path)),
            PromptSource::Messages(_) => None,
        });
        for (name, path) in resources.chain(prompts).filter(|(_, path)| self.folder_of(path).is_none()) {
            tracing::warn!(
                target: TARGET,
                name = &**name,
                path = &**path,
                "not offered, because it is a file of this machine: `--files DIR` names a folder of which files are offered"
            );
        }
    }

    /// Logs that clients get none of the tools of these capabilities, where each flag chooses some and all of them together none.
    #[doc(hidden)]
    pub fn warn_of_no_tools<'m>(&self, adapters: impl IntoIterator<Item = (&'m str, &'static Mcp)>) {
        let (mut there, mut shown) = (false, false);
        for (toolset, adapter) in adapters {
            there |= !adapter.tools.is_empty();
            shown |= self.has(toolset) && adapter.tools.iter().any(|tool| self.shows(tool));
        }
        if there && !shown {
            tracing::warn!(
                target: TARGET,
                "no tool is offered: `--read-only`, `--tools`, `--exclude-tools`, `--toolsets`, `--resources` and `--verbs` \
                 together leave none"
            );
        }
    }

    /// The policy for callers of any rule.
    pub(super) fn of_server(&self) -> Self {
        Self { grant: None, ..self.clone() }
    }

    /// The name of the rule of the callers.
    pub(super) fn rule(&self) -> Option<&str> {
        self.grant.as_ref().map(Grant::name)
    }

    /// What is added to errors about what the rule of the callers may hide: the same for what it hides and for what there is not.
    pub(super) fn rule_note(&self) -> String {
        let note =
            |rule| format!("; the rule `{rule}` of this server's policy decides which there are for this caller");
        self.rule().map(note).unwrap_or_default()
    }

    /// Whether calls of each principal are limited, whatever its rule.
    #[doc(hidden)]
    pub fn limits_principals(&self) -> bool {
        !self.limits.is_empty()
    }

    /// Whether calls of certain tools are limited, of callers with this rule, so that it matters if one goes upstream.
    #[doc(hidden)]
    pub fn limits_tools(&self, grant: Option<&Grant>) -> bool {
        grant.map(Grant::limits).into_iter().chain([&self.limits]).any(Limits::name_tools)
    }

    /// Counts a call of a principal with this rule, which does what these tools do.
    ///
    /// # Errors
    /// If there were too many.
    #[doc(hidden)]
    pub fn admit_principal(&self, grant: Option<&Grant>, principal: &str, tools: &[&str]) -> Result<(), Limited> {
        let limits: Vec<_> = grant.map(Grant::limits).into_iter().chain([&self.limits]).collect();
        Limits::check(&limits, principal, tools)
    }

    /// Counts a call of a principal, which would do upstream what these tools do; what sends nothing, such as a search or a call
    /// with invalid arguments, has no tools.
    pub(super) fn admit(&self, principal: &str, tools: &[&str]) -> Result<(), Limited> {
        self.admit_principal(self.grant.as_ref(), principal, tools)
    }

    /// Whether the results of a tool or resource with this name may show secrets.
    pub(super) fn reveals(&self, name: &str) -> bool {
        self.revealed.match_any(name)
    }

    /// A permit for a call of any principal; `None` if the number of running calls is not limited.
    pub(super) fn permit(&self) -> Result<Option<OwnedSemaphorePermit>, Limited> {
        if self.audit.as_ref().is_some_and(|audit| !audit.is_ready()) {
            return Err(Limited {
                reason: "calls must be recorded, and the audit cannot be written".into(),
                retry_after: AUDIT_PAUSE,
            });
        }
        let permit = match &self.permits {
            None => None,
            Some(permits) => Some(
                Arc::clone(permits)
                    .try_acquire_owned()
                    .map_err(|_| Limited { reason: "too many calls are running".into(), retry_after: 1 })?,
            ),
        };
        if let Some(rate) = &self.rate {
            rate.check().map_err(|until| {
                let wait = until.wait_time_from(DefaultClock::default().now());
                Limited { reason: "this client made too many calls".into(), retry_after: wait.as_secs() + 1 }
            })?;
        }
        Ok(permit)
    }
}
