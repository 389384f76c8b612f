//! Responding to a request.

use std::sync::Arc;

use security_api_transport::{ApiError, Error, Outcome, Request, Response, Secret, Upload};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::call::hand_written_call;
use crate::checks;
use crate::confirmation::{Unconfirmed, is_ready, reports_failure, says_ready};
use crate::create::fields::{Fields, Progress};
use crate::create::new_request::TEXT;
use crate::reading::not_locked;
use crate::types::SecretRequest;

/// Responds to a request. From [`Requests::respond`](crate::resources::Requests::respond).
#[derive(Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct RespondRequest {
    request: Request,
    token: Secret,
    has_passphrase: bool,
    response: Secret,
    files: Vec<Upload>,
    progress: Option<Progress>,
}

impl RespondRequest {
    pub(crate) fn new(request: Request, token: Secret, response: Secret) -> Self {
        Self {
            request,
            token,
            has_passphrase: false,
            response,
            files: Vec::new(),
            progress: None,
        }
    }

    /// The passphrase, if the request has one. Whether the service asks for it here is not known: it is sent in the
    /// query, as to read the request. Inferred; unconfirmed.
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

    async fn run(self) -> Result<Response<SecretRequest>, Error> {
        let response = self.response.expose();
        // That a response may be files alone is inferred.
        match self.files.is_empty() {
            true => checks::check_text("response", response, TEXT)?,
            false => checks::check_length("response", response, TEXT)?,
        }
        checks::check_files(&self.files)?;
        let fields =
            Fields::new("request", &self.files, None).secret("response", Some(&self.response));
        let operation = self.request.operation();
        let call = fields.write(self.request, self.progress).call();
        let sent: Result<Response<Told>, Error> = call.send_with_response().await;
        let response = sent.map_err(|error| match self.has_passphrase {
            true => error,
            false => not_locked(error),
        })?;
        let has_failed = reports_failure(&response.value().state);
        let mut record = None;
        let response = response.map(|told| {
            record = (told.record).filter(|_| is_ready(&self.token, &told.state));
        });
        match record {
            Some(record) => Ok(response.map(|()| record)),
            None => {
                let message = match has_failed {
                    true => "the response reports a failure: the secret may not be saved",
                    false => {
                        "the response does not say that this request is ready: the secret may not be saved"
                    }
                };
                let api = ApiError::new().with_message(message);
                Err(Unconfirmed::of(operation, &response).error(api, Outcome::Unknown))
            }
        }
    }
}

/// A response to responding to a request.
struct Told {
    state: Value,
    /// Nothing if the response has it not, and confirms nothing either.
    record: Option<SecretRequest>,
}

impl<'de> Deserialize<'de> for Told {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let state = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let record = match serde_json::from_str(json.get()) {
            Err(error) if says_ready(&state) => return Err(D::Error::custom(error)),
            record => record.ok(),
        };
        Ok(Self { state, record })
    }
}

hand_written_call!(RespondRequest, SecretRequest);
security_api_transport::__call_options!(RespondRequest);

impl std::fmt::Debug for RespondRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RespondRequest")
            .field("request", &self.request)
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}
