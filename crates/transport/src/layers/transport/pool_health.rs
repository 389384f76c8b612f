//! When an HTTP/2 connection gets no further requests, although it is open.
//!
//! With HTTP/1, the connection of a request that is given up is closed. With HTTP/2 it stays open and would also take
//! the next attempt, although its peer may be gone. So a timeout, or a body that falls silent, marks the pool as
//! unresponsive, and new requests get another pool.

use std::sync::atomic::{AtomicBool, Ordering};

use super::settings::TransportSettings;

/// What is known about a pool's connections.
#[derive(Debug, Default)]
pub(super) struct PoolHealth {
    /// The service's last response came over HTTP/1, and no request to it has timed out since.
    is_http1: AtomicBool,
    /// A connection that requests share no longer responds. New requests get another pool.
    is_unresponsive: AtomicBool,
}

/// Who a request is sent to, as far as it says whether requests share a connection.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Peer {
    /// The protocol is HTTP/1 in any case.
    Http1,
    /// The service. It keeps to one protocol.
    Service,
    /// Another host. A pool may have several.
    Other,
}

impl Peer {
    /// `otherwise` unless the protocol is HTTP/1 in any case.
    pub(super) fn of(url: &reqwest::Url, settings: &TransportSettings, otherwise: Self) -> Self {
        match settings.http1_only || url.scheme() == "http" {
            true => Self::Http1,
            false => otherwise,
        }
    }
}

impl PoolHealth {
    pub(super) fn note_response(&self, peer: Peer, version: http::Version) {
        if peer == Peer::Service {
            let is_http1 = version < http::Version::HTTP_2;
            self.is_http1.store(is_http1, Ordering::Relaxed);
        }
    }

    /// A request timed out on its connection. Unless the connection is known to be HTTP/1's, which is closed, it gets
    /// no more requests. Before the first response nothing is known.
    pub(super) fn note_timeout(&self, peer: Peer) {
        let is_closed = match peer {
            Peer::Http1 => true,
            Peer::Service => self.is_http1.swap(false, Ordering::Relaxed),
            Peer::Other => false,
        };
        if !is_closed {
            self.note_silence();
        }
    }

    /// Whether new requests need another pool.
    pub(super) fn is_unresponsive(&self) -> bool {
        self.is_unresponsive.load(Ordering::Relaxed)
    }

    /// A shared connection fell silent.
    pub(super) fn note_silence(&self) {
        self.is_unresponsive.store(true, Ordering::Relaxed);
    }
}
