//! An investigation to be started.

mod check;

use std::time::Duration;

use security_api_transport::__private::is_blank;
use security_api_transport::Timestamp;

use crate::time::DateTime;
use crate::types::{
    CreateInvestigationRequest, InvestigationAction, InvestigationAttachment,
    InvestigationAutoAction, InvestigationBody, InvestigationHeader, LogicalOperator,
    MailboxSelection, NotifiedEmail, ScanConfiguration,
};

const DAY: Duration = Duration::from_secs(86_400);
/// The days until an investigation expires, as in the vendor's documentation.
const DAYS: u16 = 3;

/// A new investigation: what to look for, and in which mailboxes.
///
/// By default it searches e-mails of the last 30 days in the mailboxes of all target users, in all connected mail
/// systems, and changes nothing. An e-mail matches if it has any of the indicators; see
/// [`all_of_them`](Self::all_of_them).
///
/// `investigationType` is not sent: the vendor's documentation says that it is required, but names none of its values,
/// and the vendor's front end leaves it out.
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
    target: MailboxSelection,
    targets: Vec<String>,
    pub(super) systems: Option<Vec<ScanConfiguration>>,
    days: u16,
}

impl NewInvestigation {
    /// An investigation without indicators.
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
            target: MailboxSelection::AllUsers,
            targets: Vec::new(),
            systems: None,
            days: DAYS,
        }
    }

    /// An investigation for other copies of a reported e-mail: same sender and same subject.
    ///
    /// If the e-mail has neither, the investigation has no indicator, and needs one before it can be started.
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
        let said = |text: &Option<String>| text.clone().filter(|text| !is_blank(text));
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
    pub fn sender(self, address: impl Into<String>) -> Self {
        self.header(InvestigationHeader::new().from(address))
    }

    /// Looks for e-mails that were sent from this IP address.
    pub fn sender_ip(self, address: impl Into<String>) -> Self {
        self.header(InvestigationHeader::new().ip(address))
    }

    /// Looks for e-mails with this subject.
    pub fn subject(self, subject: impl Into<String>) -> Self {
        self.header(InvestigationHeader::new().subject(subject))
    }

    /// Looks for e-mails with a link to this URL.
    pub fn url(self, url: impl Into<String>) -> Self {
        self.body(InvestigationBody::new().url(url))
    }

    /// Looks for e-mails that contain this keyword.
    pub fn keyword(self, word: impl Into<String>) -> Self {
        self.body(InvestigationBody::new().keyword(word))
    }

    /// Looks for e-mails with an attachment that has this SHA-512, in hexadecimal.
    pub fn attachment_sha512(self, hash: impl Into<String>) -> Self {
        self.attachment(InvestigationAttachment::new().sha512(hash))
    }

    /// Looks for several header fields. Whether one of them is enough is not documented, except with
    /// [`all_of_them`](Self::all_of_them).
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

    /// Looks for a condition on the body.
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

    /// Looks for an attachment.
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

    /// Matches only e-mails that have all of the indicators.
    pub fn all_of_them(mut self) -> Self {
        self.all = true;
        self
    }

    /// Searches e-mails of this period instead of the last 30 days.
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

    /// Searches only the mailboxes of the target users with these e-mail addresses.
    pub fn in_mailboxes<M: Into<String>>(mut self, addresses: impl IntoIterator<Item = M>) -> Self {
        self.target = MailboxSelection::SpecificUsers;
        self.targets = addresses.into_iter().map(Into::into).collect();
        self
    }

    /// Searches only the mailboxes of the target groups with these ids: the `resourceId` of target groups, as
    /// `target_groups().search(..)` returns them and as the vendor's front end sends them. Groups of a mail system have
    /// no such id.
    pub fn in_groups<G: Into<String>>(mut self, ids: impl IntoIterator<Item = G>) -> Self {
        self.target = MailboxSelection::Groups;
        self.targets = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Searches only these mail systems.
    ///
    /// ```
    /// use keepnet_api::incident_response::NewInvestigation;
    /// use keepnet_api::types::{ScanConfiguration, MailProviderKind};
    ///
    /// let exchange = ScanConfiguration::new().kind(MailProviderKind::Exchange);
    /// let search = NewInvestigation::new("Wanted").subject("Hello").in_systems([exchange]);
    /// # let _ = search;
    /// ```
    pub fn in_systems(mut self, systems: impl IntoIterator<Item = ScanConfiguration>) -> Self {
        self.systems = Some(systems.into_iter().collect());
        self
    }

    /// Sets the days until the investigation expires, finished or not: at least 1; 3 by default.
    ///
    /// The vendor's front end offers 1, 3 and 7. Whether the service accepts others is not documented.
    pub fn days(mut self, days: u16) -> Self {
        self.days = days;
        self
    }

    pub(super) fn into_request(
        self,
        systems: Vec<ScanConfiguration>,
    ) -> CreateInvestigationRequest {
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
            InvestigationAutoAction::new().kind(InvestigationAction::NoAction),
        );
        request.headers = Some(self.headers);
        request.bodies = Some(self.bodies);
        request.attachments = Some(self.attachments);
        request.logical_operator = Some(match self.all {
            true => LogicalOperator::All,
            false => LogicalOperator::Any,
        });
        request.target_users = Some(self.targets);
        request
    }
}
