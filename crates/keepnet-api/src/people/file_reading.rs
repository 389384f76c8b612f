//! The reading of an uploaded file by the service.

use std::time::Duration;

use security_api_transport::{Client, Job, one_line};
use serde_json::{Map, Value};

use super::import::TargetUserImport;
use super::import_status::ImportStatus;
use super::mapping::ColumnMapping;
use crate::{Error, ErrorKind, Polling, Progress, SearchRequest};

/// The subject of the error after the deadline.
const WHAT: &str = "the reading of the uploaded file";
const PATIENCE: Duration = Duration::from_secs(600);

fn polling(deadline: Duration) -> Polling {
    Polling::default()
        .backoff(Duration::from_secs(1), Duration::from_secs(10))
        .deadline(deadline)
}

/// The reading of an uploaded file, which is a job of the service. From [`TargetUserImport::map`], or from
/// [`TargetUserImport::reading`] with the id of an earlier run.
#[derive(Debug, Clone)]
pub struct FileReading {
    import: TargetUserImport,
    id: String,
}

impl TargetUserImport {
    /// Maps the columns to fields, and starts the reading of the file.
    ///
    /// The mapping is checked against the file's columns before it is sent. A file can be mapped once. To
    /// map it again, call [`renew`](Self::renew) on the import.
    ///
    /// # Errors
    /// If the mapping has no e-mail address, a column that the file does not have, a field twice, or nothing for one of
    /// the file's columns, or if a request fails. Nothing was imported then.
    ///
    /// ```no_run
    /// # async fn example(import: keepnet_api::people::TargetUserImport) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::people::{ColumnMapping, UserField};
    ///
    /// let mapping = ColumnMapping::new().column("Mail", UserField::Email).column("Team", UserField::Department);
    /// let reading = import.map(&mapping).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn map(&self, mapping: &ColumnMapping) -> Job<FileReading> {
        let (later, mapping) = (self.clone(), mapping.clone());
        self.work(
            move |import| async move { Ok(later.reading(import.create_mapping(&mapping).await?)) },
        )
    }

    /// The reading of the file, from the [`id`](FileReading::id) of an earlier run.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let import = keepnet.target_users().resume_import("4f1c2d7e9a");
    /// println!("{}", import.reading("aB3dE5gH7jK9").status().await?.state);
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[inline]
    pub fn reading(&self, id: impl Into<String>) -> FileReading {
        FileReading::new(self.clone(), id.into())
    }
}

impl FileReading {
    pub(super) fn new(import: TargetUserImport, id: String) -> Self {
        Self { import, id }
    }

    /// The id of the job at the service.
    ///
    /// ```
    /// fn remember(reading: &keepnet_api::people::FileReading) {
    ///     println!("to be followed: {}", reading.id());
    /// }
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The current status.
    ///
    /// # Errors
    /// If the service could not read the file, or the request fails.
    ///
    /// ```no_run
    /// # async fn example(reading: keepnet_api::people::FileReading) -> Result<(), keepnet_api::Error> {
    /// println!("{}", reading.status().await?.finished);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn status(&self) -> Job<ImportStatus> {
        self.work(|reading| async move { reading.fetched().await })
    }

    #[inline]
    async fn fetched(&self) -> Result<ImportStatus, Error> {
        // The members next to the status are not documented.
        let call = self.import.users.get_mapping_job(&self.id).into_request();
        let response = call.call::<Map<String, Value>>().await;
        let response = response.map_err(|error| self.explain(error, "its file is being read"))?;
        let status = ImportStatus::of_job(&response);
        if status.has_failed() {
            let error = Error::new(
                ErrorKind::Api,
                format!(
                    "`target_users.get_mapping_job`: the service could not read the uploaded file (`{}`): check \
                     that the file opens as what its name says, and that its columns fit the mapping",
                    one_line(&status.state, 60)
                ),
            );
            return Err(self.explain(
                error,
                "its file was not read; `renew` it to map it otherwise",
            ));
        }
        Ok(status)
    }

    /// Follows the reading until it is finished. It polls after 1 s, then at intervals that grow to 10 s, for 10
    /// minutes; [`Progress::polling`] changes that.
    ///
    /// ```no_run
    /// # async fn example(reading: keepnet_api::people::FileReading) -> Result<(), keepnet_api::Error> {
    /// let mut progress = reading.progress();
    /// while let Some(status) = progress.try_next().await? {
    ///     println!("{}: {:?} of {:?} rows", status.state, status.read(), status.total);
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn progress(&self) -> Progress<ImportStatus> {
        let reading = self.clone();
        let ask = move |client: Client| {
            let Self { import, id } = reading.clone();
            let import = import.over(&client);
            async move { Self { import, id }.fetched().await }
        };
        let is_done = |status: &ImportStatus| status.finished;
        let progress = Progress::new(self.import.users.client(), WHAT, is_done, ask);
        progress.polling(polling(PATIENCE))
    }

    /// Waits until the file is read, at most 10 minutes, and returns the counts.
    ///
    /// # Errors
    /// If the service could not read the file, a request fails, or the time is over. The error says how to continue.
    ///
    /// ```no_run
    /// # async fn example(reading: keepnet_api::people::FileReading) -> Result<(), keepnet_api::Error> {
    /// let found = reading.finished().await?;
    /// println!("{:?} new, {:?} existing, {:?} invalid", found.new, found.existing, found.invalid);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn finished(&self) -> Job<ImportStatus> {
        self.work(|reading| async move { reading.with_counts().await })
    }

    #[inline]
    async fn with_counts(&self) -> Result<ImportStatus, Error> {
        let mut progress = self.progress();
        if let Some(left) = self.import.users.client().time_left() {
            progress = progress.polling(polling(left.min(PATIENCE)));
        }
        let last = progress.await;
        let mut last = last.map_err(|error| match error.operation() {
            // This is the error of the deadline. Errors of requests already say how far the import is.
            None if error.is_timeout() => self.explain(error, "its file is still being read"),
            _ => error,
        })?;
        if last.read().is_none() {
            let counted = self
                .import
                .preview_page(SearchRequest::new().page_size(1))
                .await?;
            last.new = counted.status.new;
            last.existing = counted.status.existing;
            last.invalid = counted.status.invalid;
        }
        last.total = last.total.or(self.import.rows);
        Ok(last)
    }

    /// A job about this reading, which sends its requests with the job's client.
    fn work<T: 'static, F>(&self, work: impl FnOnce(Self) -> F + Send + 'static) -> Job<T>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let Self { import, id } = self.clone();
        Job::new(self.import.users.client(), move |client| {
            let import = import.over(&client);
            work(Self { import, id })
        })
    }

    fn explain(&self, error: Error, stopped: &str) -> Error {
        let error = error.with_context(format!("the job's id is {}", self.id));
        self.import.explain(error, stopped)
    }
}
