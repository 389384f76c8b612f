//! Expiring pushes and closing requests.

use std::marker::PhantomData;

use security_api_transport::{Error, Operation, Request, Response, Secret};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::call::hand_written_call;
use crate::confirmation::{Unconfirmed, is_gone, says_gone};
use crate::not_as_asked::still_live;
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

/// What a caller gets of a response that confirms a withdrawal.
trait Withdrawn: Sized {
    /// Nothing if the response has it not, and confirms nothing either.
    ///
    /// # Errors
    /// If a response that confirms the withdrawal cannot be read.
    fn read(json: &str, state: &Value) -> serde_json::Result<Option<Self>>;
}

impl Withdrawn for Push {
    fn read(json: &str, state: &Value) -> serde_json::Result<Option<Self>> {
        record(&PUSHES_EXPIRE, json, state)
    }
}

impl Withdrawn for SecretRequest {
    fn read(json: &str, state: &Value) -> serde_json::Result<Option<Self>> {
        record(&REQUESTS_CLOSE, json, state)
    }
}

impl Withdrawn for () {
    fn read(_: &str, _: &Value) -> serde_json::Result<Option<Self>> {
        Ok(Some(()))
    }
}

fn record<T: DeserializeOwned>(
    undo: &Operation,
    json: &str,
    state: &Value,
) -> serde_json::Result<Option<T>> {
    match serde_json::from_str(json) {
        Ok(record) => Ok(Some(record)),
        Err(error) if says_gone(undo, state) => Err(error),
        Err(_) => Ok(None),
    }
}

/// A response to withdrawing something.
struct WithdrawResponse<T> {
    state: Value,
    value: Option<T>,
}

impl<'de, T: Withdrawn> Deserialize<'de> for WithdrawResponse<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let state: Value = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let value = T::read(json.get(), &state).map_err(D::Error::custom)?;
        Ok(Self { state, value })
    }
}

/// # Errors
/// If the request fails, or its response does not confirm that this is gone.
async fn confirmed<T: Withdrawn>(withdraw: Withdraw<T>) -> Result<Response<T>, Error> {
    let Withdraw { request, token, .. } = withdraw;
    let operation = request.operation();
    // An empty response is none.
    let call = request.call::<Option<WithdrawResponse<T>>>();
    let response = call.send_with_response().await?;
    let mut value = None;
    let response = response.map(|body| {
        let confirming = body.filter(|body| is_gone(operation, &token, &body.state));
        value = confirming.and_then(|body| body.value);
    });
    match value {
        Some(value) => Ok(response.map(|()| value)),
        None => {
            let message = match operation.id() == PUSHES_EXPIRE.id() {
                true => "the response does not say that this push is expired: it may still be live",
                false => {
                    "the response does not say that this request is closed: it may still be live"
                }
            };
            let response = Unconfirmed::of(operation, &response);
            Err(still_live(response, message, token))
        }
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
        confirmed(self).await
    }
}

hand_written_call!(Withdraw<Push>, Push);
hand_written_call!(Withdraw<SecretRequest>, SecretRequest);
hand_written_call!(Withdraw<()>, ());
security_api_transport::__call_options!(Withdraw<T>);
