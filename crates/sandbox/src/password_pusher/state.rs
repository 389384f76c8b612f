//! The state of the imitation of Password Pusher.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use jiff::Timestamp;

use super::edition::Profile;
use super::options::PasswordPusherOptions;
use super::records::{Account, Attached, Push, Request, Upload, User, UserId};
use crate::common::clock::Clock;
use crate::common::limit::FiveAMinute;
use crate::common::lock;
use crate::common::random::{HEX, Random};
use crate::common::service::Setup;
use crate::common::table::Table;

const TOKEN: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-";
const URL_TOKEN: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz_-";

/// The lengths of 8 to 14 bytes in Base64. Source: the server's source, which changes them to lower case.
const URL_TOKEN_LENGTHS: &[usize] = &[11, 12, 14, 15, 16, 18, 19];

pub(crate) struct State {
    pub(crate) clock: Clock,
    pub(crate) address: SocketAddr,
    pub(crate) options: PasswordPusherOptions,
    pub(crate) users: Vec<User>,
    pub(crate) started: Timestamp,
    /// The key that signs URLs of files.
    pub(crate) signing_key: String,
    limits: Mutex<FiveAMinute>,
    store: Mutex<Store>,
}

pub(crate) struct Store {
    pub(crate) pushes: Table<Push>,
    pub(crate) requests: Table<Request>,
    /// Files by their keys in signed URLs.
    pub(crate) files: HashMap<String, Weak<Upload>>,
    random: Random,
}

/// The time of a clock, at most the last that can be written.
fn timestamp(clock: &Clock) -> Timestamp {
    Timestamp::try_from(clock.now()).unwrap_or(Timestamp::MAX)
}

impl State {
    pub(crate) fn start(setup: &Setup, options: &PasswordPusherOptions) -> Self {
        let (seed, clock) = (setup.seed, setup.clock.clone());
        let mut credentials = Random::new(seed, "password pusher credentials");
        let mut user = |title, accounts: &[&'static str]| User {
            token: credentials.text(TOKEN, 20),
            title,
            accounts: (accounts.iter())
                .map(|name| {
                    let id = credentials.between(1_000, 1_000_000).unsigned_abs();
                    Account { id, name }
                })
                .collect(),
        };
        let users = vec![
            user("[token]", &["Personal", "Operations"]),
            user("[other token]", &["Personal"]),
        ];
        let started = timestamp(&clock);
        Self {
            address: setup.address,
            options: options.clone(),
            users,
            started,
            signing_key: Random::new(seed, "password pusher files").text(HEX, 64),
            limits: Mutex::default(),
            store: Mutex::new(Store {
                pushes: Table::default(),
                requests: Table::default(),
                files: HashMap::new(),
                random: Random::new(seed, "password pusher"),
            }),
            clock,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        timestamp(&self.clock)
    }

    pub(crate) fn profile(&self) -> Profile {
        self.options.edition.profile()
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        lock(&self.store)
    }

    /// Whether recipients can be told about a push.
    pub(crate) fn sends_mail(&self) -> bool {
        self.options.email && self.options.notifications
    }

    pub(crate) fn user(&self, token: &str) -> Option<UserId> {
        self.users.iter().position(|user| user.token == token)
    }

    /// Whether one more passphrase is allowed for this token, or one more mail for this user.
    pub(crate) fn admit(&self, what: &str, of: &str) -> bool {
        lock(&self.limits).admit(&format!("{what} {of}"), self.clock.elapsed())
    }
}

impl Store {
    pub(crate) fn url_token(&mut self) -> String {
        let length = self.random.pick(URL_TOKEN_LENGTHS);
        self.random.text(URL_TOKEN, length)
    }

    /// Stores files for a push or a request.
    pub(crate) fn attach(&mut self, uploads: Vec<Arc<Upload>>) -> Vec<Attached> {
        self.files.retain(|_, upload| upload.strong_count() > 0);
        let attached = uploads.into_iter().map(|upload| {
            let key = self.random.text(HEX, 28);
            self.files.insert(key.clone(), Arc::downgrade(&upload));
            Attached { key, upload }
        });
        attached.collect()
    }
}
