//! `multipart/form-data` bodies that can be sent again, of any size in little memory.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::fs::File;
use tokio::io::{AsyncRead, ReadBuf};

use crate::body::Body;
use crate::error::{BoxError, Error, ErrorKind};

/// How much of a file is in memory at once.
const CHUNK: usize = 64 * 1024;

/// A form whose parts are sent one after the other.
///
/// Parts in memory are shared, files are opened anew for each attempt and read in pieces of 64 KiB. The boundary is
/// drawn once, so every attempt sends the same bytes, with an exact Content-Length.
///
/// ```
/// use security_api_transport::{Form, Upload};
///
/// let form = Form::new()
///     .text("push[kind]", "file")
///     .upload("push[files][]", Upload::bytes("plan.txt", "mind the gap"));
/// assert!(form.length() > 0);
/// ```
#[derive(Clone)]
pub struct Form {
    boundary: String,
    parts: Vec<Part>,
    progress: Option<Arc<dyn Fn(u64, u64) + Send + Sync>>,
}

/// A file to send, from disk or from memory.
///
/// ```
/// use security_api_transport::{Error, Form, Upload};
///
/// # async fn example() -> Result<(), Error> {
/// let report = Upload::file("/var/reports/2026.pdf").await?.content_type("application/pdf");
/// let note = Upload::bytes("note.txt", "see page 3").content_type("text/plain");
/// let form = Form::new().upload("files[]", report).upload("files[]", note);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Upload {
    file_name: String,
    content_type: String,
    content: Content,
}

/// One field of a form.
#[derive(Clone)]
struct Part {
    name: String,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Text(Bytes),
    File(Upload),
}

#[derive(Clone)]
enum Content {
    Bytes(Bytes),
    File(FileContent),
}

/// A file as it was when it was added.
#[derive(Debug, Clone)]
struct FileContent {
    path: Arc<PathBuf>,
    length: u64,
    modified: Option<SystemTime>,
}

impl Upload {
    /// A file from memory. The content is shared, not copied.
    #[must_use]
    pub fn bytes(file_name: impl Into<String>, content: impl Into<Bytes>) -> Self {
        Self {
            file_name: file_name.into(),
            content_type: "application/octet-stream".to_owned(),
            content: Content::Bytes(content.into()),
        }
    }

    /// A file from disk, under its own name. Its length is read now, and its content whenever it is sent: if the file
    /// has changed by then, the call fails before anything is sent.
    ///
    /// # Errors
    /// If the file cannot be found or is no file.
    pub async fn file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let unusable = |what: &str| Error::invalid(format!("file `{}`: {what}", path.display()));
        let metadata = tokio::fs::metadata(path)
            .await
            .map_err(|error| unusable("it cannot be read").with_source(error))?;
        if !metadata.is_file() {
            return Err(unusable("it is not a file"));
        }
        let Some(file_name) = path.file_name() else {
            return Err(unusable("it has no name"));
        };
        Ok(Self {
            file_name: file_name.to_string_lossy().into_owned(),
            content_type: "application/octet-stream".to_owned(),
            content: Content::File(FileContent {
                path: Arc::new(path.to_owned()),
                length: metadata.len(),
                modified: metadata.modified().ok(),
            }),
        })
    }

    /// With this content type, in place of `application/octet-stream`. Control characters are taken out.
    #[must_use]
    pub fn content_type(mut self, content_type: &str) -> Self {
        self.content_type = content_type.chars().filter(|c| !c.is_control()).collect();
        self
    }

    /// Under this file name, which may be any text.
    ///
    /// It is written as browsers write it: quotes and line breaks, which would end the field, are percent-encoded, and
    /// so are backslashes and other control characters, which parsers take for different things. All else stands there
    /// as it is, in UTF-8.
    #[must_use]
    pub fn file_name(mut self, file_name: impl Into<String>) -> Self {
        self.file_name = file_name.into();
        self
    }

    /// The file's name.
    ///
    /// ```
    /// use security_api_transport::Upload;
    ///
    /// assert_eq!(Upload::bytes("a.txt", "abc").name(), "a.txt");
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.file_name
    }

    /// The length of the content in bytes.
    ///
    /// ```
    /// use security_api_transport::Upload;
    ///
    /// assert_eq!(Upload::bytes("a.txt", "abc").length(), 3);
    /// ```
    #[must_use]
    pub fn length(&self) -> u64 {
        match &self.content {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::File(file) => file.length,
        }
    }
}

/// Shows the name and length, not the content.
impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upload")
            .field("file_name", &self.file_name)
            .field("content_type", &self.content_type)
            .field("length", &self.length())
            .finish()
    }
}

impl Part {
    fn length(&self) -> u64 {
        match &self.value {
            Value::Text(text) => text.len() as u64,
            Value::File(upload) => upload.length(),
        }
    }

    fn file(&self) -> Option<&FileContent> {
        match &self.value {
            Value::File(Upload {
                content: Content::File(file),
                ..
            }) => Some(file),
            _ => None,
        }
    }

    fn piece(&self) -> Piece {
        match &self.value {
            Value::Text(bytes) => Piece::Bytes(bytes.clone()),
            Value::File(upload) => match &upload.content {
                Content::Bytes(bytes) => Piece::Bytes(bytes.clone()),
                Content::File(file) => Piece::File(file.clone()),
            },
        }
    }

    fn head(&self, boundary: &str) -> Bytes {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            escape(&self.name)
        );
        if let Value::File(upload) = &self.value {
            head.push_str("; filename=\"");
            head.push_str(&escape(&upload.file_name));
            head.push_str("\"\r\nContent-Type: ");
            head.push_str(&upload.content_type);
        }
        head.push_str("\r\n\r\n");
        head.into()
    }
}

/// As browsers write names: a quote and line breaks, which would end the field, are percent-encoded. So are the other
/// control characters, which parsers refuse, and the backslash, which some take for an escape and some do not.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '"' | '\\') || c.is_ascii_control() {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Shows names and lengths, not the content.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

impl FileContent {
    /// # Errors
    /// If the file is not what it was when it was added.
    fn check(&self) -> Result<(), Error> {
        let changed = |what: &str| {
            Error::new(
                ErrorKind::Invalid,
                format!("file `{}`: {what}, so it was not sent", self.path.display()),
            )
            .permanent()
        };
        let metadata = std::fs::metadata(&*self.path)
            .map_err(|error| changed("it cannot be read any more").with_source(error))?;
        if metadata.len() != self.length || metadata.modified().ok() != self.modified {
            return Err(changed("it has changed since it was added"));
        }
        Ok(())
    }
}

impl Form {
    /// A form without parts.
    #[must_use]
    pub fn new() -> Self {
        Self {
            boundary: format!("form-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
            parts: Vec::new(),
            progress: None,
        }
    }

    /// Adds a field of text after those that are there. It is sent as it is, in UTF-8.
    #[must_use]
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name.into(), Value::Text(value.into().into()))
    }

    /// Adds a file after the fields that are there. Several may have the same name.
    #[must_use]
    pub fn upload(self, name: impl Into<String>, upload: Upload) -> Self {
        self.part(name.into(), Value::File(upload))
    }

    fn part(mut self, name: String, value: Value) -> Self {
        self.parts.push(Part { name, value });
        self
    }

    /// Calls this whenever a piece was handed to the connection, with the bytes handed over so far and all there are.
    /// If the request is sent again, it starts again from nothing.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The length of the body in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        let parts: u64 = self
            .parts
            .iter()
            .map(|part| part.head(&self.boundary).len() as u64 + part.length() + 2)
            .sum();
        parts + self.tail().len() as u64
    }

    /// The content type, with the boundary.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    fn tail(&self) -> Bytes {
        format!("--{}--\r\n", self.boundary).into()
    }

    /// The body, which can be sent any number of times.
    #[must_use]
    pub fn into_body(self) -> Body {
        let length = self.length();
        let files: Vec<FileContent> = self.parts.iter().filter_map(Part::file).cloned().collect();
        let form = Arc::new(self);
        Body::replayable(Some(length), move || FormBody::new(&form, length))
            .checked(move || files.iter().try_for_each(FileContent::check))
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

/// An object whose members are parts of a form.
#[doc(hidden)]
pub trait InForm {
    /// Adds the members, whose names begin with `prefix`.
    fn parts(self, prefix: &str, form: Form) -> Form;
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

/// What is still to be sent of a form.
struct FormBody {
    pieces: VecDeque<Piece>,
    file: FileState,
    sent: u64,
    length: u64,
    progress: Option<Arc<dyn Fn(u64, u64) + Send + Sync>>,
}

enum Piece {
    Bytes(Bytes),
    File(FileContent),
}

enum FileState {
    None,
    Opening(
        FileContent,
        Pin<Box<dyn Future<Output = io::Result<File>> + Send>>,
    ),
    Reading {
        content: FileContent,
        file: File,
        left: u64,
    },
}

impl FormBody {
    fn new(form: &Form, length: u64) -> Self {
        let mut pieces = VecDeque::with_capacity(form.parts.len() * 3 + 1);
        for part in &form.parts {
            pieces.push_back(Piece::Bytes(part.head(&form.boundary)));
            pieces.push_back(part.piece());
            pieces.push_back(Piece::Bytes(Bytes::from_static(b"\r\n")));
        }
        pieces.push_back(Piece::Bytes(form.tail()));
        Self {
            pieces,
            file: FileState::None,
            sent: 0,
            length,
            progress: form.progress.clone(),
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
                    Some(Piece::File(content)) if content.length == 0 => {}
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
                FileState::Reading { left: 0, .. } => self.file = FileState::None,
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
                        let error = io::Error::from(io::ErrorKind::UnexpectedEof);
                        return Poll::Ready(Some(Err(broken(content, error))));
                    }
                    chunk.truncate(read);
                    *left -= read as u64;
                    return Poll::Ready(Some(Ok(chunk.freeze())));
                }
            }
        }
    }
}

fn broken(content: &FileContent, error: io::Error) -> BoxError {
    Error::new(
        ErrorKind::Invalid,
        format!(
            "file `{}`: it could not be read while it was being sent",
            content.path.display()
        ),
    )
    .with_outcome(crate::outcome::Outcome::Unknown)
    .with_source(error)
    .permanent()
    .boxed()
}

impl HttpBody for FormBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
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

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;
    use proptest::prelude::*;

    async fn sent(body: Body) -> Bytes {
        assert!(body.check().is_ok());
        body.collect().await.unwrap().to_bytes()
    }

    #[tokio::test]
    async fn a_form_is_the_same_bytes_every_time_and_as_long_as_it_says() {
        let path = std::env::temp_dir().join(format!("form-{}.bin", fastrand::u64(..)));
        let content: Vec<u8> = (0..200_000_u32).map(|i| i as u8).collect();
        tokio::fs::write(&path, &content).await.unwrap();
        let form = Form::new()
            .text("kind", "file")
            .upload("files[]", Upload::bytes("a.txt", vec![b'a'; 100_000]))
            .upload("files[]", Upload::file(&path).await.unwrap());
        let length = form.length();
        let body = form.into_body();
        let first = sent(body.clone()).await;
        let again = sent(body.clone()).await;
        assert_eq!(first.len() as u64, length);
        assert!(first == again);
        assert!(first.windows(content.len()).any(|window| window == content));
        tokio::fs::write(&path, b"shorter").await.unwrap();
        let error = body.check().unwrap_err();
        assert!(error.to_string().contains("has changed"), "{error}");
        tokio::fs::remove_file(&path).await.unwrap();
        assert!(
            body.check()
                .unwrap_err()
                .to_string()
                .contains("cannot be read")
        );
    }

    #[tokio::test]
    async fn progress_counts_up_to_the_length() {
        let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let form = Form::new()
            .upload("f", Upload::bytes("f", vec![0; 200_000]))
            .on_progress(move |sent, all| noted.lock().unwrap().push((sent, all)));
        let length = form.length();
        sent(form.into_body()).await;
        let seen = seen.lock().unwrap();
        assert!(seen.len() > 3 && seen.is_sorted());
        assert_eq!(seen.last(), Some(&(length, length)));
    }

    #[tokio::test]
    async fn a_file_that_is_missing_or_a_folder_is_refused_when_it_is_added() {
        let missing = Upload::file("/no/such/file").await.unwrap_err();
        assert!(missing.is_invalid() && missing.to_string().contains("/no/such/file"));
        let folder = Upload::file(std::env::temp_dir()).await.unwrap_err();
        assert!(folder.to_string().contains("not a file"));
    }

    #[tokio::test]
    async fn names_are_written_as_browsers_write_them() {
        for (name, written) in [
            ("plan.txt", "plan.txt"),
            ("a \"b\".txt", "a %22b%22.txt"),
            ("a\r\nb", "a%0D%0Ab"),
            ("Übersicht 計画.pdf", "Übersicht 計画.pdf"),
            ("a;b=c,d/e&f'g", "a;b=c,d/e&f'g"),
            ("100%", "100%"),
            ("c:\\d\0", "c:%5Cd%00"),
        ] {
            let form = Form::new().text(name, "v").upload(
                "f",
                Upload::bytes("other", "x")
                    .file_name(name)
                    .content_type("text/plain\r\n"),
            );
            let boundary = form.boundary.clone();
            assert_eq!(
                String::from_utf8(sent(form.into_body()).await.to_vec()).unwrap(),
                format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{written}\"\r\n\r\nv\r\n\
                     --{boundary}\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{written}\"\r\n\
                     Content-Type: text/plain\r\n\r\nx\r\n--{boundary}--\r\n"
                )
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn names_and_contents_are_read_back_as_they_were(
            name in "[^%]{1,20}",
            file_name in "[^%]{1,20}",
            content in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let form = Form::new().upload(&name, Upload::bytes(&file_name, content.clone()));
                let boundary = form.boundary.clone();
                let body = sent(form.into_body()).await;
                let stream = futures_util::stream::iter([Ok::<_, io::Error>(body)]);
                let mut form = multer::Multipart::new(stream, boundary);
                let field = form.next_field().await.unwrap().unwrap();
                let unescape = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().unwrap().into_owned();
                prop_assert_eq!(unescape(field.name().unwrap()), name);
                prop_assert_eq!(unescape(field.file_name().unwrap()), file_name);
                prop_assert_eq!(field.bytes().await.unwrap().to_vec(), content);
                prop_assert!(form.next_field().await.unwrap().is_none());
                Ok(())
            })?;
        }
    }
}
