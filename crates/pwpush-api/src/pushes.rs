//! The calls of pushes that take more than one request.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use security_api_transport::{Call, Download, Error, ErrorKind, Outcome, Request, Secret};
use serde::Serialize;

use crate::checks;
use crate::create::Create;
use crate::create::confirm::{self, Created};
use crate::create::lifetime::Lifetime;
use crate::create::new_push::NewPush;
use crate::operations::PUSHES_EXPIRE;
use crate::reason::Reason;
use crate::resources::Pushes;
use crate::retrieved::Retrieved;
use crate::types::{Edition, Message, Push, PushedFile, RetrievedPush};
use crate::withdraw::Withdraw;
use crate::{files, instance};

/// Makes a type that stands for a call awaitable: its method `run` sends it.
macro_rules! sent_when_awaited {
    ($type:ty, $output:ty) => {
        impl $type {
            /// Sends the call; the same as awaiting it.
            pub fn send(self) -> <Self as IntoFuture>::IntoFuture {
                self.into_future()
            }
        }

        impl IntoFuture for $type {
            type Output = Result<$output, Error>;
            type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run())
            }
        }
    };
}
pub(crate) use sent_when_awaited;

impl Pushes {
    /// Creates a push, and returns it with its link.
    ///
    /// `POST /api/v2/pushes`. Not retried once it may have been executed.
    ///
    /// If a lifetime, a passphrase, mail or an account is set, the instance is asked for its edition first, until the
    /// client knows it.
    ///
    /// Each option that was set is compared with the response: if the instance keeps another value, or does not tell,
    /// the push is expired again and the call fails. [`NotAsAsked`](crate::NotAsAsked) then has the differences, and the
    /// token if the push could not be expired. [`or_less`](Create::or_less) accepts less than asked. The secret, its
    /// kind and its files are in no response, so they are not compared. On the commercial edition a passphrase and mail
    /// are taken as kept if the response leaves them out or has null for them, because that edition is not known to
    /// echo them.
    ///
    /// Options of the call, such as its `timeout`, apply to the request for the edition as well; the request that
    /// expires the push has the call's headers only.
    ///
    /// Do not drop the future before it completes (spawn a task if necessary): a push that may have been created by
    /// then is neither compared nor expired again.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before anything is sent, for values that no instance accepts:
    /// a lifetime that the edition cannot express, a text that is blank or too long, a blank passphrase, files without
    /// a token, or with a name for which the service would lose them; for a language of mail without addresses; and for
    /// values outside of the [`Bounds`](crate::Bounds) that the client knows.
    /// From the service: 401, see [`Reason`](crate::Reason); 422, members are refused, each with its messages; 429.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::{Expiry, NewPush};
    ///
    /// let password = NewPush::text("correct horse battery staple").expire_after(Expiry::days(1)).views(1);
    /// let push = pwpush.pushes().create(password).await?;
    /// println!("{}", push.link().expose());
    /// # Ok(()) }
    /// ```
    pub fn create(&self, push: NewPush) -> Create<NewPush> {
        Create::new(self.create_request(), push)
    }

    /// Reads the secret, which uses up a view unless the caller owns the push. `token` is the part after `/p/` in the
    /// push's link; [`token_of_link`](crate::token_of_link) extracts it from a link.
    ///
    /// `GET /api/v2/pushes/{url_token}`. Not retried once it may have been executed, because the view may be used up:
    /// [`outcome`](Error::outcome) tells whether it may have been. An expired push is not an error but
    /// [`Retrieved::Expired`].
    ///
    /// Do not poll with this call, not even as the owner: each read adds an entry to the push's audit log, and once
    /// that has 2,000, the next reader destroys the secret without seeing it. [`audit`](Self::audit) tells whether the
    /// push was viewed, and adds nothing.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before anything is sent, for a whole link. From the service:
    /// 401, the passphrase is missing or wrong, which uses up no view; 404, there is no such push; 429, the passphrase
    /// was tried too often, or the address sends too many requests. See [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let retrieved = pwpush.pushes().show("fkwjfvhall92").passphrase("plain yellow umbrella").await?;
    /// match retrieved.payload() {
    ///     Some(secret) => println!("{} characters", secret.expose().len()),
    ///     None => println!("it has expired"),
    /// }
    /// # Ok(()) }
    /// ```
    pub fn show(&self, token: impl Into<Secret>) -> ShowPush {
        ShowPush {
            request: self.show_request(token),
            has_passphrase: false,
        }
    }

    /// E-mails the link of one of the caller's pushes to people, up to 5 in total for one push.
    ///
    /// `POST /api/v2/pushes/{url_token}/notify_emails`. Not retried once it may have been executed. The open-source
    /// server has it since 2.9.2; whether the commercial edition has it is not known.
    ///
    /// # Errors
    /// 403, the push belongs to somebody else; 404, there is no such push, or the server is older or has this switched
    /// off; 422, the addresses are refused, or the instance has no mail server; 429, the user sent mail too often. See [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// pwpush.pushes().notify("fkwjfvhall92", ["john.hill@example.com"]).locale("en").await?;
    /// # Ok(()) }
    /// ```
    pub fn notify<A: Into<String>>(
        &self,
        token: impl Into<Secret>,
        addresses: impl IntoIterator<Item = A>,
    ) -> NotifyPush {
        NotifyPush {
            request: self.notify_request(token),
            addresses: addresses.into_iter().map(Into::into).collect(),
            locale: None,
        }
    }

    /// Expires a push now, and erases its secret, passphrase and files. The owner may do so, and anybody else if the push
    /// is deletable by its viewers.
    ///
    /// `DELETE /api/v2/pushes/{url_token}`. Idempotent: retried automatically. A push that has expired already is
    /// responded to in the same way.
    ///
    /// # Errors
    /// If the response does not say that the push is expired: [`NotAsAsked`](crate::NotAsAsked) has its token then. From
    /// the service: 401, the caller may not expire this push; 403, the instance demands a second factor; 404, there is no
    /// such push, or it was anonymous and its record is erased. See [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let push = pwpush.pushes().expire("fkwjfvhall92").await?;
    /// println!("{:?}", push.expired_on);
    /// # Ok(()) }
    /// ```
    pub fn expire(&self, token: impl Into<Secret>) -> Withdraw<Push> {
        Withdraw::new(self.expire_request(token))
    }

    /// Downloads a file of a push that was read. The file is streamed; at most 1 GiB, unless `response_limit` of the
    /// call is set.
    ///
    /// The link in `file` is valid for 5 minutes and needs no token; none is sent, and redirects to the instance's
    /// storage are followed. Once the link has expired, the push must be read again, which uses up another view unless
    /// the caller owns it; so that is left to the caller.
    ///
    /// # Errors
    /// [`Reason::LinkExpired`](crate::Reason::LinkExpired) if the link has expired;
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before anything is sent, for a link that cannot be requested:
    /// of a file called `.` or `..`, or into a private network, see
    /// [`fetch_from_private_networks`](crate::ClientBuilder::fetch_from_private_networks).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client, token: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// use pwpush_api::Retrieved;
    ///
    /// if let Retrieved::Secret(push) = pwpush.pushes().show(token).await? {
    ///     for file in push.files.iter().flatten() {
    ///         let download = pwpush.pushes().download(file).response_limit(100 << 20).await?;
    ///         // Whatever the file is called, it lands in this folder.
    ///         let path = download.save_in("received", file.filename.as_deref().unwrap_or("file")).await?;
    ///         println!("{}", path.display());
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    pub fn download(&self, file: &PushedFile) -> Call<Download> {
        files::download(self.client(), file)
    }
}

impl Create<NewPush> {
    async fn run(self) -> Result<Created<Push>, Error> {
        let Self {
            mut request,
            new: push,
            account_id,
            progress,
            or_less,
        } = self;
        let client = request.job_client()?;
        let bounds = instance::bounds(&client, push.kind);
        push.check(instance::has_token(&client), bounds)?;
        let account = account_id.as_deref();
        let mut known = instance::known_edition(&client);
        if known.is_none() && (push.needs_edition() || account.is_some()) {
            let edition = instance::edition(&client).await.map_err(|error| {
                error
                    .with_outcome(Outcome::NotSent)
                    .with_context("nothing was created")
            })?;
            known = Some(edition);
        }
        let mut lifetime = None;
        if let Some(edition) = &known {
            check_account(account, edition)?;
            let of = |expiry| Lifetime::of(expiry, edition, FIELD);
            lifetime = push.expire_after.map(of).transpose()?;
        }
        let days = lifetime.and_then(Lifetime::days);
        if let (Some(bounds), Some(days)) = (bounds, days) {
            bounds.check_days(FIELD, days)?;
        }
        let notify = push.recipients()?;
        let fields = push.fields(lifetime, notify.as_deref(), account);
        if let Some(left) = client.time_left() {
            request = request.timeout(left);
        }
        let request = fields.write(request, progress);
        let compare = |response: &_| push.compare(response, lifetime, account, known.as_ref());
        let created = confirm::create(request, compare, or_less, &PUSHES_EXPIRE).await;
        created.map_err(|error| push.with_mail(error))
    }
}

sent_when_awaited!(Create<NewPush>, Created<Push>);

/// The method that sets a lifetime.
const FIELD: &str = "expire_after";

/// # Errors
/// If there is an account, and the edition is not known to have accounts.
fn check_account(account_id: Option<&str>, edition: &Edition) -> Result<(), Error> {
    if account_id.is_some() && *edition != Edition::Commercial {
        return Err(Error::invalid(
            "`account_id`: only the commercial edition has accounts; another would ignore it",
        ));
    }
    Ok(())
}

/// Reads a secret. From [`Pushes::show`].
#[derive(Debug)]
#[must_use = "a call does nothing until it is awaited"]
pub struct ShowPush {
    request: Request,
    has_passphrase: bool,
}

impl ShowPush {
    /// The passphrase, if one is set. The service accepts it in the query only, where servers and proxies may log it;
    /// this client shows it nowhere. After 5 tries in a minute, right or wrong, the push is locked for everybody for a
    /// while.
    ///
    /// It is sent unchanged, so one that was read from a file needs its line end taken off. An empty or blank one is
    /// refused before anything is sent: no push has such a passphrase, and the service would take it for none, so a
    /// read could use up a view.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let retrieved = pwpush.pushes().show("fkwjfvhall92").passphrase("plain yellow umbrella").await?;
    /// # let _ = retrieved; Ok(()) }
    /// ```
    pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
        self.has_passphrase = true;
        self.request = checks::opened_with(self.request, &passphrase.into(), "push");
        self
    }

    async fn run(self) -> Result<Retrieved, Error> {
        match self.request.call::<RetrievedPush>().await {
            Ok(push) => Ok(push.into()),
            Err(error) if !self.has_passphrase => Err(view_lost(not_locked(error))),
            Err(error) => Err(view_lost(error)),
        }
    }
}

sent_when_awaited!(ShowPush, Retrieved);
security_api_transport::__call_options!(ShowPush);

/// Only calls with a passphrase can be locked; one without is refused for another reason.
pub(crate) fn not_locked(error: Error) -> Error {
    if error.reason() != Some(&Reason::PassphraseLocked) {
        return error;
    }
    error.map_api(|mut api| {
        api.message = None;
        let reason = Reason::RateLimited;
        api.with_message(reason.to_string()).with_reason(reason)
    })
}

/// Adds what became of the view.
fn view_lost(error: Error) -> Error {
    match (error.outcome(), error.kind()) {
        (Outcome::Unknown, _) => {
            error.with_hint("the view may be used up, so it was not tried again")
        }
        (_, ErrorKind::Decode) => error.with_hint("the view is used up; `body()` has what came"),
        (_, ErrorKind::TooLarge) => error.with_hint("the view is used up: raise `response_limit`"),
        _ => error,
    }
}

/// Sends a link by e-mail. From [`Pushes::notify`].
#[derive(Debug)]
#[must_use = "a call does nothing until it is awaited"]
pub struct NotifyPush {
    request: Request,
    addresses: Vec<String>,
    locale: Option<String>,
}

#[derive(Serialize)]
struct Notification<'a> {
    notify_emails_to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_emails_to_locale: Option<&'a str>,
}

impl NotifyPush {
    /// The language of the mail, as a code such as `fr`.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// pwpush.pushes().notify("fkwjfvhall92", ["jean@example.com"]).locale("fr").await?;
    /// # Ok(()) }
    /// ```
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    async fn run(self) -> Result<(), Error> {
        let Some(addresses) = checks::recipients("addresses", &self.addresses)? else {
            return Err(Error::invalid("`addresses`: add at least one"));
        };
        let request = self.request.json(&Notification {
            notify_emails_to: &addresses,
            notify_emails_to_locale: self.locale.as_deref(),
        });
        let sent = request.call::<Message>().await;
        sent.map(drop)
            .map_err(|error| match error.may_be_executed() {
                true => error.with_hint("mail may have been sent"),
                false => error,
            })
    }
}

sent_when_awaited!(NotifyPush, ());
security_api_transport::__call_options!(NotifyPush);
