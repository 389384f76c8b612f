//! The calls of pushes that are more than a request.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;

use security_api_transport::{Call, Download, Error, ErrorKind, Outcome, Request, Secret};
use serde::Serialize;

use crate::fields::{self, Progress};
use crate::lifetime::{self, Lifetime};
use crate::new_push::NewPush;
use crate::operations::PUSHES_EXPIRE;
use crate::resources::Pushes;
use crate::retrieved::Retrieved;
use crate::types::{Edition, Message, Push, PushedFile, RetrievedPush};
use crate::{confirm, edition, files};

/// Makes a type that stands for a call one that is sent when awaited.
macro_rules! sent_when_awaited {
    ($type:ident gives $output:ty) => {
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

        security_api_transport::__call_options!($type);
    };
}
pub(crate) use sent_when_awaited;

impl Pushes {
    /// Creates a push, and gives the link to it.
    ///
    /// `POST /api/v2/pushes`. It is not sent again once it may have been executed.
    ///
    /// If a lifetime is set, the instance is asked for its edition first, once for each client. What comes back is
    /// compared with what was asked: if the secret would live longer or could be viewed more often, or the service does
    /// not say, the push is expired again and the call fails with [`Reason::Withdrawn`](crate::Reason::Withdrawn), or
    /// with [`Reason::StillLive`](crate::Reason::StillLive) if that failed. Options of the call, such as its `timeout`,
    /// hold for creating alone, not for asking and expiring.
    ///
    /// Let it run to its end, in a task of its own if need be: if it is dropped on the way, what may have been created by
    /// then is neither compared nor expired again.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before anything is sent, for what the service would refuse or
    /// silently replace: a lifetime that the edition cannot express, views or sizes out of range, files without a token,
    /// or with a name under which nobody could download them, such as `..`.
    /// Of the service: 401, see [`Reason`](crate::Reason); 422, members are refused, each with its messages; 429.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::{Expiry, NewPush};
    ///
    /// let password = NewPush::text("correct horse battery staple").expire_after(Expiry::days(1)).views(1);
    /// let push = pwpush.pushes().create(password).await?;
    /// let link = push.html_url.expect("a link");
    /// println!("{}", link.expose());
    /// # Ok(()) }
    /// ```
    pub fn create(&self, push: NewPush) -> CreatePush {
        CreatePush {
            request: self.create_request(),
            push,
            account_id: None,
            progress: None,
        }
    }

    /// Reads the secret, which uses up a view unless the caller owns the push. `token` is the part after `/p/` in the
    /// push's link, not the link.
    ///
    /// `GET /api/v2/pushes/{url_token}`. It is not sent again once it may have been executed, since the view may be used
    /// up: [`outcome`](Error::outcome) says whether it may have been. An expired push is no error but
    /// [`Retrieved::Expired`].
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before anything is sent, for a whole link. Of the service:
    /// 401, the passphrase is missing or wrong, which uses up no view; 404, there is no such push; 429, the passphrase
    /// was tried too often, or the address sends too much. See [`Reason`](crate::Reason).
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
    pub fn show(&self, token: impl AsRef<str>) -> ShowPush {
        let token = token.as_ref();
        let request = self.show_request(token);
        ShowPush {
            request: match token.contains('/') {
                true => request.fail(Error::invalid(
                    "`token` is a link: give the part after `/p/` in it, up to the next `/`",
                )),
                false => request,
            },
        }
    }

    /// Sends the link of a push of the caller's to people by e-mail, up to 5 in all for one push.
    ///
    /// `POST /api/v2/pushes/{url_token}/notify_emails`. It is not sent again once it may have been executed. The
    /// open-source server has it since 2.9.2, where mail is set up; whether the commercial edition has it is not known.
    ///
    /// # Errors
    /// 403, the push belongs to somebody else; 404, there is no such push, or the instance sends no mail; 422, the
    /// addresses are refused; 429, the user sent mail too often. See [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// pwpush.pushes().notify("fkwjfvhall92", ["john.hill@example.com"]).locale("en").await?;
    /// # Ok(()) }
    /// ```
    pub fn notify<A: Into<String>>(
        &self,
        token: impl AsRef<str>,
        addresses: impl IntoIterator<Item = A>,
    ) -> NotifyPush {
        NotifyPush {
            request: self.notify_request(token),
            addresses: addresses.into_iter().map(Into::into).collect(),
            locale: None,
        }
    }

    /// Downloads a file of a push that was read. It is streamed; at most 1 GiB, unless `response_limit` of the call says
    /// otherwise.
    ///
    /// The link in `file` holds for 5 minutes and needs no token; none is sent, and redirects to the instance's storage
    /// are followed. Once the link does not hold any more, the push must be read again, which uses up another view
    /// unless the caller owns it; so that is left to the caller.
    ///
    /// # Errors
    /// [`Reason::LinkExpired`](crate::Reason::LinkExpired) if the link does not hold any more;
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid), before anything is sent, for a link that cannot be asked for: of
    /// a file called `.` or `..`, or into a private network, see
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
        files::download(self.create_request().client(), file)
    }
}

/// Creates a push. From [`Pushes::create`].
#[must_use = "a call does nothing until it is awaited"]
pub struct CreatePush {
    request: Request,
    push: NewPush,
    account_id: Option<String>,
    progress: Option<Progress>,
}

impl CreatePush {
    /// Creates it for this account or workspace. Commercial edition only: the open-source server would pass over it, so
    /// the edition is asked for, and it is refused there.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let push = pwpush_api::NewPush::text("correct horse");
    /// pwpush.pushes().create(push).account_id("12").await?;
    /// # Ok(()) }
    /// ```
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = Some(account_id.into());
        self
    }

    /// Is told, for a push with files, the bytes handed to the connection so far and all there are. If the request is
    /// sent again, it starts again from nothing.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::{NewPush, Upload};
    ///
    /// let push = NewPush::files([Upload::file("disk.img").await?]);
    /// pwpush
    ///     .pushes()
    ///     .create(push)
    ///     .on_progress(|sent, all| println!("{sent} of {all} bytes"))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn on_progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    async fn run(self) -> Result<Push, Error> {
        let Self {
            request,
            push,
            account_id,
            progress,
        } = self;
        push.check(edition::has_token(request.client()))?;
        let mut lifetime = None;
        if push.expire_after.is_some() || account_id.is_some() {
            let edition = edition::of(request.client()).await?;
            check_account(account_id.as_deref(), &edition)?;
            let of = |expiry| Lifetime::of(expiry, &edition, "expire_after");
            lifetime = push.expire_after.map(of).transpose()?;
        }
        let notify = push.recipients()?;
        let fields = push.fields(lifetime, notify.as_deref(), account_id.as_deref());
        let request = fields.write(request, progress);
        let kept = |answer: &_| {
            if let Some(lifetime) = lifetime {
                lifetime.kept(answer, &lifetime::OF_PUSH)?;
            }
            push.views
                .map_or(Ok(()), |views| lifetime::views_kept(answer, views))
        };
        confirm::create(request, kept, &PUSHES_EXPIRE).await
    }
}

sent_when_awaited!(CreatePush gives Push);

/// # Errors
/// If there is an account, and the edition has none as far as is known.
fn check_account(account_id: Option<&str>, edition: &Edition) -> Result<(), Error> {
    if account_id.is_some() && *edition != Edition::Commercial {
        return Err(Error::invalid(
            "`account_id`: only the commercial edition has accounts; another would pass over it",
        ));
    }
    Ok(())
}

/// Shows what is created and for whom, not the secret.
impl std::fmt::Debug for CreatePush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreatePush")
            .field("push", &self.push)
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}

/// Reads a secret. From [`Pushes::show`].
#[derive(Debug)]
#[must_use = "a call does nothing until it is awaited"]
pub struct ShowPush {
    request: Request,
}

impl ShowPush {
    /// The passphrase, if one is set. The service takes it in the query only, where servers and proxies may write it
    /// into their logs; this client shows it nowhere. At most 5 tries a minute, right or wrong, before the push is
    /// locked for everybody for a while.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let retrieved = pwpush.pushes().show("fkwjfvhall92").passphrase("plain yellow umbrella").await?;
    /// # let _ = retrieved; Ok(()) }
    /// ```
    pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
        let passphrase = passphrase.into();
        self.request = self.request.set_secret_query("passphrase", &passphrase);
        self
    }

    async fn run(self) -> Result<Retrieved, Error> {
        match self.request.call::<RetrievedPush>().await {
            Ok(push) => Ok(push.into()),
            Err(error) => Err(view_lost(error)),
        }
    }
}

sent_when_awaited!(ShowPush gives Retrieved);

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
        let Some(addresses) = fields::recipients("addresses", &self.addresses)? else {
            return Err(Error::invalid("`addresses`: there is none"));
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

sent_when_awaited!(NotifyPush gives ());
