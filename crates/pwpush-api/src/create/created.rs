//! What a creation returns.

use std::ops::Deref;

use security_api_transport::Secret;

use crate::create::difference::Difference;

/// What was created, as the service describes it, and the link to it. Dereferences to a [`Push`](crate::types::Push) or
/// a [`SecretRequest`](crate::types::SecretRequest).
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
/// let push = pwpush.pushes().create(pwpush_api::NewPush::text("correct horse").views(1)).await?;
/// println!("{} ({:?} views)", push.link().expose(), push.views_remaining);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Created<T> {
    pub(super) record: T,
    pub(super) link: Secret,
    pub(super) less: Vec<Difference>,
}

impl<T> Created<T> {
    /// The link to give to the recipient. Anyone who has it can read the push, or respond to the request.
    #[must_use]
    pub fn link(&self) -> &Secret {
        &self.link
    }

    /// The options of which the instance keeps less than asked. Empty unless the call set `or_less`.
    #[must_use]
    pub fn less(&self) -> &[Difference] {
        &self.less
    }

    /// Returns the description alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.record
    }
}

impl<T> Deref for Created<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}
