//! A form as the bytes that are sent.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use super::upload::{FileContent, broken, changed};
use crate::body::PolledFrame;
use crate::error::BoxError;

/// How much of a file is in memory at once.
const CHUNK: usize = 64 * 1024;

/// The rest of a form that is still to be sent.
pub(super) struct FormBody {
    pieces: VecDeque<Piece>,
    file: FileState,
    sent: u64,
    length: u64,
    progress: Option<Arc<Told>>,
}

/// Called with how many bytes were sent, and how many there are.
pub(super) type Told = dyn Fn(u64, u64) + Send + Sync;

pub(super) enum Piece {
    Bytes(Bytes),
    File(FileContent),
}

enum FileState {
    None,
    Opening(FileContent, Io<File>),
    Reading {
        content: FileContent,
        file: File,
        left: u64,
    },
    /// The whole file was read. Its last chunk is held back until it is certain that the file has not changed meanwhile.
    Checking(Io<Bytes, BoxError>),
}

type Io<T, E = io::Error> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

impl FileState {
    /// Compares the open file with what it was when it was added, before `last`, its last chunk, is sent: without it,
    /// the request is not complete.
    fn check(&mut self, last: Bytes) {
        if let Self::Reading { content, file, .. } = std::mem::replace(self, Self::None) {
            *self = Self::Checking(Box::pin(async move {
                match file.metadata().await {
                    Ok(metadata) if content.is_as_added(&metadata) => Ok(last),
                    Ok(_) => Err(changed(&content)),
                    Err(error) => Err(broken(&content, error)),
                }
            }));
        }
    }
}

impl FormBody {
    pub(super) fn new(pieces: VecDeque<Piece>, length: u64, progress: Option<Arc<Told>>) -> Self {
        Self {
            pieces,
            file: FileState::None,
            sent: 0,
            length,
            progress,
        }
    }

    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        loop {
            match &mut self.file {
                FileState::None => match self.pieces.pop_front() {
                    None => return Poll::Ready(None),
                    Some(Piece::Bytes(bytes)) if bytes.is_empty() => {}
                    Some(Piece::Bytes(mut bytes)) => {
                        if bytes.len() > CHUNK {
                            let rest = bytes.split_off(CHUNK);
                            self.pieces.push_front(Piece::Bytes(rest));
                        }
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    Some(Piece::File(content)) => {
                        let path = Arc::clone(&content.path);
                        let open = Box::pin(async move { File::open(&*path).await });
                        self.file = FileState::Opening(content, open);
                    }
                },
                FileState::Opening(content, open) => {
                    let file = ready!(open.as_mut().poll(cx)).map_err(|e| broken(content, e))?;
                    self.file = FileState::Reading {
                        left: content.length,
                        content: content.clone(),
                        file,
                    };
                }
                // The file is empty.
                FileState::Reading { left: 0, .. } => self.file.check(Bytes::new()),
                FileState::Reading {
                    content,
                    file,
                    left,
                } => {
                    let room = usize::try_from(*left).map_or(CHUNK, |left| left.min(CHUNK));
                    let mut chunk = BytesMut::zeroed(room);
                    let mut buffer = ReadBuf::new(&mut chunk);
                    ready!(Pin::new(file).poll_read(cx, &mut buffer))
                        .map_err(|e| broken(content, e))?;
                    let read = buffer.filled().len();
                    if read == 0 {
                        return Poll::Ready(Some(Err(changed(content))));
                    }
                    chunk.truncate(read);
                    *left -= read as u64;
                    if *left > 0 {
                        return Poll::Ready(Some(Ok(chunk.freeze())));
                    }
                    self.file.check(chunk.freeze());
                }
                FileState::Checking(check) => {
                    let result = ready!(check.as_mut().poll(cx));
                    self.file = FileState::None;
                    let last = result?;
                    if !last.is_empty() {
                        return Poll::Ready(Some(Ok(last)));
                    }
                }
            }
        }
    }
}

impl HttpBody for FormBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let piece = match ready!(self.poll_piece(cx)) {
            None => return Poll::Ready(None),
            Some(Err(error)) => return Poll::Ready(Some(Err(error))),
            Some(Ok(piece)) => piece,
        };
        self.sent += piece.len() as u64;
        if let Some(progress) = &self.progress {
            progress(self.sent, self.length);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.sent == self.length
    }
}
