//! The actions that collections share: create, read, change, delete, search.

use std::sync::Arc;

use serde_json::json;

use super::memberships::MEMBERSHIP;
use crate::keepnet::call::{Call, done};
use crate::keepnet::lists::search;
use crate::keepnet::records::store::DELETED;
use crate::keepnet::records::{Record, Row, record};
use crate::keepnet::response::{Outcome, Refusal};

/// A collection whose records are kept.
pub(crate) struct Resource {
    /// The path of the collection, which is also the name of its table.
    pub(crate) path: &'static str,
    /// The name of its records in the audit log.
    pub(crate) entity: &'static str,
    pub(crate) not_found: &'static str,
    /// Checks and completes a record before it is kept. The second record, if any, is the one that it replaces.
    pub(crate) prepare: Prepare,
    /// A record at this moment.
    pub(crate) view: fn(&Call<'_>, &Row) -> Row,
}

/// Members that no update takes away: those that the service sets itself, and the groups that a target user is in.
const KEPT: [&str; 8] = [
    "resourceId",
    "createTime",
    "createDate",
    "createdBy",
    "companyName",
    "isEditable",
    "isOwner",
    MEMBERSHIP,
];

/// See [`Resource::prepare`].
pub(crate) type Prepare = fn(&mut Call<'_>, &mut Record, Option<&Record>) -> Result<(), Refusal>;

impl Resource {
    /// A collection without rules of its own.
    pub(crate) const fn plain(
        path: &'static str,
        entity: &'static str,
        not_found: &'static str,
    ) -> Self {
        Self {
            path,
            entity,
            not_found,
            prepare: |_, _, _| Ok(()),
            view: |_, row| Arc::clone(row),
        }
    }
}

/// An action on a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Create,
    Read,
    Update,
    Delete,
    DeleteMany,
    Search,
    List,
}

impl Resource {
    /// The action of a method and a path on this collection.
    pub(crate) fn verb(&self, method: &str, path: &str) -> Option<Verb> {
        let below = path.strip_prefix(self.path)?;
        let one = below.starts_with("/{") && !below[1..].contains('/');
        Some(match (method, below) {
            ("POST", "") => Verb::Create,
            ("GET", "") => Verb::List,
            ("POST", "/search") => Verb::Search,
            ("DELETE", "/bulk-delete") => Verb::DeleteMany,
            ("GET", _) if one => Verb::Read,
            ("PUT", _) if one => Verb::Update,
            ("DELETE", _) if one => Verb::Delete,
            _ => return None,
        })
    }

    /// The record with that id, as it is kept.
    pub(crate) fn find(&self, call: &Call<'_>, id: &str) -> Result<Row, Refusal> {
        call.find(self.path, id, self.not_found)
    }

    /// The ids in this member of the body, each of a record. So a change of many is made to all of them, or to none if one
    /// is unknown (inferred).
    pub(crate) fn ids(&self, call: &Call<'_>, member: &str) -> Result<Vec<String>, Refusal> {
        let ids = call.ids(member)?;
        for id in &ids {
            self.find(call, id)?;
        }
        Ok(ids)
    }

    pub(crate) fn rows(&self, call: &Call<'_>) -> Vec<Row> {
        let rows = call.rows(self.path).iter();
        rows.map(|row| (self.view)(call, row)).collect()
    }

    pub(crate) fn perform(&self, verb: Verb, call: &mut Call<'_>) -> Result<Outcome, Refusal> {
        let id = call.last_param();
        match verb {
            Verb::Create => done(&self.create(call, call.body.clone())?),
            Verb::Read => {
                let row = (self.view)(call, &self.find(call, &id)?);
                Ok(Outcome::Data(call.view(&row)))
            }
            Verb::Update => {
                self.update(call, &id, call.body.clone())?;
                done(&id)
            }
            Verb::Delete => {
                self.delete(call, &id, "Delete")?;
                done(&id)
            }
            Verb::DeleteMany => self.delete_many(call),
            Verb::Search => search::search(call, |call| Ok(self.rows(call))),
            Verb::List => Ok(call.list(&self.rows(call))),
        }
    }

    pub(crate) fn create(&self, call: &mut Call<'_>, mut new: Record) -> Result<String, Refusal> {
        let id = call.store().id();
        new.extend(record(json!({
            "resourceId": id,
            "createTime": call.now_text(),
            "createdBy": call.grant.name,
            "isEditable": true,
            "isOwner": true,
        })));
        (self.prepare)(call, &mut new, None)?;
        call.log(self.entity, "Create", &id, None, Some(&new));
        call.inner.store.push(&call.company, self.path, new);
        Ok(id)
    }

    pub(crate) fn update(
        &self,
        call: &mut Call<'_>,
        id: &str,
        changes: Record,
    ) -> Result<(), Refusal> {
        let before = self.find(call, id)?;
        // A PUT replaces the record, except for members of the service's own. Source: the vendor's documentation of
        // target users. It is inferred for other records.
        let mut after = Record::clone(&before);
        after.retain(|name, _| KEPT.contains(&name.as_str()));
        for (name, value) in changes {
            let known = before.keys().find(|key| key.eq_ignore_ascii_case(&name));
            let name = known.cloned().unwrap_or(name);
            if name != "resourceId" {
                after.insert(name, value);
            }
        }
        after.insert("updateTime".to_owned(), json!(call.now_text()));
        (self.prepare)(call, &mut after, Some(&before))?;
        self.replace(call, id, &before, after)
    }

    /// Changes some members of a record.
    pub(crate) fn edit(
        &self,
        call: &mut Call<'_>,
        id: &str,
        change: impl FnOnce(&mut Record),
    ) -> Result<Outcome, Refusal> {
        let before = self.find(call, id)?;
        let mut after = Record::clone(&before);
        change(&mut after);
        self.replace(call, id, &before, after)?;
        done(id)
    }

    fn replace(
        &self,
        call: &mut Call<'_>,
        id: &str,
        before: &Record,
        after: Record,
    ) -> Result<(), Refusal> {
        call.log(self.entity, "Update", id, Some(before), Some(&after));
        call.change(self.path, id, self.not_found, |record| *record = after)
    }

    pub(crate) fn delete(
        &self,
        call: &mut Call<'_>,
        id: &str,
        operation: &'static str,
    ) -> Result<(), Refusal> {
        let removed = call.inner.store.remove(&call.company, self.path, id);
        let removed = removed.ok_or_else(|| Refusal::not_found(self.not_found))?;
        call.log(self.entity, operation, id, Some(&removed), None);
        let mut gone = Record::clone(&removed);
        gone.insert("deletedFrom".to_owned(), json!(self.path));
        call.inner.store.push(&call.company, DELETED, gone);
        Ok(())
    }

    fn delete_many(&self, call: &mut Call<'_>) -> Result<Outcome, Refusal> {
        let ids = self.ids(call, "items")?;
        for id in &ids {
            // A record that is named twice is gone the second time.
            let _ = self.delete(call, id, "DeleteMany");
        }
        done(&ids[0])
    }
}
