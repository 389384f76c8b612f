//! Users, pushes and requests.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::edition::Step;

pub(crate) const DAY: i64 = 86_400;

/// Whole seconds from one time to another.
pub(crate) fn seconds(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_secs()
}

/// The time that is so many seconds later.
pub(crate) fn after(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_add(jiff::SignedDuration::from_secs(seconds))
        .unwrap_or(Timestamp::MAX)
}

/// A user, who has a token.
pub(crate) struct User {
    pub(crate) token: String,
    /// The text that the journal keeps instead of the token.
    pub(crate) title: &'static str,
    pub(crate) accounts: Vec<Account>,
}

/// An account, which groups pushes in the commercial product.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
}

/// A user, by position.
pub(crate) type UserId = usize;

/// The kind of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Text,
    File,
    Url,
    Qr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum EventKind {
    Creation,
    View,
    FailedView,
    Expire,
    FailedPassphrase,
    OwnerView,
    Edit,
    CreationEmailSend,
}

/// The origin of an event, as an audit lists it.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) user: Option<UserId>,
    pub(crate) ip: String,
    pub(crate) user_agent: String,
    pub(crate) referrer: String,
}

/// One entry of an audit.
pub(crate) struct Event {
    pub(crate) kind: EventKind,
    pub(crate) at: Timestamp,
    pub(crate) visitor: Visitor,
    pub(crate) mail: Option<Mail>,
}

/// A notification about a push.
#[derive(Clone)]
pub(crate) struct Mail {
    /// The recipients as they were sent.
    pub(crate) recipients: String,
    pub(crate) locale: Option<String>,
}

/// The events of a push or a request, oldest first.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) events: Vec<Event>,
}

impl Log {
    pub(crate) fn add(&mut self, kind: EventKind, visitor: &Visitor, at: Timestamp) {
        self.push(kind, visitor, at, None);
    }

    pub(crate) fn add_mail(&mut self, mail: Mail, visitor: &Visitor, at: Timestamp) {
        self.push(EventKind::CreationEmailSend, visitor, at, Some(mail));
    }

    fn push(&mut self, kind: EventKind, visitor: &Visitor, at: Timestamp, mail: Option<Mail>) {
        self.events.push(Event {
            kind,
            at,
            visitor: visitor.clone(),
            mail,
        });
    }

    /// The number of events of these kinds.
    pub(crate) fn count(&self, kinds: &[EventKind]) -> usize {
        let events = self.events.iter();
        events.filter(|event| kinds.contains(&event.kind)).count()
    }

    /// The number of recipients that were notified.
    pub(crate) fn recipients(&self) -> usize {
        let mails = self.events.iter().filter_map(|event| event.mail.as_ref());
        mails.map(|mail| mail.addresses().count()).sum()
    }
}

/// A file that was sent.
pub(crate) struct Upload {
    /// The name under which the file is stored.
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) content: Bytes,
}

/// A file of a push or a request.
#[derive(Clone)]
pub(crate) struct Attached {
    /// The file's key in signed URLs.
    pub(crate) key: String,
    pub(crate) upload: Arc<Upload>,
}

/// The time to live of a push.
#[derive(Clone, Copy)]
pub(crate) enum Lifetime {
    Days(i64),
    Step(Step),
}

pub(crate) struct Push {
    pub(crate) url_token: String,
    pub(crate) user: Option<UserId>,
    pub(crate) account: Option<u64>,
    pub(crate) name: String,
    pub(crate) note: String,
    /// Removed when the push expires, with passphrase and files.
    pub(crate) payload: Option<String>,
    pub(crate) passphrase: Option<String>,
    pub(crate) files: Vec<Attached>,
    pub(crate) lifetime: Lifetime,
    pub(crate) expire_after_views: i64,
    pub(crate) deletable_by_viewer: Option<bool>,
    pub(crate) retrieval_step: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) expired_on: Option<Timestamp>,
    pub(crate) log: Log,
}

impl Push {
    pub(crate) fn is_expired(&self) -> bool {
        self.expired_on.is_some()
    }

    /// The end of its time to live.
    pub(crate) fn expires_at(&self) -> Timestamp {
        let lifetime = match self.lifetime {
            Lifetime::Days(days) => days * DAY,
            Lifetime::Step(step) => step.seconds(),
        };
        after(self.created_at, lifetime)
    }

    pub(crate) fn days_remaining(&self, now: Timestamp) -> i64 {
        match self.lifetime {
            Lifetime::Days(days) => (days - seconds(self.created_at, now) / DAY).max(0),
            Lifetime::Step(_) => (seconds(now, self.expires_at()) / DAY).max(0),
        }
    }

    pub(crate) fn views_remaining(&self) -> i64 {
        let used = self.log.count(&[EventKind::View, EventKind::FailedView]);
        (self.expire_after_views - used as i64).max(0)
    }

    /// Whether the push has reached a limit.
    pub(crate) fn is_used_up(&self, now: Timestamp) -> bool {
        self.views_remaining() == 0 || now >= self.expires_at()
    }

    /// Expires the push and removes the secret.
    pub(crate) fn expire(&mut self, at: Timestamp) {
        self.payload = None;
        self.passphrase = None;
        self.files.clear();
        self.expired_on = Some(at);
        self.updated_at = at;
    }
}

/// The state of a request for a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Phase {
    Open,
    /// There is a response.
    Ready,
    Closed,
}

/// A request for a secret.
pub(crate) struct Request {
    pub(crate) url_token: String,
    pub(crate) user: Option<UserId>,
    pub(crate) account: Option<u64>,
    pub(crate) name: String,
    pub(crate) note: String,
    /// Removed when the request is closed, with response, passphrase and files.
    pub(crate) text: Option<String>,
    pub(crate) response: Option<String>,
    pub(crate) passphrase: Option<String>,
    pub(crate) files: Vec<Attached>,
    pub(crate) response_files: Vec<Attached>,
    pub(crate) step: Step,
    pub(crate) retrieval_step: bool,
    pub(crate) include_requestor: bool,
    pub(crate) response_file_attachments: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
    pub(crate) log: Log,
}

impl Request {
    pub(crate) fn closes_at(&self) -> Timestamp {
        after(self.created_at, self.step.seconds())
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.text.is_none()
    }

    pub(crate) fn phase(&self, now: Timestamp) -> Phase {
        if self.is_closed() || now >= self.closes_at() {
            Phase::Closed
        } else if self.response.is_some() {
            Phase::Ready
        } else {
            Phase::Open
        }
    }

    pub(crate) fn close(&mut self, at: Timestamp) {
        self.text = None;
        self.response = None;
        self.passphrase = None;
        self.files.clear();
        self.response_files.clear();
        self.updated_at = at;
    }

    /// Closes the request if its time is over.
    pub(crate) fn close_if_due(&mut self, now: Timestamp) {
        if !self.is_closed() && now >= self.closes_at() {
            self.close(self.closes_at());
        }
    }
}
