//! Responses to changes, which only the service itself can confirm.

use security_api_transport::middleware::{FromResponse, Received};
use security_api_transport::{Call, Error, ErrorKind};
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, IgnoredAny};

use super::Envelope;

/// Sends a change. Success is only a response with the service's envelope: a proxy or a sign-in page responds with 200
/// as well, and nothing is done then. The data in the envelope may be anything.
///
/// # Errors
/// Those of the call. A success without the envelope is one of the kind [`ErrorKind::Decode`].
#[inline]
pub(crate) async fn confirmed<T>(call: Call<T>) -> Result<(), Error> {
    let call = call.into_request().call::<Confirmed<IgnoredAny>>();
    call.await.map(drop)
}

/// Sends a change like [`confirmed`], and returns the data.
///
/// # Errors
/// Like [`confirmed`], and if the data are no `T`.
#[cfg(feature = "incident_response")]
#[inline]
pub(crate) async fn confirmed_value<T: DeserializeOwned>(call: Call<T>) -> Result<T, Error> {
    let call = call.into_request().call::<Confirmed<T>>();
    call.await.map(|Confirmed(value)| value)
}

/// The value of a response that has the service's envelope.
struct Confirmed<T>(T);

impl<T: DeserializeOwned> FromResponse for Confirmed<T> {
    fn from_response(received: Received) -> Result<Self, Error> {
        check(&received)?;
        received.decode().map(Self)
    }
}

fn check(received: &Received) -> Result<(), Error> {
    let body = received.whole_body();
    // Text that is not correct UTF-8 is still the service's.
    let body = String::from_utf8_lossy(&body);
    let json = body.trim_start_matches('\u{feff}').as_bytes();
    if Envelope::read(json).is_some_and(|envelope| envelope.is_whole()) {
        return Ok(());
    }
    let Err(error) = received.decode::<Never>();
    match error.kind() {
        ErrorKind::Decode => Err(error.with_hint(
            "it is not from Keepnet's API, so the change was probably not made: check that the base URL is the API's, \
             and whether the change was made before making it again",
        )),
        _ => Err(error),
    }
}

/// The value of a response without the envelope. It cannot be decoded.
enum Never {}

impl<'de> Deserialize<'de> for Never {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(
            "expected an envelope with `data` and `status`",
        ))
    }
}
