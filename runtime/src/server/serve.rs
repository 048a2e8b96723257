//! Listening, and stopping when told to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::cli::Serve;
use super::control::{Served, Status};
use super::docs::Docs;
use super::forwarding::Forwarding;
use super::front::{Adapter, Front, Stations};
use super::guard::Guard;
use super::health::Health;
use super::inbound::Inbound;
use super::metrics::{self, Metrics};
use super::rate::RateLimit;
use super::signals::{Signals, stop_on_signal};
use super::tls::Tls;
use super::workers::Worker;
use super::{Failure, Program, listener};
use crate::exposure::Callers;
use crate::mcp::Server;

/// How long running requests may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(30);

/// The path of the MCP endpoint.
const MCP: &str = "/mcp";

/// Serves until a signal arrives.
pub(super) async fn serve(
    program: &'static Program,
    workers: &[Worker],
    metrics: Metrics,
    options: Serve,
) -> Result<(), Failure> {
    let inbound = |callers: Option<Callers>, endpoint: &str| {
        callers.map(|callers| Inbound::new(&options, &callers, endpoint)).transpose()
    };
    let rest_callers = inbound(program.rest.map(|adapter| adapter.callers), "")?;
    let mcp_callers = inbound(program.mcp.map(|adapter| adapter.callers), MCP)?;
    let control_callers = inbound(program.control.map(|adapter| adapter.callers), "")?;
    let open = [&rest_callers, &mcp_callers, &control_callers].into_iter().flatten().any(Inbound::is_open);
    if !options.address.is_loopback() && open && !options.allow_unauthenticated {
        let message = format!(
            "{} is not this machine only, and nobody has to authenticate; set NAFTIKO_BEARER_TOKEN or NAFTIKO_API_KEY, \
             or add --allow-unauthenticated if that is meant",
            options.address
        );
        return Err(Failure::Refused(message));
    }
    let tls = Tls::new(&options)?;
    let access = Access::new(&options);
    let policy = options.tools.policy()?;
    let forwarding = Forwarding::new(program, &options)?;
    let rate = options.rate_limit.map(RateLimit::new);
    let guard = Guard::new(options.max_in_flight);
    let (stop, give_up) = (CancellationToken::new(), CancellationToken::new());
    // Before anything says that the server is up: whoever reads that may send a signal at once.
    tokio::spawn(stop_on_signal(Signals::listen()?, stop.clone()));
    let fronts = |inbound: &Inbound, health: &Health, shows_metrics: bool, adapter: &dyn Fn(&Worker) -> Adapter| {
        let front = |worker: &Worker| {
            let stations = Stations {
                metrics: metrics.clone(),
                shows_metrics,
                health: health.clone(),
                rate: rate.clone(),
                guard: guard.clone(),
                cors: access.cors(&options),
                inbound: inbound.clone(),
                access: access.clone(),
                forwarding: forwarding.clone(),
                read_only: options.tools.read_only,
                #[cfg(feature = "otlp")]
                traced: super::otlp::is_wanted(),
                adapter: adapter(worker),
            };
            (worker.runtime.clone(), Front(Arc::new(stations)))
        };
        workers.iter().map(front).collect()
    };
    // Who watches the server does so on one port.
    let shows_metrics = program.control.is_none();
    let address = |port: u16| SocketAddr::new(options.address, port);
    let mut listening = Vec::new();
    // A dry run sends nothing, and REST does nothing but send.
    if let Some((adapter, callers)) = program.rest.zip(rest_callers).filter(|_| !options.tools.dry_run) {
        let paths: Vec<_> = adapter.routes.iter().map(|route| route.path).collect();
        let (health, docs) = (Health::new(&stop, &paths), Docs::new(adapter));
        let shows_metrics = shows_metrics && !paths.contains(&metrics::PATH);
        let rest = |worker: &Worker| Adapter::Rest(adapter.over(&worker.connection), docs.clone());
        let fronts = fronts(&callers, &health, shows_metrics, &rest);
        let address = address(options.rest_port.unwrap_or(adapter.port));
        listening.push(Listening::new("REST", address, "", fronts, tls.clone()).await?);
    }
    if let Some((adapter, callers)) = program.mcp.zip(mcp_callers) {
        let mcp = |worker: &Worker| {
            let server = Server::new(adapter, &worker.connection).with_policy(policy.clone());
            Adapter::Mcp(Box::new(server.endpoint(access.mcp(give_up.clone()))))
        };
        let fronts = fronts(&callers, &Health::new(&stop, &[]), shows_metrics, &mcp);
        let address = address(options.mcp_port.unwrap_or(adapter.port));
        listening.push(Listening::new("MCP", address, MCP, fronts, tls.clone()).await?);
    }
    if listening.is_empty() {
        return Err(Failure::Refused("the capability exposes nothing".to_owned()));
    }
    if let Some((adapter, callers)) = program.control.zip(control_callers) {
        let served: Vec<_> = listening.iter().map(Listening::served).collect::<Result<_, _>>()?;
        let health = Health::of_all(&stop, &served, adapter.health);
        let status = Status { capability: program.capability, served, since: Instant::now(), told: adapter.info };
        let status = Arc::new(status);
        let fronts = fronts(&callers, &health, adapter.metrics, &|_| Adapter::Control(Arc::clone(&status)));
        let address = address(options.control_port.unwrap_or(adapter.port));
        listening.push(Listening::new("control", address, "", fronts, tls).await?);
    }
    let patience = Duration::from_secs(options.head_timeout);
    let finished = join_all(listening.into_iter().map(|listening| listening.run(patience, &stop)));
    tokio::select! {
        _ = finished => {}
        () = deadline(&stop) => {
            tracing::warn!("connections are still open {} s after the signal; closing them", GRACE.as_secs());
            give_up.cancel();
        }
    }
    Ok(())
}

/// Serves MCP on stdio until the client leaves or a signal arrives.
pub(super) async fn stdio(server: Server) -> std::io::Result<()> {
    let mut signals = Signals::listen()?;
    tokio::select! {
        served = server.serve_stdio() => served,
        () = signals.next() => Ok(()),
    }
}

/// An adapter, and the port that it has.
struct Listening {
    what: &'static str,
    listener: TcpListener,
    fronts: Vec<(Handle, Front)>,
    tls: Option<Tls>,
}

impl Listening {
    async fn new(
        what: &'static str,
        address: SocketAddr,
        path: &str,
        fronts: Vec<(Handle, Front)>,
        tls: Option<Tls>,
    ) -> Result<Self, Failure> {
        let listener = TcpListener::bind(address).await.map_err(|source| Failure::Listen { what, address, source })?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        tracing::info!("{what} on {scheme}://{}{path}", listener.local_addr()?);
        Ok(Self { what, listener, fronts, tls })
    }

    fn served(&self) -> std::io::Result<Served> {
        Ok(Served { name: self.what, address: self.listener.local_addr()? })
    }

    async fn run(self, patience: Duration, stop: &CancellationToken) {
        listener::serve(self.listener, &self.fronts, self.tls, patience, stop).await;
    }
}

async fn deadline(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}
