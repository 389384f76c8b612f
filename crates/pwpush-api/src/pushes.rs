//! The hand-written operations of pushes.

use security_api_transport::{Call, Download, Secret};

use crate::create::Create;
use crate::create::new_push::NewPush;
use crate::files;
use crate::notify::NotifyPush;
use crate::reading::ShowPush;
use crate::resources::Pushes;
use crate::types::{Push, PushedFile};
use crate::withdraw::Withdraw;

impl Pushes {
    /// Creates a push, and returns it with its link.
    ///
    /// `POST /api/v2/pushes`. Not retried once it may have been executed.
    ///
    /// If a lifetime, a passphrase, mail or an account is set, the instance is asked for its edition first, until the
    /// client knows it.
    ///
    /// Each option that was set is compared with the response: if the instance keeps another value, or does not tell,
    /// the push is expired at once and the call fails. [`NotAsAsked`](crate::NotAsAsked) then has the differences, and
    /// the token if the push could not be expired. [`or_less`](Create::or_less) accepts less than asked. The secret
    /// and its kind are in no response, so they are not compared; files are if the response lists them. On the
    /// commercial edition a passphrase and mail are taken as kept if the response leaves them out or has null for them,
    /// because that edition is not known to echo them.
    ///
    /// Options of the call, such as its `timeout`, apply to the request for the edition as well; the request that
    /// expires the push has the call's headers only.
    ///
    /// Do not drop the future before it completes (spawn a task if necessary): a push that may have been created by
    /// then is neither compared nor expired.
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
    /// [`outcome`](crate::Error::outcome) tells whether it may have been. An expired push is not an error but
    /// [`Retrieved::Expired`](crate::Retrieved::Expired).
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
        ShowPush::new(self.show_request(token))
    }

    /// E-mails the link of one of the caller's pushes to people, up to 5 in total for one push.
    ///
    /// `POST /api/v2/pushes/{url_token}/notify_emails`. Not retried once it may have been executed. The open-source
    /// server has it since 2.9.2; whether the commercial edition has it is not known.
    ///
    /// # Errors
    /// If the response does not say that the mail is queued. From the service: 403, the push belongs to somebody else;
    /// 404, there is no such push, or the server is older or has this switched off; 422, the addresses are refused, or
    /// the instance has no mail server; 429, the user sent mail too often. See [`Reason`](crate::Reason).
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
        let addresses = addresses.into_iter().map(Into::into).collect();
        NotifyPush::new(self.notify_request(token), addresses)
    }

    /// Expires a push now, and erases its secret, passphrase and files. The owner may do so, and anybody else if the
    /// push is deletable by its viewers.
    ///
    /// `DELETE /api/v2/pushes/{url_token}`. Idempotent: retried automatically. A push that has expired already is
    /// responded to in the same way.
    ///
    /// # Errors
    /// If the response does not say that this push is expired: [`NotAsAsked`](crate::NotAsAsked) has its token then.
    /// From the service: 401, the caller may not expire this push; 403, the instance demands a second factor; 404,
    /// there is no such push, or it was anonymous and its record is erased. See [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let push = pwpush.pushes().expire("fkwjfvhall92").await?;
    /// println!("{:?}", push.expired_on);
    /// # Ok(()) }
    /// ```
    pub fn expire(&self, token: impl Into<Secret>) -> Withdraw<Push> {
        let token = token.into();
        Withdraw::new(self.expire_request(token.clone()), token)
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
