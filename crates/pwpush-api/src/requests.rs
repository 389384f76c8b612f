//! The hand-written operations of requests: asking somebody for a secret, and responding. Commercial edition only.

use security_api_transport::{Call, Download, Secret};

use crate::create::Create;
use crate::create::new_request::NewRequest;
use crate::files;
use crate::reading::ShowRequest;
use crate::resources::Requests;
use crate::respond::RespondRequest;
use crate::types::{PushedFile, SecretRequest};
use crate::withdraw::Withdraw;

impl Requests {
    /// Asks somebody for a secret or files, and returns the link to pass on. Commercial edition only.
    ///
    /// `POST /api/v2/requests`. Not retried once it may have been executed. Each option that was set is compared with
    /// the response: if the service keeps another value, or does not tell, the request is closed at once and the call
    /// fails with [`NotAsAsked`](crate::NotAsAsked). A passphrase and mail are taken as kept if the response leaves
    /// them out or has null for them, because the service is not known to echo them.
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
        ShowRequest::new(self.show_request(token))
    }

    /// Closes a request of the caller's. Commercial edition only.
    ///
    /// `DELETE /api/v2/requests/{url_token}`. Idempotent: retried automatically.
    ///
    /// Known from public clients of this API. Confidence: medium.
    ///
    /// # Errors
    /// If the response does not say that the request is closed: [`NotAsAsked`](crate::NotAsAsked) has its token then.
    /// From the service: 404, there is no such request, or the edition has no requests. See
    /// [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let request = pwpush.requests().close("qhr3cvhkad8w").await?;
    /// println!("{:?}", request.state);
    /// # Ok(()) }
    /// ```
    pub fn close(&self, token: impl Into<Secret>) -> Withdraw<SecretRequest> {
        let token = token.into();
        Withdraw::new(self.close_request(token.clone()), token)
    }

    /// Responds to a request. Commercial edition only.
    ///
    /// `PATCH /api/v2/requests/{url_token}/respond`. Not retried once it may have been executed.
    ///
    /// Known from public clients of this API; that files and the passphrase can be sent is inferred. Confidence:
    /// medium.
    ///
    /// # Errors
    /// If the response does not say that this request is ready. From the service: 401, the passphrase is missing or
    /// wrong; 404, there is no such request, or the edition has no requests; 422, the response is refused. See
    /// [`Reason`](crate::Reason).
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// pwpush.requests().respond("qhr3cvhkad8w", "The key is 4711.").await?;
    /// # Ok(()) }
    /// ```
    pub fn respond(&self, token: impl Into<Secret>, response: impl Into<Secret>) -> RespondRequest {
        let token = token.into();
        RespondRequest::new(self.respond_request(token.clone()), token, response.into())
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
