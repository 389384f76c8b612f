//! A response that is about to be written, in HTTP/1.1 or HTTP/2.

use std::time::Duration;

use super::Place;
use super::http1::Head;

/// How the end of a body is marked in HTTP/1.1. In HTTP/2 only the lengths remain.
#[derive(Clone, Debug)]
pub(super) enum Framing {
    Lengths(Vec<usize>),
    /// In chunks, perhaps beside a length.
    Chunks(Option<usize>),
}

impl Framing {
    pub(super) fn lengths(&self) -> &[usize] {
        match self {
            Self::Lengths(lengths) => lengths,
            Self::Chunks(length) => length.as_slice(),
        }
    }
}

/// The state of a connection after a response.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum End {
    KeepAlive,
    /// The connection ends, unless this is HTTP/2 and the response is whole.
    Close,
    /// The connection ends in any case.
    Leave,
    /// The connection ends without the TLS closing alert.
    Break,
    Reset,
    Silence,
    /// These bytes are sent again and again.
    Repeat(Vec<u8>),
}

/// A response with its body in one piece, and the way in which it is sent.
pub(super) struct Response {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    pub(super) framing: Framing,
    /// The statuses of the responses before it.
    pub(super) interims: &'static [u16],
    pub(super) delay: Duration,
    /// The interval of the twenty parts in which the body is sent.
    pub(super) pace: Option<Duration>,
    /// Where the head ends too early. HTTP/1.1 only.
    pub(super) cut: Option<Place>,
    /// How much of the body is sent.
    pub(super) sent: usize,
    /// The value of a field behind the body.
    pub(super) trailer: Option<String>,
    pub(super) end: End,
}

impl Response {
    pub(super) fn of(head: Head, body: Vec<u8>) -> Self {
        Self {
            head,
            framing: Framing::Lengths(vec![body.len()]),
            interims: &[],
            delay: Duration::ZERO,
            pace: None,
            cut: None,
            sent: body.len(),
            trailer: None,
            end: End::KeepAlive,
            body,
        }
    }

    pub(super) fn new(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let own = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        let head = Head {
            first_line: format!("HTTP/1.1 {status} Status"),
            headers: headers.iter().map(own).collect(),
        };
        Self::of(head, body.to_vec())
    }

    pub(super) fn add_header(&mut self, name: &str, value: &str) {
        let header = (name.to_owned(), value.to_owned());
        self.head.headers.push(header);
    }

    pub(super) fn replace_body(&mut self, body: Vec<u8>) {
        if let Framing::Lengths(lengths) = &mut self.framing {
            for length in lengths
                .iter_mut()
                .filter(|length| **length == self.body.len())
            {
                *length = body.len();
            }
        }
        self.sent = body.len();
        self.body = body;
    }

    pub(super) fn is_whole(&self) -> bool {
        self.sent == self.body.len()
    }

    /// Returns the parts in which the body is sent.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let size = match self.pace {
            Some(_) => self.sent / 20,
            None => self.sent,
        };
        self.body[..self.sent].chunks(size.max(1))
    }

    /// Returns the head with its lengths, in HTTP/1.1.
    pub(super) fn head_bytes(&self) -> Vec<u8> {
        let mut bytes = self.head.bytes();
        bytes.truncate(bytes.len() - 2);
        for length in self.framing.lengths() {
            bytes.extend_from_slice(format!("content-length: {length}\r\n").as_bytes());
        }
        if let Framing::Chunks(_) = self.framing {
            bytes.extend_from_slice(b"transfer-encoding: chunked\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    /// Replaces the scheme of the service's URLs with the one that the client sees.
    pub(super) fn moves_to_tls(&mut self, host: &str) {
        let (from, to) = (format!("http://{host}"), format!("https://{host}"));
        for (_, value) in &mut self.head.headers {
            *value = value.replace(&from, &to);
        }
        if let Ok(text) = std::str::from_utf8(&self.body) {
            self.replace_body(text.replace(&from, &to).into_bytes());
        }
    }
}
