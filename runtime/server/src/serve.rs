//! The listeners, one for each adapter: starting, reloading and draining them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use naftiko_client::__private::{Connection, Room, TARGET};
use naftiko_client::{ConfigError, ResponseCache, Transport};
use naftiko_mcp::__private::SharedCatalog;
use naftiko_mcp::{Changes, Policy};
use naftiko_schema::{Adapter, Capability, Group};
use rustls::ClientConfig;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::adapters::{self, Handler, Member, Parts, SharedRest};
use super::audit::Audit;
use super::cli::Serve;
use super::connections::Connections;
use super::failure::Failure;
use super::forwarding::Forwarding;
use super::guard::Guard;
use super::inbound::Inbound;
use super::listener::{self, Shared};
use super::listening::Listening;
use super::memory::Memory;
use super::metrics::Metrics;
use super::observer::Messages;
use super::on_behalf::{self, OnBehalf};
use super::pipeline::{Pipeline, Service};
use super::ports;
use super::program::{Exposed, Program, Served, name_of};
use super::rate::RateLimit;
use super::rules::Rules;
use super::tls::Tls;
use super::upstream;

/// How long to drain running requests after the signal to stop.
const GRACE: Duration = Duration::from_secs(30);
/// How long requests may take to end that are cancelled after it, and once more if their connections are closed.
const CLOSING: Duration = Duration::from_millis(500);

/// The listeners, and the state that they share.
pub(super) struct Running {
    options: Serve,
    workers: Vec<Handle>,
    metrics: Metrics,
    upstream_tls: Option<ClientConfig>,
    /// Responses of the upstreams of all capabilities.
    cache: Option<ResponseCache>,
    /// What all listeners share.
    shared: Shared,
    access: Access,
    policy: Policy,
    rules: Rules,
    /// Who tells clients that the program or the rules were replaced, if that can happen.
    changes: Option<Changes>,
    audit: Option<Audit>,
    rate: Option<RateLimit>,
    guard: Guard,
    /// Room for long responses of the upstream that are read whole.
    room: Room,
    started: Instant,
    /// Cancelled when the server should stop.
    pub(super) stop: CancellationToken,
    /// Cancelled when requests are still running after the grace period.
    abort: CancellationToken,
    /// The program that is served, with the names of its group.
    program: Option<&'static Program>,
    listeners: Vec<Listener>,
    tasks: JoinSet<()>,
}

/// A listener: its adapter, and the service for its requests on each worker.
struct Listener {
    requested: (&'static str, SocketAddr),
    listening: Listening,
    services: Vec<Service>,
    stop: CancellationToken,
}

/// What to serve at one address.
struct Plan {
    /// The first of its adapters, which are of one type.
    adapter: &'static Adapter,
    exposed: Vec<Exposed>,
    /// What clients of MCP see: of all of them, and of each.
    catalog: SharedCatalog,
    catalogs: Vec<SharedCatalog>,
    /// What does not depend on the worker of REST.
    rest: SharedRest,
    /// What the server calls itself there.
    about: &'static Capability,
    group: Option<&'static Group>,
    inbound: Inbound,
    address: SocketAddr,
    /// For each worker, a client of the capability of each adapter.
    connections: Vec<Vec<Connection>>,
}

impl Plan {
    /// What messages call it.
    fn title(&self) -> String {
        self.exposed.first().map_or_else(|| adapters::title(self.adapter).to_owned(), adapters::title_of)
    }

    /// What the audit and rules call it.
    fn name(&self) -> &'static str {
        name_of(&self.exposed)
    }

    /// The adapter's type and address, by which a listener is known when the program changes.
    fn requested(&self) -> (&'static str, SocketAddr) {
        (self.adapter.name(), self.address)
    }

    /// The adapter, listening at this address.
    fn listening(&self, address: SocketAddr) -> Listening {
        let namespace = self.group.map_or(self.adapter.namespace(), |group| &group.about.name);
        Listening { name: self.adapter.name(), namespace, declared: self.adapter.port(), address }
    }
}

impl Running {
    /// `about` is what the server calls itself.
    pub(super) fn new(
        about: Option<&Capability>,
        mut options: Serve,
        workers: Vec<Handle>,
        metrics: Metrics,
    ) -> Result<Self, Failure> {
        options.environment = options.environment.with_folder(options.upstream.bind_files.clone());
        let (policy, audit) = (options.tools.policy()?, options.tools.audit.open(about)?);
        let policy = policy.observer(Arc::new(Messages(Some(metrics.clone()))));
        let of_cache = metrics.clone();
        let cache = upstream::cache(&options.upstream)
            .map(|cache| cache.observed(move |capability, event| of_cache.record_cache(capability, event)));
        let body_memory = options.body_memory.saturating_mul(1 << 20);
        let memory = Memory::new(body_memory, options.share(body_memory));
        let connections = Connections::new(options.max_connections, options.max_in_flight, memory.clone());
        Ok(Self {
            shared: Shared {
                tls: Tls::new(&options)?,
                limits: options.limits(),
                connections,
                memory,
                proxies: options.proxies(),
            },
            access: Access::new(&options),
            policy,
            rules: Rules::default(),
            changes: options.tools.policy_file.is_some().then(Changes::default),
            audit,
            rate: options.rate_limit.map(RateLimit::new),
            guard: Guard::new(options.max_in_flight, options.share(options.max_in_flight)),
            // The rest is for what callers have not sent or taken yet.
            room: Room::new(body_memory / 4),
            upstream_tls: upstream::native_root_tls(),
            cache,
            started: Instant::now(),
            stop: CancellationToken::new(),
            abort: CancellationToken::new(),
            program: None,
            listeners: Vec::new(),
            tasks: JoinSet::new(),
            options,
            workers,
            metrics,
        })
    }

    /// Serves a program. An adapter on the same address as before keeps its listener.
    pub(super) fn load(&mut self, program: &'static Program) -> Result<(), Failure> {
        self.load_named(program.named())
    }

    /// Announces to clients what changes, also without a policy file.
    pub(super) fn announces(&mut self) {
        self.changes.get_or_insert_default();
    }

    /// Reads certificate, keys of callers, policy and files of binds again. If one cannot be used, nothing changes.
    pub(super) fn read_again(&mut self) -> Result<(), Failure> {
        let config = Tls::read(&self.options)?;
        if let Some(program) = self.program {
            self.load_named(program)?;
        }
        if let (Some(tls), Some(config)) = (&self.shared.tls, config) {
            tls.replace(config);
        }
        Ok(())
    }

    fn load_named(&mut self, program: &'static Program) -> Result<(), Failure> {
        self.policy.check(program.mcp()).map_err(|error| Failure::Refused(error.to_string()))?;
        program.mcp().for_each(|(_, mcp)| self.policy.warn_of_withheld_files(mcp));
        self.policy.warn_of_no_tools(program.mcp());
        let forwarding = Forwarding::new(program, &self.options)?;
        let on_behalf = OnBehalf::new(program, &self.options)?;
        let rules = self.options.tools.rules(program)?;
        let plans = self.plans(program, &on_behalf)?;
        // Binding comes last of what may fail: then the program before it is still served whole, with its rules.
        let sockets = self.bind(&plans)?;
        self.rules = rules;
        let has_control = program.adapters().any(|adapter| matches!(adapter, Adapter::Control(_)));
        let all = self.addresses(&plans, &sockets);
        let listening: Vec<_> = all.iter().flatten().copied().collect();
        let mut kept = Vec::new();
        for ((plan, socket), own) in plans.iter().zip(sockets).zip(all) {
            let Some(own) = own else { continue };
            let pipelines: Vec<_> = plan
                .connections
                .iter()
                .map(|connections| self.pipeline(plan, connections, (&forwarding, &on_behalf), has_control, &listening))
                .collect();
            let listener = match socket {
                Some((socket, _)) => self.listen(plan, socket, own, pipelines),
                None => {
                    let requested = plan.requested();
                    let known = self.listeners.iter().position(|listener| listener.requested == requested);
                    let Some(known) = known else { continue };
                    // The order says which is which among those on any free port.
                    let mut listener = self.listeners.remove(known);
                    listener.listening = own;
                    for (service, pipeline) in listener.services.iter().zip(pipelines) {
                        service.replace(pipeline);
                    }
                    listener
                }
            };
            kept.push(listener);
        }
        for removed in std::mem::replace(&mut self.listeners, kept) {
            removed.stop.cancel();
        }
        self.program = Some(program);
        self.changes.iter().for_each(Changes::announce);
        Ok(())
    }

    /// The adapters to serve, with control adapters last: they report the others.
    fn plans(&self, program: &'static Program, on_behalf: &OnBehalf) -> Result<Vec<Plan>, Failure> {
        upstream::check_base_uris(program, &self.options.upstream)?;
        ports::check(program, &self.options)?;
        let (tls, memory) = (self.upstream_tls.as_ref(), &self.shared.memory);
        let transports: Vec<_> = self.workers.iter().map(|_| upstream::transport(tls, Some(memory))).collect();
        let of_workers = |served: &'static Served| {
            let of_workers = transports.iter().map(|transport| self.connect(program, served, transport, on_behalf));
            Ok((served, of_workers.collect::<Result<Vec<_>, _>>()?))
        };
        let connections = upstream::all(program.served().map(of_workers)).map_err(on_behalf::refused)?;
        let of_worker = |worker: usize, exposed: &Exposed| {
            let known = connections.iter().find(|(served, _)| std::ptr::eq(*served, exposed.served));
            known.and_then(|(_, of_workers)| of_workers.get(worker)).cloned()
        };
        let all = program.exposed();
        let mut plans = Vec::new();
        for exposed in &all {
            let Some(first) = exposed.first() else { continue };
            let adapter = first.adapter;
            if !adapters::is_served(adapter, &self.options) {
                continue;
            }
            let title = adapters::title(adapter);
            if !self.options.authenticates() && exposed.iter().any(|other| other.adapter.auth() != adapter.auth()) {
                return Err(Failure::Refused(format!(
                    "the capabilities want different authentication of callers on the {title} port that they share; set \
                     NAFTIKO_BEARER_TOKEN or NAFTIKO_API_KEY for all of them, or serve them apart"
                )));
            }
            let workers = 0..self.workers.len();
            plans.push(Plan {
                adapter,
                about: program.about_of(first),
                group: program.group(),
                inbound: Inbound::new(&self.options, adapter.auth(), adapters::path(adapter))?,
                address: SocketAddr::new(self.options.address, ports::port(first, &self.options)),
                connections: workers
                    .map(|worker| exposed.iter().filter_map(|one| of_worker(worker, one)).collect())
                    .collect(),
                catalog: SharedCatalog::default(),
                catalogs: exposed.iter().map(|_| SharedCatalog::default()).collect(),
                rest: SharedRest::default(),
                exposed: exposed.clone(),
            });
        }
        program.check_scripts(&self.options.upstream.scripts)?;
        let calls = |plan: &&Plan| plan.adapter.rest().is_some() || plan.adapter.mcp().is_some();
        on_behalf.check(plans.iter().filter(calls).map(|plan| &plan.inbound))?;
        if plans.is_empty() {
            return Err(Failure::Refused("no adapter to serve".to_owned()));
        }
        let is_public = plans.iter().any(|plan| plan.inbound.is_public());
        if !self.options.address.is_loopback() && is_public && !self.options.allow_unauthenticated {
            return Err(Failure::Refused(format!(
                "{} is reachable from other machines, and callers need not authenticate; set NAFTIKO_BEARER_TOKEN or \
                 NAFTIKO_API_KEY, or add --allow-unauthenticated if that is intended",
                self.options.address
            )));
        }
        Ok(plans)
    }

    fn connect(
        &self,
        program: &Program,
        served: &'static Served,
        transport: &Option<Arc<dyn Transport>>,
        on_behalf: &OnBehalf,
    ) -> Result<Connection, ConfigError> {
        let (metrics, options) = (self.metrics.clone(), &self.options.upstream);
        let builder = upstream::client(program, &served.capability, options, transport.clone(), self.room.clone());
        let builder = upstream::cached(builder, self.cache.as_ref(), served);
        let builder = builder.from_environment(self.options.environment.clone());
        let builder = on_behalf.demand(builder, &served.capability);
        let builder = builder.after(move |attempt, outcome| metrics.record_attempt(attempt, outcome));
        builder.build()
    }

    fn pipeline(
        &self,
        plan: &Plan,
        connections: &[Connection],
        (forwarding, on_behalf): (&Forwarding, &OnBehalf),
        has_control: bool,
        listening: &[Listening],
    ) -> Pipeline {
        let audit = self.audit.as_ref().map(|audit| audit.of(plan.name()));
        let policy = audit.iter().fold(self.policy.clone(), |policy, audit| policy.audit(Arc::new(audit.clone())));
        let parts = Parts {
            options: &self.options,
            access: &self.access,
            policy: &policy,
            changes: self.changes.as_ref(),
            catalog: &plan.catalog,
            rules: &self.rules,
            rest: &plan.rest,
            stop: &self.stop,
            abort: &self.abort,
            about: plan.about,
            group: plan.group,
            inbound: &plan.inbound,
            listening,
            started: self.started,
        };
        let members = plan.exposed.iter().zip(connections).zip(&plan.catalogs);
        let members = members.map(|((exposed, connection), catalog)| Member {
            exposed: *exposed,
            connection: connection.clone(),
            catalog: catalog.clone(),
        });
        Pipeline {
            metrics: self.metrics.clone(),
            has_metrics: adapters::has_metrics(&plan.exposed, has_control),
            health: adapters::health(&plan.exposed, &parts),
            adapter: plan.name(),
            rules: if plan.exposed.iter().any(Exposed::has_rules) { self.rules.clone() } else { Rules::default() },
            audit,
            records_requests: plan.adapter.rest().is_some(),
            rate: self.rate.clone(),
            guard: self.guard.clone(),
            cors: self.access.cors(&self.options),
            inbound: plan.inbound.clone(),
            credentials: plan.inbound.fields().into_iter().chain(on_behalf.fields()).collect(),
            access: self.access.clone(),
            forwarding: forwarding.clone(),
            on_behalf: on_behalf.clone(),
            #[cfg(feature = "otlp")]
            traced: super::otlp::is_enabled(),
            handler: Handler::new(plan.adapter, &members.collect::<Vec<_>>(), &parts),
            standstill: self.options.limits().head,
            stop: self.stop.clone(),
        }
    }

    /// The socket and its address for each plan, or none where a listener of the program before is kept.
    fn bind(&self, plans: &[Plan]) -> Result<Vec<Option<(TcpListener, SocketAddr)>>, Failure> {
        let mut known: Vec<_> = self.listeners.iter().map(|listener| listener.requested).collect();
        let mut sockets = Vec::new();
        for plan in plans {
            if let Some(kept) = known.iter().position(|requested| *requested == plan.requested()) {
                known.swap_remove(kept);
                sockets.push(None);
                continue;
            }
            let (what, address) = (plan.title(), plan.address);
            let socket = listener::bind(address).map_err(|source| Failure::Listen { what, address, source })?;
            let address = socket.local_addr()?;
            sockets.push(Some((socket, address)));
        }
        Ok(sockets)
    }

    /// Where each plan is served: at its socket, or at that of a listener of the program before.
    fn addresses(&self, plans: &[Plan], sockets: &[Option<(TcpListener, SocketAddr)>]) -> Vec<Option<Listening>> {
        let mut known: Vec<_> = self.listeners.iter().map(|it| (it.requested, it.listening.address)).collect();
        let mut address = |plan: &Plan, socket: &Option<(TcpListener, SocketAddr)>| match socket {
            Some((_, address)) => Some(*address),
            // The order says which is which among those on any free port.
            None => {
                let kept = known.iter().position(|(requested, _)| *requested == plan.requested())?;
                Some(known.remove(kept).1)
            }
        };
        let pairs = plans.iter().zip(sockets);
        pairs.map(|(plan, socket)| Some(plan.listening(address(plan, socket)?))).collect()
    }

    fn listen(&mut self, plan: &Plan, socket: TcpListener, listening: Listening, pipelines: Vec<Pipeline>) -> Listener {
        let address = listening.address;
        let (title, path) = (plan.title(), adapters::path(plan.adapter));
        let scheme = if self.shared.tls.is_some() { "https" } else { "http" };
        tracing::info!(target: TARGET, "{title} on {scheme}://{address}{path}");
        let members = plan.exposed.iter().map(|exposed| exposed.member).filter(|member| !member.is_empty());
        let members = members.collect::<Vec<_>>().join(", ");
        if !path.is_empty() && !members.is_empty() {
            tracing::info!(target: TARGET, "{title} of one capability below it: {members}");
        }
        let services: Vec<_> = pipelines.into_iter().map(Service::new).collect();
        let stop = self.stop.child_token();
        let listener =
            Listener { requested: plan.requested(), listening, services: services.clone(), stop: stop.clone() };
        let services: Vec<_> = self.workers.iter().cloned().zip(services).collect();
        let shared = self.shared.clone();
        self.tasks.spawn(async move { listener::serve(socket, &services, shared, &stop).await });
        listener
    }

    /// Where it listens.
    pub(super) fn listening(&self) -> impl Iterator<Item = Listening> {
        self.listeners.iter().map(|listener| listener.listening)
    }

    /// Stops listening, without waiting for running requests.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Waits for running requests, for at most the grace period, and ends what still runs then.
    pub(super) async fn drain(&mut self) -> Result<(), Failure> {
        // Requests for news would run as long as the server.
        self.changes.iter().for_each(Changes::end);
        let mut finishes_within = async |limit| {
            let finished = async { while self.tasks.join_next().await.is_some() {} };
            tokio::time::timeout(limit, finished).await.is_ok()
        };
        if !finishes_within(GRACE).await {
            tracing::warn!(target: TARGET, "connections are still open {} s after the signal; closing them", GRACE.as_secs());
            self.abort.cancel();
            // Calls of tools end by themselves, and all others with their connections. Each is recorded then.
            if !finishes_within(CLOSING).await {
                self.shared.connections.close();
                finishes_within(CLOSING).await;
            }
        }
        if let Some(audit) = &self.audit {
            audit.close();
        }
        Ok(())
    }
}
