//! The progress of reading an uploaded file.

use serde_json::{Map, Value};

/// How much of a file the service has read, and what it has found so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportStatus {
    /// The state as the service names it, such as `InProgress` or `Finished`.
    pub state: String,
    /// Whether all rows have been read. The import can be confirmed then.
    pub finished: bool,
    /// The number of rows whose e-mail address belongs to no target user yet.
    pub new: Option<u64>,
    /// The number of rows whose e-mail address belongs to a target user.
    pub existing: Option<u64>,
    /// The number of rows that cannot be imported. [`TargetUserImport::rejected`](super::TargetUserImport::rejected)
    /// says why.
    pub invalid: Option<u64>,
    /// The number of rows in the file.
    pub total: Option<u64>,
}

impl ImportStatus {
    /// The number of rows read so far, if the service sent it.
    ///
    /// ```
    /// use keepnet_api::people::ImportStatus;
    ///
    /// assert_eq!(ImportStatus::default().read(), None);
    /// ```
    #[must_use]
    pub fn read(&self) -> Option<u64> {
        let counts = [self.new, self.existing, self.invalid];
        counts.iter().copied().flatten().reduce(u64::saturating_add)
    }

    pub(super) fn of_job(response: &Map<String, Value>) -> Self {
        let state = match member(response, &["status"]) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let count = |name: &str| match member(response, &[name])? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        Self {
            finished: is_finished(&state),
            new: count("newUserCount"),
            existing: count("existingUserCount"),
            invalid: count("invalidUserCount"),
            total: count("totalRowCount"),
            state,
        }
    }

    /// Whether the service gave up; `FinishedWithError` is the known value.
    pub(super) fn has_failed(&self) -> bool {
        let state = self.state.to_ascii_lowercase();
        state.contains("error") || state.contains("fail")
    }
}

/// The service sends `Finished`; `Completed` is its value for other jobs.
pub(super) fn is_finished(state: &str) -> bool {
    state.eq_ignore_ascii_case("Finished") || state.eq_ignore_ascii_case("Completed")
}

/// The first member with one of these names, regardless of case.
pub(super) fn member<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let found = object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        (!found.1.is_null()).then_some(found.1)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn states_and_counts_are_read_as_text_and_as_numbers() {
        let status = |response: Value| ImportStatus::of_job(response.as_object().unwrap());
        let found = status(json!({
            "Status": 3,
            "newUserCount": "4",
            "existingUserCount": 5,
            "invalidUserCount": "many",
        }));
        assert_eq!(found.state, "3");
        assert_eq!(
            (found.new, found.existing, found.invalid),
            (Some(4), Some(5), None)
        );
        assert_eq!(found.read(), Some(9));
        assert!(!found.finished);
        assert!(status(json!({"status": " finished "})).finished);
    }
}
