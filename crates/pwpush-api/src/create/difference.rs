//! The differences between what was asked and what an instance keeps.

use std::borrow::Cow;
use std::fmt;

use crate::create::kept::Kept;

/// An option of a push or request that the instance keeps differently than asked.
///
/// `Display` shows one line, such as `` `views`: 8 instead of 50 ``. It contains no secret and no address.
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client, push: pwpush_api::NewPush) -> Result<(), pwpush_api::Error> {
/// let push = pwpush.pushes().create(push.views(50)).or_less().await?;
/// for difference in push.less() {
///     println!("{difference}");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    option: &'static str,
    asked: Cow<'static, str>,
    kept: Option<Cow<'static, str>>,
    is_less: bool,
}

impl Difference {
    /// Nothing if the option is kept as asked.
    pub(crate) fn of(option: &'static str, asked: Cow<'static, str>, kept: Kept) -> Option<Self> {
        let (kept, is_less) = match kept {
            Kept::AsAsked => return None,
            Kept::Less(kept) => (Some(kept.into()), true),
            Kept::Other(kept) => (Some(kept.into()), false),
            Kept::NotSaid => (None, false),
        };
        Some(Self {
            option,
            asked,
            kept,
            is_less,
        })
    }

    /// The name of the method that set the option, such as `views`.
    #[must_use]
    pub fn option(&self) -> &'static str {
        self.option
    }

    /// What was asked for, such as `50`.
    #[must_use]
    pub fn asked(&self) -> &str {
        &self.asked
    }

    /// What the instance keeps, such as `8`. `None` if its response does not tell.
    #[must_use]
    pub fn kept(&self) -> Option<&str> {
        self.kept.as_deref()
    }

    /// Whether the instance keeps less than asked: a shorter life, fewer views, no retrieval step, no right of viewers
    /// to expire the push. For a request: no files in the response, and no name of the requestor. `or_less` accepts such
    /// differences.
    #[must_use]
    pub fn is_less(&self) -> bool {
        self.is_less
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { option, asked, .. } = self;
        match &self.kept {
            Some(kept) => write!(f, "`{option}`: {kept} instead of {asked}"),
            None => write!(
                f,
                "`{option}`: the response does not say whether it is {asked}"
            ),
        }
    }
}
