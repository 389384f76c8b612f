//! The seeded organisation, made up.
//!
//! Each list has its own stream of random values, and its creation times rise with its order. All times are before
//! [`ANCHOR`], a fixed moment, so that the same seed gives the same bytes on any day.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::records::{Collection, Record, Store, embedded, names, text};
use crate::common::random::Random;

/// The end of all seeded timestamps: 15 June 2025.
pub(crate) const ANCHOR: i64 = 1_750_000_000;

const DAY: i64 = 86_400;

/// Makes a record, or nothing if the organisation lacks the record that it would belong to.
type Make = fn(&mut Seeding) -> Option<Value>;

/// In the order in which records need each other. The numbers are the days before the anchor on which the first and the
/// last record were created.
const MAKERS: [(Collection, Make, i64, i64); 9] = [
    (Collection::Employees, employee, 800, 400),
    (Collection::Browsers, browser, 400, 30),
    (Collection::Apps, app, 700, 400),
    (Collection::Accounts, account, 400, 30),
    (Collection::AppsOther, app_other, 700, 400),
    (Collection::AccountsOther, account_other, 400, 30),
    (Collection::BrowserExtensions, browser_extension, 30, 2),
    (Collection::Findings, finding, 30, 1),
    (Collection::Detections, detection, 29, 0),
];

/// Creates an organisation with as many records of each collection as `size` says.
pub(crate) fn organisation(seed: u64, size: impl Fn(Collection) -> usize) -> Store {
    let mut seeding = Seeding {
        seed,
        store: Store::new(),
        uses: HashMap::new(),
        random: Random::new(seed, ""),
        number: 0,
        created: 0,
    };
    for (collection, make, first, last) in MAKERS {
        seeding.random = Random::new(seed, collection.name());
        let count = size(collection);
        let step = (first - last) * DAY / i64::try_from(count).unwrap_or(i64::MAX).max(1);
        for number in 0..count {
            let start = ANCHOR - first * DAY + step * number as i64;
            seeding.number = number;
            seeding.created = seeding.random.between(start, start + step);
            let Some(Value::Object(record)) = make(&mut seeding) else {
                break;
            };
            seeding.store.push(collection, record);
        }
    }
    seeding.store
}

/// The organisation so far, and the record that is made next.
struct Seeding {
    seed: u64,
    store: Store,
    /// The number of accounts by password.
    uses: HashMap<String, usize>,
    random: Random,
    number: usize,
    created: i64,
}

impl Seeding {
    fn percent(&mut self, chance: u8) -> bool {
        self.random.percent(chance)
    }

    /// One of these names. Likely ones are listed more than once.
    fn pick(&mut self, list: &str) -> &'static Value {
        let names = names(list);
        &names[self.random.below(names.len())]
    }

    /// One of these names, or null.
    fn perhaps(&mut self, chance: u8, names: &str) -> Option<&'static Value> {
        self.percent(chance).then(|| self.pick(names))
    }

    /// A few of these names, in order.
    fn several(&mut self, count: usize, names: &str) -> Vec<&'static str> {
        let picked = (0..count).filter_map(|_| self.pick(names).as_str());
        let mut several: Vec<_> = picked.collect();
        several.sort_unstable();
        several.dedup();
        several
    }

    /// Any record of a collection.
    fn any(&mut self, of: Collection) -> Option<Arc<Record>> {
        let count = self.store.table(of).len();
        self.any_of_first(count, of)
    }

    /// Any of the first records of a collection.
    fn any_of_first(&mut self, count: usize, of: Collection) -> Option<Arc<Record>> {
        let position = self.random.below(count);
        let rows = self.store.table(of).after(0);
        rows.get(position).map(|(_, row)| Arc::clone(&row.record))
    }

    /// A moment between the record's creation and the anchor.
    fn since(&mut self) -> i64 {
        self.random.between(self.created, ANCHOR)
    }
}

/// The record without these members where they are null.
fn without_nulls(mut record: Value, names: &[&str]) -> Option<Value> {
    let members = record.as_object_mut()?;
    members.retain(|name, value| !(value.is_null() && names.contains(&name.as_str())));
    Some(record)
}

/// A number that makes equal names different.
fn suffix(namesakes: usize) -> String {
    match namesakes {
        0 => String::new(),
        more => (more + 1).to_string(),
    }
}

fn employee(of: &mut Seeding) -> Option<Value> {
    let (firsts, lasts) = (names("first_names"), names("last_names"));
    let pairs = firsts.len() * lasts.len();
    // All pairs of names come before any of them comes again.
    let pair = (Random::new(of.seed, "first employee").below(pairs) + of.number) % pairs;
    let (round, place) = (pair / firsts.len(), pair % firsts.len());
    let first = firsts[place].as_str()?;
    let last = lasts[(round + place) % lasts.len()].as_str()?;
    let email = format!("{first}.{last}{}@example.com", suffix(of.number / pairs));
    let mut groups = of.several(3, "groups");
    if of.percent(10) {
        groups.clear();
    }
    let employee = json!({
        "id": of.random.id(),
        "email": email.to_ascii_lowercase(),
        "firstName": first,
        "lastName": last,
        "department": of.perhaps(88, "departments"),
        "location": of.perhaps(85, "locations"),
        "licensed": of.percent(85),
        "creationTimestamp": of.created,
        "chatopsEnabled": of.percent(30),
        "groups": groups,
    });
    without_nulls(employee, &["department", "location"])
}

fn browser(of: &mut Seeding) -> Option<Value> {
    let employees = of.store.table(Collection::Employees).after(0);
    // Every employee has one browser before any of them has two.
    let owner = (employees.get(of.number)).map(|(_, row)| Arc::clone(&row.record));
    let owner = owner.or_else(|| of.any(Collection::Employees))?;
    let os = of.pick("likely_systems");
    let browser = of.pick(match os.as_str()? {
        "MACOS" | "IOS" => "apple_browsers",
        "ANDROID" => "mobile_browsers",
        _ => "likely_browsers",
    });
    let version = (of.random.between(118, 138), of.random.between(0, 7000));
    let browser = json!({
        "id": of.random.id(),
        "employeeId": owner["id"],
        "email": owner["email"],
        "version": format!("{}.0.{}.0", version.0, version.1),
        "tokenType": of.pick("tokens"),
        "isActive": owner["licensed"] == true && of.percent(92),
        "browser": browser,
        "os": os,
        "extensionVersion": of.pick("extension_versions"),
        "language": of.perhaps(80, "languages"),
        "profileEmail": of.percent(65).then_some(&owner["email"]),
        "profileSyncEnabled": of.percent(80).then(|| of.percent(60)),
        "creationTimestamp": of.created,
        "lastOnlineTimestamp": of.since(),
    });
    without_nulls(browser, &["language", "profileEmail", "profileSyncEnabled"])
}

fn browser_extension(of: &mut Seeding) -> Option<Value> {
    let browser = of.any(Collection::Browsers)?;
    let extension = of.pick("extensions");
    let mut part = |end| of.random.between(0, end);
    let version = format!("{}.{}.{}", 1 + part(8), part(30), part(9));
    let extension = json!({
        "id": of.random.id(),
        "extensionId": extension["id"],
        "employeeId": browser["employeeId"],
        "browserId": browser["id"],
        "name": extension["name"],
        "description": of.percent(85).then_some(&extension["description"]),
        "version": version,
        "deploymentMode": of.pick("deployment_modes"),
        "permissions": extension["permissions"],
        "hostPermissions": extension["host_permissions"],
        "enabled": of.percent(88),
        "creationTimestamp": of.created,
    });
    without_nulls(extension, &["description"])
}

fn app(of: &mut Seeding) -> Option<Value> {
    let apps = names("apps");
    let known = &apps[of.number % apps.len()];
    let more = suffix(of.number / apps.len());
    let kind = format!("{}_{more}", known[0].as_str()?);
    let kind = kind.trim_end_matches('_');
    let name = format!("{} {more}", known[1].as_str()?);
    let name = name.trim_end();
    let owner = of.any(Collection::Employees);
    let slug = kind.to_ascii_lowercase().replace('_', "-");
    let labels = of.random.below(3);
    let app = json!({
        "id": of.random.id(),
        "type": kind,
        "approvalStatus": of.perhaps(65, "approval_statuses"),
        "sensitivityLevel": of.perhaps(55, "sensitivity_levels"),
        "ownerId": owner.filter(|_| of.percent(40)).map(|owner| owner["id"].clone()),
        "notes": of.perhaps(35, "app_notes"),
        "website": format!("https://{slug}.example.com"),
        "description": format!("{name} as a service"),
        "friendlyName": name,
        "labels": of.several(labels, "app_labels"),
        "creationTimestamp": of.created,
    });
    without_nulls(app, &["notes"])
}

fn app_other(of: &mut Seeding) -> Option<Value> {
    let words = names("site_words");
    let word = words[of.number % words.len()].as_str()?;
    let round = suffix(of.number / words.len());
    Some(json!({
        "id": of.random.id(),
        "domain": format!("{word}{round}.example.com"),
        "requestSupportStatus": "DISCOVERED",
        "hidden": of.percent(10),
        "creationTimestamp": of.created,
    }))
}

fn login_methods(of: &mut Seeding) -> Option<Value> {
    let password = of.percent(70);
    let used = of.since();
    let mut methods = json!({
        "passwordLogin": password,
        "lastPasswordLoginTimestamp": password.then_some(used),
        "oidcLogin": null,
        "samlLogin": null,
        "oktaSwaLogin": of.percent(3),
        "vendorSsoLogin": null,
        "fedCmLogin": null,
    });
    if !password || of.percent(25) {
        let (method, provider) = match of.random.below(10) {
            0..=5 => ("oidcLogin", of.pick("identity_providers").clone()),
            6..=7 => ("samlLogin", of.pick("identity_providers").clone()),
            8 => ("vendorSsoLogin", of.pick("identity_providers").clone()),
            _ => ("fedCmLogin", json!("GOOGLE_WORKSPACE")),
        };
        methods[method] = provider;
    }
    without_nulls(methods, &["lastPasswordLoginTimestamp"])
}

fn account(of: &mut Seeding) -> Option<Value> {
    let owner = of.any(Collection::Employees)?;
    // Popular apps come first in the list.
    let reach = 1 + of.random.below(of.store.table(Collection::Apps).len());
    let app = of.any_of_first(reach, Collection::Apps)?;
    let methods = login_methods(of)?;
    // Passwords are reused: each employee has a few.
    let purpose = format!("password {} of {}", of.random.below(6), owner["id"]);
    let password = Random::new(of.seed, &purpose).id();
    let password = (methods["passwordLogin"] == true).then_some(password);
    if let Some(password) = &password {
        *of.uses.entry(password.clone()).or_default() += 1;
    }
    let mfa = of.percent(80).then(|| of.percent(60));
    let mfa_methods =
        mfa.map(|registered| of.several(if registered { 2 } else { 0 }, "mfa_methods"));
    Some(json!({
        "id": of.random.id(),
        "employeeId": owner["id"],
        "appType": app["type"],
        "appId": app["id"],
        "email": owner["email"],
        "mfaRegistered": mfa,
        "mfaMethods": mfa_methods,
        "passwordId": password,
        "loginMethods": methods,
        "creationTimestamp": of.created,
        "lastUsedTimestamp": of.percent(92).then(|| of.since()),
    }))
}

fn account_other(of: &mut Seeding) -> Option<Value> {
    let owner = of.any(Collection::Employees)?;
    let app = of.any(Collection::AppsOther)?;
    let methods = login_methods(of)?;
    let password = of.random.id();
    Some(json!({
        "id": of.random.id(),
        "employeeId": owner["id"],
        "otherAppId": app["id"],
        "email": owner["email"],
        "passwordId": (methods["passwordLogin"] == true).then_some(password),
        "loginMethods": methods,
        "creationTimestamp": of.created,
        "lastUsedTimestamp": of.since(),
    }))
}

fn finding(of: &mut Seeding) -> Option<Value> {
    let account = of.any(Collection::Accounts)?;
    let methods = &account["loginMethods"];
    let password = text(&account, "passwordId");
    let mut kinds = vec!["SHARED_ACCOUNT"];
    if account["mfaRegistered"] == false {
        kinds.push("MFA_NOT_REGISTERED");
    }
    if methods["oidcLogin"].is_string() || methods["samlLogin"].is_string() {
        kinds.push("UNUSED_THIRD_PARTY_APP");
    }
    if !password.is_empty() {
        kinds.extend([
            "WEAK_PASSWORD",
            "LEAKED_PASSWORD",
            "PASSWORD_MANAGER_NOT_USED",
            "STOLEN_CREDENTIALS",
        ]);
        kinds.extend((of.uses[password] > 1).then_some("REUSED_PASSWORD"));
    }
    let kind = of.random.pick(&kinds);
    let about_password = !matches!(
        kind,
        "MFA_NOT_REGISTERED" | "UNUSED_THIRD_PARTY_APP" | "SHARED_ACCOUNT"
    );
    // A reused password belongs to several accounts.
    let about_account = kind != "REUSED_PASSWORD";
    Some(json!({
        "id": of.random.id(),
        "type": kind,
        "state": if of.percent(65) { "OPEN" } else { "RESOLVED" },
        "employeeId": (kind != "SHARED_ACCOUNT").then_some(&account["employeeId"]),
        "passwordId": about_password.then_some(&account["passwordId"]),
        "accountId": about_account.then_some(&account["id"]),
        "appType": about_account.then_some(&account["appType"]),
        "appId": about_account.then_some(&account["appId"]),
        "weakPasswordReasons": (kind == "WEAK_PASSWORD").then_some(["COMMON_BASE_WORD"]),
        "creationTimestamp": of.created,
    }))
}

fn detection(of: &mut Seeding) -> Option<Value> {
    let browser = of.any(Collection::Browsers)?;
    let employees = of.store.table(Collection::Employees);
    let owner = &employees.get(text(&browser, "employeeId"))?.record;
    let owner = Arc::clone(owner);
    let until = (of.created + DAY).min(ANCHOR);
    let (id, last) = (of.random.id(), of.random.between(of.created, until));
    let mut made = detected(id, &owner, of.created, last);
    made["browserId"] = browser["id"].clone();
    made["severity"] = of.pick("likely_severities").clone();
    made["detectionType"] = of.pick("detection_types").clone();
    made["response"] = json!(of.perhaps(88, "responses"));
    made["archived"] = json!(of.percent(20));
    without_nulls(made, &["response"])
}

/// A detection of an employee's stolen credentials.
pub(crate) fn detected(id: String, employee: &Record, at: i64, last_activity: i64) -> Value {
    json!({
        "id": id,
        "employeeId": employee["id"],
        "employee": embedded(employee),
        "severity": "HIGH",
        "detectionType": "STOLEN_CREDENTIALS",
        "response": "EMPLOYEE_WARNED",
        "archived": false,
        "detectionLink": format!("https://console.example.com/app/detections?id={id}"),
        "creationTimestamp": at,
        "lastActivityTimestamp": last_activity,
    })
}
