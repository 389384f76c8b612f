//! Searching mailboxes, waiting for what is found, and deleting it.

use std::time::Duration;

use security_api_transport::{Call, Error, Job, Timestamp};

use crate::ids::required;
use crate::polling::Progress;
use crate::resources::{InvestigationActions, InvestigationResults, Investigations};
use crate::time::DateTime;
use crate::types::{
    CreateInvestigationDeleteActionRequest, CreateInvestigationRequest, IdResult,
    InvestigationActionType, InvestigationAttachment, InvestigationAutoAction, InvestigationBody,
    InvestigationHeader, InvestigationSummary, NotifiedEmail, ScanConfiguration, TargetUserType,
};

const DAY: Duration = Duration::from_secs(86_400);
/// After how many days an investigation expires: what the vendor's documentation shows.
const DAYS: u16 = 3;

/// What to look for, in whose mailboxes.
///
/// It looks for e-mails of the last 30 days in the mailboxes of all target users, in all connected mail systems, and
/// changes nothing, unless it says otherwise. An e-mail is found if it has any of the indicators; see
/// [`all_of_them`](Self::all_of_them).
///
/// ```
/// use keepnet_api::incident_response::NewInvestigation;
///
/// let search = NewInvestigation::new("Overdue invoices")
///     .sender("billing@example.net")
///     .url("https://pay.example.net/")
///     .in_mailboxes(["ann@example.com", "bob@example.com"]);
/// # let _ = search;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nothing is searched until it is started"]
pub struct NewInvestigation {
    name: String,
    headers: Vec<InvestigationHeader>,
    bodies: Vec<InvestigationBody>,
    attachments: Vec<InvestigationAttachment>,
    all: bool,
    period: Option<(Timestamp, Timestamp)>,
    target: TargetUserType,
    targets: Vec<String>,
    systems: Vec<ScanConfiguration>,
    days: u16,
}

impl NewInvestigation {
    /// One without an indicator yet.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").subject("Your parcel");
    /// # let _ = search;
    /// ```
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            headers: Vec::new(),
            bodies: Vec::new(),
            attachments: Vec::new(),
            all: false,
            period: None,
            target: TargetUserType::AllUsers,
            targets: Vec::new(),
            systems: Vec::new(),
            days: DAYS,
        }
    }

    /// One that looks for other copies of a reported e-mail: same sender and same subject.
    ///
    /// An e-mail that has neither gives no indicator, and cannot be started without another.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let email = keepnet.notified_emails().get("aB3dE5gH7jK9").await?;
    /// let id = keepnet.investigations().start(NewInvestigation::of_email("Copies", &email)).await?;
    /// # Ok(()) }
    /// ```
    pub fn of_email(name: impl Into<String>, email: &NotifiedEmail) -> Self {
        let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let new = Self::new(name).all_of_them();
        let (from, subject) = (said(&email.from), said(&email.subject));
        if from.is_none() && subject.is_none() {
            return new;
        }
        new.header(InvestigationHeader {
            from,
            subject,
            ..InvestigationHeader::default()
        })
    }

    /// Looks for e-mails from this address.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").sender("billing@example.net");
    /// # let _ = search;
    /// ```
    pub fn sender(self, address: impl Into<String>) -> Self {
        self.header(InvestigationHeader::new().from(address))
    }

    /// Looks for e-mails that were sent from this IP address.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").sender_ip("192.0.2.66");
    /// # let _ = search;
    /// ```
    pub fn sender_ip(self, address: impl Into<String>) -> Self {
        self.header(InvestigationHeader::new().ip(address))
    }

    /// Looks for e-mails with this subject.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").subject("Overdue invoice");
    /// # let _ = search;
    /// ```
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.header(InvestigationHeader::new().subject(subject))
    }

    /// Looks for e-mails that lead to this address.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").url("https://pay.example.net/");
    /// # let _ = search;
    /// ```
    pub fn url(self, url: impl Into<String>) -> Self {
        self.body(InvestigationBody::new().url(url))
    }

    /// Looks for e-mails that say this.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").keyword("gift card");
    /// # let _ = search;
    /// ```
    pub fn keyword(self, word: impl Into<String>) -> Self {
        self.body(InvestigationBody::new().keyword(word))
    }

    /// Looks for e-mails with a file that has this SHA-512, in hex.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").attachment_sha512("cf83e1357eefb8bd...");
    /// # let _ = search;
    /// ```
    pub fn attachment_sha512(self, hash: impl Into<String>) -> Self {
        self.attachment(InvestigationAttachment::new().sha512(hash))
    }

    /// Looks for several header fields. Whether one of them is enough is not documented unless it is
    /// [`all_of_them`](Self::all_of_them) that are needed.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    /// use keepnet_api::types::InvestigationHeader;
    ///
    /// let header = InvestigationHeader::new().from("billing@example.net").subject("Overdue invoice");
    /// let search = NewInvestigation::new("Wanted").header(header);
    /// # let _ = search;
    /// ```
    pub fn header(mut self, header: InvestigationHeader) -> Self {
        self.headers.push(header);
        self
    }

    /// Looks for something in the text.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    /// use keepnet_api::types::InvestigationBody;
    ///
    /// let search = NewInvestigation::new("Wanted").body(InvestigationBody::new().regex("gift ?cards?"));
    /// # let _ = search;
    /// ```
    pub fn body(mut self, body: InvestigationBody) -> Self {
        self.bodies.push(body);
        self
    }

    /// Looks for a file.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    /// use keepnet_api::types::InvestigationAttachment;
    ///
    /// let search = NewInvestigation::new("Wanted").attachment(InvestigationAttachment::new().extension("iso"));
    /// # let _ = search;
    /// ```
    pub fn attachment(mut self, attachment: InvestigationAttachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Finds e-mails that have all of the indicators, not any of them.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").sender("a@example.net").keyword("invoice").all_of_them();
    /// # let _ = search;
    /// ```
    pub fn all_of_them(mut self) -> Self {
        self.all = true;
        self
    }

    /// Looks at e-mails of this time, not at those of the last 30 days.
    ///
    /// ```
    /// use keepnet_api::Timestamp;
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let (from, until) = ("2026-04-01T00:00:00Z".parse::<Timestamp>()?, Timestamp::now());
    /// let search = NewInvestigation::new("Wanted").subject("Hello").between(from, until);
    /// # let _ = search;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn between(mut self, from: Timestamp, until: Timestamp) -> Self {
        self.period = Some((from, until));
        self
    }

    /// Looks into the mailboxes of the target users with these e-mail addresses, not into all.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").subject("Hello").in_mailboxes(["ann@example.com"]);
    /// # let _ = search;
    /// ```
    pub fn in_mailboxes<M: Into<String>>(mut self, addresses: impl IntoIterator<Item = M>) -> Self {
        self.target = TargetUserType::SpecificUsers;
        self.targets = addresses.into_iter().map(Into::into).collect();
        self
    }

    /// Looks into the mailboxes of the target groups with these ids, not into all.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").subject("Hello").in_groups(["aB3dE5gH7jK9"]);
    /// # let _ = search;
    /// ```
    pub fn in_groups<G: Into<String>>(mut self, ids: impl IntoIterator<Item = G>) -> Self {
        self.target = TargetUserType::Groups;
        self.targets = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Looks into these mail systems, not into all that are connected.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    /// use keepnet_api::types::{ScanConfiguration, ScanType};
    ///
    /// let exchange = ScanConfiguration::new().kind(ScanType::Exchange);
    /// let search = NewInvestigation::new("Wanted").subject("Hello").in_systems([exchange]);
    /// # let _ = search;
    /// ```
    pub fn in_systems(mut self, systems: impl IntoIterator<Item = ScanConfiguration>) -> Self {
        self.systems = systems.into_iter().collect();
        self
    }

    /// After how many days the investigation expires, finished or not, at least 1; 3 by default.
    ///
    /// The vendor's front end offers 1, 3 and 7. Whether the service takes others is not documented.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    ///
    /// let search = NewInvestigation::new("Wanted").subject("Hello").days(7);
    /// # let _ = search;
    /// ```
    pub fn days(mut self, days: u16) -> Self {
        self.days = days;
        self
    }

    fn check(&self) -> Result<(), Error> {
        if self.headers.is_empty() && self.bodies.is_empty() && self.attachments.is_empty() {
            return Err(Error::invalid(
                "investigation: there is nothing to look for, and every e-mail would be found; give it an indicator, \
                 such as `sender` or `url`",
            ));
        }
        if self.targets.is_empty() && self.target != TargetUserType::AllUsers {
            return Err(Error::invalid(
                "investigation: the list of mailboxes or groups is empty; name at least one, or leave it out to search \
                 all mailboxes",
            ));
        }
        let no_address = |target: &&String| !target.contains('@');
        if self.target == TargetUserType::SpecificUsers
            && let Some(other) = self.targets.iter().find(no_address)
        {
            return Err(Error::invalid(format!(
                "investigation: the mailbox `{other}` is no e-mail address; name target users by their addresses"
            )));
        }
        if self.days == 0 {
            return Err(Error::invalid(
                "investigation: it would expire at once; give it at least one day with `days`",
            ));
        }
        if self.period.is_some_and(|(from, until)| from > until) {
            return Err(Error::invalid(
                "investigation: the time to search ends before it begins; exchange the two",
            ));
        }
        Ok(())
    }

    fn into_request(self, systems: Vec<ScanConfiguration>) -> CreateInvestigationRequest {
        let (from, until) = self.period.unwrap_or_else(|| {
            let now = Timestamp::now();
            (now.saturating_sub(30 * DAY), now)
        });
        let mut request = CreateInvestigationRequest::new(
            self.name,
            i32::from(self.days),
            DateTime::from(from),
            DateTime::from(until),
            self.target,
            systems,
            InvestigationAutoAction::new().kind(InvestigationActionType::NoAction),
        );
        request.headers = Some(self.headers);
        request.bodies = Some(self.bodies);
        request.attachments = Some(self.attachments);
        request.logical_operator = Some(i32::from(self.all));
        request.target_users = Some(self.targets);
        request
    }
}

/// What becomes of an e-mail that is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deletion {
    /// It is moved to the mailbox's trash, from where its owner can take it back.
    ToTrash,
    /// It is deleted from the mailbox. In Outlook its owner can recover it for 14 days.
    Permanent,
}

impl InvestigationSummary {
    /// Whether the search is over: finished, cancelled or expired.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let state = keepnet.investigation_results().summary("aB3dE5gH7jK9").await?;
    /// println!("{}", if state.is_over() { "over" } else { "running" });
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_finished() || self.is_in(&["Canceled", "Cancelled", "Expired"])
    }

    /// Whether all mailboxes were searched.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let end = keepnet.investigations().wait("aB3dE5gH7jK9").await?;
    /// assert!(end.is_finished(), "cancelled or expired");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.is_in(&["Finished"])
    }

    fn is_in(&self, statuses: &[&str]) -> bool {
        let status = self.status.as_deref().unwrap_or_default();
        statuses.iter().any(|one| one.eq_ignore_ascii_case(status))
    }
}

impl Investigations {
    /// Starts an investigation, and gives its id.
    ///
    /// It asks which mail systems are connected, unless they are named, and then is one
    /// `POST /api/investigations`, which is not sent again once it may have been executed.
    ///
    /// # Errors
    /// If there is nothing to look for, or a call fails.
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
        let mut systems = new.systems.clone();
        if systems.is_empty() {
            let connected = self.scan_types().await?;
            let configuration = connected.into_iter().map(|system| ScanConfiguration {
                kind: system.kind,
                mail_configuration_resource_id: system.mail_configuration_resource_id,
            });
            systems = configuration.collect();
        }
        if systems.is_empty() {
            return Err(Error::invalid(
                "investigation: no mail system is connected to the platform; connect one in its settings",
            ));
        }
        let created = self.create(new.into_request(systems)).await?;
        required(created.resource_id, "resourceId")
    }

    /// Waits for the end of an investigation, or follows how far it is.
    ///
    /// Each look is one `GET /api/investigations/{resourceId}/summary`. It may end cancelled or expired; see
    /// [`InvestigationSummary::is_finished`]. It waits for mailboxes that are offline until it expires, which is
    /// [days](NewInvestigation::days) away: give a [`Polling`](crate::Polling) with a deadline to match.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let end = keepnet.investigations().wait("aB3dE5gH7jK9").await?;
    /// println!("{:?} e-mails", end.total_email_count);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn wait(&self, id: impl AsRef<str>) -> Progress<InvestigationSummary> {
        let id = id.as_ref().to_owned();
        Progress::new(
            self.client(),
            "the investigation",
            InvestigationSummary::is_over,
            move |client| InvestigationResults::new(&client).summary(&id).send(),
        )
    }

    /// Deletes e-mails that an investigation found: ids of `investigation_results().search_emails(..)`.
    ///
    /// The service does so in the background; the `email_last_action` of the e-mails says what came of it: its status is
    /// `Completed`, `CompletedWithError` or `ItemNotFound` then.
    ///
    /// `POST /api/investigations/{resourceId}/actions-delete`. It fails before anything is sent if there are no ids.
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
    ) -> Call<IdResult> {
        let ids: Vec<String> = emails.into_iter().map(Into::into).collect();
        let none = ids.is_empty();
        let what = CreateInvestigationDeleteActionRequest::new()
            .items(ids)
            .select_all(false)
            .is_permanent_delete(deletion == Deletion::Permanent);
        let call = InvestigationActions::new(self.client()).create_delete(id, &what);
        if !none {
            return call;
        }
        let error = Error::invalid("delete_emails: there are no ids; name what is to be deleted");
        call.into_request().fail(error).call()
    }
}
