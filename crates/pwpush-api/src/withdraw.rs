//! Expiring pushes and closing requests.

use std::marker::PhantomData;

use security_api_transport::{Error, Operation, Request, Response, Secret};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::call::hand_written_call;
use crate::confirmation::{is_gone, says_gone};
use crate::create::confirm::still_live;
use crate::operations::{PUSHES_EXPIRE, REQUESTS_CLOSE};
use crate::types::{Push, SecretRequest};

/// Expires a push or closes a request. From [`Pushes::expire`](crate::resources::Pushes::expire) and
/// [`Requests::close`](crate::resources::Requests::close).
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct Withdraw<T> {
    request: Request,
    token: Secret,
    record: PhantomData<fn() -> T>,
}

impl<T> Withdraw<T> {
    pub(crate) fn new(request: Request, token: Secret) -> Self {
        Self {
            request,
            token,
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
        Withdraw::new(self.request, self.token)
    }
}

/// What can be withdrawn.
trait Withdrawn: DeserializeOwned {
    fn operation() -> &'static Operation;
}

impl Withdrawn for Push {
    fn operation() -> &'static Operation {
        &PUSHES_EXPIRE
    }
}

impl Withdrawn for SecretRequest {
    fn operation() -> &'static Operation {
        &REQUESTS_CLOSE
    }
}

/// A response to withdrawing something, as it came and as the record. The record may be missing if the response does
/// not confirm anything.
struct Answer<T> {
    state: Value,
    record: Option<T>,
}

impl<'de, T: Withdrawn> Deserialize<'de> for Answer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let state: Value = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let record = match serde_json::from_str(json.get()) {
            Ok(record) => Some(record),
            Err(error) if says_gone(T::operation(), &state) => return Err(D::Error::custom(error)),
            Err(_) => None,
        };
        Ok(Self { state, record })
    }
}

/// # Errors
/// If the request fails, or its response does not confirm that this is gone.
async fn confirmed<T: Withdrawn>(withdraw: Withdraw<T>) -> Result<Response<T>, Error> {
    let Withdraw { request, token, .. } = withdraw;
    let operation = request.operation();
    let response = request.call::<Answer<T>>().send_with_response().await?;
    let is_gone = is_gone(operation, &token, &response.value().state);
    let mut record = None;
    let response = response.map(|answer| record = answer.record.filter(|_| is_gone));
    match record {
        Some(record) => Ok(response.map(|()| record)),
        None => Err(not_confirmed(operation, &response, token)),
    }
}

impl Withdraw<Push> {
    async fn run(self) -> Result<Response<Push>, Error> {
        confirmed(self).await
    }
}

impl Withdraw<SecretRequest> {
    async fn run(self) -> Result<Response<SecretRequest>, Error> {
        confirmed(self).await
    }
}

impl Withdraw<()> {
    async fn run(self) -> Result<Response<()>, Error> {
        let operation = self.request.operation();
        let response = self.request.call::<Value>().send_with_response().await?;
        match is_gone(operation, &self.token, response.value()) {
            true => Ok(response.map(drop)),
            false => Err(not_confirmed(operation, &response, self.token)),
        }
    }
}

fn not_confirmed<T>(operation: &'static Operation, response: &Response<T>, token: Secret) -> Error {
    let message = match operation.id() == PUSHES_EXPIRE.id() {
        true => "the response does not say that this push is expired: it may still be live",
        false => "the response does not say that this request is closed: it may still be live",
    };
    still_live(operation, response, message, Some(token))
}

hand_written_call!(Withdraw<Push>, Push);
hand_written_call!(Withdraw<SecretRequest>, SecretRequest);
hand_written_call!(Withdraw<()>, ());
security_api_transport::__call_options!(Withdraw<T>);
