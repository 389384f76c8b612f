//! Filters on the wire.

use std::fmt;

use security_api_transport::model::{Names, Shape, Shaped, Show, Values};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};

use super::filter::{Filter, FilterGroup, FilterItem};
use super::value::{Condition, FilterOperator, FilterValue};

security_api_transport::__json_slot! {
    Filter: Self::default(), "a filter";
}

/// Names are those of the published schemas, which allow no others. The vendor's own programs write them capitalised,
/// so filters that were saved there come back in that form.
impl Values for Filter {
    fn values(&self, show: &mut dyn Show) {
        let groups = match self.groups.as_slice() {
            [] => no_groups().to_vec(),
            groups => groups.to_vec(),
        };
        show.members(
            &Names {
                name: "Filter",
                fields: "condition text groups",
                wire: &["condition", "searchInputTextValue", "filterGroups"],
                rules: &[],
            },
            // The service refuses null.
            &[&self.condition, &self.text, &groups],
        );
    }
}

/// The groups that are sent if there are none: some tenants refuse a filter without groups, and the vendor's own
/// programs always send these.
fn no_groups() -> [FilterGroup; 2] {
    [FilterGroup::all([]), FilterGroup::any([])]
}

impl Values for FilterGroup {
    fn values(&self, show: &mut dyn Show) {
        show.members(
            &Names {
                name: "FilterGroup",
                fields: "condition items groups",
                wire: &["condition", "filterItems", "filterGroups"],
                rules: &[],
            },
            &[&self.condition, &self.items, &self.groups],
        );
    }
}

impl Shaped for FilterItem {
    fn shape(&self) -> Shape<'_> {
        // Filters are also in requests that are not searches, such as bulk deletions.
        if let Err(error) = self.check() {
            return Shape::Refused(error.to_string());
        }
        Shape::Map(
            [
                ("fieldName", self.field.shape()),
                ("operator", self.operator.shape()),
                ("value", self.value.shape()),
                ("customFieldName", self.custom_field.shape()),
                ("dataType", self.data_type.shape()),
            ]
            .into_iter()
            .filter(|(_, shape)| !matches!(shape, Shape::Absent))
            .collect(),
        )
    }
}

impl Shaped for FilterValue {
    fn shape(&self) -> Shape<'_> {
        match self {
            Self::Text(text) => text.shape(),
            Self::Bool(value) => value.shape(),
            Self::Set(values) => Shape::Text(values.join(",").into()),
        }
    }
}

impl Serialize for Filter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shape().serialize(serializer)
    }
}

impl Serialize for FilterGroup {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shape().serialize(serializer)
    }
}

impl Serialize for FilterItem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shape().serialize(serializer)
    }
}

impl Serialize for FilterValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.shape().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Filter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Wire {
            #[serde(alias = "Condition")]
            condition: Option<Condition>,
            #[serde(rename = "searchInputTextValue", alias = "SearchInputTextValue")]
            text: Option<String>,
            #[serde(rename = "filterGroups", alias = "FilterGroups")]
            groups: Option<Vec<FilterGroup>>,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            condition: wire.condition.unwrap_or_default(),
            text: wire.text.unwrap_or_default(),
            groups: match wire.groups {
                Some(groups) if groups != no_groups() => groups,
                _ => Vec::new(),
            },
        })
    }
}

impl<'de> Deserialize<'de> for FilterGroup {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Wire {
            #[serde(alias = "Condition")]
            condition: Option<Condition>,
            #[serde(rename = "filterItems", alias = "FilterItems")]
            items: Option<Vec<FilterItem>>,
            #[serde(rename = "filterGroups", alias = "FilterGroups")]
            groups: Option<Vec<FilterGroup>>,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            condition: wire.condition.unwrap_or_default(),
            items: wire.items.unwrap_or_default(),
            groups: wire.groups.unwrap_or_default(),
        })
    }
}

impl<'de> Deserialize<'de> for FilterItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        struct Wire {
            #[serde(rename = "fieldName", alias = "FieldName")]
            field: Option<String>,
            #[serde(alias = "Operator")]
            operator: Option<FilterOperator>,
            #[serde(alias = "Value")]
            value: Option<FilterValue>,
            #[serde(rename = "customFieldName", alias = "CustomFieldName")]
            custom_field: Option<String>,
            // The service writes some words as codes.
            #[serde(rename = "dataType", alias = "DataType")]
            data_type: Option<FilterValue>,
        }
        let wire = Wire::deserialize(deserializer)?;
        Ok(Self {
            field: wire.field.unwrap_or_default(),
            operator: wire.operator.unwrap_or(FilterOperator::Is),
            value: wire.value.unwrap_or_default(),
            custom_field: wire.custom_field,
            data_type: wire.data_type.map(FilterValue::into_text),
        })
    }
}

impl<'de> Deserialize<'de> for FilterValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl Visitor<'_> for ValueVisitor {
    type Value = FilterValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number or a truth value")
    }

    fn visit_str<E>(self, text: &str) -> Result<FilterValue, E> {
        Ok(text.into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<FilterValue, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<FilterValue, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<FilterValue, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<FilterValue, E> {
        Ok(number.into())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::{SearchRequest, field};
    use super::*;

    #[test]
    fn an_empty_search_is_whole_on_the_wire() {
        assert_eq!(
            serde_json::to_value(SearchRequest::new()).unwrap(),
            json!({
                "pageNumber": 1,
                "pageSize": 100,
                "orderBy": "CreateTime",
                "ascending": false,
                "filter": {
                    "condition": "AND",
                    "searchInputTextValue": "",
                    "filterGroups": [
                        {"condition": "AND", "filterItems": [], "filterGroups": []},
                        {"condition": "OR", "filterItems": [], "filterGroups": []},
                    ],
                },
            })
        );
    }

    #[test]
    fn alternatives_and_groups_in_groups_are_kept() {
        let inner = FilterGroup::any([field("A").is("1"), field("B").is("2")]);
        let nested = FilterGroup::all([field("C").is("3")]).group(inner);
        let sent = serde_json::to_value(Filter::from(nested)).unwrap();
        let group = &sent["filterGroups"][0];
        assert_eq!(group["condition"], "AND");
        assert_eq!(group["filterItems"][0]["fieldName"], "C");
        assert_eq!(group["filterGroups"][0]["condition"], "OR");
        assert_eq!(group["filterGroups"][0]["filterItems"][1]["fieldName"], "B");
        let any = Filter::any([field("A").is("1"), field("B").is("2")]).or();
        let sent = serde_json::to_value(any).unwrap();
        assert_eq!(sent["condition"], "OR");
        assert_eq!(sent["filterGroups"][0]["condition"], "OR");
        assert_eq!(sent["filterGroups"][0]["filterItems"][0]["fieldName"], "A");
    }

    #[test]
    fn every_operator_has_its_wire_name() {
        for (item, operator, value) in [
            (field("F").contains("a"), "Contains", json!("a")),
            (field("F").one_of(["a", "b"]), "Include", json!("a,b")),
            (field("F").is(5), "=", json!("5")),
            (
                field("F").compare(FilterOperator::Equal, "a"),
                "Equal",
                json!("a"),
            ),
            (field("F").is_not(true), "!=", json!(true)),
            (field("F").above(1.5), ">", json!("1.5")),
            (field("F").at_least("2026-01-01"), ">=", json!("2026-01-01")),
            (field("F").below("a"), "<", json!("a")),
            (field("F").at_most("a"), "<=", json!("a")),
        ] {
            assert_eq!(
                serde_json::to_value(item).unwrap(),
                json!({"fieldName": "F", "operator": operator, "value": value})
            );
        }
    }

    #[test]
    fn a_condition_that_could_match_everything_is_not_serialised() {
        for item in [
            field("F").one_of(Vec::<String>::new()),
            field("F").one_of(["a,b"]),
            field(" ").is("a"),
        ] {
            let error = serde_json::to_string(&Filter::all([item])).unwrap_err();
            assert!(error.to_string().starts_with("the filter "), "{error}");
        }
    }

    #[test]
    fn values_are_read_whatever_their_type() {
        for (value, text) in [
            (json!("a"), "a"),
            (json!(7), "7"),
            (json!(-7), "-7"),
            (json!(i64::MIN), "-9223372036854775808"),
            (json!(1.5), "1.5"),
        ] {
            let item = json!({"FieldName": "F", "Operator": "=", "Value": value});
            let item: FilterItem = serde_json::from_value(item).unwrap();
            assert_eq!(item, field("F").is(text), "{value}");
        }
        let item = json!({"FieldName": "F", "Operator": "=", "Value": true});
        let item: FilterItem = serde_json::from_value(item).unwrap();
        assert_eq!(item, field("F").is(true));
    }

    #[test]
    fn a_value_that_is_a_list_or_an_object_says_what_it_may_be() {
        for value in [json!(["a"]), json!({"a": 1})] {
            let item = json!({"fieldName": "F", "operator": "=", "value": value});
            let error = serde_json::from_value::<FilterItem>(item).unwrap_err();
            let says = "expected a text, a number or a truth value";
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn filters_are_read_in_both_cases_and_with_nulls() {
        let camel = json!({
            "searchInputTextValue": null,
            "condition": "and",
            "filterGroups": [{
                "condition": null,
                "filterItems": [{"fieldName": "F", "operator": "Contains", "value": 1, "dataType": null}],
                "filterGroups": null,
            }],
            "added": "later",
        });
        let filter: Filter = serde_json::from_value(camel).unwrap();
        assert_eq!(filter, Filter::all([field("F").contains("1")]));
        assert_eq!(
            serde_json::from_value::<Filter>(json!({})).unwrap(),
            Filter::new()
        );
    }

    #[test]
    fn a_data_type_is_read_as_a_word_or_as_a_code() {
        for (data_type, text) in [
            (json!("Number"), "Number"),
            (json!(7), "7"),
            (json!(-1), "-1"),
        ] {
            let item = json!({
                "fieldName": "F",
                "operator": "=",
                "value": "a",
                "dataType": data_type,
                "customFieldName": "Office",
            });
            let item: FilterItem = serde_json::from_value(item).unwrap();
            assert_eq!(item, field("F").is("a").custom_field("Office", text));
        }
    }

    fn any_condition() -> impl Strategy<Value = Condition> {
        prop_oneof![Just(Condition::And), Just(Condition::Or)]
    }

    fn any_item() -> impl Strategy<Value = FilterItem> {
        let value = prop_oneof![
            any::<String>().prop_map(FilterValue::from),
            any::<bool>().prop_map(FilterValue::from),
            any::<i64>().prop_map(FilterValue::from),
        ];
        let operator = prop_oneof![
            Just("Contains"),
            Just("="),
            Just("!="),
            Just(">="),
            Just("<"),
            Just("New"),
        ];
        ("[A-Za-z.]{1,9}", operator, value, any::<Option<String>>()).prop_map(
            |(name, operator, value, custom)| {
                let item = field(name).compare(operator.into(), value);
                match custom {
                    Some(custom) => item.custom_field(custom, "String"),
                    None => item,
                }
            },
        )
    }

    fn any_filter() -> impl Strategy<Value = Filter> {
        let items = || proptest::collection::vec(any_item(), 0..4);
        let group = (any_condition(), items()).prop_map(|(condition, items)| FilterGroup {
            condition,
            items,
            groups: Vec::new(),
        });
        let group = group.prop_recursive(3, 12, 3, move |inner| {
            let groups = proptest::collection::vec(inner, 0..3);
            (any_condition(), items(), groups).prop_map(|(condition, items, groups)| FilterGroup {
                condition,
                items,
                groups,
            })
        });
        let groups = proptest::collection::vec(group, 0..4);
        (any_condition(), any::<String>(), groups).prop_map(|(condition, text, groups)| Filter {
            condition,
            text,
            groups,
        })
    }

    proptest! {
        #[test]
        fn a_filter_survives_the_wire(filter in any_filter()) {
            // Those are sent for no groups, and mean the same.
            prop_assume!(filter.groups != no_groups());
            let json = serde_json::to_string(&filter).unwrap();
            prop_assert_eq!(serde_json::from_str::<Filter>(&json).unwrap(), filter);
        }

        #[test]
        fn no_filter_has_a_null_where_the_service_refuses_one(filter in any_filter()) {
            let json = serde_json::to_value(&filter).unwrap();
            prop_assert!(json["condition"].is_string());
            prop_assert!(json["searchInputTextValue"].is_string());
        }

        #[test]
        fn a_set_is_its_values_with_commas_between(values in proptest::collection::vec("[^,]{0,5}", 1..5)) {
            let json = serde_json::to_value(field("F").one_of(values.clone())).unwrap();
            let text = json["value"].as_str().unwrap();
            prop_assert_eq!(text.split(',').collect::<Vec<_>>(), values);
        }
    }
}
