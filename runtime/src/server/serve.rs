//! Listening, and stopping when told to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::access::Access;
use super::cli::Serve;
use super::docs::Docs;
use super::front::{Adapter, Front, Stations};
use super::guard::Guard;
use super::health::Health;
use super::inbound::Inbound;
use super::metrics::Metrics;
use super::rate::RateLimit;
use super::tls::Tls;
use super::workers::Worker;
use super::{Failure, Program, listener};
use crate::exposure::Callers;
use crate::mcp::Server;
use crate::rest::Problem;

/// How long running requests may take after the signal to stop.
const GRACE: Duration = Duration::from_secs(30);

/// Serves until a signal arrives.
pub(super) async fn serve(
    program: &'static Program,
    workers: &[Worker],
    metrics: Metrics,
    options: Serve,
) -> Result<(), Failure> {
    let inbound = |callers: Option<Callers>| callers.map(|callers| Inbound::new(&options, &callers)).transpose();
    let rest_callers = inbound(program.rest.map(|adapter| adapter.callers))?;
    let mcp_callers = inbound(program.mcp.map(|adapter| adapter.callers))?;
    let open = [&rest_callers, &mcp_callers].into_iter().flatten().any(Inbound::is_open);
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
    let rate = options.rate_limit.map(RateLimit::new);
    let guard = Guard::new(options.max_in_flight);
    let (stop, give_up) = (CancellationToken::new(), CancellationToken::new());
    // Before anything says that the server is up: whoever reads that may send a signal at once.
    tokio::spawn(stop_on_signal(Signals::listen()?, stop.clone()));
    let fronts = |health: &Health, inbound: &Inbound, adapter: &dyn Fn(&Worker) -> Adapter| {
        let front = |worker: &Worker| {
            let stations = Stations {
                metrics: metrics.clone(),
                health: health.clone(),
                rate: rate.clone(),
                guard: guard.clone(),
                cors: access.cors(&options),
                inbound: inbound.clone(),
                access: access.clone(),
                #[cfg(feature = "otlp")]
                traced: super::otlp::is_wanted(),
                adapter: adapter(worker),
            };
            (worker.runtime.clone(), Front(Arc::new(stations)))
        };
        workers.iter().map(front).collect()
    };
    let rest = match program.rest.zip(rest_callers) {
        Some((adapter, callers)) => {
            let port = options.rest_port.unwrap_or(adapter.port);
            let health = Health::new(&stop, adapter.routes.iter().map(|route| route.path));
            let docs = Docs::new(adapter);
            let rest =
                fronts(&health, &callers, &|worker| Adapter::Rest(adapter.over(&worker.connection), docs.clone()));
            Some(listen("REST", options.address, port, "", rest, tls.clone()).await?)
        }
        None => None,
    };
    let mcp = match program.mcp.zip(mcp_callers) {
        Some((adapter, callers)) => {
            let port = options.mcp_port.unwrap_or(adapter.port);
            let router = |worker: &Worker| {
                Server::new(adapter, &worker.connection).router(access.mcp(give_up.clone())).fallback(not_found)
            };
            let mcp = fronts(&Health::new(&stop, std::iter::empty()), &callers, &|worker| Adapter::Mcp(router(worker)));
            Some(listen("MCP", options.address, port, "/mcp", mcp, tls).await?)
        }
        None => None,
    };
    if rest.is_none() && mcp.is_none() {
        return Err(Failure::Refused("the capability exposes nothing".to_owned()));
    }
    let patience = Duration::from_secs(options.head_timeout);
    let finished = async { tokio::join!(run(rest, patience, &stop), run(mcp, patience, &stop)) };
    tokio::select! {
        ((), ()) = finished => {}
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

type Listening = (TcpListener, Vec<(Handle, Front)>, Option<Tls>);

async fn listen(
    what: &'static str,
    address: IpAddr,
    port: u16,
    path: &str,
    fronts: Vec<(Handle, Front)>,
    tls: Option<Tls>,
) -> Result<Listening, Failure> {
    let address = SocketAddr::new(address, port);
    let listener = TcpListener::bind(address).await.map_err(|source| Failure::Listen { what, address, source })?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    tracing::info!("{what} on {scheme}://{}{path}", listener.local_addr()?);
    Ok((listener, fronts, tls))
}

async fn run(listening: Option<Listening>, patience: Duration, stop: &CancellationToken) {
    if let Some((listener, fronts, tls)) = listening {
        listener::serve(listener, &fronts, tls, patience, stop).await;
    }
}

async fn deadline(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(GRACE).await;
}

/// The signals that ask the program to stop.
struct Signals {
    interrupt: Signal,
    #[cfg(unix)]
    terminate: Signal,
}

#[cfg(unix)]
type Signal = tokio::signal::unix::Signal;
#[cfg(windows)]
type Signal = tokio::signal::windows::CtrlC;

impl Signals {
    /// Starts to listen. From here on a signal no longer ends the process by itself.
    fn listen() -> std::io::Result<Self> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
        }
        #[cfg(windows)]
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        let _ = self.interrupt.recv().await;
    }
}

/// The first signal stops gracefully, the second at once.
async fn stop_on_signal(mut signals: Signals, stop: CancellationToken) {
    signals.next().await;
    tracing::info!("stopping");
    stop.cancel();
    signals.next().await;
    std::process::exit(130);
}

async fn not_found(uri: Uri) -> Problem {
    Problem::not_found(uri.path()).at(uri.path())
}
