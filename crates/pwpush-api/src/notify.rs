//! Mailing the link of a push.

use http::StatusCode;
use security_api_transport::{ApiError, Error, Outcome, Request, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::call::hand_written_call;
use crate::checks;
use crate::confirmation::{Unconfirmed, reports_failure};

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
        let sent = request.call::<NotifyResponse>().send_with_response().await;
        sent.and_then(
            |response| match response.value().is_queued(response.status()) {
                true => Ok(response.map(drop)),
                false => {
                    let api = ApiError::new()
                        .with_message("the response does not say that the mail is queued");
                    Err(Unconfirmed::of(operation, &response).error(api, Outcome::Unknown))
                }
            },
        )
        .map_err(|error| match error.may_be_executed() {
            true => error.with_hint("mail may have been sent"),
            false => error,
        })
    }
}

/// What the response says.
#[derive(Deserialize)]
#[serde(transparent)]
struct NotifyResponse(Value);

impl NotifyResponse {
    /// Whether it says that the mail is queued. The open-source server says so with 201 and a message. Any other
    /// success counts if its message says so in English, for which the call asks: the message of a gateway does not.
    fn is_queued(&self, status: StatusCode) -> bool {
        let message = self.0.get("message").and_then(Value::as_str);
        !reports_failure(&self.0)
            && message.is_some_and(|message| match status {
                StatusCode::CREATED => !message.trim().is_empty(),
                _ => says_queued(message),
            })
    }
}

/// Words that deny what is said with them.
const DENIALS: &[&str] = &[
    "cannot", "fail", "failed", "failure", "neither", "never", "no", "nobody", "none", "nor",
    "not", "nothing", "unable", "without",
];

/// Whether an English message says that something is queued, and does not deny it.
fn says_queued(message: &str) -> bool {
    let message = message.to_lowercase().replace('\u{2019}', "'");
    let words: Vec<_> = message
        .split(|char: char| !char.is_alphanumeric() && char != '\'')
        .collect();
    let is_denied = words
        .iter()
        .any(|word| DENIALS.contains(word) || word.ends_with("n't"));
    let is_queued = words.contains(&"queued")
        || words
            .windows(3)
            .any(|three| matches!(three, ["to" | "in", "the", "queue"]));
    is_queued && !is_denied
}

hand_written_call!(NotifyPush, ());
security_api_transport::__call_options!(NotifyPush);
