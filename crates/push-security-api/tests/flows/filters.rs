//! Filters: for any combination, the service returns the same records as a filter of the whole list.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;
use push_security_api::types::{
    Account, App, Browser, BrowserExtension, Detection, Employee, Finding,
};
use push_security_api::{Client, resources};
use security_api_sandbox::Sandbox;

use super::support::{List, all_ids, property, query_names, runtime, world};

/// The filters that are set, the records that supply their values, and the page size.
#[derive(Debug, Clone)]
struct Choice {
    set: u16,
    /// The filters whose value comes from the second record, so that some combinations match no record.
    second: u16,
    records: (Index, Index),
    part: (Index, Index),
    limit: Option<u32>,
}

fn choices() -> impl Strategy<Value = Choice> {
    let second = (any::<u16>(), any::<u16>(), any::<u16>()).prop_map(|(a, b, c)| a & b & c);
    let limit = prop::option::of(7_u32..=500);
    (
        any::<u16>(),
        second,
        any::<(Index, Index)>(),
        any::<(Index, Index)>(),
        limit,
    )
        .prop_map(|(set, second, records, part, limit)| Choice {
            set,
            second,
            records,
            part,
            limit,
        })
}

type Test<T> = Box<dyn Fn(&T) -> bool>;

/// A list with its filters, and the same filters as predicates on records.
struct Filtered<'a, L: List> {
    list: L,
    choice: &'a Choice,
    all: &'a [L::Item],
    tests: Vec<Test<L::Item>>,
    names: BTreeSet<String>,
    /// The number of filters so far, set or not.
    seen: u32,
}

impl<L: List> Filtered<'_, L> {
    /// Adds a filter if the choice sets it and the chosen record has a value for it.
    fn by<V: Clone + 'static>(
        mut self,
        name: &str,
        value: impl Fn(&L::Item) -> Option<V>,
        set: impl Fn(L, V) -> L,
        test: impl Fn(&L::Item, &V) -> bool + 'static,
    ) -> Self {
        let bit = 1 << self.seen;
        self.seen += 1;
        let (first, second) = &self.choice.records;
        let record = if self.choice.second & bit == 0 {
            first
        } else {
            second
        };
        let record = &self.all[record.index(self.all.len())];
        if self.choice.set & bit != 0
            && let Some(value) = value(record)
        {
            self.names.insert(name.to_owned());
            self.list = set(self.list, value.clone());
            self.tests.push(Box::new(move |item| test(item, &value)));
        }
        self
    }

    /// Adds a filter by equality.
    fn equal<V: Clone + PartialEq + 'static>(
        self,
        name: &str,
        value: impl Fn(&L::Item) -> Option<V> + Copy + 'static,
        set: impl Fn(L, V) -> L,
    ) -> Self {
        self.by(name, value, set, move |item, wanted| {
            value(item).as_ref() == Some(wanted)
        })
    }

    /// Adds a filter by part of a text.
    fn part(
        self,
        name: &str,
        value: impl Fn(&L::Item) -> Option<String> + Copy + 'static,
        set: impl Fn(L, String) -> L,
    ) -> Self {
        let (from, to) = self.choice.part;
        let part = move |item: &L::Item| {
            let text = value(item)?;
            let start = from.index(text.len());
            let end = start + 1 + to.index(text.len() - start);
            Some(text[start..end].to_owned())
        };
        self.by(name, part, set, move |item, part| {
            value(item).is_some_and(|text| text.contains(part.as_str()))
        })
    }

    async fn check(mut self, sandbox: &Sandbox) {
        let name = L::OPERATION.id();
        let expected: Vec<_> = self
            .all
            .iter()
            .filter(|item| self.tests.iter().all(|test| test(item)))
            .map(|item| L::id(item).to_owned())
            .collect();
        if let Some(limit) = self.choice.limit {
            self.list = self.list.at_most(limit);
            self.names.insert("limit".to_owned());
        }
        sandbox.journal().clear();
        let found = all_ids(self.list).await;
        assert_eq!(found, expected, "{name} by {:?}", self.names);
        for entry in sandbox.journal().entries() {
            let mut sent = query_names(entry.query.as_deref());
            sent.remove("nextToken");
            assert_eq!(sent, self.names, "{name}");
        }
    }
}

/// Checks that the server applies any combination of a list's filters as `apply` does.
fn check<L: List>(
    list: impl Fn(&Client) -> L,
    apply: impl for<'a> Fn(Filtered<'a, L>) -> Filtered<'a, L>,
) {
    let runtime = runtime();
    let (sandbox, push) = runtime.block_on(world());
    let all = runtime
        .block_on(list(&push).by_item().try_collect())
        .unwrap();
    property(96, choices(), |choice| {
        let filtered = Filtered {
            list: list(&push),
            choice: &choice,
            all: &all,
            tests: Vec::new(),
            names: BTreeSet::new(),
            seen: 0,
        };
        runtime.block_on(apply(filtered).check(&sandbox));
    });
}

#[test]
fn filters_of_browsers_mean_what_they_say() {
    type L = resources::ListBrowsers;
    check(
        |push| push.browsers().list(),
        |list: Filtered<'_, L>| {
            list.part("email", |b: &Browser| b.email.clone(), L::email)
                .equal("employeeId", |b| b.employee_id.clone(), L::employee_id)
                .equal("browser", |b| b.browser.clone(), L::browser)
                .equal("os", |b| b.os.clone(), L::os)
                .by(
                    "lastOnlineTimestampAfter",
                    |b| b.last_online,
                    L::last_online_after,
                    |b, after| b.last_online >= Some(*after),
                )
                .by(
                    "lastOnlineTimestampBefore",
                    |b| b.last_online,
                    L::last_online_before,
                    |b, before| b.last_online <= Some(*before),
                )
        },
    );
}

#[test]
fn filters_of_accounts_mean_what_they_say() {
    type L = resources::ListAccounts;
    check(
        |push| push.accounts().list(),
        |list: Filtered<'_, L>| {
            list.part("email", |a: &Account| a.email.clone(), L::email)
                .equal("appType", |a| a.app_type.clone(), L::app_type)
                .equal("employeeId", |a| a.employee_id.clone(), L::employee_id)
                .equal("passwordId", |a| a.password_id.clone(), L::password_id)
                .by(
                    "lastUsedTimestampAfter",
                    |a| a.last_used,
                    L::last_used_after,
                    |a, after| a.last_used >= Some(*after),
                )
                .by(
                    "lastUsedTimestampBefore",
                    |a| a.last_used,
                    L::last_used_before,
                    |a, before| a.last_used.is_some_and(|used| used <= *before),
                )
        },
    );
}

/// Returns one or two of a record's permissions.
fn some(values: Option<&Vec<String>>) -> Option<Vec<String>> {
    let values = values.filter(|values| !values.is_empty())?;
    Some(values.iter().take(2).cloned().collect())
}

fn any_of(wanted: &[String], values: Option<&Vec<String>>) -> bool {
    values.is_some_and(|values| values.iter().any(|value| wanted.contains(value)))
}

#[test]
fn filters_of_browser_extensions_mean_what_they_say() {
    type L = resources::ListBrowserExtensions;
    check(
        |push| push.browser_extensions().list(),
        |list: Filtered<'_, L>| {
            list.equal(
                "extensionId",
                |e: &BrowserExtension| e.extension_id.clone(),
                L::extension_id,
            )
            .equal("employeeId", |e| e.employee_id.clone(), L::employee_id)
            .equal("browserId", |e| e.browser_id.clone(), L::browser_id)
            .equal(
                "deploymentMode",
                |e| e.deployment_mode.clone(),
                L::deployment_mode,
            )
            .equal("enabled", |e| e.enabled, L::enabled)
            .by(
                "permissions",
                |e| some(e.permissions.as_ref()),
                L::permissions,
                |e, wanted| any_of(wanted, e.permissions.as_ref()),
            )
            .by(
                "hostPermissions",
                |e| some(e.host_permissions.as_ref()),
                L::host_permissions,
                |e, wanted| any_of(wanted, e.host_permissions.as_ref()),
            )
        },
    );
}

#[test]
fn filters_of_apps_mean_what_they_say() {
    type L = resources::ListApps;
    check(
        |push| push.apps().list(),
        |list: Filtered<'_, L>| {
            list.equal("type", |a: &App| a.kind.clone(), L::kind)
                .equal(
                    "approvalStatus",
                    |a| a.approval_status.clone(),
                    L::approval_status,
                )
                .equal(
                    "sensitivityLevel",
                    |a| a.sensitivity_level.clone(),
                    L::sensitivity_level,
                )
                .equal("ownerId", |a| a.owner_id.clone(), L::owner_id)
                .by(
                    "creationTimestampAfter",
                    |a| a.created,
                    L::created_after,
                    |a, after| a.created >= Some(*after),
                )
                .by(
                    "creationTimestampBefore",
                    |a| a.created,
                    L::created_before,
                    |a, before| a.created <= Some(*before),
                )
        },
    );
}

#[test]
fn filters_of_detections_mean_what_they_say() {
    type L = resources::ListDetections;
    check(
        |push| push.detections().list(),
        |list: Filtered<'_, L>| {
            list.equal("severity", |d: &Detection| d.severity.clone(), L::severity)
                .equal("archived", |d| d.archived, L::archived)
                .equal(
                    "detectionType",
                    |d| d.detection_type.clone(),
                    L::detection_type,
                )
                .equal("employeeId", |d| d.employee_id.clone(), L::employee_id)
                .by(
                    "creationTimestampAfter",
                    |d| d.created,
                    L::created_after,
                    |d, after| d.created >= Some(*after),
                )
                .by(
                    "creationTimestampBefore",
                    |d| d.created,
                    L::created_before,
                    |d, before| d.created <= Some(*before),
                )
        },
    );
}

#[test]
fn filters_of_findings_mean_what_they_say() {
    type L = resources::ListFindings;
    check(
        |push| push.findings().list(),
        |list: Filtered<'_, L>| {
            list.equal("type", |f: &Finding| f.kind.clone(), L::kind)
                .equal("state", |f| f.state.clone(), L::state)
                .equal("employeeId", |f| f.employee_id.clone(), L::employee_id)
                .equal("accountId", |f| f.account_id.clone(), L::account_id)
                .equal("passwordId", |f| f.password_id.clone(), L::password_id)
                .equal("appType", |f| f.app_type.clone(), L::app_type)
                .by(
                    "creationTimestampAfter",
                    |f| f.created,
                    L::created_after,
                    |f, after| f.created >= Some(*after),
                )
                .by(
                    "creationTimestampBefore",
                    |f| f.created,
                    L::created_before,
                    |f, before| f.created <= Some(*before),
                )
        },
    );
}

#[test]
fn filters_of_employees_mean_what_they_say() {
    type L = resources::ListEmployees;
    check(
        |push| push.employees().list(),
        |list: Filtered<'_, L>| {
            list.part("email", |e: &Employee| e.email.clone(), L::email)
                .equal("licensed", |e| e.licensed, L::licensed)
        },
    );
}

#[cfg(feature = "unconfirmed")]
#[test]
fn filters_of_other_apps_and_their_accounts_mean_what_they_say() {
    use push_security_api::types::{AccountOther, AppOther};
    type Accounts = resources::ListAccountsOther;
    check(
        |push| push.accounts_other().list(),
        |list: Filtered<'_, Accounts>| {
            list.part("email", |a: &AccountOther| a.email.clone(), Accounts::email)
                .equal(
                    "employeeId",
                    |a| a.employee_id.clone(),
                    Accounts::employee_id,
                )
                .equal(
                    "otherAppId",
                    |a| a.other_app_id.clone(),
                    Accounts::other_app_id,
                )
                .by(
                    "lastUsedTimestampAfter",
                    |a| a.last_used,
                    Accounts::last_used_after,
                    |a, after| a.last_used >= Some(*after),
                )
                .by(
                    "lastUsedTimestampBefore",
                    |a| a.last_used,
                    Accounts::last_used_before,
                    |a, before| a.last_used <= Some(*before),
                )
        },
    );
    type Apps = resources::ListAppsOther;
    check(
        |push| push.apps_other().list(),
        |list: Filtered<'_, Apps>| {
            list.part("domain", |a: &AppOther| a.domain.clone(), Apps::domain)
        },
    );
}

#[tokio::test]
async fn a_filter_set_again_replaces_the_one_before() {
    let (sandbox, push) = world().await;
    let list = push
        .browser_extensions()
        .list()
        .enabled(true)
        .enabled(false)
        .permissions(["tabs", "storage"])
        .permissions(["cookies"])
        .employee_id("a")
        .employee_id("b");
    list.page().await.unwrap();
    let entries = sandbox.journal().entries();
    assert_eq!(
        entries[0].query.as_deref(),
        Some("enabled=false&permissions=cookies&employeeId=b")
    );
}
