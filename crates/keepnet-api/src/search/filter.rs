//! Filters: conditions on columns, joined with AND and OR, and free text.

use security_api_transport::__private::is_blank;
use security_api_transport::Error;

use super::value::{Condition, FilterOperator, FilterValue};

/// Which records a search returns; all by default.
///
/// ```
/// use keepnet_api::search::{Filter, FilterGroup, field};
///
/// // Reported by Ann, and either phishing or malicious, with "invoice" anywhere.
/// let filter = Filter::all([field("ReporterEmail").is("ann@example.com")])
///     .group(FilterGroup::any([field("Result").is("Phishing"), field("Result").is("Malicious")]))
///     .text("invoice");
/// # assert_eq!(
/// #     serde_json::to_value(&filter).unwrap(),
/// #     serde_json::json!({
/// #         "condition": "AND",
/// #         "searchInputTextValue": "invoice",
/// #         "filterGroups": [
/// #             {"condition": "AND", "filterGroups": [], "filterItems": [
/// #                 {"fieldName": "ReporterEmail", "operator": "=", "value": "ann@example.com"},
/// #             ]},
/// #             {"condition": "OR", "filterGroups": [], "filterItems": [
/// #                 {"fieldName": "Result", "operator": "=", "value": "Phishing"},
/// #                 {"fieldName": "Result", "operator": "=", "value": "Malicious"},
/// #             ]},
/// #         ],
/// #     }),
/// # );
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filter {
    /// How the groups are combined.
    pub condition: Condition,
    /// Text that a record contains in any column; empty for none.
    pub text: String,
    /// Groups of conditions.
    pub groups: Vec<FilterGroup>,
}

impl Filter {
    /// Matches all records. Two empty groups are sent with it, because some tenants refuse a filter without groups.
    ///
    /// ```
    /// use keepnet_api::search::Filter;
    ///
    /// let json = serde_json::to_value(Filter::new()).unwrap();
    /// assert_eq!(json["filterGroups"].as_array().unwrap().len(), 2);
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Matches records that meet all of these conditions.
    ///
    /// ```
    /// use keepnet_api::search::{Filter, field};
    ///
    /// let filter = Filter::all([field("Status").is("Active"), field("Email").contains("@example.com")]);
    /// ```
    #[must_use]
    pub fn all(items: impl IntoIterator<Item = FilterItem>) -> Self {
        Self::new().group(FilterGroup::all(items))
    }

    /// Matches records that meet at least one of these conditions.
    ///
    /// ```
    /// use keepnet_api::search::{Filter, field};
    ///
    /// let filter = Filter::any([field("FirstName").contains("ann"), field("LastName").contains("ann")]);
    /// ```
    #[must_use]
    pub fn any(items: impl IntoIterator<Item = FilterItem>) -> Self {
        Self::new().group(FilterGroup::any(items))
    }

    /// Adds a group. Records must match every group, unless [`or`](Self::or) is set.
    ///
    /// ```
    /// use keepnet_api::search::{Filter, FilterGroup, field};
    ///
    /// let filter = Filter::new()
    ///     .group(FilterGroup::any([field("Name").contains("Q1"), field("Name").contains("Q2")]))
    ///     .group(FilterGroup::all([field("Status").is("Running")]));
    /// assert_eq!(filter.groups.len(), 2);
    /// ```
    #[must_use]
    pub fn group(mut self, group: FilterGroup) -> Self {
        self.groups.push(group);
        self
    }

    /// Matches records that match at least one group.
    ///
    /// ```
    /// use keepnet_api::search::{Condition, Filter};
    ///
    /// assert_eq!(Filter::new().or().condition, Condition::Or);
    /// ```
    #[must_use]
    pub fn or(mut self) -> Self {
        self.condition = Condition::Or;
        self
    }

    /// Matches records that contain this text in any column.
    ///
    /// ```
    /// let filter = keepnet_api::search::Filter::new().text("invoice");
    /// assert_eq!(filter.text, "invoice");
    /// ```
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = text.into();
        self
    }

    /// Refuses a filter that cannot be sent.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.groups.iter().try_for_each(FilterGroup::check)
    }
}

impl From<FilterItem> for Filter {
    fn from(item: FilterItem) -> Self {
        Self::all([item])
    }
}

impl From<FilterGroup> for Filter {
    fn from(group: FilterGroup) -> Self {
        Self::new().group(group)
    }
}

/// Conditions that are combined with AND or OR.
///
/// ```
/// use keepnet_api::search::{FilterGroup, field};
///
/// // Finished, or running since January.
/// let group = FilterGroup::any([field("Status").is("Finished")]).group(FilterGroup::all([
///     field("Status").is("Running"),
///     field("StartTime").at_least("2026-01-01"),
/// ]));
/// assert_eq!(group.groups.len(), 1);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterGroup {
    /// How the conditions and groups are combined.
    pub condition: Condition,
    /// The conditions.
    pub items: Vec<FilterItem>,
    /// Groups within the group.
    pub groups: Vec<FilterGroup>,
}

impl FilterGroup {
    /// Matches records that meet all of these conditions.
    ///
    /// ```
    /// use keepnet_api::search::{FilterGroup, field};
    ///
    /// assert_eq!(FilterGroup::all([field("Name").is("Q1")]).items.len(), 1);
    /// ```
    #[must_use]
    pub fn all(items: impl IntoIterator<Item = FilterItem>) -> Self {
        Self {
            condition: Condition::And,
            items: items.into_iter().collect(),
            groups: Vec::new(),
        }
    }

    /// Matches records that meet at least one of these conditions.
    ///
    /// ```
    /// use keepnet_api::search::{Condition, FilterGroup, field};
    ///
    /// assert_eq!(FilterGroup::any([field("Name").is("Q1")]).condition, Condition::Or);
    /// ```
    #[must_use]
    pub fn any(items: impl IntoIterator<Item = FilterItem>) -> Self {
        Self {
            condition: Condition::Or,
            ..Self::all(items)
        }
    }

    /// Adds a group, which counts as one condition.
    ///
    /// ```
    /// use keepnet_api::search::{FilterGroup, field};
    ///
    /// let group = FilterGroup::all([]).group(FilterGroup::any([field("Name").is("Q1")]));
    /// ```
    #[must_use]
    pub fn group(mut self, group: FilterGroup) -> Self {
        self.groups.push(group);
        self
    }

    fn check(&self) -> Result<(), Error> {
        self.items.iter().try_for_each(FilterItem::check)?;
        self.groups.iter().try_for_each(Self::check)
    }
}

/// One condition: a column, an operator and a value. [`field`] begins one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FilterItem {
    /// The column.
    pub field: String,
    /// The operator.
    pub operator: FilterOperator,
    /// The value to compare with.
    pub value: FilterValue,
    /// The name of a custom field of target users, if the condition is on one.
    pub custom_field: Option<String>,
    /// The data type of that custom field.
    pub data_type: Option<String>,
}

impl FilterItem {
    /// Applies the condition to a custom field of target users.
    ///
    /// `data_type` is the field's type: `String`, `Number`, `Email`, `Date`, `DateTime` or `Boolean`.
    ///
    /// ```
    /// use keepnet_api::search::field;
    ///
    /// let item = field("CustomField").is("Berlin").custom_field("Office", "String");
    /// assert_eq!(item.custom_field.as_deref(), Some("Office"));
    /// ```
    #[must_use]
    pub fn custom_field(mut self, name: impl Into<String>, data_type: impl AsRef<str>) -> Self {
        self.custom_field = Some(name.into());
        self.data_type = Some(data_type.as_ref().to_owned());
        self
    }

    /// Refuses a condition that cannot be expressed. It could match everything, which would be dangerous in a filter
    /// that selects what to delete.
    pub(super) fn check(&self) -> Result<(), Error> {
        let field = &self.field;
        if is_blank(field) {
            return Err(Error::invalid(
                "the filter has a condition without a field name; give the name of a column",
            ));
        }
        match &self.value {
            FilterValue::Set(values) if values.is_empty() => Err(Error::invalid(format!(
                "the filter compares `{field}` with an empty set of values; give at least one value, or leave the condition out"
            ))),
            FilterValue::Set(values) if values.iter().any(|value| value.contains(',')) => {
                Err(Error::invalid(format!(
                    "the filter has a value for `{field}` with a comma, which the service uses to separate values; \
                     use `FilterGroup::any` with a condition for each value"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Starts a condition on a column.
///
/// Columns have the names of the fields in the list's records. Most lists ignore case.
///
/// ```
/// use keepnet_api::search::{FilterOperator, field};
///
/// let item = field("CreateTime").at_least("2026-01-01");
/// assert_eq!((item.field.as_str(), item.operator), ("CreateTime", FilterOperator::AtLeast));
/// ```
pub fn field(name: impl Into<String>) -> Field {
    Field(name.into())
}

/// A column without a condition yet. From [`field`].
#[derive(Debug, Clone)]
#[must_use = "a column needs an operator to be a condition"]
pub struct Field(String);

macro_rules! comparisons {
    ($($(#[$doc:meta])* $method:ident = $operator:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $method(self, value: impl Into<FilterValue>) -> FilterItem {
            self.compare(FilterOperator::$operator, value)
        }
    )*};
}

impl Field {
    comparisons! {
        /// The column contains this text.
        ///
        /// ```
        /// let item = keepnet_api::search::field("Email").contains("@example.com");
        /// ```
        contains = Contains;
        /// The column equals this value.
        ///
        /// ```
        /// let item = keepnet_api::search::field("Status").is("Active");
        /// ```
        is = Is;
        /// The column differs from this value.
        ///
        /// ```
        /// let item = keepnet_api::search::field("Status").is_not("Active");
        /// ```
        is_not = IsNot;
        /// The column is greater or later than this value.
        ///
        /// ```
        /// let item = keepnet_api::search::field("TargetUserCount").above(100);
        /// ```
        above = Above;
        /// The column is greater or later than this value, or equal.
        ///
        /// ```
        /// let item = keepnet_api::search::field("LogDate").at_least("2026-01-01");
        /// ```
        at_least = AtLeast;
        /// The column is less or earlier than this value.
        ///
        /// ```
        /// let item = keepnet_api::search::field("LogDate").below("2026-02-01");
        /// ```
        below = Below;
        /// The column is less or earlier than this value, or equal.
        ///
        /// ```
        /// let item = keepnet_api::search::field("TargetUserCount").at_most(100);
        /// ```
        at_most = AtMost;
    }

    /// The column equals one of these values. No value may contain a comma.
    ///
    /// ```
    /// let item = keepnet_api::search::field("Priority").one_of(["High", "VeryHigh"]);
    /// ```
    #[must_use]
    pub fn one_of<V: Into<String>>(self, values: impl IntoIterator<Item = V>) -> FilterItem {
        let values = values.into_iter().map(Into::into).collect();
        self.compare(FilterOperator::Include, FilterValue::Set(values))
    }

    /// Compares the column using any operator, known or not.
    ///
    /// ```
    /// use keepnet_api::search::{FilterOperator, field};
    ///
    /// let item = field("Name").compare(FilterOperator::from("StartsWith"), "Q1");
    /// ```
    #[must_use]
    pub fn compare(self, operator: FilterOperator, value: impl Into<FilterValue>) -> FilterItem {
        FilterItem {
            field: self.0,
            operator,
            value: value.into(),
            custom_field: None,
            data_type: None,
        }
    }
}
