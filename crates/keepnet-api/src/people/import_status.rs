//! How far the reading of an uploaded file is.

use serde_json::{Map, Value};

/// How far the service is with a file, and what it has found in it so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportStatus {
    /// The service's own word for the state, such as `InProgress` or `Finished`.
    pub state: String,
    /// Whether all rows have been read, so that the import can be confirmed.
    pub finished: bool,
    /// Rows whose e-mail address no target user has.
    pub new: Option<u64>,
    /// Rows whose e-mail address a target user has.
    pub existing: Option<u64>,
    /// Rows that cannot be imported. [`TargetUserImport::rejected`](super::TargetUserImport::rejected) says why.
    pub invalid: Option<u64>,
    /// Rows of the file.
    pub total: Option<u64>,
}

impl ImportStatus {
    /// How many rows have been read, if the service says so.
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

    /// The service stopped: `FinishedWithError` is the word that is known.
    pub(super) fn has_failed(&self) -> bool {
        let state = self.state.to_ascii_lowercase();
        state.contains("error") || state.contains("fail")
    }
}

/// `Finished` is what the service says; `Completed` is its word for other jobs.
pub(super) fn is_finished(state: &str) -> bool {
    state.eq_ignore_ascii_case("Finished") || state.eq_ignore_ascii_case("Completed")
}

/// The first member of one of these names, whatever their case.
pub(super) fn member<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        let found = object
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        (!found.1.is_null()).then_some(found.1)
    })
}
