//! What the imitation of Keepnet holds.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, UNIX_EPOCH};

use serde_json::{Value, json};

use super::dates::LONG_AGO;
use super::http::token;
use super::options::KeepnetOptions;
use super::records::client::{CLIENTS, RESELLER, SECRET};
use super::records::company;
use super::records::store::Store;
use super::records::uploads::Upload;
use super::records::{Row, record, text};
use crate::common::clock::Clock;
use crate::common::lock;
use crate::common::random::{ALPHANUMERIC, Random};
use crate::common::service::Setup;

/// How long a token is valid. Source: the vendor's documentation.
const LIFETIME: Duration = Duration::from_secs(3600);

/// Who a token is for.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) client_id: String,
    pub(crate) name: String,
    /// The company that the client belongs to.
    pub(crate) company: String,
    /// Whether it also reaches the companies below that one.
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

/// What changes.
pub(crate) struct Inner {
    pub(crate) store: Store,
    /// Where requests come from, as far as allow lists are concerned.
    pub(crate) address: IpAddr,
    /// The password of whoever is behind the tokens.
    pub(crate) password: String,
    /// By e-mail address: the token of the link, and whose password it resets.
    pub(crate) reset_tokens: HashMap<String, (String, String)>,
    /// Files that are being imported, by transaction.
    pub(crate) uploads: HashMap<String, Upload>,
    tokens: HashMap<String, Token>,
    issued: usize,
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
        let mut credential = || {
            (
                credentials.text(ALPHANUMERIC, 24),
                credentials.text(ALPHANUMERIC, 48),
            )
        };
        let (reseller_client, company_client) = (credential(), credential());
        let password = credentials.text(ALPHANUMERIC, 16);
        let (reseller_id, company_ids) = (company_ids[0].clone(), company_ids[1..].to_vec());
        let first = company_ids.first().unwrap_or(&reseller_id);
        for (name, (id, secret), company) in [
            ("reseller", &reseller_client, &reseller_id),
            ("company", &company_client, first),
        ] {
            let client = json!({
                "resourceId": store.id(),
                "name": name,
                "clientName": name,
                "clientId": id,
                SECRET: secret,
                RESELLER: name == "reseller",
                "statusId": 1,
                "statusName": "Active",
                "hasIpAddressRestriction": false,
                "allowedIpAddresses": [],
                "roleResourceIdList": [],
                "createTime": LONG_AGO,
            });
            store.push(company, CLIENTS, record(client));
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

    /// A token for that client: the token and its life in seconds.
    pub(crate) fn issue(&self, inner: &mut Inner, grant: Grant) -> (String, u64) {
        let now = self.clock.elapsed();
        inner.tokens.retain(|_, token| token.expires > now);
        inner.issued += 1;
        let claims = self.claims(inner, &grant);
        let text = token::write(&claims, &mut inner.store.random);
        let token = Token {
            grant,
            expires: now + LIFETIME,
            number: inner.issued,
        };
        inner.tokens.insert(text.clone(), token);
        (text, LIFETIME.as_secs())
    }

    /// The claims that the vendor documents.
    fn claims(&self, inner: &Inner, grant: &Grant) -> Value {
        let own = company::find(&inner.store, &grant.company);
        let of = |name: &str| own.map_or("", |row: &Row| text(row, name));
        let parent = of(company::PARENT);
        let parent_name = company::find(&inner.store, parent).map_or("", |row| text(row, "name"));
        let now = self.clock.unix();
        let role = if grant.reseller {
            "Reseller"
        } else {
            "Company Admin"
        };
        json!({
            "user_company_resourceid": grant.company,
            "user_company_name": of("name"),
            "user_company_id": own.and_then(|row| row.get("id")),
            "user_company_logopath": of("logoUrl"),
            "user_company_industry_name": of("industryName"),
            "user_company_parentcompany_resourceid": parent,
            "user_company_parentcompany_name": parent_name,
            "role": role,
            "company_admin_access": (!grant.reseller).to_string(),
            "reseller_access": grant.reseller.to_string(),
            "root_access": "false",
            "scope": ["api1"],
            "client_id": grant.client_id,
            "iat": now,
            "exp": now + LIFETIME.as_secs() as i64,
            // Tells tokens apart that were issued in the same second.
            "jti": format!("{:032x}", inner.issued),
        })
    }

    /// Who a token is for, while it is valid.
    pub(crate) fn grant(&self, inner: &Inner, token: &str) -> Option<Grant> {
        let token = inner.tokens.get(token)?;
        (token.expires > self.clock.elapsed()).then(|| token.grant.clone())
    }

    /// What a known token is called.
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

    /// How many tokens were issued so far.
    pub(crate) fn issued(&self) -> usize {
        self.inner().issued
    }
}
