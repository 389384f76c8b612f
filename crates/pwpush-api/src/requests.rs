//! Requests: asking somebody for a secret, and responding. Commercial edition only.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use security_api_transport::{Call, Download, Error, Request, Secret, Upload};
use serde_json::Value;

use crate::checks;
use crate::create::Create;
use crate::create::confirm::{self, Created};
use crate::create::difference::Comparison;
use crate::create::expiry::Expiry;
use crate::create::fields::{Fields, Progress};
use crate::create::lifetime::{self, Lifetime};
use crate::create::options::{Options, option_setters};
use crate::files;
use crate::operations::REQUESTS_CLOSE;
use crate::pushes::{not_locked, sent_when_awaited};
use crate::resources::Requests;
use crate::types::{Edition, PushedFile, RetrievedRequest, SecretRequest};
use crate::withdraw::Withdraw;

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

option_setters!(NewRequest, "NewRequest::new(\"The key, please.\")");

/// The most characters of a text. This is the limit of pushes, because that of requests is not known.
const TEXT: usize = 1024 * 1024;

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
    ///
    /// ```
    /// use pwpush_api::{Expiry, NewRequest};
    ///
    /// let request = NewRequest::new("Please send us the key.").close_after(Expiry::hours(12));
    /// # let _ = request;
    /// ```
    pub fn close_after(mut self, expiry: Expiry) -> Self {
        self.close_after = Some(expiry);
        self
    }

    /// Whether the recipient sees who asks.
    ///
    /// ```
    /// let request = pwpush_api::NewRequest::new("The key, please.").include_requestor(true);
    /// # let _ = request;
    /// ```
    pub fn include_requestor(mut self, include: bool) -> Self {
        self.include_requestor = Some(include);
        self
    }

    /// Whether the response may contain files.
    ///
    /// ```
    /// let request = pwpush_api::NewRequest::new("The plans, please.").response_file_attachments(true);
    /// # let _ = request;
    /// ```
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

impl Requests {
    /// Asks somebody for a secret or files, and returns the link to pass on. Commercial edition only.
    ///
    /// `POST /api/v2/requests`. Not retried once it may have been executed. Each option that was set is compared with the
    /// response: if the service keeps another value, or does not tell, the request is closed again and the call fails
    /// with [`NotAsAsked`](crate::NotAsAsked). A passphrase and mail are taken as kept if the response leaves them out
    /// or has null for them, because the service is not known to echo them.
    ///
    /// Known from public clients of this API. Confidence: medium.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before anything is sent, for a lifetime that is not a step.
    /// 404, the edition has no requests; 422, members are refused, each with its messages. See
    /// [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::{Expiry, NewRequest};
    ///
    /// let request = NewRequest::new("Please send us the key.").close_after(Expiry::days(7));
    /// let request = pwpush.requests().create(request).await?;
    /// println!("{}", request.link().expose());
    /// # Ok(()) }
    /// ```
    pub fn create(&self, request: NewRequest) -> Create<NewRequest> {
        Create::new(self.create_request(), request)
    }

    /// Reads a request and, once there is one, the response to it. Commercial edition only.
    ///
    /// `GET /api/v2/requests/{url_token}`. Not retried once it may have been executed, because it is not known whether
    /// reading has an effect.
    ///
    /// Known from public clients of this API. Confidence: medium.
    ///
    /// # Errors
    /// 401, the passphrase is missing or wrong; 404, there is no such request, or the edition has no requests; 429, the
    /// passphrase was tried too often, or the address sends too many requests. See [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let request = pwpush.requests().show("qhr3cvhkad8w").await?;
    /// println!("{:?}", request.text);
    /// # Ok(()) }
    /// ```
    pub fn show(&self, token: impl Into<Secret>) -> ShowRequest {
        ShowRequest {
            request: self.show_request(token),
            has_passphrase: false,
        }
    }

    /// Closes a request of the caller's. Commercial edition only.
    ///
    /// `DELETE /api/v2/requests/{url_token}`. Idempotent: retried automatically.
    ///
    /// Known from public clients of this API. Confidence: medium.
    ///
    /// # Errors
    /// If the response says that the request still waits, or has a response that can be read:
    /// [`NotAsAsked`](crate::NotAsAsked) has its token then. From the service: 404, there is no such request, or the
    /// edition has no requests. See [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let request = pwpush.requests().close("qhr3cvhkad8w").await?;
    /// println!("{:?}", request.state);
    /// # Ok(()) }
    /// ```
    pub fn close(&self, token: impl Into<Secret>) -> Withdraw<SecretRequest> {
        Withdraw::new(self.close_request(token))
    }

    /// Responds to a request. Commercial edition only.
    ///
    /// `PATCH /api/v2/requests/{url_token}/respond`. Not retried once it may have been executed.
    ///
    /// Known from public clients of this API; that files and the passphrase can be sent is inferred. Confidence: medium.
    ///
    /// # Errors
    /// 401, the passphrase is missing or wrong; 404, there is no such request, or the edition has no requests; 422, the response is refused. See
    /// [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// pwpush.requests().respond("qhr3cvhkad8w", "The key is 4711.").await?;
    /// # Ok(()) }
    /// ```
    pub fn respond(&self, token: impl Into<Secret>, response: impl Into<Secret>) -> RespondRequest {
        RespondRequest {
            request: self.respond_request(token),
            has_passphrase: false,
            response: response.into(),
            files: Vec::new(),
            progress: None,
        }
    }

    /// Downloads a file of a request that was read; see [`Pushes::download`](crate::resources::Pushes::download).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client, token: &str) -> Result<(), pwpush_api::Error> {
    /// let request = pwpush.requests().show(token).await?;
    /// for file in request.files.iter().flatten() {
    ///     let download = pwpush.requests().download(file).await?;
    ///     download.save_in("received", "file").await?;
    /// }
    /// # Ok(()) }
    /// ```
    pub fn download(&self, file: &PushedFile) -> Call<Download> {
        files::download(self.client(), file)
    }
}

impl Create<NewRequest> {
    async fn run(self) -> Result<Created<SecretRequest>, Error> {
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

sent_when_awaited!(Create<NewRequest>, Created<SecretRequest>);

/// Reads a request. From [`Requests::show`].
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct ShowRequest {
    request: Request,
    has_passphrase: bool,
}

impl ShowRequest {
    /// The passphrase, if one is set. It is sent in the query, where servers and proxies may log it; this client shows it
    /// nowhere.
    ///
    /// It is sent unchanged, so one that was read from a file needs its line end taken off. An empty or blank one is
    /// refused before anything is sent: no request has such a passphrase.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let request = pwpush.requests().show("qhr3cvhkad8w").passphrase("plain yellow umbrella").await?;
    /// # let _ = request; Ok(()) }
    /// ```
    pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
        self.has_passphrase = true;
        self.request = checks::opened_with(self.request, &passphrase.into(), "request");
        self
    }

    async fn run(self) -> Result<RetrievedRequest, Error> {
        let read = self.request.call().await;
        read.map_err(|error| match self.has_passphrase {
            true => error,
            false => not_locked(error),
        })
    }
}

sent_when_awaited!(ShowRequest, RetrievedRequest);
security_api_transport::__call_options!(ShowRequest);

/// Responds to a request. From [`Requests::respond`].
#[must_use = "a call does nothing until it is awaited"]
pub struct RespondRequest {
    request: Request,
    has_passphrase: bool,
    response: Secret,
    files: Vec<Upload>,
    progress: Option<Progress>,
}

impl RespondRequest {
    /// The passphrase, if the request has one. Whether the service asks for it here is not known: it is sent in the query,
    /// as to read the request. Inferred; unconfirmed.
    ///
    /// It is sent unchanged; an empty or blank one is refused before anything is sent.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let respond = pwpush.requests().respond("qhr3cvhkad8w", "The key is 4711.");
    /// respond.passphrase("plain yellow umbrella").await?;
    /// # Ok(()) }
    /// ```
    pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
        self.has_passphrase = true;
        self.request = checks::opened_with(self.request, &passphrase.into(), "request");
        self
    }

    /// Adds a file to the text, if the request allows files. Inferred; unconfirmed.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::Upload;
    ///
    /// let respond = pwpush.requests().respond("qhr3cvhkad8w", "here they are");
    /// respond.file(Upload::file("plans.pdf").await?).await?;
    /// # Ok(()) }
    /// ```
    pub fn file(mut self, file: Upload) -> Self {
        self.files.push(file);
        self
    }

    /// Calls `progress`, for a response with files, with the bytes handed to the connection so far and the total.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::Upload;
    ///
    /// let respond = pwpush.requests().respond("qhr3cvhkad8w", "here they are");
    /// let respond = respond.file(Upload::file("plans.pdf").await?);
    /// respond.on_progress(|sent, all| println!("{sent} of {all} bytes")).await?;
    /// # Ok(()) }
    /// ```
    pub fn on_progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    async fn run(self) -> Result<SecretRequest, Error> {
        let response = self.response.expose();
        // That a response may be files alone is inferred.
        match self.files.is_empty() {
            true => checks::check_text("response", response, TEXT)?,
            false => checks::check_length("response", response, TEXT)?,
        }
        checks::check_files(&self.files)?;
        let fields =
            Fields::new("request", &self.files, None).secret("response", Some(&self.response));
        let sent = fields.write(self.request, self.progress).call().await;
        sent.map_err(|error| match self.has_passphrase {
            true => error,
            false => not_locked(error),
        })
    }
}

sent_when_awaited!(RespondRequest, SecretRequest);
security_api_transport::__call_options!(RespondRequest);

impl std::fmt::Debug for RespondRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RespondRequest")
            .field("request", &self.request)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
