//! An imitation of the Keepnet REST API.

mod dates;
mod features;
mod http;
mod lists;
mod options;
mod records;
mod seed;
mod shapes;
mod state;

use std::net::IpAddr;

pub use options::KeepnetOptions;

use self::features::admin;
use self::features::memberships::USERS;
use self::records::audit_log::AUDIT;
use self::records::text;
use self::state::State;
use crate::common::service::Imitation;

/// The imitation of Keepnet: a reseller, the companies it looks after, and the REST API on top of them.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sandbox = security_api_sandbox::Sandbox::start().await?;
/// let keepnet = sandbox.keepnet();
/// // Everything a client needs:
/// let (url, id, secret) = (keepnet.base_url(), keepnet.client_id(), keepnet.client_secret());
/// let company = &keepnet.company_ids()[0];
/// # let _ = (url, id, secret, company);
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Keepnet(pub(crate) Imitation<State>);

impl Keepnet {
    fn state(&self) -> &State {
        &self.0.state
    }

    /// Where it listens, such as `http://127.0.0.1:49152`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.0.base_url()
    }

    /// The id of the reseller's API client, which reaches all companies.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.state().reseller_client.0
    }

    /// The secret that belongs to [`client_id`](Self::client_id).
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.state().reseller_client.1
    }

    /// The id of an API client of the first of [`company_ids`](Self::company_ids) that reaches only that one.
    #[must_use]
    pub fn company_client_id(&self) -> &str {
        &self.state().company_client.0
    }

    /// The secret that belongs to [`company_client_id`](Self::company_client_id).
    #[must_use]
    pub fn company_client_secret(&self) -> &str {
        &self.state().company_client.1
    }

    /// The company of the reseller itself: the one that requests of its client are about unless they name another.
    #[must_use]
    pub fn reseller_company_id(&self) -> &str {
        &self.state().reseller_id
    }

    /// The companies that the reseller looks after, as they were at the start.
    #[must_use]
    pub fn company_ids(&self) -> &[String] {
        &self.state().company_ids
    }

    /// The password that `PUT /api/system-users/change-password` takes for the current one.
    #[must_use]
    pub fn password(&self) -> String {
        self.state().inner().password.clone()
    }

    /// The token in the link that was last sent to a system user who forgot the password, until it is used.
    #[must_use]
    pub fn password_reset_token(&self, email: &str) -> Option<String> {
        let inner = self.state().inner();
        let waiting = inner.reset_tokens.get(&email.to_lowercase());
        waiting.map(|(token, _)| token.clone())
    }

    /// Lets a system user of a company forget the password and ask for a link; the token in it, or nothing if the
    /// company has no system users.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let sandbox = security_api_sandbox::Sandbox::start().await?;
    /// let keepnet = sandbox.keepnet();
    /// assert!(keepnet.forget_password(&keepnet.company_ids()[0]).is_some());
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn forget_password(&self, company_id: &str) -> Option<String> {
        let mut guard = self.state().inner();
        let inner = &mut *guard;
        seed::ready(self.state(), inner, company_id);
        let user = inner.store.table(company_id, admin::USERS).first()?;
        let (email, id) = (text(user, "email").to_lowercase(), text(user, "resourceId"));
        let id = id.to_owned();
        Some(admin::reset_token(inner, email, &id))
    }

    /// Makes all tokens invalid that were issued so far; how many there were.
    pub fn revoke_tokens(&self) -> usize {
        self.state().revoke_tokens()
    }

    /// How many tokens were issued so far.
    #[must_use]
    pub fn tokens_issued(&self) -> usize {
        self.state().issued()
    }

    /// Where requests appear to come from when an API client is restricted to some addresses; `127.0.0.1` at first.
    pub fn set_client_address(&self, address: IpAddr) {
        self.state().inner().address = address;
    }

    /// Adds so many records to the audit log of a company, as if others had made changes a millisecond apart until now.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// let sandbox = security_api_sandbox::Sandbox::start().await?;
    /// let keepnet = sandbox.keepnet();
    /// let company = keepnet.company_ids()[0].clone();
    /// let before = keepnet.audit_records(&company);
    /// keepnet.add_audit_records(&company, 1_000);
    /// assert_eq!(keepnet.audit_records(&company), before + 1_000);
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn add_audit_records(&self, company_id: &str, count: usize) {
        let now = self.state().millis();
        let mut guard = self.state().inner();
        let inner = &mut *guard;
        seed::ready(self.state(), inner, company_id);
        for number in 0..count {
            let age = i64::try_from(count - number - 1).unwrap_or_default();
            seed::audit_record(&mut inner.store, company_id, now - age, number);
        }
    }

    /// How many records the audit log of a company has.
    #[must_use]
    pub fn audit_records(&self, company_id: &str) -> usize {
        self.count(company_id, AUDIT)
    }

    /// How many target users a company has.
    #[must_use]
    pub fn target_users(&self, company_id: &str) -> usize {
        self.count(company_id, USERS)
    }

    fn count(&self, company_id: &str, table: &'static str) -> usize {
        let mut guard = self.state().inner();
        let inner = &mut *guard;
        seed::ready(self.state(), inner, company_id);
        inner.store.table(company_id, table).len()
    }
}
