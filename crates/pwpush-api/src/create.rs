//! The call that creates a push or a request.

pub(crate) mod comparison;
pub(crate) mod confirm;
pub(crate) mod created;
pub(crate) mod difference;
pub(crate) mod expiry;
pub(crate) mod fields;
mod kept;
pub(crate) mod lifetime;
pub(crate) mod new_push;
pub(crate) mod new_request;
mod options;
mod take_back;

use std::fmt;
use std::sync::Arc;

use security_api_transport::Request;

use self::fields::Progress;

/// Creates a push or a request. From [`Pushes::create`](crate::resources::Pushes::create) and
/// [`Requests::create`](crate::resources::Requests::create).
#[derive(Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct Create<N> {
    pub(crate) request: Request,
    pub(crate) new: N,
    pub(crate) account_id: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) or_less: bool,
}

impl<N> Create<N> {
    pub(crate) fn new(request: Request, new: N) -> Self {
        Self {
            request,
            new,
            account_id: None,
            progress: None,
            or_less: false,
        }
    }

    /// Accepts less than asked if the instance keeps less: a shorter life, fewer views, no retrieval step, no right of
    /// viewers to expire the push. For a request: no files in the response, and no name of the requestor.
    /// [`Created::less`](crate::Created::less) lists the differences. More than asked, or something else, is still an
    /// error.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::{Expiry, NewPush};
    ///
    /// let push = NewPush::text("correct horse").expire_after(Expiry::days(60)).views(50);
    /// let push = pwpush.pushes().create(push).or_less().await?;
    /// for difference in push.less() {
    ///     println!("{difference}"); // `expire_after`: 10 days instead of 60 days
    /// }
    /// # Ok(()) }
    /// ```
    pub fn or_less(mut self) -> Self {
        self.or_less = true;
        self
    }

    /// Creates it for this account or workspace. Commercial edition only: the open-source server would ignore the
    /// account of a push, so the client asks for the edition first and refuses the call there.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let push = pwpush_api::NewPush::text("correct horse");
    /// pwpush.pushes().create(push).account_id("12").await?;
    /// # Ok(()) }
    /// ```
    pub fn account_id(mut self, account_id: impl Into<String>) -> Self {
        self.account_id = Some(account_id.into());
        self
    }

    /// Calls `progress`, if there are files, with the bytes handed to the connection so far and the total. When the
    /// request is retried, the count restarts at 0.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// use pwpush_api::{NewPush, Upload};
    ///
    /// let push = NewPush::files([Upload::file("disk.img").await?]);
    /// pwpush
    ///     .pushes()
    ///     .create(push)
    ///     .on_progress(|sent, all| println!("{sent} of {all} bytes"))
    ///     .await?;
    /// # Ok(()) }
    /// ```
    pub fn on_progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }
}

security_api_transport::__call_options!(Create<N>);

/// Shows what is created and for whom, not the secret.
impl<N: fmt::Debug> fmt::Debug for Create<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Create")
            .field("new", &self.new)
            .field("account_id", &self.account_id)
            .finish_non_exhaustive()
    }
}
