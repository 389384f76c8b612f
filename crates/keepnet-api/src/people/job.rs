//! The reading of an uploaded file, and how far it is.

use std::time::Duration;

use security_api_transport::{Client, Job};
use serde_json::{Map, Value};

use super::import::TargetUserImport;
use super::import_status::ImportStatus;
use super::mapping::ColumnMapping;
use crate::{Error, ErrorKind, Polling, Progress, SearchRequest};

/// What is waited for.
const WHAT: &str = "the reading of the uploaded file";
const PATIENCE: Duration = Duration::from_secs(600);

fn polling(deadline: Duration) -> Polling {
    Polling::default()
        .backoff(Duration::from_secs(1), Duration::from_secs(10))
        .deadline(deadline)
}

/// The service's work of reading an uploaded file. From [`TargetUserImport::map`], or from [`TargetUserImport::job`]
/// with an id from earlier.
#[derive(Debug, Clone)]
pub struct ImportJob {
    import: TargetUserImport,
    id: String,
}

impl TargetUserImport {
    /// Says which columns are which fields, and starts the reading of the file.
    ///
    /// The columns are compared with those of the file before anything is sent. A file is mapped once; to map it
    /// otherwise, [`renew`](Self::renew) it first.
    ///
    /// # Errors
    /// If the mapping has no e-mail address, names a column that the file does not have or a field twice, leaves open what
    /// becomes of one of the file's columns, or one of the calls fails. Nothing was imported then.
    ///
    /// ```no_run
    /// # async fn example(import: keepnet_api::people::TargetUserImport) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::people::{ColumnMapping, UserField};
    ///
    /// let mapping = ColumnMapping::new().column("Mail", UserField::Email).column("Team", UserField::Department);
    /// let job = import.map(&mapping).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn map(&self, mapping: &ColumnMapping) -> Job<ImportJob> {
        let (later, mapping) = (self.clone(), mapping.clone());
        self.work(
            move |import| async move { Ok(later.job(import.create_mapping(&mapping).await?)) },
        )
    }

    /// The work of reading the file, by the [`id`](ImportJob::id) that mapping gave in an earlier run.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let import = keepnet.target_users().resume_import("4f1c2d7e9a");
    /// println!("{}", import.job("aB3dE5gH7jK9").status().await?.state);
    /// # Ok(()) }
    /// ```
    #[must_use]
    #[inline]
    pub fn job(&self, id: impl Into<String>) -> ImportJob {
        ImportJob::new(self.clone(), id.into())
    }
}

impl ImportJob {
    pub(super) fn new(import: TargetUserImport, id: String) -> Self {
        Self { import, id }
    }

    /// The id to ask for the job by.
    ///
    /// ```
    /// fn remember(job: &keepnet_api::people::ImportJob) {
    ///     println!("to be asked for: {}", job.id());
    /// }
    /// ```
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How far it is now.
    ///
    /// # Errors
    /// If the service could not read the file, or the call fails.
    ///
    /// ```no_run
    /// # async fn example(job: keepnet_api::people::ImportJob) -> Result<(), keepnet_api::Error> {
    /// println!("{}", job.status().await?.finished);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn status(&self) -> Job<ImportStatus> {
        self.work(|job| async move { job.current().await })
    }

    #[inline]
    async fn current(&self) -> Result<ImportStatus, Error> {
        // The counts beside the status are not described.
        let call = self.import.users.get_mapping_job(&self.id).into_request();
        let response = call.call::<Map<String, Value>>().await;
        let response = response.map_err(|error| self.explain(error, "its file is being read"))?;
        let status = ImportStatus::of_job(&response);
        if status.has_failed() {
            let error = Error::new(
                ErrorKind::Api,
                format!(
                    "target_users.get_mapping_job: the service could not read the uploaded file, it says `{}`: check \
                     that the file opens as what its name says, and that its columns fit the mapping",
                    status.state
                ),
            );
            return Err(self.explain(
                error,
                "its file was not read; `renew` it to map it otherwise",
            ));
        }
        Ok(status)
    }

    /// Follows it until it is finished: it looks after a second, then at intervals that grow to ten seconds, for ten
    /// minutes. [`Progress::polling`] sets others.
    ///
    /// ```no_run
    /// # async fn example(job: keepnet_api::people::ImportJob) -> Result<(), keepnet_api::Error> {
    /// let mut progress = job.progress();
    /// while let Some(status) = progress.try_next().await? {
    ///     println!("{}: {:?} of {:?} rows", status.state, status.read(), status.total);
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn progress(&self) -> Progress<ImportStatus> {
        let job = self.clone();
        let ask = move |client: Client| {
            let Self { import, id } = job.clone();
            let import = import.over(&client);
            async move { Self { import, id }.current().await }
        };
        let is_done = |status: &ImportStatus| status.finished;
        let progress = Progress::new(self.import.users.client(), WHAT, is_done, ask);
        progress.polling(polling(PATIENCE))
    }

    /// Waits until it is finished, ten minutes at most, and gives the counts.
    ///
    /// # Errors
    /// If the service could not read the file, a response fails, or time is up; the error says how to go on.
    ///
    /// ```no_run
    /// # async fn example(job: keepnet_api::people::ImportJob) -> Result<(), keepnet_api::Error> {
    /// let found = job.finished().await?;
    /// println!("{:?} new, {:?} existing, {:?} invalid", found.new, found.existing, found.invalid);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn finished(&self) -> Job<ImportStatus> {
        self.work(|job| async move { job.counted().await })
    }

    #[inline]
    async fn counted(&self) -> Result<ImportStatus, Error> {
        let mut progress = self.progress();
        if let Some(left) = self.import.users.client().time_left() {
            progress = progress.polling(polling(left.min(PATIENCE)));
        }
        let last = progress.await;
        let mut last = last.map_err(|error| match error.operation() {
            // It is the deadline's; those of the calls say where the import stands.
            None if error.is_timeout() => self.explain(error, "its file is still being read"),
            _ => error,
        })?;
        if last.read().is_none() {
            let counted = self
                .import
                .looked_at(SearchRequest::new().page_size(1))
                .await?;
            last.new = counted.status.new;
            last.existing = counted.status.existing;
            last.invalid = counted.status.invalid;
        }
        last.total = last.total.or(self.import.rows);
        Ok(last)
    }

    /// A job of this one's, whose calls are made with the job's client.
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
