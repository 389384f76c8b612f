//! The state of the imitation of Keepnet.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::json;

use super::dates::LONG_AGO;
use super::options::KeepnetOptions;
use super::records::client::{self, CLIENTS};
use super::records::store::Store;
use super::records::templates::filled;
use super::records::uploads::Upload;
use super::records::{Record, record};
use crate::common::clock::Clock;
use crate::common::lock;
use crate::common::random::{ALPHANUMERIC, Random};
use crate::common::service::Setup;

/// The lifetime of a token. Source: the vendor's documentation.
const LIFETIME: Duration = Duration::from_secs(3600);

/// The client that a token is for.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) name: String,
    /// The company that the client belongs to.
    pub(crate) company: String,
    /// Whether the client also reaches the companies below that one.
    pub(crate) reseller: bool,
}

struct Token {
    grant: Grant,
    expires: Duration,
    /// Counts from 1, to tell tokens apart without showing them.
    number: usize,
}

pub(crate) struct State {
    pub(crate) seed: u64,
    pub(crate) clock: Clock,
    pub(crate) reseller_id: String,
    pub(crate) company_ids: Vec<String>,
    pub(crate) options: KeepnetOptions,
    pub(crate) reseller_client: (String, String),
    pub(crate) company_client: (String, String),
    inner: Mutex<Inner>,
}

/// The part of the state that changes.
pub(crate) struct Inner {
    pub(crate) store: Store,
    /// The address that requests come from, for allow lists.
    pub(crate) address: IpAddr,
    /// The password of the user who changes it with a client's token.
    pub(crate) password: String,
    /// What that user set of the formats of dates and times.
    pub(crate) settings: Record,
    /// By e-mail address: the token of the link, and the id of the user.
    pub(crate) reset_tokens: HashMap<String, (String, String)>,
    /// Files that are being imported, by transaction.
    pub(crate) uploads: HashMap<String, Upload>,
    tokens: HashMap<String, Token>,
    /// The number of tokens that were issued so far.
    pub(crate) issued: usize,
}

impl State {
    /// The state with the companies of this store. The reseller's own company is the first of these ids.
    pub(crate) fn start(
        setup: &Setup,
        options: &KeepnetOptions,
        mut store: Store,
        company_ids: &[String],
    ) -> Self {
        let seed = setup.seed;
        let mut credentials = Random::new(seed, "keepnet credentials");
        let mut credential = || client::credentials(&mut credentials);
        let (reseller_client, company_client) = (credential(), credential());
        let password = credentials.text(ALPHANUMERIC, 16);
        let (reseller_id, company_ids) = (company_ids[0].clone(), company_ids[1..].to_vec());
        let first = company_ids.first().unwrap_or(&reseller_id);
        for (name, (id, secret), company) in [
            ("reseller", &reseller_client, &reseller_id),
            ("company", &company_client, first),
        ] {
            let values = json!({
                "id": store.id(),
                "name": name,
                "clientId": id,
                "secret": secret,
                "isReseller": name == "reseller",
                "time": LONG_AGO,
            });
            let client = filled("client", &record(values), &[]);
            store.push(company, CLIENTS, client);
        }
        Self {
            seed,
            clock: setup.clock.clone(),
            reseller_id,
            company_ids,
            options: options.clone(),
            reseller_client,
            company_client,
            inner: Mutex::new(Inner {
                store,
                address: Ipv4Addr::LOCALHOST.into(),
                settings: Record::new(),
                password,
                reset_tokens: HashMap::new(),
                uploads: HashMap::new(),
                tokens: HashMap::new(),
                issued: 0,
            }),
        }
    }

    pub(crate) fn inner(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }

    /// Milliseconds since 1970, by the sandbox's clock.
    pub(crate) fn millis(&self) -> i64 {
        let since = self.clock.now().duration_since(UNIX_EPOCH);
        i64::try_from(since.unwrap_or_default().as_millis()).unwrap_or(i64::MAX)
    }

    /// Issues a token for that client. Returns the token and its lifetime in seconds.
    pub(crate) fn issue(&self, inner: &mut Inner, grant: Grant) -> (String, u64) {
        let now = self.clock.elapsed();
        inner.tokens.retain(|_, token| token.expires > now);
        inner.issued += 1;
        // The service's tokens have claims, but clients need not know that.
        let text = inner.store.random.text(ALPHANUMERIC, 256);
        let token = Token {
            grant,
            expires: now + LIFETIME,
            number: inner.issued,
        };
        inner.tokens.insert(text.clone(), token);
        (text, LIFETIME.as_secs())
    }

    /// The client that a token is for, while the token is valid.
    pub(crate) fn grant(&self, inner: &Inner, token: &str) -> Option<Grant> {
        let token = inner.tokens.get(token)?;
        (token.expires > self.clock.elapsed()).then(|| token.grant.clone())
    }

    /// The name of a known token.
    pub(crate) fn token_name(&self, token: &str) -> Option<String> {
        let inner = self.inner();
        let token = inner.tokens.get(token)?;
        Some(format!("[token {} of {}]", token.number, token.grant.name))
    }

    pub(crate) fn revoke_tokens(&self) -> usize {
        let mut inner = self.inner();
        let count = inner.tokens.len();
        inner.tokens.clear();
        count
    }
}
