//! The token endpoint's response.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use zeroize::{Zeroize, Zeroizing};

use crate::wire::decode;
use crate::wire::secret::Secret;

/// Facts about the current token.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenInfo {
    /// The token itself.
    pub token: Secret,
    /// The scope that was granted, if the service sent one.
    pub scope: Option<String>,
    /// The remaining lifetime.
    pub expires_in: Duration,
    pub(super) members: Arc<Map<String, Value>>,
}

impl TokenInfo {
    /// A member of the token endpoint's response that is not in the standard. It may be secret.
    ///
    /// ```
    /// use security_api_transport::TokenInfo;
    ///
    /// fn may_write(token: &TokenInfo) -> bool {
    ///     let permissions = token.member("permissions").and_then(|list| list.as_array());
    ///     permissions.is_some_and(|list| list.iter().any(|permission| permission == "write"))
    /// }
    /// ```
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }
}

/// Shows neither the token nor the endpoint's own members.
impl fmt::Debug for TokenInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenInfo")
            .field("token", &self.token)
            .field("scope", &self.scope)
            .field("expires_in", &self.expires_in)
            .finish_non_exhaustive()
    }
}

pub(super) struct TokenResponse {
    pub(super) access_token: Secret,
    pub(super) expires_in: Option<Duration>,
    pub(super) scope: Option<String>,
    pub(super) members: Map<String, Value>,
}

impl TokenResponse {
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        // Repaired if need be, like any response.
        let strict = serde_json::from_slice::<Map<String, Value>>(json).ok();
        let mut members = strict.or_else(|| {
            let repaired = Zeroizing::new(decode::repair(json)?);
            serde_json::from_slice(repaired.as_ref()).ok()
        })?;
        let Value::String(access_token) = members.remove("access_token")? else {
            return None;
        };
        // They are not needed, and each is as sensitive as a password.
        for unused in ["refresh_token", "id_token"] {
            if let Some(Value::String(mut token)) = members.remove(unused) {
                token.zeroize();
            }
        }
        let scope = match members.remove("scope") {
            Some(Value::String(scope)) => Some(scope),
            _ => None,
        };
        Some(Self {
            access_token: access_token.into(),
            expires_in: members.remove("expires_in").as_ref().and_then(life),
            scope,
            members,
        })
    }
}

/// Seconds, as a number or, as some endpoints write them, as text. Anything else, and 0, is treated as missing.
fn life(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::String(text) => text.trim().parse().ok(),
        other => other.as_f64(),
    };
    seconds
        .filter(|seconds: &f64| *seconds > 0.0)
        .map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}
