//! Investigations: searching mailboxes, and deleting e-mails.

use security_api_transport::{Error, Job};

use super::new_investigation::NewInvestigation;
use crate::before_change::BeforeChange as _;
use crate::blank_ids::check_ids;
use crate::created_id::created_id;
use crate::envelope::confirmed::confirmed_value;
use crate::operations::INVESTIGATIONS_CREATE;
use crate::resources::{InvestigationActions, Investigations};
use crate::types::{CreateInvestigationDeleteActionRequest, RecordId, ScanConfiguration};

/// How an e-mail is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deletion {
    /// Moves the e-mail to the mailbox's trash, from which its owner can restore it.
    ToTrash,
    /// Deletes the e-mail from the mailbox. In Outlook its owner can recover it for 14 days.
    Permanent,
}

impl Investigations {
    /// Starts an investigation, and returns its id.
    ///
    /// Unless mail systems are given, the connected ones are requested first. The investigation is one `POST
    /// /api/investigations`, which is not retried once it may have been executed.
    ///
    /// # Errors
    /// If there is no indicator, one is empty or blank, a list of mailboxes, groups or mail systems is, or a request
    /// fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Overdue invoices").sender("billing@example.net");
    /// let id = keepnet.investigations().start(search).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn start(&self, new: NewInvestigation) -> Job<String> {
        Job::new(self.client(), move |client| async move {
            Self::new(&client).create_new(new).await
        })
    }

    #[inline]
    async fn create_new(&self, new: NewInvestigation) -> Result<String, Error> {
        new.check()?;
        let mut systems = new.systems.clone().unwrap_or_default();
        if systems.is_empty() {
            let connected = self.scan_types().await.before_change()?;
            let configuration = connected.into_iter().map(|system| ScanConfiguration {
                kind: system.kind,
                mail_configuration_resource_id: system.mail_configuration_resource_id,
            });
            systems = configuration.collect();
        }
        if systems.is_empty() {
            return Err(Error::invalid(
                "no mail system is connected to the platform, so there is nothing to search: connect one in its settings",
            ));
        }
        let created = self.create(new.into_request(systems)).await?;
        created_id(created.resource_id, "resourceId", &INVESTIGATIONS_CREATE)
    }

    /// Deletes e-mails that an investigation found, by their ids from `investigation_results().search_emails(..)`.
    ///
    /// The service deletes in the background. The status in the `email_last_action` of an e-mail is then `Completed`,
    /// `CompletedWithError` or `ItemNotFound`.
    ///
    /// `POST /api/investigations/{resourceId}/actions-delete`. Without ids, or with one that is
    /// empty or blank, it fails before anything is sent.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::incident_response::Deletion;
    ///
    /// let investigations = keepnet.investigations();
    /// investigations.delete_emails("aB3dE5gH7jK9", ["zY8xW6vU4tS2"], Deletion::ToTrash).await?;
    /// # Ok(()) }
    /// ```
    pub fn delete_emails<I: Into<String>>(
        &self,
        id: impl AsRef<str>,
        emails: impl IntoIterator<Item = I>,
        deletion: Deletion,
    ) -> Job<RecordId> {
        let ids: Vec<String> = emails.into_iter().map(Into::into).collect();
        let checked = match ids.is_empty() {
            true => Err(Error::invalid(
                "`delete_emails` was given no ids: give those of the e-mails to delete",
            )),
            false => check_ids("the list of `delete_emails`", &ids),
        };
        let what = CreateInvestigationDeleteActionRequest::new()
            .items(ids)
            .select_all(false)
            .is_permanent_delete(deletion == Deletion::Permanent);
        let id = id.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            checked?;
            confirmed_value(InvestigationActions::new(&client).create_delete(id, &what)).await
        })
    }
}
