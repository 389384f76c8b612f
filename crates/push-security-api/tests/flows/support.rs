//! A small organisation in the sandbox, clients, and the common interface of all lists.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestError, TestRunner};
use push_security_api::types::{
    AppUpdate, ApprovalStatus, Detection, DetectionUpdate, Employee, EmployeeUpdate,
    LoginMethodName,
};
use push_security_api::{
    Call, Client, ClientBuilder, Error, Items, Operation, Page, Pages, RateLimiter, RawItems,
    RetryPolicy, operations,
};
use security_api_sandbox::{PushSecurityOptions, Sandbox, SandboxBuilder};
use serde::de::DeserializeOwned;

/// Returns the sizes of an organisation with a few hundred records, whose lists are quick to read.
pub(crate) fn sizes() -> PushSecurityOptions {
    PushSecurityOptions::default()
        .employees(53)
        .browsers(130)
        .accounts(170)
        .apps(37)
        .apps_other(41)
        .accounts_other(47)
        .browser_extensions(150)
        .findings(120)
        .detections(61)
}

/// Returns a sandbox of that size without a rate limit.
pub(crate) fn unlimited() -> SandboxBuilder {
    Sandbox::builder().rate_limits(false).push_security(sizes())
}

pub(crate) async fn sandbox() -> Sandbox {
    unlimited().start().await.expect("a sandbox")
}

/// Returns a client with the default limits and retries.
pub(crate) fn plain(sandbox: &Sandbox) -> ClientBuilder {
    let push = sandbox.push_security();
    Client::builder(push.api_key())
        .base_url(push.base_url())
        .no_proxy()
}

/// Returns a client that waits neither for permits nor long between retries.
pub(crate) fn builder(sandbox: &Sandbox, key: &str) -> ClientBuilder {
    Client::builder(key)
        .base_url(sandbox.push_security().base_url())
        .no_proxy()
        .limiter(RateLimiter::unlimited())
        .retry(short_waits())
}

pub(crate) fn short_waits() -> RetryPolicy {
    RetryPolicy::default().backoff(Duration::from_millis(1), Duration::from_millis(10))
}

pub(crate) fn client(sandbox: &Sandbox) -> Client {
    builder(sandbox, sandbox.push_security().api_key())
        .build()
        .expect("a client")
}

pub(crate) async fn world() -> (Sandbox, Client) {
    let sandbox = sandbox().await;
    let push = client(&sandbox);
    (sandbox, push)
}

/// Returns a detection that is not archived.
pub(crate) async fn open_detection(push: &Client) -> Detection {
    let list = push.detections().list().archived(false).limit(1);
    list.page().await.unwrap().items()[0].clone()
}

/// Returns an employee who has a licence.
pub(crate) async fn licensed_employee(push: &Client) -> Employee {
    let list = push.employees().list().licensed(true).limit(1);
    list.page().await.unwrap().items()[0].clone()
}

/// Returns the statuses of all responses, in order.
pub(crate) fn statuses(sandbox: &Sandbox) -> Vec<Option<u16>> {
    let entries = sandbox.journal().entries();
    entries.iter().map(|entry| entry.status).collect()
}

/// Returns the names in a query.
pub(crate) fn query_names(query: Option<&str>) -> BTreeSet<String> {
    let pairs = query.unwrap_or_default().split('&');
    pairs
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split('=').next().unwrap_or_default().to_owned())
        .collect()
}

/// Runs a property test without writing a file. A failure prints the smallest case.
pub(crate) fn property<S: Strategy>(cases: u32, strategy: S, test: impl Fn(S::Value)) {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: 300,
        ..Config::default()
    };
    let outcome = TestRunner::new(config).run(&strategy, |value| {
        test(value);
        Ok(())
    });
    match outcome {
        Ok(()) => {}
        Err(TestError::Fail(why, smallest)) => panic!("{why}\nsmallest case: {smallest:#?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
}

/// A list operation of any resource.
pub(crate) trait List: Clone + Send + 'static {
    type Item: DeserializeOwned + PartialEq + Debug + Send + 'static;

    const OPERATION: &'static Operation;

    fn at_most(self, limit: u32) -> Self;
    fn skipping(self, offset: u32) -> Self;
    fn one_page(self) -> Call<Page<Self::Item>>;
    fn by_page(self) -> Pages<Self::Item>;
    fn by_item(self) -> Items<Self::Item>;
    fn raw(self) -> RawItems;
    fn id(item: &Self::Item) -> &str;
}

macro_rules! lists {
    ($($(#[$cfg:meta])? $list:ident of $item:ident: $operation:ident;)+) => {$(
        $(#[$cfg])?
        impl List for push_security_api::resources::$list {
            type Item = push_security_api::types::$item;

            const OPERATION: &'static Operation = &operations::$operation;

            fn at_most(self, limit: u32) -> Self {
                self.limit(limit)
            }

            #[expect(deprecated, reason = "it is there as long as the service has it")]
            fn skipping(self, offset: u32) -> Self {
                self.offset(offset)
            }

            fn one_page(self) -> Call<Page<Self::Item>> {
                self.page()
            }

            fn by_page(self) -> Pages<Self::Item> {
                self.pages()
            }

            fn by_item(self) -> Items<Self::Item> {
                self.items()
            }

            fn raw(self) -> RawItems {
                self.raw_items()
            }

            fn id(item: &Self::Item) -> &str {
                &item.id
            }
        }
    )+};
}

lists! {
    ListBrowsers of Browser: BROWSERS_LIST;
    ListAccounts of Account: ACCOUNTS_LIST;
    ListApps of App: APPS_LIST;
    ListBrowserExtensions of BrowserExtension: BROWSER_EXTENSIONS_LIST;
    ListDetections of Detection: DETECTIONS_LIST;
    ListEmployees of Employee: EMPLOYEES_LIST;
    ListFindings of Finding: FINDINGS_LIST;
    #[cfg(feature = "unconfirmed")]
    ListAccountsOther of AccountOther: ACCOUNTS_OTHER_LIST;
    #[cfg(feature = "unconfirmed")]
    ListAppsOther of AppOther: APPS_OTHER_LIST;
}

/// Calls an async function with every list and the number of its records in the sandbox.
macro_rules! for_every_list {
    ($sandbox:expr, $push:expr, $check:ident $(, $more:expr)*) => {{
        let counts = $sandbox.push_security().counts();
        $check($push.browsers().list(), counts.browsers $(, $more)*).await;
        $check($push.accounts().list(), counts.accounts $(, $more)*).await;
        $check($push.apps().list(), counts.apps $(, $more)*).await;
        $check($push.browser_extensions().list(), counts.browser_extensions $(, $more)*).await;
        $check($push.detections().list(), counts.detections $(, $more)*).await;
        $check($push.employees().list(), counts.employees $(, $more)*).await;
        $check($push.findings().list(), counts.findings $(, $more)*).await;
        #[cfg(feature = "unconfirmed")]
        {
            $check($push.accounts_other().list(), counts.accounts_other $(, $more)*).await;
            $check($push.apps_other().list(), counts.apps_other $(, $more)*).await;
        }
    }};
}
pub(crate) use for_every_list;

/// Returns the ids of all items, read one by one.
pub(crate) async fn all_ids<L: List>(list: L) -> Vec<String> {
    let items = list.by_item().try_collect().await.expect("a whole list");
    items.iter().map(|item| L::id(item).to_owned()).collect()
}

/// Returns the id of a raw item.
pub(crate) fn raw_id(raw: &push_security_api::RawJson) -> String {
    let value: serde_json::Value = raw.decode().expect("an object");
    value["id"].as_str().expect("an id").to_owned()
}

/// A pending call whose value does not matter.
pub(crate) type Outcome = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

fn outcome<T: push_security_api::middleware::FromResponse + 'static>(call: Call<T>) -> Outcome {
    let sending = call.send();
    Box::pin(async move { sending.await.map(drop) })
}

/// Returns every call on a single object with this id, by operation.
pub(crate) fn calls_on(push: &Client, id: &str) -> Vec<(&'static Operation, Outcome)> {
    let app = AppUpdate::new().approval_status(ApprovalStatus::Approved);
    let detection = DetectionUpdate::new().archived(true);
    let employee = EmployeeUpdate::new().licensed(false);
    let password = LoginMethodName::UsernamePassword;
    vec![
        (&operations::BROWSERS_GET, outcome(push.browsers().get(id))),
        (&operations::ACCOUNTS_GET, outcome(push.accounts().get(id))),
        (
            &operations::ACCOUNTS_DELETE,
            outcome(push.accounts().delete(id)),
        ),
        (
            &operations::ACCOUNTS_REMOVE_LOGIN_METHOD,
            outcome(push.accounts().remove_login_method(id, password)),
        ),
        (&operations::APPS_GET, outcome(push.apps().get(id))),
        (
            &operations::APPS_UPDATE,
            outcome(push.apps().update(id, app)),
        ),
        (
            &operations::DETECTIONS_GET,
            outcome(push.detections().get(id)),
        ),
        (
            &operations::DETECTIONS_UPDATE,
            outcome(push.detections().update(id, detection)),
        ),
        (
            &operations::EMPLOYEES_GET,
            outcome(push.employees().get(id)),
        ),
        (
            &operations::EMPLOYEES_UPDATE,
            outcome(push.employees().update(id, employee)),
        ),
        (&operations::FINDINGS_GET, outcome(push.findings().get(id))),
        #[cfg(feature = "unconfirmed")]
        (
            &operations::ACCOUNTS_OTHER_GET,
            outcome(push.accounts_other().get(id)),
        ),
        #[cfg(feature = "unconfirmed")]
        (
            &operations::ACCOUNTS_OTHER_DELETE,
            outcome(push.accounts_other().delete(id)),
        ),
        #[cfg(feature = "unconfirmed")]
        (
            &operations::APPS_OTHER_GET,
            outcome(push.apps_other().get(id)),
        ),
        #[cfg(feature = "unconfirmed")]
        (
            &operations::BROWSER_EXTENSIONS_GET,
            outcome(push.browser_extensions().get(id)),
        ),
        #[cfg(feature = "unconfirmed")]
        (
            &operations::EMPLOYEES_ADD_TO_GROUPS,
            outcome(push.employees().add_to_groups(id, ["Contractors"])),
        ),
        #[cfg(feature = "unconfirmed")]
        (
            &operations::EMPLOYEES_REMOVE_FROM_GROUPS,
            outcome(push.employees().remove_from_groups(id, ["Contractors"])),
        ),
    ]
}
