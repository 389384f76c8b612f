//! The import of target users from a file, in steps that can be resumed.

use security_api_transport::{Client, Job};

use super::import_status::{ImportStatus, is_finished};
use super::mapping::ColumnMapping;
use crate::before_change::BeforeChange as _;
use crate::blank_ids::check_ids;
use crate::envelope::confirmed::confirmed;
use crate::operations::TARGET_USERS_SEARCH_IMPORT;
use crate::resources::TargetUsers;
use crate::search::field;
use crate::types::{
    CreateTargetUserFieldMappingRequest, ImportedTargetUserRow, TargetUserImportRequest,
    TargetUsersUploadForm,
};
use crate::{Error, ErrorKind, Reason, SearchRequest, Upload};

/// An uploaded file of target users. Map its columns, preview it, and confirm the import.
///
/// From [`TargetUsers::import`], or from [`TargetUsers::resume_import`] with the transaction id of an earlier run.
/// Until [`confirm`](Self::confirm), no user is created or changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TargetUserImport {
    pub(super) users: TargetUsers,
    transaction_id: String,
    /// The number of rows, without the header and duplicates. `None` for a resumed import.
    pub rows: Option<u64>,
    /// The number of columns. `None` for a resumed import.
    pub columns: Option<u64>,
    /// The number of duplicate rows, which were left out. `None` for a resumed import.
    pub duplicates: Option<u64>,
}

/// A page of the rows of an import, before it is confirmed.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ImportPreview {
    /// How much of the file has been read, with counts of all its rows.
    pub status: ImportStatus,
    /// One page of the rows that match the search.
    pub rows: Vec<ImportedTargetUserRow>,
    /// The number of rows that match the search, on all pages.
    pub matching: Option<u64>,
}

/// The rows of a file to import.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ImportRows {
    /// All valid rows: new users are created, existing ones changed.
    All,
    /// Rows whose e-mail address belongs to no target user yet.
    New,
    /// Rows whose e-mail address belongs to a target user.
    Existing,
    /// The rows with these ids, from a preview.
    Selected(Vec<String>),
}

impl ImportRows {
    /// The values on the wire: first that of the vendor's own programs, then that of its documentation.
    fn words(&self) -> &'static [&'static str] {
        match self {
            Self::All => &["ImportAll", "All"],
            Self::New => &["OnlyNew"],
            Self::Existing => &["OnlyUpdateExisting"],
            Self::Selected(_) => &["ImportSelected", "Selected"],
        }
    }
}

/// The page size for rejected rows.
const PAGE: u32 = 500;

impl TargetUsers {
    /// Uploads a CSV or Excel file of target users, from disk ([`Upload::file`]) or memory ([`Upload::bytes`]). The
    /// first row contains the names of the columns. The file name ends in `.csv` or `.xlsx`.
    ///
    /// No user is imported yet. Continue with the returned value: map the columns, wait until the service has read the
    /// file, check the preview, and confirm. Store the [`transaction_id`](TargetUserImport::transaction_id) to resume
    /// after a failure.
    ///
    /// # Errors
    /// If the file is empty, the service cannot use it, or the request fails. Nothing was imported then.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::Upload;
    /// use keepnet_api::people::{ColumnMapping, ImportRows};
    ///
    /// let people = Upload::file("joiners.csv").await?.content_type("text/csv");
    /// let import = keepnet.target_users().import(people).await?;
    /// let columns = import.column_names().await?;
    /// let reading = import.map(&ColumnMapping::by_name(&columns)).await?;
    /// let found = reading.finished().await?;
    /// println!("{:?} new, {:?} existing, {:?} invalid", found.new, found.existing, found.invalid);
    /// import.confirm(ImportRows::All).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn import(&self, file: Upload) -> Job<TargetUserImport> {
        let users = self.clone();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).upload_file(&users, file).await
        })
    }

    /// Uploads the file. The import sends its requests with `later`.
    #[inline]
    async fn upload_file(&self, later: &Self, file: Upload) -> Result<TargetUserImport, Error> {
        if file.length() == 0 {
            return Err(Error::invalid(
                "`file` is empty: give one whose first row has the names of the columns",
            ));
        }
        let uploaded = self.upload(TargetUsersUploadForm::new().file(file)).await;
        let again = "nothing was imported: upload the file again";
        let uploaded = uploaded.map_err(|error| error.with_context(again))?;
        let transaction_id = uploaded.transaction_id.ok_or_else(|| {
            let error = Error::new(
                ErrorKind::Decode,
                "`target_users.upload`: the response has no transaction id",
            );
            error.with_context(again)
        })?;
        Ok(TargetUserImport {
            rows: count(uploaded.row_count),
            columns: count(uploaded.column_count),
            duplicates: count(uploaded.duplicate_count),
            ..later.resume_import(transaction_id)
        })
    }

    /// Resumes an import with its [`transaction_id`](TargetUserImport::transaction_id). No request is sent.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::SearchRequest;
    ///
    /// let import = keepnet.target_users().resume_import("4f1c2d7e9a");
    /// println!("{}", import.preview(SearchRequest::new()).await?.status.state);
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn resume_import(&self, transaction_id: impl Into<String>) -> TargetUserImport {
        TargetUserImport {
            users: self.clone(),
            transaction_id: transaction_id.into(),
            rows: None,
            columns: None,
            duplicates: None,
        }
    }
}

impl TargetUserImport {
    /// The id to resume the import with.
    ///
    /// ```
    /// fn remember(import: &keepnet_api::people::TargetUserImport) {
    ///     println!("to be resumed: {}", import.transaction_id());
    /// }
    /// ```
    #[must_use]
    pub fn transaction_id(&self) -> &str {
        &self.transaction_id
    }

    /// The names of the file's columns, from its first row.
    ///
    /// # Errors
    /// If the call fails.
    ///
    /// ```no_run
    /// # async fn example(import: keepnet_api::people::TargetUserImport) -> Result<(), keepnet_api::Error> {
    /// println!("{}", import.column_names().await?.join(", "));
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn column_names(&self) -> Job<Vec<String>> {
        self.work(|import| async move { import.columns_of_file().await })
    }

    #[inline]
    async fn columns_of_file(&self) -> Result<Vec<String>, Error> {
        let file = self.users.get_upload(&self.transaction_id).await;
        let file = file.map_err(|error| self.explain(error, "its columns are not mapped yet"))?;
        Ok(file.file_field_names.unwrap_or_default())
    }

    /// The id of the job that reads the file.
    #[inline]
    pub(super) async fn create_mapping(&self, mapping: &ColumnMapping) -> Result<String, Error> {
        let columns = self.columns_of_file().await.before_change()?;
        let mappings = mapping.checked(&columns)?;
        let request = CreateTargetUserFieldMappingRequest::new()
            .transaction_id(&self.transaction_id)
            .field_mappings(mappings)
            .target_group_resource_ids(&mapping.groups);
        let created = self.users.create_mapping(&request).await;
        let id = created.and_then(|created| {
            created.resource_id.ok_or_else(|| {
                Error::new(
                    ErrorKind::Decode,
                    "`target_users.create_mapping`: the response has no id of the job",
                )
            })
        });
        id.map_err(|error| {
            let stopped = match error.may_be_executed() {
                true => {
                    "it is unknown whether its columns are mapped: check `preview`, or call `renew` and map again"
                }
                false => "its columns are not mapped yet",
            };
            self.explain(error, stopped)
        })
    }

    /// Creates a new import of the same file, whose columns can be mapped again. Continue with the new import; what
    /// happens to the old one is not documented.
    ///
    /// # Errors
    /// If the call fails.
    ///
    /// ```no_run
    /// # async fn example(import: keepnet_api::people::TargetUserImport) -> Result<(), keepnet_api::Error> {
    /// let import = import.renew().await?;
    /// println!("to be resumed: {}", import.transaction_id());
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn renew(&self) -> Job<Self> {
        let later = self.clone();
        self.work(move |import| async move { import.renewed(later).await })
    }

    #[inline]
    async fn renewed(&self, mut import: Self) -> Result<Self, Error> {
        let renewed = self.users.renew_transaction(&self.transaction_id).await;
        let renewed = renewed.map_err(|error| self.explain(error, "it was not renewed"))?;
        if let Some(id) = renewed.transaction_id {
            import.transaction_id = id;
        }
        Ok(import)
    }

    /// One page of the rows as they were read, with counts of all rows. The default order is by e-mail address.
    ///
    /// # Errors
    /// If the call fails.
    ///
    /// ```no_run
    /// # async fn example(import: keepnet_api::people::TargetUserImport) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::SearchRequest;
    ///
    /// let preview = import.preview(SearchRequest::new().page_size(20)).await?;
    /// for row in &preview.rows {
    ///     println!("{:?} {:?}", row.email, row.status);
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn preview(&self, search: impl Into<SearchRequest>) -> Job<ImportPreview> {
        let search = search.into();
        self.work(|import| async move { import.preview_page(search).await })
    }

    #[inline]
    pub(super) async fn preview_page(&self, search: SearchRequest) -> Result<ImportPreview, Error> {
        let found = self.users.search_import(&self.transaction_id, search).await;
        let found =
            found.map_err(|error| self.explain(error, "its rows could not be looked at"))?;
        let state = found
            .status
            .map(|status| status.to_string())
            .unwrap_or_default();
        let page = found.items.unwrap_or_default();
        Ok(ImportPreview {
            status: ImportStatus {
                finished: is_finished(&state),
                state,
                new: count(found.new_user_count),
                existing: count(found.existing_user_count),
                invalid: count(found.invalid_user_count),
                total: self.rows,
            },
            rows: page.results.unwrap_or_default(),
            matching: count(page.total_number_of_records),
        })
    }

    /// All rows that cannot be imported. Their `validation_detail` says why.
    ///
    /// # Errors
    /// If a call fails.
    ///
    /// ```no_run
    /// # async fn example(import: keepnet_api::people::TargetUserImport) -> Result<(), keepnet_api::Error> {
    /// for row in import.rejected().await? {
    ///     for problem in row.validation_detail.unwrap_or_default() {
    ///         println!("{:?}: {:?} {:?}", row.email, problem.field_name, problem.message);
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn rejected(&self) -> Job<Vec<ImportedTargetUserRow>> {
        self.work(|import| async move { import.all_rejected().await })
    }

    #[inline]
    async fn all_rejected(&self) -> Result<Vec<ImportedTargetUserRow>, Error> {
        let mut rows: Vec<ImportedTargetUserRow> = Vec::new();
        for page in 1.. {
            let search = SearchRequest::new()
                .filter(field("Status").one_of(["Error"]))
                .ascending(true)
                .page_size(PAGE)
                .page_number(page);
            let ImportPreview {
                rows: found,
                matching,
                status,
            } = self.preview_page(search).await?;
            // The page may lack its total, and the rows themselves.
            let matching = matching.max(status.invalid);
            let is_empty = found.is_empty();
            // An empty page, or the page before once more, which a service that ignores the page number would send
            // forever.
            let adds_nothing = rows.ends_with(&found);
            if !adds_nothing {
                rows.extend(found);
            }
            // Without a total, only an empty page marks the end, because pages may be shorter than requested.
            match matching {
                Some(all) if rows.len() as u64 >= all => break,
                None if is_empty => break,
                _ if adds_nothing => return Err(self.incomplete(rows.len(), matching)),
                _ => {}
            }
        }
        Ok(rows)
    }

    #[cold]
    fn incomplete(&self, found: usize, all: Option<u64>) -> Error {
        let all = all.map_or_else(|| "all".to_owned(), |all| all.to_string());
        let error = Error::new(
            ErrorKind::Decode,
            format!("the service sent {found} of {all} rejected rows and then no other ones"),
        );
        self.explain(
            error.with_operation(&TARGET_USERS_SEARCH_IMPORT),
            "`preview` may find the others with another search",
        )
    }

    /// Imports these rows. The service continues in the background; its job log ([`Client::jobs`](crate::Client::jobs))
    /// says when it is done.
    ///
    /// # Errors
    /// If the file is still being read, [`ImportRows::Selected`] has no ids, or the request fails. If it is unknown
    /// whether the import was started, the error says so: check the job log before confirming again.
    ///
    /// ```no_run
    /// # async fn example(import: keepnet_api::people::TargetUserImport) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::people::ImportRows;
    ///
    /// import.confirm(ImportRows::New).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn confirm(&self, rows: ImportRows) -> Job<()> {
        self.work(|import| async move { import.start(rows).await })
    }

    #[inline]
    async fn start(&self, rows: ImportRows) -> Result<(), Error> {
        let mut request = TargetUserImportRequest::new();
        if let ImportRows::Selected(ids) = &rows {
            if ids.is_empty() {
                return Err(Error::invalid(
                    "`rows`: none are selected: give ids of rows from the preview, or confirm `ImportRows::All`",
                ));
            }
            check_ids("`rows`", ids)?;
            request = request.selected_resource_ids(ids);
        }
        let mut refused = None;
        for word in rows.words() {
            request = request.import_type(*word);
            let call = self.users.confirm_import(&self.transaction_id, &request);
            // What the response contains is not documented, and must not make a started import fail.
            match confirmed(call).await {
                Ok(()) => return Ok(()),
                // The service may not know the value. A refusal has no effect, so the next one is tried.
                Err(error) if Reason::of(&error) == Some(Reason::InvalidInput) => {
                    refused.get_or_insert(error);
                }
                Err(error) => return Err(self.unconfirmed(error)),
            }
        }
        refused.map_or(Ok(()), |error| Err(self.unconfirmed(error)))
    }

    /// A job of this import, which sends its requests with the job's client.
    pub(super) fn work<T: 'static, F>(
        &self,
        work: impl FnOnce(Self) -> F + Send + 'static,
    ) -> Job<T>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let import = self.clone();
        Job::new(self.users.client(), move |client| {
            work(import.over(&client))
        })
    }

    /// The same import, which sends its requests with this client.
    pub(super) fn over(self, client: &Client) -> Self {
        Self {
            users: TargetUsers::new(client),
            ..self
        }
    }

    fn unconfirmed(&self, error: Error) -> Error {
        if error.may_be_executed() {
            let id = &self.transaction_id;
            return error.with_context(format!(
                "import {id}: it is unknown whether it was started: look for it in the job log (`jobs().list()`), and \
                 confirm it again with `resume_import(\"{id}\")` if it is not there"
            ));
        }
        if error.is_not_found() {
            let id = &self.transaction_id;
            return error.with_context(format!(
                "import {id}: the service no longer has the upload: it was confirmed before or has expired: \
                 look for it in the job log (`jobs().list()`), and upload the file again if it is not there"
            ));
        }
        self.explain(error, "it was not confirmed")
    }

    /// Adds to an error before the confirmation how far the import is and how to continue.
    pub(super) fn explain(&self, error: Error, stopped: &str) -> Error {
        let id = &self.transaction_id;
        let remedy = match error.is_not_found() {
            true => "the service no longer has the upload: upload the file again".to_owned(),
            false => format!("continue with `resume_import(\"{id}\")`"),
        };
        error.with_context(format!(
            "import {id}: {stopped}; nothing was imported; {remedy}"
        ))
    }
}

fn count(number: Option<i32>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}
