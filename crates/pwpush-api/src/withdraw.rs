//! Expiring pushes and closing requests.

use std::marker::PhantomData;

use security_api_transport::{Error, Request, Secret};
use serde::de::DeserializeOwned;

use crate::call::sent_when_awaited;
use crate::create::confirm::still_live;
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
async fn withdraw<T: Withdrawn>(request: Request) -> Result<T, Error> {
    let operation = request.operation();
    let response = request.call::<T>().send_with_response().await?;
    let record = response.value();
    match record.is_gone() {
        true => Ok(response.into_value()),
        false => Err(still_live(
            operation,
            &response,
            T::STILL_LIVE,
            record.token(),
        )),
    }
}

impl Withdraw<Push> {
    async fn run(self) -> Result<Push, Error> {
        withdraw(self.request).await
    }
}

impl Withdraw<SecretRequest> {
    async fn run(self) -> Result<SecretRequest, Error> {
        withdraw(self.request).await
    }
}

sent_when_awaited!(Withdraw<Push>, Push);
sent_when_awaited!(Withdraw<SecretRequest>, SecretRequest);
security_api_transport::__call_options!(Withdraw<T>);
