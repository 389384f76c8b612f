//! The bounds that an instance's administrator set.

use std::ops::RangeInclusive;

use security_api_transport::Error;

/// The kinds of push. An instance has bounds for each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PushKind {
    /// A text, with or without files.
    Text,
    /// A URL.
    Url,
    /// The text of a QR code.
    Qr,
    /// Files.
    File,
}

impl PushKind {
    pub(crate) const ALL: [Self; 4] = [Self::Text, Self::Url, Self::Qr, Self::File];

    /// The service's name for the kind.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Url => "url",
            Self::Qr => "qr",
            Self::File => "file",
        }
    }
}

/// The bounds of an instance, as its administrator set them. A client that knows them refuses values outside of them
/// before anything is sent. An instance silently replaces such values with its defaults.
///
/// By default a client has no bounds: the usual ones, 1 to 90 days, 1 to 100 views and 10 files, are settings of an
/// instance, and the response shows what the instance keeps.
///
/// ```
/// use pwpush_api::{Bounds, Client, PushKind};
///
/// // An instance that sets EXPIRE_AFTER_DAYS_MAX to 30 and VIEWS_MAX to 20.
/// let bounds = Bounds::new().days(1..=30).views(1..=20);
/// let pwpush = Client::builder("an-api-token")
///     .base_url("https://pwpush.example.com")
///     .build()?
///     .assume_bounds(PushKind::Text, bounds.clone())
///     .assume_bounds(PushKind::File, bounds.files(3));
/// # Ok::<(), pwpush_api::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    days: Option<RangeInclusive<u32>>,
    views: Option<RangeInclusive<u32>>,
    files: Option<usize>,
}

impl Bounds {
    /// No bounds.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the days that a push may live. They apply to the open-source edition; the commercial one has fixed steps.
    #[must_use]
    pub fn days(mut self, days: RangeInclusive<u32>) -> Self {
        self.days = Some(days);
        self
    }

    /// Sets the views that a push may have.
    #[must_use]
    pub fn views(mut self, views: RangeInclusive<u32>) -> Self {
        self.views = Some(views);
        self
    }

    /// Sets the most files of one push.
    #[must_use]
    pub fn files(mut self, most: usize) -> Self {
        self.files = Some(most);
        self
    }

    /// # Errors
    /// If the instance would replace these days with its default.
    pub(crate) fn check_days(&self, field: &str, days: u32) -> Result<(), Error> {
        check(field, days, " days", self.days.as_ref())
    }

    /// # Errors
    /// If the instance would replace these views with its default.
    pub(crate) fn check_views(&self, views: u32) -> Result<(), Error> {
        check("views", views, "", self.views.as_ref())
    }

    /// # Errors
    /// If the instance would refuse this many files.
    pub(crate) fn check_files(&self, count: usize) -> Result<(), Error> {
        match self.files {
            Some(most) if count > most => Err(Error::invalid(format!(
                "`file`: {count} files; the bounds of this instance, which the client was told, allow {most}"
            ))),
            _ => Ok(()),
        }
    }
}

fn check(
    field: &str,
    asked: u32,
    unit: &str,
    bounds: Option<&RangeInclusive<u32>>,
) -> Result<(), Error> {
    match bounds {
        Some(bounds) if !bounds.contains(&asked) => Err(Error::invalid(format!(
            "`{field}`: {asked}{unit} is out of the bounds of this instance, which the client was told: {} to {}{unit}",
            bounds.start(),
            bounds.end()
        ))),
        _ => Ok(()),
    }
}
