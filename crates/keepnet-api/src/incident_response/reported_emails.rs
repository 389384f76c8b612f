//! Listing and closing reported e-mails.

use security_api_transport::{Error, ErrorKind, Job, Timestamp};

use crate::before_change::BeforeChange as _;
use crate::envelope::confirmed::confirmed;
use crate::resources::NotifiedEmails;
use crate::search::{Filter, FilterGroup, FilterItem, SearchRequest, field};
use crate::types::{
    NotifiedEmail, NotifiedEmailRequest, NotifiedEmailResult, NotifiedEmailStatus,
    UpdateNotifiedEmailRequest,
};

/// A search for reported e-mails that meet all conditions that are set.
///
/// ```no_run
/// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
/// use keepnet_api::Timestamp;
/// use keepnet_api::incident_response::ReportedEmails;
///
/// let hour_ago = Timestamp::now().saturating_sub(std::time::Duration::from_secs(3600));
/// let new = ReportedEmails::open().since(hour_ago);
/// let first = keepnet.notified_emails().search(new).page().await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "it does nothing until it is passed to a search"]
pub struct ReportedEmails {
    statuses: Vec<NotifiedEmailStatus>,
    results: Vec<NotifiedEmailResult>,
    others: Vec<FilterItem>,
}

impl ReportedEmails {
    /// All reported e-mails, newest first.
    ///
    /// ```
    /// let all = keepnet_api::incident_response::ReportedEmails::new();
    /// # let _ = all;
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Reported e-mails that nobody has taken up or closed.
    ///
    /// ```
    /// use keepnet_api::incident_response::ReportedEmails;
    /// use keepnet_api::types::NotifiedEmailStatus;
    ///
    /// assert_eq!(ReportedEmails::open(), ReportedEmails::new().status(NotifiedEmailStatus::Open));
    /// ```
    pub fn open() -> Self {
        Self::new().status(NotifiedEmailStatus::Open)
    }

    /// Returns those with this status. If called several times, with any of the statuses.
    ///
    /// ```
    /// use keepnet_api::incident_response::ReportedEmails;
    /// use keepnet_api::types::NotifiedEmailStatus;
    ///
    /// let not_closed = ReportedEmails::open().status(NotifiedEmailStatus::InProgress);
    /// # let _ = not_closed;
    /// ```
    pub fn status(mut self, status: NotifiedEmailStatus) -> Self {
        self.statuses.push(status);
        self
    }

    /// Returns those with this verdict. If called several times, with any of the verdicts.
    ///
    /// ```
    /// use keepnet_api::incident_response::ReportedEmails;
    /// use keepnet_api::types::NotifiedEmailResult;
    ///
    /// let harmful = ReportedEmails::open()
    ///     .result(NotifiedEmailResult::Phishing)
    ///     .result(NotifiedEmailResult::Malicious);
    /// # let _ = harmful;
    /// ```
    pub fn result(mut self, result: NotifiedEmailResult) -> Self {
        self.results.push(result);
        self
    }

    /// Returns those reported at this time or later.
    ///
    /// ```
    /// use keepnet_api::Timestamp;
    /// use keepnet_api::incident_response::ReportedEmails;
    ///
    /// let new = ReportedEmails::open().since("2026-04-01T09:00:00Z".parse::<Timestamp>()?);
    /// # let _ = new;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn since(self, time: Timestamp) -> Self {
        self.also(field("CreateTime").at_least(time))
    }

    /// Returns those reported by the person with this address.
    ///
    /// ```
    /// let hers = keepnet_api::incident_response::ReportedEmails::new().reported_by("ann@example.com");
    /// # let _ = hers;
    /// ```
    pub fn reported_by(self, address: impl Into<String>) -> Self {
        self.also(field("ReportedBy").is(address.into()))
    }

    /// Returns those sent from this address.
    ///
    /// ```
    /// let suspect = keepnet_api::incident_response::ReportedEmails::new().sent_by("billing@example.net");
    /// # let _ = suspect;
    /// ```
    pub fn sent_by(self, address: impl Into<String>) -> Self {
        self.also(field("From").is(address.into()))
    }

    /// Adds a condition on one of the list's columns.
    ///
    /// ```
    /// use keepnet_api::incident_response::ReportedEmails;
    /// use keepnet_api::search::field;
    ///
    /// let invoices = ReportedEmails::open().also(field("Subject").contains("invoice"));
    /// # let _ = invoices;
    /// ```
    pub fn also(mut self, condition: FilterItem) -> Self {
        self.others.push(condition);
        self
    }
}

impl From<ReportedEmails> for Filter {
    fn from(emails: ReportedEmails) -> Self {
        let any = |column: &str, values: Vec<String>| {
            let items = values.into_iter().map(|value| field(column).is(value));
            FilterGroup::any(items)
        };
        let statuses = emails.statuses.iter().map(|one| one.as_ref().to_owned());
        let results = emails.results.iter().map(|one| one.as_ref().to_owned());
        [
            FilterGroup::all(emails.others),
            any("Status", statuses.collect()),
            any("Result", results.collect()),
        ]
        .into_iter()
        .filter(|group| !group.items.is_empty())
        .fold(Self::new(), Self::group)
    }
}

impl From<ReportedEmails> for NotifiedEmailRequest {
    fn from(emails: ReportedEmails) -> Self {
        Self::from(SearchRequest::new().filter(emails))
    }
}

impl NotifiedEmails {
    /// Closes a reported e-mail with a verdict and a note. Its tags, and the message and the template for the person
    /// who reported it, are kept. That person is not notified.
    ///
    /// The e-mail is read first, because an update replaces the whole record, and then written with one `PUT
    /// /api/notified-emails/{resourceId}`. See [`update`](Self::update) for other changes.
    ///
    /// # Errors
    /// If a call fails, or the e-mail that is read lacks what the update must contain.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::types::NotifiedEmailResult;
    ///
    /// let emails = keepnet.notified_emails();
    /// emails.close("aB3dE5gH7jK9", NotifiedEmailResult::Phishing, "Seen in INC-42").await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn close(
        &self,
        id: impl AsRef<str>,
        result: NotifiedEmailResult,
        note: impl Into<String>,
    ) -> Job<()> {
        let note = note.into();
        self.change(id.as_ref(), move |change| {
            change
                .result(result)
                .status(NotifiedEmailStatus::Closed)
                .note(note)
        })
    }

    /// Marks a reported e-mail as being worked on, so that others leave it alone. Everything else is kept, and the
    /// person who reported it is not notified.
    ///
    /// The e-mail is read first, because an update replaces the whole record, and then written with one `PUT
    /// /api/notified-emails/{resourceId}`.
    ///
    /// # Errors
    /// If a call fails, or the e-mail that is read lacks what the update must contain.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// keepnet.notified_emails().take_up("aB3dE5gH7jK9").await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn take_up(&self, id: impl AsRef<str>) -> Job<()> {
        self.change(id.as_ref(), |change| {
            change.status(NotifiedEmailStatus::InProgress)
        })
    }

    fn change(
        &self,
        id: &str,
        change: impl FnOnce(UpdateNotifiedEmailRequest) -> UpdateNotifiedEmailRequest + Send + 'static,
    ) -> Job<()> {
        let id = id.to_owned();
        Job::new(self.client(), move |client| async move {
            let emails = Self::new(&client);
            let email = emails.get(&id).await.and_then(as_it_is).map(change);
            let change = email.and_then(checked).before_change()?;
            let update = emails.update(&id, change);
            confirmed(update).await
        })
    }
}

/// # Errors
/// If the update lacks a value that it must contain: the service reads an absent one as the first that it knows.
fn checked(update: UpdateNotifiedEmailRequest) -> Result<UpdateNotifiedEmailRequest, Error> {
    let absent = match (&update.result, &update.status) {
        (Some(_), Some(_)) => return Ok(update),
        (None, _) => "result",
        (_, None) => "status",
    };
    Err(Error::new(
        ErrorKind::Decode,
        format!(
            "`notified_emails.get`: the response has no `{absent}`, which an update must contain, so nothing was changed: \
             set both with `notified_emails().update(..)`"
        ),
    ))
}

/// An update that leaves the reported e-mail unchanged and notifies nobody.
///
/// # Errors
/// If the response has neither verdict nor state: it is no e-mail, and the update would empty the one there is.
fn as_it_is(email: NotifiedEmail) -> Result<UpdateNotifiedEmailRequest, Error> {
    if email.result.is_none() && email.status.is_none() {
        return Err(Error::new(
            ErrorKind::Decode,
            "`notified_emails.get`: the response has no reported e-mail, so nothing was changed",
        ));
    }
    let mut update = UpdateNotifiedEmailRequest::new().is_notify_user(false);
    // The vendor's own programs send empty texts for missing values, and the tags separated by commas.
    update.tag = Some(email.tags.unwrap_or_default().join(","));
    update.note = Some(email.note.unwrap_or_default());
    update.result = email.result;
    update.status = email.status;
    update.custom_message = email.custom_message;
    update.notification_template_resource_id = email.notification_template_resource_id;
    Ok(update)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_of_one_column_are_alternatives_and_columns_add_up() {
        let emails = ReportedEmails::open()
            .status(NotifiedEmailStatus::InProgress)
            .sent_by("a@example.net");
        let item = |column: &str, value: &str| json!({"fieldName": column, "operator": "=", "value": value});
        let expected = json!({
            "condition": "AND",
            "searchInputTextValue": "",
            "filterGroups": [
                {"condition": "AND", "filterGroups": [], "filterItems": [item("From", "a@example.net")]},
                {"condition": "OR", "filterGroups": [], "filterItems": [
                    item("Status", "Open"),
                    item("Status", "InProgress"),
                ]},
            ],
        });
        let filter = Filter::from(emails);
        assert_eq!(serde_json::to_value(&filter).unwrap(), expected);
    }

    #[test]
    fn each_condition_is_on_its_own_column() {
        let time: Timestamp = "2026-04-01T09:00:00Z".parse().unwrap();
        let emails = ReportedEmails::new()
            .result(NotifiedEmailResult::Phishing)
            .since(time)
            .reported_by("ann@example.com");
        let filter = serde_json::to_value(Filter::from(emails)).unwrap();
        let mut found: Vec<String> = Vec::new();
        for group in filter["filterGroups"].as_array().unwrap() {
            for item in group["filterItems"].as_array().unwrap() {
                let text = |name: &str| item[name].as_str().unwrap().to_owned();
                found.push([text("fieldName"), text("operator"), text("value")].join(" "));
            }
        }
        found.sort();
        assert_eq!(
            found,
            [
                "CreateTime >= 2026-04-01T09:00:00Z",
                "ReportedBy = ann@example.com",
                "Result = Phishing",
            ]
        );
    }
}
