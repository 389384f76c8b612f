//! The journal: the requests that the sandbox received.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use bytes::Bytes;
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method};

use super::{lock, query};

/// Older entries are dropped, so that a sandbox that runs for days stays small.
const CAPACITY: usize = 100_000;

/// Limits memory when bodies are large.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The approximate size of a header's slot in the map of headers.
const HEADER_SLOT: usize = 112;

/// How many of the latest entries are searched for the same headers. So many clients can take turns and still share.
const RECENT: usize = 8;

/// Bodies up to this size are copied, so that the buffer they are part of is freed. Larger bodies are not copied.
const SMALL_BODY: usize = 4096;

/// A request that the sandbox received.
///
/// A credential that the service knows is replaced by a name, so a credential in `headers` is a wrong one. `Debug` does
/// not print credentials, bodies, or the parts of paths and queries that give access by themselves.
#[derive(Clone)]
#[non_exhaustive]
pub struct JournalEntry {
    /// The service, such as `push-security`.
    pub service: &'static str,
    /// When the whole request had arrived, by the sandbox's clock.
    pub at: SystemTime,
    /// The method.
    pub method: Method,
    /// The path, as it was sent.
    pub path: String,
    /// The query without its question mark, as it was sent.
    pub query: Option<String>,
    /// The headers. Known credentials are replaced by names.
    pub headers: Arc<HeaderMap>,
    /// The body. Password Pusher's multipart forms are left out: they hold files.
    pub body: Bytes,
    /// The status of the response. `None` before the response, and if a fault withheld it.
    pub status: Option<u16>,
    /// The path as `Debug` prints it, if the path gives access by itself.
    pub(crate) printable: Option<String>,
}

impl JournalEntry {
    /// Copies headers and body out of the buffer that the request was read into. Headers that are the same as in one of
    /// the entries `before` are shared with it, since a client often sends the same headers.
    fn compact<'a>(&mut self, before: impl Iterator<Item = &'a Self>) {
        let mut before = before.map(|entry| &entry.headers);
        self.headers = match before.find(|known| **known == self.headers) {
            Some(known) => Arc::clone(known),
            None => Arc::new(copies(&self.headers)),
        };
        if self.body.len() <= SMALL_BODY {
            self.body = Bytes::copy_from_slice(&self.body);
        }
    }

    /// The approximate size in bytes.
    fn weight(&self) -> usize {
        let values = self.headers.values().map(HeaderValue::len);
        size_of::<Self>()
            + self.path.len()
            + self.query.as_ref().map_or(0, String::len)
            + self.printable.as_ref().map_or(0, String::len)
            + self.headers.capacity() * HEADER_SLOT
            + values.sum::<usize>()
            + self.body.len()
    }
}

/// A copy of these headers, with copies of their values.
fn copies(headers: &HeaderMap) -> HeaderMap {
    let mut copied = HeaderMap::with_capacity(headers.len());
    for (name, value) in headers {
        let bytes = Bytes::copy_from_slice(value.as_bytes());
        // The copy of a valid value is valid, so the alternative is never used.
        let value = HeaderValue::from_maybe_shared(bytes).unwrap_or_else(|_| value.clone());
        copied.append(name.clone(), value);
    }
    copied
}

impl fmt::Debug for JournalEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JournalEntry")
            .field("service", &self.service)
            .field("at", &self.at)
            .field("method", &self.method)
            .field("path", self.printable.as_ref().unwrap_or(&self.path))
            .field("query", &self.query.as_deref().map(without_secrets))
            .field("headers", &Discreet(&self.headers))
            .field("body_bytes", &self.body.len())
            .field("status", &self.status)
            .finish()
    }
}

/// A query without the values that may be secret, judged by their names.
fn without_secrets(query: &str) -> String {
    let discreet = query.split('&').map(|pair| {
        let name = pair.split_once('=').map_or(pair, |(name, _)| name);
        let (decoded, _) = query::pairs(name).into_iter().next().unwrap_or_default();
        let decoded = decoded.to_lowercase();
        let secret = ["key", "pass", "payload", "secret", "token"]
            .iter()
            .any(|word| decoded.contains(word));
        if secret {
            format!("{name}=[hidden]")
        } else {
            pair.to_owned()
        }
    });
    discreet.collect::<Vec<_>>().join("&")
}

/// Headers without credentials.
struct Discreet<'a>(&'a HeaderMap);

impl fmt::Debug for Discreet<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = formatter.debug_map();
        for (name, value) in self.0 {
            let secret = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE].contains(name)
                || name.as_str().contains("key")
                || name.as_str().contains("token");
            if secret {
                map.entry(&name.as_str(), &"[hidden]");
            } else {
                map.entry(&name.as_str(), value);
            }
        }
        map.finish()
    }
}

/// All requests that the sandbox received, oldest first. Clones share them.
///
/// The journal keeps the last 100,000 requests, or fewer if they take more than 256 MiB together, but always the last
/// one.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sandbox = security_api_sandbox::Sandbox::start().await?;
/// // ... let a client use it, then:
/// let posts = sandbox.journal().count(|entry| entry.method == "POST");
/// assert_eq!(posts, 0);
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Default)]
pub struct Journal(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    entries: VecDeque<JournalEntry>,
    /// How many entries were dropped at the front. Added to a position in `entries`, it is a number that an entry
    /// keeps.
    gone: u64,
    /// The approximate size of all entries.
    bytes: usize,
}

impl Pages {
    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.entries.pop_front() {
            self.bytes -= oldest.weight();
            self.gone += 1;
        }
    }
}

impl Journal {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        lock(&self.0)
    }

    /// A copy of all entries, in the order in which the requests arrived.
    pub fn entries(&self) -> Vec<JournalEntry> {
        self.pages().entries.iter().cloned().collect()
    }

    /// The number of entries that `wanted` accepts.
    pub fn count(&self, wanted: impl Fn(&JournalEntry) -> bool) -> usize {
        self.pages()
            .entries
            .iter()
            .filter(|entry| wanted(entry))
            .count()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        let mut pages = self.pages();
        pages.gone += pages.entries.len() as u64;
        pages.entries.clear();
        pages.bytes = 0;
    }

    /// Adds an entry and returns its number.
    pub(crate) fn record(&self, mut entry: JournalEntry) -> u64 {
        let mut pages = self.pages();
        entry.compact(pages.entries.iter().rev().take(RECENT));
        let weight = entry.weight();
        while !pages.entries.is_empty()
            && (pages.entries.len() == CAPACITY || pages.bytes + weight > MOST_BYTES)
        {
            pages.forget_oldest();
        }
        pages.bytes += weight;
        pages.entries.push_back(entry);
        pages.gone + pages.entries.len() as u64 - 1
    }

    /// Sets the status of the response to the request with that number.
    pub(crate) fn responded(&self, number: u64, status: u16) {
        let mut pages = self.pages();
        let position = number
            .checked_sub(pages.gone)
            .and_then(|at| usize::try_from(at).ok());
        if let Some(entry) = position.and_then(|at| pages.entries.get_mut(at)) {
            entry.status = Some(status);
        }
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Journal")
            .field("entries", &self.pages().entries.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> JournalEntry {
        JournalEntry {
            service: "test",
            at: SystemTime::UNIX_EPOCH,
            method: Method::GET,
            path: path.to_owned(),
            query: None,
            headers: Arc::default(),
            body: Bytes::new(),
            status: None,
            printable: None,
        }
    }

    #[test]
    fn the_oldest_entries_make_room() {
        let journal = Journal::default();
        for _ in 0..CAPACITY {
            journal.record(entry("/old"));
        }
        let last = journal.record(entry("/new"));
        journal.responded(last, 204);
        assert_eq!(journal.count(|_| true), CAPACITY);
        assert_eq!(journal.count(|entry| entry.status == Some(204)), 1);
    }
}
