//! An imitation of the Push Security REST API v1 and its webhooks v1.

mod changes;
mod events;
mod lists;
mod model;
mod options;
mod outbox;
mod response;
mod routes;
mod seed;
mod service;
mod state;
mod store;

use std::io;

use serde_json::Value;

pub use options::PushSecurityOptions;
pub use outbox::Delivery;

use self::events::Event;
use self::model::{Collection, text};
use self::state::State;
use crate::common::random::Random;
use crate::common::service::Imitation;

/// The imitation of Push Security: an organisation behind the REST API v1, and the webhooks that tell of its changes.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sandbox = security_api_sandbox::Sandbox::start().await?;
/// let push = sandbox.push_security();
/// // Everything a client needs:
/// let (url, key, secret) = (push.base_url(), push.api_key(), push.webhook_secret());
/// assert!(secret.starts_with("psws_"));
/// # let _ = (url, key);
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct PushSecurity(pub(crate) Imitation<State>);

/// How many records of each kind there are at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Records of `/v1/employees`.
    pub employees: usize,
    /// Records of `/v1/browsers`.
    pub browsers: usize,
    /// Records of `/v1/accounts`.
    pub accounts: usize,
    /// Records of `/v1/apps`.
    pub apps: usize,
    /// Records of `/v1/appsOther`.
    pub apps_other: usize,
    /// Records of `/v1/accountsOther`.
    pub accounts_other: usize,
    /// Records of `/v1/browserExtensions`.
    pub browser_extensions: usize,
    /// Records of `/v1/findings`.
    pub findings: usize,
    /// Records of `/v1/detections`.
    pub detections: usize,
}

impl PushSecurity {
    fn state(&self) -> &State {
        &self.0.state
    }

    /// Where it listens, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.0.base_url()
    }

    /// A key with full access, for the header `x-api-key`.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.state().full_key
    }

    /// A key that may only read.
    #[must_use]
    pub fn read_only_key(&self) -> &str {
        &self.state().read_only_key
    }

    /// The secret that webhooks are signed with: `psws_` and 32 hex digits, used whole as the key.
    #[must_use]
    pub fn webhook_secret(&self) -> &str {
        self.state().outbox.secret()
    }

    /// How many records of each kind there are at the moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().with(|inner| {
            let count = |of| inner.store.table(of).len();
            Counts {
                employees: count(Collection::Employees),
                browsers: count(Collection::Browsers),
                accounts: count(Collection::Accounts),
                apps: count(Collection::Apps),
                apps_other: count(Collection::AppsOther),
                accounts_other: count(Collection::AccountsOther),
                browser_extensions: count(Collection::BrowserExtensions),
                findings: count(Collection::Findings),
                detections: count(Collection::Detections),
            }
        })
    }

    /// Sends webhooks to this URL from now on: for every change made through the API, for
    /// [`raise_detection`](Self::raise_detection) and for [`emit`](Self::emit).
    ///
    /// An event is delivered up to four times, at once and 1, 5 and 15 minutes later by the sandbox's [`Clock`](crate::Clock), until
    /// the receiver responds with a 2xx within five seconds of real time. Each delivery is signed anew. Events may
    /// overtake each other.
    ///
    /// # Errors
    ///
    /// When `url` is not an `http` URL of a loopback address or of `localhost`
    /// ([`InvalidInput`](io::ErrorKind::InvalidInput)).
    pub fn deliver_webhooks_to(&self, url: &str) -> io::Result<()> {
        self.state().outbox.deliver_to(url)
    }

    /// Every attempt to deliver a webhook that has ended, in the order in which they ended; the last 10,000.
    #[must_use]
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state().outbox.deliveries()
    }

    /// Adds a detection of an employee's stolen credentials, and sends a webhook about it. Returns the detection's id,
    /// or nothing if there is no such employee.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let sandbox = security_api_sandbox::Sandbox::start().await?;
    /// let push = sandbox.push_security();
    /// let before = push.counts().detections;
    /// let employee = push.employee_ids().swap_remove(0);
    /// assert!(push.raise_detection(&employee).is_some());
    /// assert_eq!(push.counts().detections, before + 1);
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn raise_detection(&self, employee_id: &str) -> Option<String> {
        let now = self.state().clock.unix();
        self.state().with(|inner| {
            let employee = inner.store.table(Collection::Employees).get(employee_id)?;
            let id = inner.record_ids.id();
            let mut detection = seed::detected(id.clone(), &employee.record, now, now);
            let browser = {
                let mut browsers = inner.store.table(Collection::Browsers).iter();
                browsers.find(|one| text(one, "employeeId") == employee_id)
            };
            if let Some(browser) = browser {
                detection["browserId"] = browser["id"].clone();
            }
            let detection = detection.as_object_mut().map(std::mem::take)?;
            let event = Event::created(text(&detection, "detectionType"), &detection);
            inner.store.push(Collection::Detections, detection);
            self.state().announce(inner, event);
            Some(id)
        })
    }

    /// The ids of all employees, in the order of `/v1/employees`.
    #[must_use]
    pub fn employee_ids(&self) -> Vec<String> {
        self.state().with(|inner| {
            let employees = inner.store.table(Collection::Employees).iter();
            employees.map(|one| text(one, "id").to_owned()).collect()
        })
    }

    /// Sends a [sample](Self::webhook_payload) as a webhook, with an id of its own and the present time, and returns
    /// that id. The organisation stays as it is.
    ///
    /// # Panics
    ///
    /// When `object` is not one of [`webhook_objects`](Self::webhook_objects).
    pub fn emit(&self, object: &str) -> String {
        let event = self.sample(object);
        self.state()
            .with(|inner| self.state().announce(inner, event))
    }

    /// A sample event about `object`, made of the organisation's own records. The same seed gives the same sample, as
    /// long as those records do not change.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let sandbox = security_api_sandbox::Sandbox::start().await?;
    /// let push = sandbox.push_security();
    /// for object in push.webhook_objects() {
    ///     assert_eq!(push.webhook_payload(object)["object"], *object);
    /// }
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    ///
    /// # Panics
    ///
    /// When `object` is not one of [`webhook_objects`](Self::webhook_objects).
    #[must_use]
    pub fn webhook_payload(&self, object: &str) -> Value {
        let event = self.sample(object);
        let id = Random::new(self.state().seed, object).id();
        event.payload(&id, seed::ANCHOR)
    }

    fn sample(&self, object: &str) -> Event {
        let seed = self.state().seed;
        let sample = self
            .state()
            .with(|inner| events::sample(&inner.store, seed, object));
        sample.unwrap_or_else(|| panic!("there are no events about {object:?}"))
    }

    /// The value of `object` in every documented event: 37 of them for 34 events, since one event covers four.
    #[must_use]
    pub fn webhook_objects(&self) -> &'static [&'static str] {
        events::objects()
    }

    /// The value of the `X-Signature` header that belongs to a body sent at that time, in UNIX seconds.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let sandbox = security_api_sandbox::Sandbox::start().await?;
    /// let header = sandbox.push_security().sign(1_698_349_494, b"{}");
    /// assert!(header.starts_with("t=1698349494,v1="));
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    #[must_use]
    pub fn sign(&self, timestamp: i64, body: impl AsRef<[u8]>) -> String {
        self.state().outbox.sign(timestamp, body.as_ref())
    }
}
