//! One reqwest client for each runtime, so that a connection is always driven by the runtime that waits for it. A
//! client may therefore live in a static, be used from several runtimes, and outlive them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::time::Instant;

use super::resolve::Guard;
use super::settings::{self, Route, TransportSettings};
use super::tls::Tls;
use crate::error::Error;

/// How many runtimes have clients at a time, in addition to the first. A new runtime evicts the least recently used
/// one.
const MOST: usize = 8;

pub(super) struct Clients {
    settings: TransportSettings,
    tls: Tls,
    /// How the usual origin is reached.
    route: Route,
    guard: Guard,
    /// The client that was built to validate the settings, until the first runtime takes it.
    spare: Mutex<Option<reqwest::Client>>,
    /// The clients of the first runtime that sends. Nearly always there is no other.
    first: OnceLock<OfRuntime>,
    others: Mutex<Vec<OfRuntime>>,
}

struct OfRuntime {
    runtime: Id,
    is_single_threaded: bool,
    /// For the usual route and the other, and the same for requests to other origins.
    pools: [Mutex<Option<Pool>>; 4],
}

/// A reqwest client, which owns its connections.
struct Pool {
    client: reqwest::Client,
    leaving: Arc<Leaving>,
    /// When the last request was sent with this client.
    last: Option<Instant>,
}

/// What is known about a pool's connections.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// Its connections are shared by requests, because the peer speaks HTTP/2.
    pub(super) is_shared: AtomicBool,
    /// A connection no longer responds. New requests get another pool.
    pub(super) is_left: AtomicBool,
}

/// A URL at another origin.
#[derive(Clone, Copy)]
pub(super) struct Elsewhere<'a> {
    pub(super) url: &'a reqwest::Url,
    /// The service chose the host, so its addresses are checked.
    pub(super) is_guarded: bool,
}

/// The client to send a request with.
pub(super) struct Chosen {
    pub(super) client: reqwest::Client,
    pub(super) leaving: Arc<Leaving>,
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
        if let Some(url) = usual {
            settings::check_tls(url)?;
        }
        let tls = settings.tls()?;
        let spare = settings.client(&tls, route, None)?;
        Ok(Self {
            settings,
            tls,
            route,
            guard,
            spare: Mutex::new(Some(spare)),
            first: OnceLock::new(),
            others: Mutex::new(Vec::new()),
        })
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.settings.connect_timeout
    }

    /// The client for another origin, or for the usual one, on the current runtime.
    pub(super) fn choose(
        &self,
        elsewhere: Option<Elsewhere<'_>>,
        now: Instant,
    ) -> Result<Chosen, Error> {
        let handle = Handle::try_current()
            .map_err(|_| Error::invalid("the call was not awaited on a tokio runtime"))?;
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
                        .get_or_init(|| OfRuntime::new(&handle, Some(usual))),
                    // Another thread is about to set it.
                    None => return self.of_another(&handle, elsewhere, now),
                }
            }
        };
        match first.runtime == id {
            true => self.chosen(first, elsewhere, now),
            false => self.of_another(&handle, elsewhere, now),
        }
    }

    #[cold]
    fn of_another(
        &self,
        handle: &Handle,
        elsewhere: Option<Elsewhere<'_>>,
        now: Instant,
    ) -> Result<Chosen, Error> {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let found = others.iter().position(|one| one.runtime == handle.id());
        let one = match found {
            Some(at) => others.remove(at),
            None => {
                if others.len() == MOST {
                    others.remove(0);
                }
                OfRuntime::new(handle, None)
            }
        };
        let chosen = self.chosen(&one, elsewhere, now);
        others.push(one);
        chosen
    }

    fn chosen(
        &self,
        one: &OfRuntime,
        elsewhere: Option<Elsewhere<'_>>,
        now: Instant,
    ) -> Result<Chosen, Error> {
        let (route, guard) = match elsewhere {
            None => (self.route, None),
            Some(Elsewhere { url, is_guarded }) => {
                settings::check_tls(url)?;
                let guard = is_guarded.then_some(&self.guard);
                (self.settings.route(Some(url)), guard)
            }
        };
        let pool = usize::from(route != self.route) + 2 * usize::from(guard.is_some());
        let mut slot = one.pools[pool]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let pool = match &mut *slot {
            Some(pool) if !pool.leaving.is_left.load(Ordering::Relaxed) => pool,
            slot => slot.insert(Pool::of(self.settings.client(&self.tls, route, guard)?)),
        };
        let last = pool.last.replace(now);
        let must_yield = last.is_some_and(|last| {
            // Outside of a task, only this call drives a single-threaded runtime.
            let is_driven_here = one.is_single_threaded && tokio::task::try_id().is_none();
            is_driven_here || now.saturating_duration_since(last) > RECENTLY
        });
        Ok(Chosen {
            client: pool.client.clone(),
            leaving: Arc::clone(&pool.leaving),
            must_yield,
        })
    }
}

impl OfRuntime {
    fn new(handle: &Handle, usual: Option<reqwest::Client>) -> Self {
        Self {
            runtime: handle.id(),
            is_single_threaded: handle.runtime_flavor() == RuntimeFlavor::CurrentThread,
            pools: [usual.map(Pool::of), None, None, None].map(Mutex::new),
        }
    }
}

impl Pool {
    fn of(client: reqwest::Client) -> Self {
        Self {
            client,
            leaving: Arc::default(),
            last: None,
        }
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}
