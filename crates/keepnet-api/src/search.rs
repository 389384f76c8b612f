//! Searches: what to look for, in which order, and which part of it.
//!
//! The service refuses searches that are not complete: without a column to order by, without `ascending`, or with a null
//! filter. A [`SearchRequest`] is always sent whole, with the usual order of the list in place of what was left open.

mod filter;
mod value;
mod wire;

use security_api_transport::model::{self, Names, Show, Values};
use security_api_transport::{Error, Request};
use serde::{Serialize, Serializer};

pub use filter::{Field, Filter, FilterGroup, FilterItem, field};
pub use value::{Condition, FilterOperator, FilterValue};

/// How many items a page has unless a search says otherwise.
pub(crate) const PAGE_SIZE: u32 = 100;

/// The most items that a page can have. Vendor documentation.
const MOST_PAGE_SIZE: u32 = 99_999;

/// What every search has in common: filter, order, and which page.
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
/// What is left open is filled in when it is sent: the order that is usual for the list, descending, page 1 of pages of
/// 100 items, and no filter. A page has at most 99,999 items.
///
/// Pages are numbered. If records are added or removed while pages are read, an item can come twice or be passed over:
/// order by something that does not change, with what is new at the end (`ascending(true)`), and compare ids.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchRequest {
    /// Which records; all by default.
    pub filter: Filter,
    /// The page to begin with, from 1.
    pub page_number: Option<u32>,
    /// How many records a page has, from 1 to 99,999.
    pub page_size: Option<u32>,
    /// The column to order by. It must be one of the list's.
    pub order_by: Option<String>,
    /// Whether the smallest or oldest comes first.
    pub ascending: Option<bool>,
}

impl SearchRequest {
    /// All records in the usual order.
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

    /// Orders by this column. Names are the list's own, mostly `CreateTime`, `Name` or `Email`; case does not matter to
    /// most lists.
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

    /// Whether the smallest or oldest comes first; false unless said.
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

    /// How many records a page has, from 1 to 99,999; 100 unless said. The service may give fewer.
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

    /// The page to begin with, from 1. Streams go on from there.
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

    /// Keeps records that match.
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

    /// Keeps records that have this text anywhere.
    ///
    /// ```
    /// let search = keepnet_api::SearchRequest::new().text("invoice");
    /// ```
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.filter = self.filter.text(text);
        self
    }

    /// Fills in what was left open.
    fn complete(&mut self, default_order: &str) -> Result<(), Error> {
        if self.page_number == Some(0) {
            return Err(Error::invalid("`page_number` counts from 1, not from 0"));
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

/// The column that most lists are ordered by.
const DEFAULT_ORDER: &str = "CreateTime";

/// What was left open is filled in here, too, for a search that someone else writes: one is never sent incomplete.
impl Values for SearchRequest {
    fn values(&self, show: &mut dyn Show) {
        let order = self.order_by.as_deref().unwrap_or(DEFAULT_ORDER);
        show.members(
            &Names {
                name: "SearchRequest",
                fields: "filter page_number page_size order_by ascending",
                wire: &["filter", "pageNumber", "pageSize", "orderBy", "ascending"],
                marks: &[],
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

/// A request body that is a search, perhaps with members of its own.
#[doc(hidden)]
pub trait SearchBody {
    /// The part that all searches have.
    fn search_mut(&mut self) -> &mut SearchRequest;
}

impl SearchBody for SearchRequest {
    fn search_mut(&mut self) -> &mut SearchRequest {
        self
    }
}

/// The request with this search as its body, complete.
#[allow(dead_code, reason = "generated searches call it")]
pub(crate) fn complete<B: SearchBody + Serialize>(
    request: Request,
    mut body: B,
    default_order: &str,
) -> Request {
    match body.search_mut().complete(default_order) {
        Ok(()) => request.json(&body),
        Err(error) => request.fail(error),
    }
}
