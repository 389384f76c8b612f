//! An imitation of the Push Security REST API v1 and its webhooks v1.

mod changes;
mod events;
mod lists;
mod options;
mod outbox;
mod records;
mod response;
mod routes;
mod seed;
mod service;
mod state;

use std::io;

use serde_json::Value;

pub use options::PushSecurityOptions;
pub use outbox::WebhookDelivery;
pub use records::OrganisationCounts;

use self::events::Event;
use self::records::{Collection, Row, text};
use self::state::{READ_ONLY, State};
use crate::common::random::Random;
use crate::common::service::Imitation;

/// The imitation of Push Security: an organisation behind the REST API v1, and webhooks about its changes.
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

impl PushSecurity {
    fn state(&self) -> &State {
        &self.0.state
    }

    /// The base URL, such as `http://127.0.0.1:49152`.
    pub fn base_url(&self) -> &str {
        self.0.base_url()
    }

    /// A key with full access, for the header `x-api-key`.
    pub fn api_key(&self) -> &str {
        &self.state().keys[0]
    }

    /// A key that may only read.
    pub fn read_only_key(&self) -> &str {
        &self.state().keys[READ_ONLY]
    }

    /// The secret that webhooks are signed with: `psws_` and 32 hex digits. The whole text is the key.
    pub fn webhook_secret(&self) -> &str {
        &self.state().outbox.secret
    }

    /// How many records of each kind there are at the moment.
    pub fn counts(&self) -> OrganisationCounts {
        self.state()
            .with(|inner| OrganisationCounts::by(|of| inner.store.table(of).len()))
    }

    /// Sends webhooks to this URL from now on: for each change through the API, for
    /// [`raise_detection`](Self::raise_detection) and for [`emit`](Self::emit).
    ///
    /// An event is delivered up to four times, at once and 1, 5 and 15 minutes later by the sandbox's
    /// [`Clock`](crate::Clock), until the receiver responds with a 2xx within five seconds of real time. Each delivery
    /// is signed anew. Events may overtake each other.
    ///
    /// # Errors
    ///
    /// If `url` is not an `http` URL of a loopback address or of `localhost`
    /// ([`InvalidInput`](io::ErrorKind::InvalidInput)).
    pub fn deliver_webhooks_to(&self, url: &str) -> io::Result<()> {
        self.state().outbox.deliver_to(url)
    }

    /// The attempts to deliver a webhook, in the order in which they ended; the last 10,000.
    pub fn deliveries(&self) -> Vec<WebhookDelivery> {
        self.state().outbox.deliveries()
    }

    /// Adds a detection of an employee's stolen credentials, and sends a webhook about it. Returns the detection's id,
    /// or `None` if there is no such employee.
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
            let browsers = inner.store.table(Collection::Browsers);
            let is_theirs = |one: &&Row| text(one, "employeeId") == employee_id;
            if let Some(browser) = browsers.iter().find(is_theirs) {
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
    pub fn employee_ids(&self) -> Vec<String> {
        self.state().with(|inner| {
            let employees = inner.store.table(Collection::Employees).iter();
            employees.map(|one| text(one, "id").to_owned()).collect()
        })
    }

    /// Sends a [sample](Self::webhook_payload) as a webhook, with a new id and the present time. Returns the id. The
    /// organisation does not change.
    ///
    /// # Panics
    ///
    /// If `object` is not one of [`webhook_objects`](Self::webhook_objects).
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
    /// If `object` is not one of [`webhook_objects`](Self::webhook_objects).
    pub fn webhook_payload(&self, object: &str) -> Value {
        let event = self.sample(object);
        let id = Random::new(self.state().seed, object).id();
        event.payload(&id, seed::ANCHOR)
    }

    fn sample(&self, object: &str) -> Event {
        let state = self.state();
        let sample = state.with(|inner| events::sample(&inner.store, state.seed, object));
        sample.unwrap_or_else(|| panic!("there are no events about {object:?}"))
    }

    /// The values of `object` in all documented events: 37 values for 34 events, because one event has four.
    pub fn webhook_objects(&self) -> &'static [&'static str] {
        events::objects()
    }

    /// The value of the `X-Signature` header for a body that is sent at that time, in UNIX seconds.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let sandbox = security_api_sandbox::Sandbox::start().await?;
    /// let header = sandbox.push_security().sign(1_698_349_494, b"{}");
    /// assert!(header.starts_with("t=1698349494,v1="));
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn sign(&self, timestamp: i64, body: impl AsRef<[u8]>) -> String {
        self.state().outbox.sign(timestamp, body.as_ref())
    }
}
