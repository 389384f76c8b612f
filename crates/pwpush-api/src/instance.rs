//! What a client knows about the instance it calls.

pub(crate) mod bounds;

use std::sync::OnceLock;

use security_api_transport::{Client, Error, ErrorKind};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use crate::confirmation::reports_failure;
use crate::operations::INSTANCE_VERSION;
use crate::types::{Edition, Version};

use self::bounds::{Bounds, PushKind};

const REMEDY: &str = "the edition decides how a lifetime is expressed and whether a passphrase is echoed; if you know it, set it with \
     `assume_edition`";

/// What a client knows about the instance, shared by its clones: the state of the transport's client.
#[derive(Debug)]
pub(crate) struct Instance {
    /// Whether a token is sent.
    has_token: bool,
    /// Assumed, or requested by the calls that need it until it is known. No call waits for another one's request,
    /// which may have a later deadline or belong to a runtime that nobody drives.
    edition: OnceLock<Edition>,
    /// Assumed, by kind.
    bounds: [OnceLock<Bounds>; PushKind::ALL.len()],
}

impl Instance {
    pub(crate) fn new(has_token: bool) -> Self {
        Self {
            has_token,
            edition: OnceLock::new(),
            bounds: Default::default(),
        }
    }
}

fn state(client: &Client) -> Option<&Instance> {
    client.state()
}

/// Whether the client was made with a token.
pub(crate) fn has_token(client: &Client) -> bool {
    state(client).is_some_and(|state| state.has_token)
}

pub(crate) fn assume_edition(client: &Client, edition: Edition) {
    if let Some(state) = state(client) {
        // `set` fails if the edition is already known, which then stays.
        let _ = state.edition.set(edition);
    }
}

/// Whether the edition was assumed, or has already been requested, and is the open-source one.
pub(crate) fn is_open_source(client: &Client) -> bool {
    state(client).is_some_and(|state| state.edition.get() == Some(&Edition::Oss))
}

pub(crate) fn assume_bounds(client: &Client, kind: PushKind, bounds: Bounds) {
    if let Some(state) = state(client) {
        // As for the edition, the first bounds stay.
        let _ = state.bounds[kind as usize].set(bounds);
    }
}

/// The bounds that were assumed.
pub(crate) fn bounds(client: &Client, kind: PushKind) -> Option<&Bounds> {
    state(client)?.bounds[kind as usize].get()
}

/// # Errors
/// If the response does not name an edition.
pub(crate) async fn edition(client: &Client) -> Result<Edition, Error> {
    match state(client) {
        Some(Instance { edition, .. }) => match edition.get() {
            Some(known) => Ok(known.clone()),
            None => {
                let found = ask(client).await?;
                Ok(edition.get_or_init(|| found).clone())
            }
        },
        None => ask(client).await,
    }
}

/// Asks the instance for its version.
///
/// # Errors
/// If the request fails, or its response cannot be read.
pub(crate) async fn version(client: &Client) -> Result<Answer, Error> {
    client.operation(&INSTANCE_VERSION, &[]).call().await
}

/// What an instance responds about its version.
pub(crate) struct Answer {
    pub(crate) version: Version,
    /// Whether the response reports a failure beside the version.
    pub(crate) has_failed: bool,
}

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        let version = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        let value = serde_json::from_str(json.get()).map_err(D::Error::custom)?;
        Ok(Self {
            version,
            has_failed: reports_failure(&value),
        })
    }
}

async fn ask(client: &Client) -> Result<Edition, Error> {
    let Answer {
        version,
        has_failed,
    } = version(client)
        .await
        .map_err(|error| error.with_hint(REMEDY))?;
    let unclear = |what: &str| {
        let what = format!("instance.version: the instance {what}; {REMEDY}");
        Err(Error::new(ErrorKind::Decode, what))
    };
    if has_failed {
        return unclear("reports a failure");
    }
    match version.edition {
        Some(edition @ (Edition::Oss | Edition::Commercial)) => Ok(edition),
        Some(_) => unclear("names an edition that is not known"),
        None => unclear("does not say which edition it is"),
    }
}
