//! Mailing the link of a push.

use security_api_transport::{Error, Request, Response};
use serde::Serialize;

use crate::call::hand_written_call;
use crate::checks;
use crate::types::Message;

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
        let sent = request.call::<Message>().send_with_response().await;
        sent.map(|response| response.map(drop))
            .map_err(|error| match error.may_be_executed() {
                true => error.with_hint("mail may have been sent"),
                false => error,
            })
    }
}

hand_written_call!(NotifyPush, ());
security_api_transport::__call_options!(NotifyPush);
