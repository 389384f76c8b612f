//! Expiring pushes and closing requests.

use std::marker::PhantomData;

use security_api_transport::{Error, Request, Response, Secret};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::hand_written_call;
use crate::create::confirm::{is_gone, still_live, token};
use crate::operations::PUSHES_EXPIRE;
use crate::types::{Push, RequestState, SecretRequest};

/// Expires a push or closes a request. From [`Pushes::expire`](crate::resources::Pushes::expire) and
/// [`Requests::close`](crate::resources::Requests::close).
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct Withdraw<T> {
    request: Request,
    record: PhantomData<fn() -> T>,
}

impl<T> Withdraw<T> {
    pub(crate) fn new(request: Request) -> Self {
        Self {
            request,
            record: PhantomData,
        }
    }

    /// The same call without the record. The response has to confirm that the push is expired, or the request closed,
    /// but need not have the record.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// pwpush.pushes().expire("fkwjfvhall92").without_value().await?;
    /// # Ok(()) }
    /// ```
    pub fn without_value(self) -> Withdraw<()> {
        Withdraw::new(self.request)
    }
}

/// What can be withdrawn, as the response to that describes it.
trait Withdrawn: DeserializeOwned {
    /// What the error says if it is not.
    const STILL_LIVE: &str;

    fn is_gone(&self) -> bool;

    fn token(&self) -> &Secret;
}

impl Withdrawn for Push {
    const STILL_LIVE: &str =
        "the response does not say that the push is expired: it may still be live";

    fn is_gone(&self) -> bool {
        self.expired == Some(true) || self.deleted == Some(true)
    }

    fn token(&self) -> &Secret {
        &self.token
    }
}

impl Withdrawn for SecretRequest {
    const STILL_LIVE: &str = "the response says that the request is not closed: it is still live";

    /// All that is known is that it may no longer wait.
    fn is_gone(&self) -> bool {
        !matches!(self.state, Some(RequestState::Open | RequestState::Ready))
    }

    fn token(&self) -> &Secret {
        &self.token
    }
}

/// # Errors
/// If the request fails, or its response does not confirm that this is gone.
async fn withdraw<T: Withdrawn>(request: Request) -> Result<Response<T>, Error> {
    let operation = request.operation();
    let response = request.call::<T>().send_with_response().await?;
    let record = response.value();
    match record.is_gone() {
        true => Ok(response),
        false => Err(still_live(
            operation,
            &response,
            T::STILL_LIVE,
            Some(record.token().clone()),
        )),
    }
}

impl Withdraw<Push> {
    async fn run(self) -> Result<Response<Push>, Error> {
        withdraw(self.request).await
    }
}

impl Withdraw<SecretRequest> {
    async fn run(self) -> Result<Response<SecretRequest>, Error> {
        withdraw(self.request).await
    }
}

impl Withdraw<()> {
    async fn run(self) -> Result<Response<()>, Error> {
        let operation = self.request.operation();
        let response = self.request.call::<Value>().send_with_response().await?;
        let state = response.value();
        if is_gone(operation, state) {
            return Ok(response.map(drop));
        }
        let message = match operation.id() == PUSHES_EXPIRE.id() {
            true => Push::STILL_LIVE,
            false => SecretRequest::STILL_LIVE,
        };
        Err(still_live(operation, &response, message, token(state)))
    }
}

hand_written_call!(Withdraw<Push>, Push);
hand_written_call!(Withdraw<SecretRequest>, SecretRequest);
hand_written_call!(Withdraw<()>, ());
security_api_transport::__call_options!(Withdraw<T>);
