//! An imitation of the Keepnet REST API.

mod auth;
mod call;
mod dates;
mod features;
mod ids;
mod lists;
mod options;
mod records;
mod request;
mod response;
mod routes;
mod seed;
mod service;
mod shapes;
mod state;

use std::net::IpAddr;

pub use options::KeepnetOptions;

use self::features::admin;
use self::features::memberships::USERS;
use self::records::store::AUDIT;
use self::records::text;
use self::state::{Inner, State};
use crate::common::service::Imitation;

/// The imitation of Keepnet: a reseller, the companies that it looks after, and the REST API on top of them.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sandbox = security_api_sandbox::Sandbox::start().await?;
/// let keepnet = sandbox.keepnet();
/// // Everything that a client needs:
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

    /// The URL at which it listens, such as `http://127.0.0.1:49152`.
    pub fn base_url(&self) -> &str {
        self.0.base_url()
    }

    /// The id of the reseller's API client. It reaches all companies.
    pub fn client_id(&self) -> &str {
        &self.state().reseller_client.0
    }

    /// The secret that belongs to [`client_id`](Self::client_id).
    pub fn client_secret(&self) -> &str {
        &self.state().reseller_client.1
    }

    /// The id of an API client of the first of [`company_ids`](Self::company_ids). It reaches only that company.
    pub fn company_client_id(&self) -> &str {
        &self.state().company_client.0
    }

    /// The secret that belongs to [`company_client_id`](Self::company_client_id).
    pub fn company_client_secret(&self) -> &str {
        &self.state().company_client.1
    }

    /// The company of the reseller itself. Requests of its client are about this company unless they name another.
    pub fn reseller_company_id(&self) -> &str {
        &self.state().reseller_id
    }

    /// The companies that the reseller looks after.
    pub fn company_ids(&self) -> &[String] {
        &self.state().company_ids
    }

    /// The current password, which `PUT /api/system-users/change-password` asks for.
    pub fn password(&self) -> String {
        self.state().inner().password.clone()
    }

    /// The token in the link that was last sent to a system user who forgot the password. A used one is gone.
    pub fn password_reset_token(&self, email: &str) -> Option<String> {
        let inner = self.state().inner();
        let waiting = inner.reset_tokens.get(&email.to_lowercase());
        waiting.map(|(token, _)| token.clone())
    }

    /// Lets a system user of a company forget the password and ask for a link. Returns the token in the link, or nothing
    /// if the company has no system users.
    pub fn forget_password(&self, company_id: &str) -> Option<String> {
        self.in_company(company_id, |inner| {
            let user = inner.store.table(company_id, admin::USERS).first()?;
            let (email, id) = (text(user, "email").to_lowercase(), text(user, "resourceId"));
            let id = id.to_owned();
            Some(admin::reset_token(inner, email, &id))
        })
    }

    /// Makes all tokens invalid that were issued so far, and returns their number.
    pub fn revoke_tokens(&self) -> usize {
        self.state().revoke_tokens()
    }

    /// The number of tokens that were issued so far.
    pub fn tokens_issued(&self) -> usize {
        self.state().inner().issued
    }

    /// Sets the address that requests appear to come from, for API clients that are restricted to some addresses. It is
    /// `127.0.0.1` at first.
    pub fn set_client_address(&self, address: IpAddr) {
        self.state().inner().address = address;
    }

    /// Adds so many records to the audit log of a company, as if others had made changes a millisecond apart until now.
    pub fn add_audit_records(&self, company_id: &str, count: usize) {
        let now = self.state().millis();
        self.in_company(company_id, |inner| {
            for number in 0..count {
                let age = i64::try_from(count - number - 1).unwrap_or_default();
                seed::audit_record(&mut inner.store, company_id, now - age, number);
            }
        });
    }

    /// The number of records in the audit log of a company.
    pub fn audit_records(&self, company_id: &str) -> usize {
        self.count(company_id, AUDIT)
    }

    /// The number of target users of a company.
    pub fn target_users(&self, company_id: &str) -> usize {
        self.count(company_id, USERS)
    }

    fn count(&self, company_id: &str, table: &'static str) -> usize {
        self.in_company(company_id, |inner| {
            inner.store.table(company_id, table).len()
        })
    }

    /// Acts on the state after the company's records are made.
    fn in_company<T>(&self, id: &str, act: impl FnOnce(&mut Inner) -> T) -> T {
        let mut inner = self.state().inner();
        seed::ready(self.state(), &mut inner, id);
        act(&mut inner)
    }
}
