//! One reqwest client for each runtime, so that no connection is driven by another runtime than the one that waits for
//! it. A client of ours may so live in a static, be used from several runtimes, and outlive them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use tokio::runtime::{Handle, Id, RuntimeFlavor};

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
#[derive(Clone)]
struct Pool {
    client: reqwest::Client,
    leaving: Arc<Leaving>,
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
    pub(super) fn choose(&self, url: Option<&reqwest::Url>) -> Result<Chosen, Error> {
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
                    None => return self.of_another(&handle, url),
                }
            }
        };
        match first.runtime == id {
            true => self.chosen(first, url),
            false => self.of_another(&handle, url),
        }
    }

    #[cold]
    fn of_another(&self, handle: &Handle, url: Option<&reqwest::Url>) -> Result<Chosen, Error> {
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
        let chosen = self.chosen(&one, url);
        others.push(one);
        chosen
    }

    fn chosen(&self, one: &OfRuntime, url: Option<&reqwest::Url>) -> Result<Chosen, Error> {
        if let Some(url) = url {
            settings::check_tls(url)?;
        }
        let route = url.map_or(self.route, |url| self.settings.route(Some(url)));
        let mut pool = one.routes[usize::from(route != self.route)]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pool) = &*pool
            && !pool.leaving.is_left.load(Ordering::Relaxed)
        {
            return Ok(pool.chosen(one));
        }
        let new = Pool::of(self.settings.client(&self.tls, route)?);
        Ok(pool.insert(new).chosen(one))
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
        }
    }

    fn chosen(&self, one: &OfRuntime) -> Chosen {
        Chosen {
            client: self.client.clone(),
            leaving: Arc::clone(&self.leaving),
            must_yield: one.is_single_threaded,
        }
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").finish_non_exhaustive()
    }
}
