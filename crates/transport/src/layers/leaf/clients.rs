//! One reqwest client for each runtime, so that no connection is driven by another runtime than the one that waits for
//! it. A client of ours may so live in a static, be used from several runtimes, and outlive them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id, RuntimeFlavor};
use tokio::time::Instant;

use super::settings::{self, LeafSettings, Route};
use super::tls::Tls;
use crate::error::Error;

/// How many runtimes have clients at a time, beside the first. The one used longest ago is dropped for a new one.
const MOST: usize = 8;

pub(super) struct Clients {
    settings: LeafSettings,
    tls: Tls,
    /// How the usual origin is reached.
    route: Route,
    /// The client that was built to see that one can be, until the first runtime takes it.
    spare: Mutex<Option<reqwest::Client>>,
    /// Of the first runtime that sends. Nearly always there is no other.
    first: OnceLock<OfRuntime>,
    others: Mutex<Vec<OfRuntime>>,
}

struct OfRuntime {
    runtime: Id,
    is_single_threaded: bool,
    /// For the usual route, and for the other.
    routes: [Mutex<Option<Pool>>; 2],
}

/// A reqwest client, which owns its connections.
struct Pool {
    client: reqwest::Client,
    leaving: Arc<Leaving>,
    /// When the last request was sent with it.
    last: Option<Instant>,
}

/// What is known of a pool's connections.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// Its connections are shared by requests, since the peer speaks HTTP/2.
    pub(super) is_shared: AtomicBool,
    /// A connection no longer answers. New requests get another pool.
    pub(super) is_left: AtomicBool,
}

/// What a request is sent with.
pub(super) struct Chosen {
    pub(super) client: reqwest::Client,
    pub(super) leaving: Arc<Leaving>,
    /// The runtime may not have looked at its sockets for a while, and does so if the caller yields. Until then a pooled
    /// connection that the peer closed long ago looks alive.
    pub(super) must_yield: bool,
}

/// A single-threaded runtime that was driven this recently needs no extra look at its sockets, which is not for nothing.
const RECENTLY: Duration = Duration::from_millis(20);

impl Clients {
    /// # Errors
    /// If the settings cannot be used.
    pub(super) fn new(settings: LeafSettings, usual: Option<&reqwest::Url>) -> Result<Self, Error> {
        let route = settings.route(usual);
        if let Some(url) = usual {
            settings::check_tls(url)?;
        }
        let tls = settings.tls()?;
        let spare = settings.client(&tls, route)?;
        Ok(Self {
            settings,
            tls,
            route,
            spare: Mutex::new(Some(spare)),
            first: OnceLock::new(),
            others: Mutex::new(Vec::new()),
        })
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        self.settings.connect_timeout
    }

    /// The client for this URL, or for the usual origin, on the current runtime.
    pub(super) fn choose(&self, url: Option<&reqwest::Url>, now: Instant) -> Result<Chosen, Error> {
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
                    // Another thread is just about to set it.
                    None => return self.of_another(&handle, url, now),
                }
            }
        };
        match first.runtime == id {
            true => self.chosen(first, url, now),
            false => self.of_another(&handle, url, now),
        }
    }

    #[cold]
    fn of_another(
        &self,
        handle: &Handle,
        url: Option<&reqwest::Url>,
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
        let chosen = self.chosen(&one, url, now);
        others.push(one);
        chosen
    }

    fn chosen(
        &self,
        one: &OfRuntime,
        url: Option<&reqwest::Url>,
        now: Instant,
    ) -> Result<Chosen, Error> {
        if let Some(url) = url {
            settings::check_tls(url)?;
        }
        let route = url.map_or(self.route, |url| self.settings.route(Some(url)));
        let mut slot = one.routes[usize::from(route != self.route)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let pool = match &mut *slot {
            Some(pool) if !pool.leaving.is_left.load(Ordering::Relaxed) => pool,
            slot => slot.insert(Pool::of(self.settings.client(&self.tls, route)?)),
        };
        let last = pool.last.replace(now);
        let must_yield = one.is_single_threaded
            && last.is_some_and(|last| {
                // Outside of a task, the runtime is driven by this call only.
                tokio::task::try_id().is_none() || now.saturating_duration_since(last) > RECENTLY
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
            routes: [Mutex::new(usual.map(Pool::of)), Mutex::new(None)],
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
