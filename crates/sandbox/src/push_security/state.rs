//! What the imitation of Push Security holds.

use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;

use super::events::Event;
use super::lists::Places;
use super::options::PushSecurityOptions;
use super::outbox::Outbox;
use super::seed;
use super::store::Store;
use crate::common::clock::Clock;
use crate::common::limit::RateLimit;
use crate::common::lock;
use crate::common::random::{ALPHANUMERIC, HEX, Random};
use crate::common::service::Setup;

/// Documented: ten requests a second, ten more for a moment. That each key has its own is how "per user" is read.
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
    options: PushSecurityOptions,
    /// Made when it is first needed: sandboxes are often started for another service.
    inner: Mutex<Option<Inner>>,
    limits: Option<Mutex<[RateLimit; 2]>>,
    request_ids: Mutex<Random>,
}

/// What changes.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) places: Places,
    event_ids: Random,
    /// The ids of records that are not of the seeded organisation.
    pub(crate) record_ids: Random,
}

impl State {
    pub(crate) fn start(setup: &Setup, options: &PushSecurityOptions) -> Self {
        let (seed, clock) = (setup.seed, setup.clock.clone());
        let mut credentials = Random::new(seed, "credentials");
        let full_key = credentials.text(ALPHANUMERIC, 40);
        let read_only_key = credentials.text(ALPHANUMERIC, 40);
        let secret = format!("psws_{}", credentials.text(HEX, 32));
        let limit = || RateLimit::new(PER_SECOND, BURST);
        Self {
            seed,
            full_key,
            read_only_key,
            outbox: Arc::new(Outbox::new(secret, clock.clone(), Handle::current())),
            clock,
            options: options.clone(),
            inner: Mutex::default(),
            limits: setup.limited.then(|| Mutex::new([limit(), limit()])),
            request_ids: Mutex::new(Random::new(seed, "request ids")),
        }
    }

    /// Does something with what changes.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Inner) -> R) -> R {
        let mut inner = lock(&self.inner);
        work(inner.get_or_insert_with(|| Inner {
            store: seed::organisation(self.seed, &self.options),
            places: Places::default(),
            event_ids: Random::new(self.seed, "event ids"),
            record_ids: Random::new(self.seed, "new records"),
        }))
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

    /// Lets a request of that key through, or returns what to put into a `Retry-After` header, if anything.
    pub(crate) fn admit(&self, key: Permission) -> Result<(), Option<u64>> {
        let Some(limits) = &self.limits else {
            return Ok(());
        };
        let admitted = lock(limits)[key as usize].admit(self.clock.elapsed());
        admitted.map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            self.options.retry_after.then_some(seconds)
        })
    }

    pub(crate) fn request_id(&self) -> String {
        lock(&self.request_ids).id()
    }

    /// Sends an event to the webhook receiver, if there is one; its id.
    pub(crate) fn announce(&self, inner: &mut Inner, event: Event) -> String {
        let id = inner.event_ids.id();
        let object = event.object.clone();
        let payload = event.payload(&id, self.clock.unix());
        self.outbox.send(id.clone(), object, &payload);
        id
    }
}
