//! Filters: conditions on columns, joined by AND and OR, and free text.

use security_api_transport::Error;

use super::value::{Condition, FilterOperator, FilterValue};

/// Which records a search keeps: all of them, until it is told otherwise.
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
    /// How the groups are joined.
    pub condition: Condition,
    /// Text that a record has anywhere; empty for none.
    pub text: String,
    /// Groups of conditions.
    pub groups: Vec<FilterGroup>,
}

impl Filter {
    /// Keeps all records. Two empty groups are sent with it, since some tenants refuse a filter without groups.
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

    /// Keeps records that meet all of these conditions.
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

    /// Keeps records that meet one of these conditions.
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

    /// Adds a group. Records must meet every group, unless the filter says [`or`](Self::or).
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

    /// Lets one group be enough.
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

    /// Keeps records that have this text anywhere.
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

    /// Whether it can be sent.
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

/// Conditions that belong together.
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
    /// How conditions and groups are joined.
    pub condition: Condition,
    /// The conditions.
    pub items: Vec<FilterItem>,
    /// Groups within the group.
    pub groups: Vec<FilterGroup>,
}

impl FilterGroup {
    /// All of these conditions.
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

    /// One of these conditions.
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
    /// How it is compared.
    pub operator: FilterOperator,
    /// What it is compared with.
    pub value: FilterValue,
    /// The name of a custom field of target users, where the condition is on one.
    pub custom_field: Option<String>,
    /// The data type of that custom field.
    pub data_type: Option<String>,
}

impl FilterItem {
    /// Makes it a condition on a custom field of target users.
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

    /// A condition that cannot be sent as it is meant could match everything, which is no small thing where a filter
    /// says what to delete.
    pub(super) fn check(&self) -> Result<(), Error> {
        let field = &self.field;
        if field.trim().is_empty() {
            return Err(Error::invalid(
                "filter: a condition has no field name; give it the column's name",
            ));
        }
        match &self.value {
            FilterValue::Set(values) if values.is_empty() => Err(Error::invalid(format!(
                "filter: `{field}` is to be one of no values; leave the condition out, or give it values"
            ))),
            FilterValue::Set(values) if values.iter().any(|value| value.contains(',')) => {
                Err(Error::invalid(format!(
                    "filter: a value for `{field}` has a comma, by which the service separates the values of a set; \
                     use `FilterGroup::any` with a condition for each value"
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Begins a condition on a column.
///
/// Names are the columns of the list, as the fields of its records are called; case does not matter to most lists.
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

/// A column that waits for its condition. From [`field`].
#[derive(Debug, Clone)]
#[must_use = "a column alone is no condition"]
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
        /// The column has this text in it.
        ///
        /// ```
        /// let item = keepnet_api::search::field("Email").contains("@example.com");
        /// ```
        contains = Contains;
        /// The column is this.
        ///
        /// ```
        /// let item = keepnet_api::search::field("Status").is("Active");
        /// ```
        is = Is;
        /// The column is anything but this.
        ///
        /// ```
        /// let item = keepnet_api::search::field("Status").is_not("Active");
        /// ```
        is_not = IsNot;
        /// The column is greater or later.
        ///
        /// ```
        /// let item = keepnet_api::search::field("TargetUserCount").above(100);
        /// ```
        above = Above;
        /// The column is this, or greater or later.
        ///
        /// ```
        /// let item = keepnet_api::search::field("LogDate").at_least("2026-01-01");
        /// ```
        at_least = AtLeast;
        /// The column is less or earlier.
        ///
        /// ```
        /// let item = keepnet_api::search::field("LogDate").below("2026-02-01");
        /// ```
        below = Below;
        /// The column is this, or less or earlier.
        ///
        /// ```
        /// let item = keepnet_api::search::field("TargetUserCount").at_most(100);
        /// ```
        at_most = AtMost;
    }

    /// The column is one of these values, none of which may have a comma in it.
    ///
    /// ```
    /// let item = keepnet_api::search::field("Priority").one_of(["High", "VeryHigh"]);
    /// ```
    #[must_use]
    pub fn one_of<V: Into<String>>(self, values: impl IntoIterator<Item = V>) -> FilterItem {
        let values = values.into_iter().map(Into::into).collect();
        self.compare(FilterOperator::Include, FilterValue::Set(values))
    }

    /// Any operator, known or not.
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
