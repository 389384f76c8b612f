//! Mailing the link of a push.

use http::{HeaderMap, StatusCode};
use security_api_transport::{ApiError, Error, Operation, Outcome, Request, Response};
use serde::Serialize;
use serde_json::Value;

use crate::call::hand_written_call;
use crate::checks;
use crate::confirmation::reports_failure;

/// Sends a link by e-mail. From [`Pushes::notify`](crate::resources::Pushes::notify).
#[derive(Debug, Clone)]
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
    pub(crate) fn new(request: Request, addresses: Vec<String>) -> Self {
        Self {
            request,
            addresses,
            locale: None,
        }
    }

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

    async fn run(self) -> Result<Response<()>, Error> {
        let Some(addresses) = checks::recipients("addresses", &self.addresses)? else {
            return Err(Error::invalid("`addresses`: add at least one"));
        };
        let request = self.request.json(&Notification {
            notify_emails_to: &addresses,
            notify_emails_to_locale: self.locale.as_deref(),
        });
        let operation = request.operation();
        let sent = request.call::<Value>().send_with_response().await;
        sent.and_then(|response| match is_queued(&response) {
            true => Ok(response.map(drop)),
            false => Err(not_confirmed(operation, &response)),
        })
        .map_err(|error| match error.may_be_executed() {
            true => error.with_hint("mail may have been sent"),
            false => error,
        })
    }
}

/// Whether the response says that the mail is queued: 201 and a message, whose text is translated.
fn is_queued(response: &Response<Value>) -> bool {
    let message = response.value().get("message").and_then(Value::as_str);
    response.status() == StatusCode::CREATED
        && message.is_some_and(|message| !message.trim().is_empty())
        && !reports_failure(response.value())
}

fn not_confirmed(operation: &'static Operation, response: &Response<Value>) -> Error {
    let api = ApiError::new().with_message("the response does not say that the mail is queued");
    let request_id = response.request_id().map(str::to_owned);
    let nothing = bytes::Bytes::new();
    Error::from_response(
        response.status(),
        HeaderMap::new(),
        request_id,
        nothing,
        api,
    )
    .with_operation(operation)
    .with_attempts(response.attempts())
    .with_outcome(Outcome::Unknown)
}

hand_written_call!(NotifyPush, ());
security_api_transport::__call_options!(NotifyPush);
