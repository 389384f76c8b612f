//! What the imitation of Push Security holds.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::runtime::Handle;

use super::events::Event;
use super::options::PushSecurityOptions;
use super::outbox::Outbox;
use super::paging::Tokens;
use super::seed;
use super::store::Store;
use crate::core::clock::Clock;
use crate::core::limit::RateLimit;
use crate::core::random::{ALPHANUMERIC, HEX, Id, Random};

/// Documented: ten requests a second, ten more for a moment. That each key has its own
/// is how "per user" is read.
const PER_SECOND: u32 = 10;
const BURST: u32 = 10;

/// What a key allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Permission {
    Full,
    ReadOnly,
}

pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) full_key: String,
    pub(crate) read_only_key: String,
    pub(crate) outbox: Arc<Outbox>,
    tokens: Tokens,
    store: Mutex<Store>,
    retry_after: bool,
    limits: Option<Mutex<Limits>>,
    request_ids: Mutex<Random>,
    event_ids: Mutex<Random>,
    record_ids: Mutex<Random>,
}

struct Limits {
    full: RateLimit,
    read_only: RateLimit,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    pub(crate) fn new(
        seed: u64,
        limited: bool,
        options: &PushSecurityOptions,
        clock: Clock,
        runtime: Handle,
    ) -> Self {
        let mut credentials = Random::new(seed, "credentials");
        let full_key = credentials.text(ALPHANUMERIC, 40);
        let read_only_key = credentials.text(ALPHANUMERIC, 40);
        let secret = format!("psws_{}", credentials.text(HEX, 32));
        Self {
            seed,
            full_key,
            read_only_key,
            outbox: Arc::new(Outbox::new(secret, clock.clone(), runtime)),
            clock,
            tokens: Tokens::new(&mut Random::new(seed, "page tokens")),
            store: Mutex::new(seed::organisation(seed, options)),
            retry_after: options.retry_after,
            limits: limited.then(|| {
                Mutex::new(Limits {
                    full: RateLimit::new(PER_SECOND, BURST),
                    read_only: RateLimit::new(PER_SECOND, BURST),
                })
            }),
            request_ids: Mutex::new(Random::new(seed, "request ids")),
            event_ids: Mutex::new(Random::new(seed, "event ids")),
            record_ids: Mutex::new(Random::new(seed, "new records")),
        }
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    pub(crate) fn permission(&self, key: &[u8]) -> Option<Permission> {
        if key == self.full_key.as_bytes() {
            Some(Permission::Full)
        } else if key == self.read_only_key.as_bytes() {
            Some(Permission::ReadOnly)
        } else {
            None
        }
    }

    /// Lets a request of that key through, or says what to put into a
    /// `Retry-After` header, if anything.
    pub(crate) fn admit(&self, key: Permission) -> Result<(), Option<u64>> {
        let Some(limits) = &self.limits else {
            return Ok(());
        };
        let mut limits = lock(limits);
        let limit = match key {
            Permission::Full => &mut limits.full,
            Permission::ReadOnly => &mut limits.read_only,
        };
        limit.admit(self.clock.elapsed()).map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            self.retry_after.then_some(seconds)
        })
    }

    pub(crate) fn request_id(&self) -> Id {
        lock(&self.request_ids).id()
    }

    /// An id for a record that is not of the seeded organisation.
    pub(crate) fn record_id(&self) -> Id {
        lock(&self.record_ids).id()
    }

    /// Sends an event to the webhook receiver, if there is one; its id.
    pub(crate) fn announce(&self, event: Event) -> Id {
        let id = lock(&self.event_ids).id();
        let object = event.object;
        let payload = event.payload(id, self.clock.unix());
        self.outbox.send(id.to_string(), object, &payload);
        id
    }
}

impl fmt::Debug for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("State")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
