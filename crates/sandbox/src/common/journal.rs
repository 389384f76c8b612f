//! The journal: the requests that the sandbox received.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};

use super::{lock, query};

/// Older entries are dropped, so that a sandbox that runs for days stays small.
const MOST_BYTES: usize = 256 * 1024 * 1024;

/// The approximate size of a header's slot in the map of headers.
const HEADER_SLOT: usize = 112;

/// How many of the latest entries are searched for the same headers. So many clients can take turns and still share.
const RECENT: usize = 8;

/// Bodies up to this size are copied, so that the buffer they are part of is freed. Larger bodies are not copied.
const SMALL_BODY: usize = 4096;

/// A request that the sandbox received.
///
/// A credential that the service knows is replaced by a name, so a credential in `headers` is a wrong one. `Debug` prints
/// no values of headers and parameters, no bodies, and no parts of paths that give access by themselves.
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
        let query = query::pairs(self.query.as_deref().unwrap_or_default());
        let parameters: Vec<_> = query.iter().map(|(name, _)| name).collect();
        formatter
            .debug_struct("JournalEntry")
            .field("service", &self.service)
            .field("at", &self.at)
            .field("method", &self.method)
            .field("path", self.printable.as_ref().unwrap_or(&self.path))
            .field("query", &parameters)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .field("status", &self.status)
            .finish()
    }
}

/// All requests that the sandbox received, oldest first. Clones share them.
///
/// The journal keeps the last requests that take no more than 256 MiB together, but always the last one.
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
    gone: usize,
    /// The approximate size of all entries.
    bytes: usize,
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
        pages.gone += pages.entries.len();
        pages.entries.clear();
        pages.bytes = 0;
    }

    /// Adds an entry and returns its number.
    pub(crate) fn record(&self, mut entry: JournalEntry) -> usize {
        let mut pages = self.pages();
        entry.compact(pages.entries.iter().rev().take(RECENT));
        let weight = entry.weight();
        while pages.bytes + weight > MOST_BYTES
            && let Some(oldest) = pages.entries.pop_front()
        {
            pages.bytes -= oldest.weight();
            pages.gone += 1;
        }
        pages.bytes += weight;
        pages.entries.push_back(entry);
        pages.gone + pages.entries.len() - 1
    }

    /// Sets the status of the response to the request with that number.
    pub(crate) fn responded(&self, number: usize, status: u16) {
        let mut pages = self.pages();
        let position = number.checked_sub(pages.gone);
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
