//! One reqwest client for each runtime, so that a connection is always driven by the runtime that waits for it. A
//! client may therefore live in a static, be used from several runtimes, and outlive them.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::time::Instant;

use super::pool_health::{Peer, PoolHealth};
use super::resolve::Guard;
use super::settings::{self, Route, TransportSettings};
use super::tls::Tls;
use crate::error::Error;
use crate::runtime::no_runtime;

/// How many runtimes have clients at a time, in addition to the first. A new runtime evicts the least recently used
/// one.
const MOST_OTHERS: usize = 8;

pub(super) struct Clients {
    settings: TransportSettings,
    tls: Tls,
    /// How the usual origin is reached.
    route: Route,
    usual_peer: Peer,
    guard: Guard,
    /// The client that was built to validate the settings, until the first runtime takes it.
    spare: Mutex<Option<reqwest::Client>>,
    /// The clients of the first runtime that sends. Nearly always there is no other.
    first: OnceLock<RuntimeClients>,
    others: Mutex<Vec<RuntimeClients>>,
}

struct RuntimeClients {
    runtime: Id,
    is_single_threaded: bool,
    pools: Pools,
}

/// A pool for each way to reach a host.
#[derive(Default)]
struct Pools {
    usual: PoolSlot,
    /// For hosts that the proxy settings treat differently.
    other_route: PoolSlot,
    /// For hosts whose addresses are checked.
    guarded: PoolSlot,
    guarded_other_route: PoolSlot,
}

type PoolSlot = Mutex<Option<Pool>>;

/// A reqwest client, which owns its connections.
struct Pool {
    client: reqwest::Client,
    health: Arc<PoolHealth>,
    /// When the last request was sent with this client.
    last: Option<Instant>,
}

/// A URL at another origin.
#[derive(Clone, Copy)]
pub(super) struct OtherOrigin<'a> {
    pub(super) url: &'a reqwest::Url,
    /// The service chose the host, so its addresses are checked.
    pub(super) is_guarded: bool,
}

/// The client to send a request with.
pub(super) struct Chosen {
    pub(super) client: reqwest::Client,
    pub(super) health: Arc<PoolHealth>,
    /// The runtime may not have polled its sockets for a while, and does so if the caller yields. Until then a pooled
    /// connection that the peer closed long ago looks alive.
    pub(super) must_yield: bool,
}

/// A runtime that has sent a request this recently does not need to poll its sockets again, which has a cost.
const RECENTLY: Duration = Duration::from_millis(5);

impl Clients {
    /// # Errors
    /// If the settings are invalid.
    pub(super) fn new(
        settings: TransportSettings,
        usual: Option<&reqwest::Url>,
        guard: Guard,
    ) -> Result<Self, Error> {
        let route = settings.route(usual);
        let usual_peer = usual.map_or(Peer::Service, |url| Peer::of(url, &settings, Peer::Service));
        if let Some(url) = usual {
            settings::check_tls(url)?;
        }
        let tls = settings.tls()?;
        let spare = settings.client(&tls, route, None)?;
        Ok(Self {
            settings,
            tls,
            route,
            usual_peer,
            guard,
            spare: Mutex::new(Some(spare)),
            first: OnceLock::new(),
            others: Mutex::new(Vec::new()),
        })
    }

    /// Who a request is sent to that goes to this other origin, or to the usual one.
    pub(super) fn peer(&self, other: Option<OtherOrigin<'_>>) -> Peer {
        match other {
            None => self.usual_peer,
            Some(other) => Peer::of(other.url, &self.settings, Peer::Other),
        }
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.settings.connect_timeout
    }

    /// The client for another origin, or for the usual one, on the current runtime.
    pub(super) fn choose(
        &self,
        other_origin: Option<OtherOrigin<'_>>,
        now: Instant,
    ) -> Result<Chosen, Error> {
        let handle = Handle::try_current().map_err(|_| no_runtime())?;
        let id = handle.id();
        let first = match self.first.get() {
            Some(first) => first,
            None => {
                let spare = self
                    .spare
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take();
                match spare {
                    Some(usual) => self
                        .first
                        .get_or_init(|| RuntimeClients::new(&handle, Some(usual))),
                    // Another thread is about to set it.
                    None => return self.choose_for_other(&handle, other_origin, now),
                }
            }
        };
        match first.runtime == id {
            true => self.chosen(first, other_origin, now),
            false => self.choose_for_other(&handle, other_origin, now),
        }
    }

    #[cold]
    fn choose_for_other(
        &self,
        handle: &Handle,
        other_origin: Option<OtherOrigin<'_>>,
        now: Instant,
    ) -> Result<Chosen, Error> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let found = others
            .iter()
            .position(|clients| clients.runtime == handle.id());
        let clients = match found {
            Some(at) => others.remove(at),
            None => {
                if others.len() == MOST_OTHERS {
                    others.remove(0);
                }
                RuntimeClients::new(handle, None)
            }
        };
        let chosen = self.chosen(&clients, other_origin, now);
        others.push(clients);
        chosen
    }

    fn chosen(
        &self,
        clients: &RuntimeClients,
        other_origin: Option<OtherOrigin<'_>>,
        now: Instant,
    ) -> Result<Chosen, Error> {
        let (route, guard) = match other_origin {
            None => (self.route, None),
            Some(OtherOrigin { url, is_guarded }) => {
                settings::check_tls(url)?;
                let guard = is_guarded.then_some(&self.guard);
                (self.settings.route(Some(url)), guard)
            }
        };
        let slot = clients.pools.slot(route == self.route, guard.is_some());
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let pool = match &mut *slot {
            Some(pool) if !pool.health.is_unresponsive() => pool,
            slot => slot.insert(Pool::of(self.settings.client(&self.tls, route, guard)?)),
        };
        let last = pool.last.replace(now);
        let must_yield = last.is_some_and(|last| {
            // Outside of a task, only this call drives a single-threaded runtime.
            let is_driven_here = clients.is_single_threaded && tokio::task::try_id().is_none();
            is_driven_here || now.saturating_duration_since(last) > RECENTLY
        });
        Ok(Chosen {
            client: pool.client.clone(),
            health: Arc::clone(&pool.health),
            must_yield,
        })
    }
}

impl RuntimeClients {
    fn new(handle: &Handle, usual: Option<reqwest::Client>) -> Self {
        Self {
            runtime: handle.id(),
            is_single_threaded: handle.runtime_flavor() == RuntimeFlavor::CurrentThread,
            pools: Pools {
                usual: Mutex::new(usual.map(Pool::of)),
                ..Pools::default()
            },
        }
    }
}

impl Pools {
    fn slot(&self, is_usual_route: bool, is_guarded: bool) -> &PoolSlot {
        match (is_usual_route, is_guarded) {
            (true, false) => &self.usual,
            (false, false) => &self.other_route,
            (true, true) => &self.guarded,
            (false, true) => &self.guarded_other_route,
        }
    }
}

impl Pool {
    fn of(client: reqwest::Client) -> Self {
        Self {
            client,
            health: Arc::default(),
            last: None,
        }
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;

    use super::*;
    use crate::url::base_url::BaseUrl;
    use crate::url::redirect::FileHosts;

    /// Clients for a service on this machine.
    fn clients() -> Clients {
        // Without its own provider, rustls uses the process default.
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let _ = provider.install_default();
        let base = BaseUrl::parse("http://127.0.0.1:9", false).unwrap();
        let hosts = FileHosts {
            base: &base,
            private: false,
        };
        let url = reqwest::Url::parse(&base.to_string()).unwrap();
        let settings = settings::tests::settings(None, true);
        Clients::new(settings, Some(&url), Guard::new(hosts)).unwrap()
    }

    #[test]
    fn a_runtime_polls_its_sockets_before_a_request_if_it_may_not_have_done_so_for_a_while() {
        // Whether it does so for requests at these times, in milliseconds.
        let yields = || {
            let (clients, start) = (clients(), Instant::now());
            [0, 0, 5, 11].map(|at| {
                let now = start + Duration::from_millis(at);
                clients.choose(None, now).unwrap().must_yield
            })
        };
        let after_a_while = [false, false, false, true];
        for (mut builder, outside_of_tasks) in [
            (Builder::new_current_thread(), [false, true, true, true]),
            (Builder::new_multi_thread(), after_a_while),
        ] {
            let runtime = builder.enable_all().build().unwrap();
            assert_eq!(runtime.block_on(async { yields() }), outside_of_tasks);
            let in_task = runtime.spawn(async move { yields() });
            assert_eq!(runtime.block_on(in_task).unwrap(), after_a_while);
        }
    }

    #[test]
    fn the_clients_of_a_few_runtimes_are_kept() {
        let (clients, now) = (clients(), Instant::now());
        for _ in 0..2 * MOST_OTHERS {
            let runtime = Builder::new_current_thread().build().unwrap();
            runtime.block_on(async { clients.choose(None, now).unwrap() });
        }
        assert_eq!(clients.others.lock().unwrap().len(), MOST_OTHERS);
    }
}
