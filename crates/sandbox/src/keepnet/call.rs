//! A request as an operation sees it.

use bytes::Bytes;
use http::HeaderMap;
use http::header::USER_AGENT;
use serde_json::{Value, json};

use super::dates;
use super::records::audit_log::shown;
use super::records::store::Store;
use super::records::{Record, Row, integer_of, member, record, text, texts};
use super::response::{Outcome, Refusal};
use super::shapes::{self, Operation};
use super::state::{Grant, Inner, State};
use crate::common::service::header;

/// The parameters of a path, in order.
pub(crate) type Params = Vec<(&'static str, String)>;

pub(crate) struct Call<'a> {
    pub(crate) state: &'a State,
    pub(crate) inner: &'a mut Inner,
    pub(crate) operation: &'static Operation,
    pub(crate) grant: Grant,
    /// The company that the request is about.
    pub(crate) company: String,
    pub(crate) params: Params,
    /// The members of the JSON body.
    pub(crate) body: Record,
    pub(crate) raw: &'a Bytes,
    pub(crate) headers: &'a HeaderMap,
}

impl Call<'_> {
    pub(crate) fn param(&self, name: &str) -> String {
        let mut params = self.params.iter();
        let found = params.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The last parameter of the path, which is an id in most paths.
    pub(crate) fn last_param(&self) -> String {
        let last = self.params.last();
        last.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    pub(crate) fn now(&self) -> i64 {
        self.state.millis()
    }

    pub(crate) fn now_text(&self) -> String {
        dates::iso(self.now())
    }

    pub(crate) fn store(&mut self) -> &mut Store {
        &mut self.inner.store
    }

    pub(crate) fn rows(&self, table: &'static str) -> &[Row] {
        self.inner.store.table(&self.company, table)
    }

    pub(crate) fn find(
        &self,
        table: &'static str,
        id: &str,
        missing: &'static str,
    ) -> Result<Row, Refusal> {
        let row = self.inner.store.find(&self.company, table, id);
        row.cloned().ok_or_else(|| Refusal::not_found(missing))
    }

    pub(crate) fn change(
        &mut self,
        table: &'static str,
        id: &str,
        missing: &'static str,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), Refusal> {
        let record = self.inner.store.find_mut(&self.company, table, id);
        change(record.ok_or_else(|| Refusal::not_found(missing))?);
        Ok(())
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        text(&self.body, name)
    }

    /// The ids in this member of the body. At least one is required (inferred).
    pub(crate) fn ids(&self, name: &str) -> Result<Vec<String>, Refusal> {
        let ids = texts(&self.body, name);
        match ids.is_empty() {
            false => Ok(ids),
            true => Err(Refusal::input(format!("The {name} field is required."))),
        }
    }

    /// The service does this, and the sandbox does not.
    pub(crate) fn not_played(&self, with: &str) -> Refusal {
        Refusal::not_played(format!("{} with {with}", self.operation.name()))
    }

    /// Writes a change into the audit log.
    pub(crate) fn log(
        &mut self,
        entity: &str,
        operation: &'static str,
        id: &str,
        before: Option<&Record>,
        after: Option<&Record>,
    ) {
        let now = self.now();
        let entry = json!({
            "userName": self.grant.name,
            "entityResourceId": id,
            "entityName": entity,
            "oldValue": before.map(shown),
            "newValue": after.map(shown),
            "operation": operation,
            "ip": self.inner.address.to_string(),
            "userAgent": header(self.headers, USER_AGENT),
        });
        self.inner.store.log(&self.company, now, entry);
    }

    /// Writes a change whose members do not matter into the audit log, and responds as most changes do.
    pub(crate) fn changed(
        &mut self,
        entity: &str,
        operation: &'static str,
        id: &str,
    ) -> Result<Outcome, Refusal> {
        self.log(entity, operation, id, None, None);
        done(id)
    }

    /// A record as the operation's response has it.
    pub(crate) fn view(&self, row: &Record) -> Value {
        let of = shapes::data(&self.operation.response);
        let of_row = shapes::rows(of).or_else(|| shapes::inside("list", of));
        shapes::view(of_row.unwrap_or(of), row)
    }

    /// A response in the operation's shape with these members. All others are empty.
    pub(crate) fn data(&self, members: Value) -> Result<Outcome, Refusal> {
        Ok(Outcome::Data(self.view(&record(members))))
    }

    /// Records as the list that the operation returns.
    pub(crate) fn list<'r>(&self, rows: impl IntoIterator<Item = &'r Row>) -> Outcome {
        let rows = rows.into_iter().map(|row| self.view(row));
        Outcome::Data(rows.collect())
    }
}

/// The response of most changes.
pub(crate) fn done(id: &str) -> Result<Outcome, Refusal> {
    Ok(Outcome::Data(json!({ "resourceId": id })))
}

/// The member of this name as one of `choices`, which a request names or numbers from 0. Source: the vendor's front
/// end, which does both.
pub(crate) fn choice(
    record: &Record,
    name: &str,
    choices: &[&'static str],
) -> Result<Option<&'static str>, Refusal> {
    let Some(value) = member(record, name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let found = match integer_of(value) {
        Some(number) => usize::try_from(number).ok().and_then(|at| choices.get(at)),
        None => {
            let text = value.as_str().unwrap_or_default();
            choices.iter().find(|name| name.eq_ignore_ascii_case(text))
        }
    };
    let found = found.ok_or_else(|| Refusal::input(format!("The {name} is not known")))?;
    Ok(Some(found))
}
