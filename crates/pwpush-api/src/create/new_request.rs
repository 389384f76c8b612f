//! A request that is to be created, and its creation.

use security_api_transport::{Error, Response, Secret, Upload};
use serde_json::Value;

use crate::call::hand_written_call;
use crate::checks;
use crate::create::Create;
use crate::create::comparison::Comparison;
use crate::create::confirm;
use crate::create::created::Created;
use crate::create::expiry::Expiry;
use crate::create::fields::Fields;
use crate::create::lifetime::{self, Lifetime};
use crate::create::options::{Options, option_setters};
use crate::operations::REQUESTS_CLOSE;
use crate::types::{Edition, SecretRequest};

/// A request to be created: what is asked for, and for how long. Commercial edition only.
///
/// Options that are not set are left to the service.
///
/// ```
/// use pwpush_api::{Expiry, NewRequest};
///
/// let request = NewRequest::new("Please send us the key of the depot.")
///     .close_after(Expiry::days(7))
///     .passphrase("plain yellow umbrella")
///     .response_file_attachments(true);
/// # let _ = request;
/// ```
#[derive(Debug, Clone)]
#[must_use = "a request is created by `requests().create(request)`"]
pub struct NewRequest {
    text: String,
    close_after: Option<Expiry>,
    include_requestor: Option<bool>,
    response_file_attachments: Option<bool>,
    options: Options,
}

option_setters!(NewRequest);

/// The most characters of a text. This is the limit of pushes, because that of requests is not known.
pub(crate) const TEXT: usize = 1024 * 1024;

impl NewRequest {
    /// A request with this text for the recipient.
    ///
    /// ```
    /// let request = pwpush_api::NewRequest::new("Please send us the key.");
    /// # let _ = request;
    /// ```
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            close_after: None,
            include_requestor: None,
            response_file_attachments: None,
            options: Options::default(),
        }
    }

    /// Adds a file for the recipient, such as a form to fill in. The service may change its name, see
    /// [`NewPush::files`](crate::NewPush::files).
    ///
    /// ```
    /// use pwpush_api::{NewRequest, Upload};
    ///
    /// let request = NewRequest::new("Please fill this in.").file(Upload::bytes("form.txt", "Name:"));
    /// # let _ = request;
    /// ```
    pub fn file(mut self, file: Upload) -> Self {
        self.options.files.push(file);
        self
    }

    /// After how long the request closes: one of [`Expiry::STEPS`]. Anything else is refused before it is sent.
    pub fn close_after(mut self, expiry: Expiry) -> Self {
        self.close_after = Some(expiry);
        self
    }

    /// Whether the recipient sees who asks.
    pub fn include_requestor(mut self, include: bool) -> Self {
        self.include_requestor = Some(include);
        self
    }

    /// Whether the response may contain files.
    pub fn response_file_attachments(mut self, allowed: bool) -> Self {
        self.response_file_attachments = Some(allowed);
        self
    }

    fn fields<'a>(
        &'a self,
        lifetime: Option<Lifetime>,
        notify: Option<&'a str>,
        account: Option<&'a str>,
    ) -> Fields<'a> {
        let (_, step) = Lifetime::members(lifetime);
        Fields::new("request", &self.options.files, account)
            .text("request", Some(&self.text))
            .number("close_after_duration", step)
            .secret("passphrase", self.options.passphrase.as_ref())
            .text("name", self.options.name.as_deref())
            .text("note", self.options.note.as_deref())
            .flag("retrieval_step", self.options.retrieval_step)
            .flag("include_requestor", self.include_requestor)
            .flag("response_file_attachments", self.response_file_attachments)
            .text("notify_emails_to", notify)
            .text(
                "notify_emails_to_locale",
                self.options.notify_locale.as_deref(),
            )
    }
}

impl Create<NewRequest> {
    async fn run(self) -> Result<Response<Created<SecretRequest>>, Error> {
        let new = &self.new;
        checks::check_text("request", &new.text, TEXT)?;
        new.options.check()?;
        let notify = new.options.recipients()?;
        // Only the commercial edition has requests, so the client does not ask for the edition.
        let edition = Edition::Commercial;
        let of = |expiry| Lifetime::of(expiry, &edition, "close_after");
        let lifetime = new.close_after.map(of).transpose()?;
        let account = self.account_id.as_deref();
        let fields = new.fields(lifetime, notify.as_deref(), account);
        let request = fields.write(self.request, self.progress);
        let compare = |response: &Value| {
            let compared = Comparison::new(response, Some(&edition))
                .lifetime("close_after", lifetime, &lifetime::OF_REQUEST)
                .flag("include_requestor", new.include_requestor, false)
                .flag(
                    "response_file_attachments",
                    new.response_file_attachments,
                    false,
                );
            new.options.compare(compared).account(account).differences()
        };
        let created = confirm::create(request, compare, self.or_less, &REQUESTS_CLOSE).await;
        created.map_err(|error| new.options.with_mail(error))
    }
}

hand_written_call!(Create<NewRequest>, Created<SecretRequest>);
