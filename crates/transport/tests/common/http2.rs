//! A scripted server of HTTP/2 over TLS, frame by frame.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use security_api_transport::{Client, ClientBuilder};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::tls::{Certificate, acceptor, listen};
use super::{builder, hurried};

pub(crate) const NO_ERROR: u32 = 0;
pub(crate) const PROTOCOL_ERROR: u32 = 1;
pub(crate) const INTERNAL_ERROR: u32 = 2;
pub(crate) const REFUSED_STREAM: u32 = 7;
pub(crate) const CANCEL: u32 = 8;
pub(crate) const ENHANCE_YOUR_CALM: u32 = 11;

/// The body of a whole response.
pub(crate) const GOOD: &[u8] = b"\"good\"";

/// The server's reaction to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Frame {
    /// Status 200, with a content length of two digits if `announced` is set.
    Head {
        announced: Option<u8>,
    },
    /// [`GOOD`], with or without the end of the stream.
    Data {
        is_last: bool,
    },
    Reset(u32),
    /// A GOAWAY that includes or excludes the request.
    GoAway {
        is_taken: bool,
        reason: u32,
    },
    /// The first GOAWAY of a graceful shutdown, which excludes no stream.
    GoAwaySoon,
    /// The new maximum number of streams.
    Streams(u32),
    /// Raw bytes.
    Bytes(&'static [u8]),
    /// A pause in which the client reads.
    Pause,
    /// Closes the connection.
    Close,
}

/// A whole response.
pub(crate) const WHOLE: [Frame; 2] = [
    Frame::Head { announced: None },
    Frame::Data { is_last: true },
];

impl Frame {
    fn bytes(self, stream: u32) -> Vec<u8> {
        let id = &stream.to_be_bytes()[..];
        match self {
            Self::Head { announced: None } => [&[0, 0, 1, 1, 4], id, &[0x88]].concat(),
            Self::Head {
                announced: Some(length),
            } => {
                let length = format!("{length:02}");
                let fields = [&[0x88, 0x0f, 0x0d, 2], length.as_bytes()].concat();
                [&[0, 0, 6, 1, 4], id, &fields].concat()
            }
            Self::Data { is_last } => [&[0, 0, 6, 0, u8::from(is_last)], id, GOOD].concat(),
            Self::Reset(reason) => [&[0, 0, 4, 3, 0], id, &reason.to_be_bytes()].concat(),
            Self::GoAway { is_taken, reason } => {
                let last = if is_taken { stream } else { stream - 1 };
                go_away(last, reason)
            }
            Self::GoAwaySoon => go_away(u32::MAX >> 1, NO_ERROR),
            Self::Streams(most) => {
                let setting = [&[0, 3], &most.to_be_bytes()[..]].concat();
                [&[0, 0, 6, 4, 0, 0, 0, 0, 0], &setting[..]].concat()
            }
            Self::Bytes(bytes) => bytes.to_vec(),
            Self::Pause | Self::Close => Vec::new(),
        }
    }
}

fn go_away(last: u32, reason: u32) -> Vec<u8> {
    [
        &[0, 0, 8, 7, 0, 0, 0, 0, 0][..],
        &last.to_be_bytes(),
        &reason.to_be_bytes(),
    ]
    .concat()
}

#[derive(Clone)]
pub(crate) struct Http2 {
    url: String,
    certificate: Arc<str>,
    requests: Arc<AtomicUsize>,
    connections: Arc<AtomicUsize>,
}

impl Http2 {
    /// Follows the script across all connections, and responds to all further requests.
    pub(crate) async fn start(certificate: &Certificate, script: Vec<Vec<Frame>>) -> Self {
        Self::start_with(certificate, script, &[]).await
    }

    /// Like [`start`](Self::start), with these settings of the server on each connection: numbers and values.
    pub(crate) async fn start_with(
        certificate: &Certificate,
        script: Vec<Vec<Frame>>,
        settings: &'static [(u16, u32)],
    ) -> Self {
        let (listener, url) = listen().await;
        let acceptor = acceptor(certificate, &[b"h2"]);
        let server = Self {
            url,
            certificate: certificate.cert.pem().into(),
            requests: Arc::default(),
            connections: Arc::default(),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.connections.fetch_add(1, Ordering::SeqCst);
                let (this, acceptor, script) = (this.clone(), acceptor.clone(), script.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        this.serve(stream, &script, settings).await;
                    }
                });
            }
        });
        server
    }

    /// Reads frames, and reacts to each HEADERS frame.
    async fn serve(
        &self,
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        script: &[Vec<Frame>],
        settings: &[(u16, u32)],
    ) -> Option<()> {
        const HEADERS: u8 = 1;
        const PING: u8 = 6;
        const ACKNOWLEDGED: u8 = 1;
        stream.read_exact(&mut [0; 24]).await.ok()?;
        // SETTINGS, and the acknowledgement of the client's.
        let length = u8::try_from(6 * settings.len()).expect("a few settings");
        let mut first = vec![0, 0, length, 4, 0, 0, 0, 0, 0];
        for (name, value) in settings {
            first.extend_from_slice(&name.to_be_bytes());
            first.extend_from_slice(&value.to_be_bytes());
        }
        first.extend_from_slice(&[0, 0, 0, 4, 1, 0, 0, 0, 0]);
        stream.write_all(&first).await.ok()?;
        let mut head = [0; 9];
        while stream.read_exact(&mut head).await.is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            stream.read_exact(&mut payload).await.ok()?;
            if head[3] == PING && head[4] & ACKNOWLEDGED == 0 {
                head[4] |= ACKNOWLEDGED;
                stream
                    .write_all(&[&head[..], &payload].concat())
                    .await
                    .ok()?;
            }
            if head[3] != HEADERS {
                continue;
            }
            let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let number = self.requests.fetch_add(1, Ordering::SeqCst);
            let frames = script.get(number).map_or(&WHOLE[..], |frames| frames);
            for frame in frames {
                match frame {
                    Frame::Pause => tokio::time::sleep(Duration::from_millis(20)).await,
                    Frame::Close => {
                        // Closing with unread data would reset the connection and drop what was written.
                        stream.shutdown().await.ok()?;
                        while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                        return None;
                    }
                    frame => stream.write_all(&frame.bytes(id)).await.ok()?,
                }
            }
        }
        None
    }

    pub(crate) fn client(&self) -> ClientBuilder<Client> {
        builder()
            .base_url(&self.url)
            .root_certificate(&*self.certificate)
            .retry(hurried())
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
