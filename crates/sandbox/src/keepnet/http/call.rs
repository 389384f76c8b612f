//! A request on its way through an operation.

use bytes::Bytes;
use serde_json::{Value, json};

use super::response::{Outcome, Refusal};
use crate::keepnet::dates;
use crate::keepnet::records::audit_log::Change;
use crate::keepnet::records::store::Store;
use crate::keepnet::records::{Record, Row, integer_of, member, record, text};
use crate::keepnet::shapes::{Operation, Shapes, Type};
use crate::keepnet::state::{Grant, Inner, State};

/// The parameters of a path, in order.
pub(crate) type Params = Vec<(&'static str, String)>;

pub(crate) struct Call<'a> {
    pub(crate) state: &'a State,
    pub(crate) inner: &'a mut Inner,
    pub(crate) operation: &'static Operation,
    pub(crate) grant: Grant,
    /// The company whose data is requested.
    pub(crate) company: String,
    pub(crate) params: Params,
    /// The JSON body; null without one.
    pub(crate) body: Value,
    pub(crate) raw: Bytes,
    pub(crate) content_type: String,
    pub(crate) agent: String,
}

impl Call<'_> {
    pub(crate) fn param(&self, name: &str) -> String {
        let mut params = self.params.iter();
        params
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
    }

    /// The last parameter of the path, which is mostly the id.
    pub(crate) fn last_param(&self) -> String {
        self.params
            .last()
            .map(|(_, value)| value.clone())
            .unwrap_or_default()
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
        row.cloned().ok_or(Refusal::NotFound(missing))
    }

    pub(crate) fn change(
        &mut self,
        table: &'static str,
        id: &str,
        missing: &'static str,
        change: impl FnOnce(&mut Record),
    ) -> Result<(), Refusal> {
        let company = self.company.clone();
        let record = self.store().find_mut(&company, table, id);
        change(record.ok_or(Refusal::NotFound(missing))?);
        Ok(())
    }

    /// The body, which has to be an object.
    pub(crate) fn object(&self) -> Result<&Record, Refusal> {
        self.body
            .as_object()
            .ok_or_else(|| Refusal::input("Invalid request"))
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.body.as_object().map_or("", |body| text(body, name))
    }

    /// Refuses a body that lacks one of these members.
    pub(crate) fn require(&self, names: &[&str]) -> Result<(), Refusal> {
        missing(self.object()?, names)
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
        let (now, address) = (self.now(), self.inner.address.to_string());
        let change = Change {
            user: &self.grant.name,
            entity,
            operation,
            id,
            before,
            after,
            address: &address,
            agent: &self.agent,
        };
        self.inner.store.log(&self.company, now, &change);
    }

    /// A record as the operation's response has it.
    pub(crate) fn view(&self, row: &Record) -> Value {
        let shapes = Shapes::get();
        match &self.operation.response {
            Type::Envelope(inner) => match &**inner {
                Type::List(row_type) => shapes.view(row_type, row),
                of => shapes.view(of.rows().unwrap_or(of), row),
            },
            of => shapes.view(of, row),
        }
    }

    /// A response in the operation's shape with these members, and nothing in the others.
    pub(crate) fn data(&self, members: Value) -> Result<Outcome, Refusal> {
        Ok(Outcome::Data(self.view(&record(members))))
    }

    /// Records as the list that the operation returns.
    pub(crate) fn list<'r>(&self, rows: impl IntoIterator<Item = &'r Row>) -> Outcome {
        let rows = rows.into_iter().map(|row| self.view(row));
        Outcome::Data(Value::Array(rows.collect()))
    }
}

/// What most changes return.
pub(crate) fn done(id: &str) -> Result<Outcome, Refusal> {
    Ok(Outcome::Data(json!({ "resourceId": id })))
}

/// Refuses a record that lacks one of these members.
pub(crate) fn missing(record: &Record, names: &[&str]) -> Result<(), Refusal> {
    let lacks = |name: &&&str| match member(record, name) {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.trim().is_empty(),
        Some(_) => false,
    };
    let wrong: Vec<_> = names
        .iter()
        .filter(lacks)
        .map(|name| format!("The {name} field is required."))
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Refusal::Input(wrong))
    }
}

/// The member of this name as one of `choices`, which are written by name or by number, the first of them as `first`.
/// Source: the vendor's front end, which sends both.
pub(crate) fn choice(
    record: &Record,
    name: &str,
    choices: &[&'static str],
    first: i64,
) -> Result<Option<&'static str>, Refusal> {
    let Some(value) = member(record, name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let found = match integer_of(value) {
        Some(number) => usize::try_from(number.saturating_sub(first))
            .ok()
            .and_then(|at| choices.get(at)),
        None => {
            let text = value.as_str().unwrap_or_default();
            choices.iter().find(|name| name.eq_ignore_ascii_case(text))
        }
    };
    match found {
        Some(found) => Ok(Some(found)),
        None => Err(Refusal::input(format!("The {name} is not known"))),
    }
}
