//! The state of the imitation of Push Security.

use std::sync::{Arc, Mutex};

use tokio::runtime::Handle;

use super::events::Event;
use super::lists::Places;
use super::options::PushSecurityOptions;
use super::outbox::Outbox;
use super::records::Store;
use super::seed;
use crate::common::clock::Clock;
use crate::common::limit::RateLimit;
use crate::common::lock;
use crate::common::random::{ALPHANUMERIC, HEX, Random};
use crate::common::service::Setup;

/// Documented: ten requests a second, ten more for a moment. "Per user" is read as per key.
const PER_SECOND: u32 = 10;
const BURST: u32 = 10;

/// The number of the key that may only read.
pub(crate) const READ_ONLY: usize = 1;

pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    /// The key with full access, and the one that may only read.
    pub(crate) keys: [String; 2],
    pub(crate) outbox: Arc<Outbox>,
    options: PushSecurityOptions,
    /// Created when it is first needed: sandboxes are often started for another service.
    inner: Mutex<Option<Inner>>,
    limits: Option<Mutex<[RateLimit; 2]>>,
}

/// The part of the state that changes.
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) places: Places,
    event_ids: Random,
    /// The ids of records that are added to the seeded organisation.
    pub(crate) record_ids: Random,
}

impl State {
    pub(crate) fn start(setup: &Setup, options: &PushSecurityOptions) -> Self {
        let (seed, clock) = (setup.seed, setup.clock.clone());
        let mut credentials = Random::new(seed, "credentials");
        let keys = [(); 2].map(|()| credentials.text(ALPHANUMERIC, 40));
        let secret = format!("psws_{}", credentials.text(HEX, 32));
        let limit = || RateLimit::new(PER_SECOND, BURST);
        Self {
            seed,
            keys,
            outbox: Arc::new(Outbox::new(secret, clock.clone(), Handle::current())),
            clock,
            options: options.clone(),
            inner: Mutex::default(),
            limits: setup.limited.then(|| Mutex::new([limit(), limit()])),
        }
    }

    /// Does something with the part that changes.
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Inner) -> R) -> R {
        let mut inner = lock(&self.inner);
        work(inner.get_or_insert_with(|| Inner {
            store: seed::organisation(self.seed, |of| self.options.size(of)),
            places: Places::default(),
            event_ids: Random::new(self.seed, "event ids"),
            record_ids: Random::new(self.seed, "new records"),
        }))
    }

    /// The number of a key.
    pub(crate) fn key(&self, sent: &[u8]) -> Option<usize> {
        self.keys.iter().position(|key| key.as_bytes() == sent)
    }

    /// Lets a request with that key through, or returns the value for a `Retry-After` header, if there is to be one.
    pub(crate) fn admit(&self, key: usize) -> Result<(), Option<u64>> {
        let Some(limits) = &self.limits else {
            return Ok(());
        };
        let admitted = lock(limits)[key].admit(self.clock.elapsed());
        admitted.map_err(|wait| {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            self.options.retry_after.then_some(seconds)
        })
    }

    /// Sends an event to the webhook receiver, if there is one. Returns the event's id.
    pub(crate) fn announce(&self, inner: &mut Inner, event: Event) -> String {
        let id = inner.event_ids.id();
        let object = event.object.clone();
        let payload = event.payload(&id, self.clock.unix());
        self.outbox.send(id.clone(), object, &payload);
        id
    }
}
