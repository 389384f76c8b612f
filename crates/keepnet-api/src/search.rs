//! Searches: filter, order and page.
//!
//! The service refuses incomplete searches: without a column to order by, without `ascending`, or with a null filter. A
//! [`SearchRequest`] is therefore always sent whole; the default order of the list is used if none is set.

mod filter;
mod value;
mod wire;

use security_api_transport::Error;
use security_api_transport::model::{self, Names, Show, Values};
use serde::{Serialize, Serializer};

pub use filter::{Field, Filter, FilterGroup, FilterItem, field};
pub use value::{Condition, FilterOperator, FilterValue};

/// The default page size.
pub(crate) const PAGE_SIZE: u32 = 100;

/// The largest page size. Vendor documentation.
const MOST_PAGE_SIZE: u32 = 99_999;

/// The part that all searches share: filter, order and page.
///
/// ```
/// use keepnet_api::SearchRequest;
/// use keepnet_api::search::{Filter, field};
///
/// let search = SearchRequest::new()
///     .order_by("CreateTime")
///     .ascending(true)
///     .page_size(500)
///     .filter(Filter::all([field("Status").is("Active")]));
/// ```
///
/// Defaults: the list's default order, descending, page 1 of 100 items, and no filter. A page has at most 99,999 items.
///
/// Pages are numbered. If records are added or removed while pages are read, items can repeat or be skipped. Order by a
/// column that does not change, with new records at the end (`ascending(true)`), and compare ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// Which records to return; all by default.
    pub filter: Filter,
    /// The first page to return, from 1.
    pub page_number: Option<u32>,
    /// The number of records on a page, from 1 to 99,999.
    pub page_size: Option<u32>,
    /// The column to order by. It must be a column of the list.
    pub order_by: Option<String>,
    /// Whether the smallest or oldest record comes first.
    pub ascending: Option<bool>,
}

impl SearchRequest {
    /// All records in the list's default order.
    ///
    /// ```
    /// use keepnet_api::SearchRequest;
    ///
    /// assert_eq!(SearchRequest::new(), SearchRequest::default());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Orders by this column. Each list has its own columns, mostly `CreateTime`, `Name` or `Email`; most lists ignore
    /// case in their names.
    ///
    /// ```
    /// let search = keepnet_api::SearchRequest::new().order_by("LogDate");
    /// assert_eq!(search.order_by.as_deref(), Some("LogDate"));
    /// ```
    #[must_use]
    pub fn order_by(mut self, column: impl Into<String>) -> Self {
        self.order_by = Some(column.into());
        self
    }

    /// Sets whether the smallest or oldest record comes first. Default: `false`.
    ///
    /// ```
    /// let search = keepnet_api::SearchRequest::new().ascending(true);
    /// assert_eq!(search.ascending, Some(true));
    /// ```
    #[must_use]
    pub fn ascending(mut self, ascending: bool) -> Self {
        self.ascending = Some(ascending);
        self
    }

    /// Sets the number of records on a page, from 1 to 99,999. Default: 100. The service may return fewer.
    ///
    /// ```
    /// let search = keepnet_api::SearchRequest::new().page_size(10);
    /// assert_eq!(search.page_size, Some(10));
    /// ```
    #[must_use]
    pub fn page_size(mut self, records: u32) -> Self {
        self.page_size = Some(records);
        self
    }

    /// Sets the first page, from 1. Streams continue from it.
    ///
    /// ```
    /// let search = keepnet_api::SearchRequest::new().page_number(3);
    /// assert_eq!(search.page_number, Some(3));
    /// ```
    #[must_use]
    pub fn page_number(mut self, number: u32) -> Self {
        self.page_number = Some(number);
        self
    }

    /// Returns only records that match the filter.
    ///
    /// ```
    /// use keepnet_api::SearchRequest;
    /// use keepnet_api::search::{Filter, field};
    ///
    /// let search = SearchRequest::new().filter(Filter::all([field("Email").contains("@example.com")]));
    /// ```
    #[must_use]
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = filter.into();
        self
    }

    /// Returns only records that contain this text in any column.
    ///
    /// ```
    /// let search = keepnet_api::SearchRequest::new().text("invoice");
    /// ```
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.filter = self.filter.text(text);
        self
    }

    /// Fills in the defaults.
    fn complete(&mut self, default_order: &str) -> Result<(), Error> {
        if self.page_number == Some(0) {
            return Err(Error::invalid(
                "`page_number` is 0; pages are numbered from 1",
            ));
        }
        if self
            .page_size
            .is_some_and(|size| !(1..=MOST_PAGE_SIZE).contains(&size))
        {
            return Err(Error::invalid("`page_size` must be from 1 to 99,999"));
        }
        let unordered = self
            .order_by
            .as_ref()
            .is_none_or(|column| column.trim().is_empty());
        if unordered {
            self.order_by = Some(default_order.to_owned());
        }
        self.filter.check()?;
        self.page_number.get_or_insert(1);
        self.page_size.get_or_insert(PAGE_SIZE);
        self.ascending.get_or_insert(false);
        Ok(())
    }
}

/// The column that most lists have for ordering.
const DEFAULT_ORDER: &str = "CreateTime";

/// The defaults are filled in here as well, so that a search serialised elsewhere is complete.
impl Values for SearchRequest {
    fn values(&self, show: &mut dyn Show) {
        let order = self.order_by.as_deref().unwrap_or(DEFAULT_ORDER);
        show.members(
            &Names {
                name: "SearchRequest",
                fields: "filter page_number page_size order_by ascending",
                wire: &["filter", "pageNumber", "pageSize", "orderBy", "ascending"],
                rules: &[],
            },
            &[
                &self.filter,
                &self.page_number.unwrap_or(1),
                &self.page_size.unwrap_or(PAGE_SIZE),
                &order.to_owned(),
                &self.ascending.unwrap_or_default(),
            ],
        );
    }
}

impl Serialize for SearchRequest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        model::serialize(self, serializer)
    }
}

/// A request body that contains a search.
#[doc(hidden)]
pub trait SearchBody {
    /// The part that all searches share.
    fn search_mut(&mut self) -> &mut SearchRequest;
}

impl SearchBody for SearchRequest {
    fn search_mut(&mut self) -> &mut SearchRequest {
        self
    }
}

/// The body with the defaults filled in.
///
/// # Errors
/// If the search is invalid.
#[allow(dead_code, reason = "generated searches call it")]
pub(crate) fn complete<B: SearchBody>(mut body: B, default_order: &str) -> Result<B, Error> {
    body.search_mut().complete(default_order)?;
    Ok(body)
}
