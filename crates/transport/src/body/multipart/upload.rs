//! Files to upload.

use std::fmt;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;

use crate::error::{BoxError, Error, ErrorKind};
use crate::outcome::Outcome;

/// A file to upload, from disk or from memory.
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
#[derive(Clone, PartialEq, Eq)]
pub struct Upload {
    pub(super) file_name: String,
    pub(super) content_type: String,
    pub(super) content: Content,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Content {
    Bytes(Bytes),
    File(FileContent),
}

/// The state of a file when it was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileContent {
    pub(super) path: Arc<PathBuf>,
    pub(super) length: u64,
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

    /// A file from disk, under its own name. Its length is read now, and its content whenever it is sent. If the file
    /// has changed by then, the call fails before anything is sent. If it changes while it is being sent, the call fails
    /// before the end of the file is sent, so the service never receives a whole request that mixes the old content with
    /// the new.
    ///
    /// A change is noticed by the length of the file and the time of its last modification.
    ///
    /// # Errors
    /// If the path does not exist or is not a file.
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

    /// Sets the content type, instead of `application/octet-stream`. Control characters are removed.
    #[must_use]
    pub fn content_type(mut self, content_type: &str) -> Self {
        self.content_type = content_type.chars().filter(|c| !c.is_control()).collect();
        self
    }

    /// Sets the file name, which may be any text.
    ///
    /// The name is encoded as browsers do: quotes and line breaks, which would end the field, are percent-encoded, and
    /// so are backslashes and other control characters, which parsers interpret differently. Everything else is sent
    /// unchanged, in UTF-8.
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

impl FileContent {
    /// # Errors
    /// If the file has changed since it was added.
    pub(super) fn check(&self) -> Result<(), Error> {
        let metadata = std::fs::metadata(&*self.path).map_err(|error| {
            self.unusable("it cannot be read any more, so it was not sent")
                .with_source(error)
        })?;
        match self.is_as_added(&metadata) {
            true => Ok(()),
            false => Err(self.unusable("it has changed since it was added, so it was not sent")),
        }
    }

    /// Whether the file has the length and the time that it had when it was added.
    pub(super) fn is_as_added(&self, metadata: &Metadata) -> bool {
        metadata.len() == self.length && metadata.modified().ok() == self.modified
    }

    fn unusable(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Invalid,
            format!("file `{}`: {what}", self.path.display()),
        )
        .permanent()
    }
}

/// The file has changed while it was being sent.
#[cold]
pub(super) fn changed(content: &FileContent) -> BoxError {
    let what = "it has changed since it was added, so it was not sent completely";
    content
        .unusable(what)
        .with_outcome(Outcome::Unknown)
        .boxed()
}

#[cold]
pub(super) fn broken(content: &FileContent, error: io::Error) -> BoxError {
    content
        .unusable("it could not be read while it was being sent")
        .with_outcome(Outcome::Unknown)
        .with_source(error)
        .boxed()
}
