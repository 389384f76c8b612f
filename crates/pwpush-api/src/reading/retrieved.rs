//! The result of reading a push.

use security_api_transport::Secret;

use crate::types::RetrievedPush;

/// What reading a push returns: the secret, or the record of an expired push. An expired push is not an error.
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client, token: &str) -> Result<(), pwpush_api::Error> {
/// use pwpush_api::Retrieved;
///
/// match pwpush.pushes().show(token).await? {
///     Retrieved::Secret(push) => {
///         println!("{} files, {:?} views left", push.files.iter().flatten().count(), push.views_remaining);
///     }
///     Retrieved::Expired(push) => println!("gone since {:?}", push.expired_on),
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Retrieved {
    /// The push with its secret, its files, or both.
    Secret(RetrievedPush),
    /// The push has expired: by time, by views, or because somebody expired it.
    Expired(RetrievedPush),
}

impl Retrieved {
    /// The secret text. `None` if the push has expired or has only files.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client, token: &str) -> Result<(), pwpush_api::Error> {
    /// let retrieved = pwpush.pushes().show(token).await?;
    /// let password = retrieved.payload().map(|secret| secret.expose());
    /// # let _ = password; Ok(()) }
    /// ```
    #[must_use]
    pub fn payload(&self) -> Option<&Secret> {
        match self {
            Self::Secret(push) => push.payload.as_ref(),
            Self::Expired(_) => None,
        }
    }

    /// Whether the push has expired.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client, token: &str) -> Result<(), pwpush_api::Error> {
    /// if pwpush.pushes().show(token).await?.is_expired() {
    ///     println!("ask for a new link");
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_expired(&self) -> bool {
        matches!(self, Self::Expired(_))
    }
}

impl From<RetrievedPush> for Retrieved {
    fn from(push: RetrievedPush) -> Self {
        // A payload is never empty: some responses have `""` where others have `null`.
        let holds = push
            .payload
            .as_ref()
            .is_some_and(|payload| !payload.expose().is_empty())
            || push.files.as_ref().is_some_and(|files| !files.is_empty());
        // The response to the last view has the secret, whatever it says about expiry.
        let is_over =
            push.expired == Some(true) || push.deleted == Some(true) || push.expired_on.is_some();
        if !holds && is_over {
            Self::Expired(push)
        } else {
            Self::Secret(push)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_expired_only_if_it_says_so_and_holds_nothing() {
        for (json, expired) in [
            (
                r#"{"url_token":"t","payload":"s","expired":false,"views_remaining":0}"#,
                false,
            ),
            (
                r#"{"url_token":"t","payload":null,"files":[],"expired":true}"#,
                true,
            ),
            (
                r#"{"url_token":"t","payload":null,"expired_on":"2026-03-03T12:00:00.000Z"}"#,
                true,
            ),
            (r#"{"url_token":"t","payload":"","expired":true}"#, true),
            (r#"{"url_token":"t","payload":null,"deleted":true}"#, true),
            (r#"{"url_token":"t","payload":"s","expired":true}"#, false),
            (
                r#"{"url_token":"t","payload":null,"expired":true,"files":[{"url":"https://a/b"}]}"#,
                false,
            ),
            (
                r#"{"url_token":"t","payload":null,"files":[],"expired":false}"#,
                false,
            ),
        ] {
            let push: RetrievedPush = serde_json::from_str(json).unwrap();
            let retrieved = Retrieved::from(push);
            assert_eq!(retrieved.is_expired(), expired, "{json}");
            assert!(!format!("{retrieved:?}").contains("\"s\""));
        }
    }
}
