//! The records that companies start with.

pub(super) mod seeding;

use std::sync::Arc;

use serde_json::{Value, json};

use self::seeding::{LONG_AGO, LONG_AGO_MILLIS, MINUTE, Seeding};
use crate::core::random::{ALPHANUMERIC, Random};
use crate::keepnet::dates;
use crate::keepnet::features::admin;
use crate::keepnet::features::custom_fields::FIELDS;
use crate::keepnet::features::memberships::{self, MEMBERSHIP, USERS};
use crate::keepnet::features::people::{self, PRIORITIES};
use crate::keepnet::features::settings;
use crate::keepnet::features::{incidents, investigations, phishing, training};
use crate::keepnet::options::KeepnetOptions;
use crate::keepnet::records::audit_log::Change;
use crate::keepnet::records::company::{COMPANIES, PARENT, complete, find};
use crate::keepnet::records::store::Store;
use crate::keepnet::records::{Row, record, row, text};
use crate::keepnet::state::{Inner, State};

const FIRST_NAMES: [&str; 12] = [
    "Ada", "Ben", "Chloe", "Deniz", "Elif", "Farid", "Grace", "Hugo", "Ines", "Jonas", "Kiran",
    "Lena",
];
const LAST_NAMES: [&str; 12] = [
    "Archer", "Bakker", "Costa", "Demir", "Evans", "Fischer", "Grant", "Haddad", "Ito", "Jansen",
    "Kaya", "Lopez",
];
const DEPARTMENTS: [&str; 5] = ["Finance", "Sales", "Engineering", "People", "Operations"];
const GROUPS: [&str; 4] = ["Everyone", "Finance", "Newcomers", "Managers"];
const INDUSTRIES: [&str; 4] = ["Retail", "Healthcare", "Banking", "Education"];

/// The reseller and the companies below it: their ids, the reseller's first.
pub(crate) fn companies(store: &mut Store, seed: u64, options: &KeepnetOptions) -> Vec<String> {
    let mut random = Random::new(seed, "keepnet companies");
    let mut ids = Vec::new();
    for number in 0..=options.companies {
        let id = random.text(ALPHANUMERIC, 12);
        let parent = ids.first().cloned().unwrap_or_default();
        let name = match number {
            0 => "Example Reseller".to_owned(),
            number => format!("Example Company {number}"),
        };
        let reseller = if number == 0 { "" } else { "Example Reseller" };
        let mut company = record(json!({
            "resourceId": id,
            "id": number + 1,
            "name": name,
            "resellerName": reseller,
            "description": "",
            "industryName": random.pick(&INDUSTRIES),
            "industryResourceId": random.text(ALPHANUMERIC, 12),
            "countryName": "Netherlands",
            "countryCode": "NL",
            "websiteUrl": format!("https://company{number}.example"),
            "logoUrl": format!("https://company{number}.example/logo.png"),
            "licenseTypeName": "Enterprise",
            "licenseTypeResourceId": random.text(ALPHANUMERIC, 12),
            "licenseStartDate": LONG_AGO,
            "licenseEndDate": "2036-01-05T08:00:00.000Z",
            "isNumberOfUsersLimited": true,
            "numberOfUsers": options.target_users + 50,
            "statusId": 1,
            "timeZoneId": "UTC",
            "dateFormat": "DD/MM/YYYY",
            "timeFormat": "HH:mm",
            "createTime": LONG_AGO,
            "tags": [],
        }));
        company.insert(PARENT.to_owned(), json!(parent));
        complete(&mut company);
        store.push("", COMPANIES, company);
        ids.push(id);
    }
    ids
}

/// Makes the company's records if that has not been done yet.
pub(crate) fn ready(state: &State, inner: &mut Inner, id: &str) {
    if !inner.store.seeded.iter().any(|seeded| seeded == id) {
        inner.store.seeded.push(id.to_owned());
        company(&mut inner.store, state, id);
    }
}

/// Fills the tables of a company.
fn company(store: &mut Store, state: &State, company: &str) {
    // A stream for each company: none depends on which is asked for first.
    let mut random = Random::new(state.seed, &format!("keepnet company {company}"));
    let mut seeding = Seeding {
        store,
        options: &state.options,
        company,
        random: &mut random,
    };
    seeding.roles();
    seeding.groups();
    seeding.target_users();
    seeding.system_users();
    settings::seed(&mut seeding);
    phishing::seed(&mut seeding);
    training::seed(&mut seeding);
    incidents::seed(&mut seeding);
    investigations::seed(&mut seeding);
    seeding.audit();
}

impl Seeding<'_> {
    fn roles(&mut self) {
        let own = find(self.store, self.company);
        let reseller = own.is_some_and(|company| text(company, PARENT).is_empty());
        let names: &[&str] = match reseller {
            true => &["Company Admin", "Reseller"],
            false => &["Company Admin"],
        };
        for name in names {
            self.add(
                admin::ROLES,
                json!({
                    "name": name,
                    "roleName": name,
                    "description": name,
                    "roleDescription": name,
                    "typeName": "Default",
                    "permissionResourceIdList": [],
                }),
            );
        }
    }

    fn groups(&mut self) {
        for name in GROUPS {
            self.add(
                memberships::GROUPS,
                json!({ "name": name, "priority": "Medium", "createDate": LONG_AGO }),
            );
        }
        for (order, (name, kind)) in [("Location", "String"), ("Start date", "Date")]
            .into_iter()
            .enumerate()
        {
            self.add(
                FIELDS,
                json!({
                    "name": name,
                    "ownerType": "Company",
                    "fieldDataType": kind,
                    "isActive": true,
                    "sortOrder": order + 1,
                }),
            );
        }
    }

    fn target_users(&mut self) {
        let ids = |rows: &[Row]| -> Vec<String> {
            let ids = rows.iter().map(|row| text(row, "resourceId").to_owned());
            ids.collect()
        };
        let groups = ids(self.store.table(self.company, memberships::GROUPS));
        let fields = ids(self.store.table(self.company, FIELDS));
        for number in 0..self.options.target_users {
            let first = self.random.pick(&FIRST_NAMES);
            let last = self.random.pick(&LAST_NAMES);
            let department = self.random.pick(&DEPARTMENTS);
            let domain = format!("{}.example", self.company.to_lowercase());
            let email = format!("{first}.{last}{number}@{domain}").to_lowercase();
            let mut of = vec![groups[0].clone()];
            if department == "Finance" {
                of.push(groups[1].clone());
            }
            if self.random.percent(10) {
                of.push(groups[2].clone());
            }
            let phone = match self.random.percent(60) {
                true => json!(format!("+3160000{number:04}")),
                false => Value::Null,
            };
            let mut user = record(json!({
                "email": email,
                "firstName": first,
                "lastName": last,
                "department": department,
                "priority": self.random.pick(&PRIORITIES),
                "isActive": self.random.percent(90),
                "phoneNumber": phone,
                "timeZoneId": "UTC",
                "preferredLanguageId": "en",
                "customFieldValues": [{
                    "resourceId": fields[0],
                    "name": "Location",
                    "dataType": "String",
                    "value": self.random.pick(&["Utrecht", "Izmir", "Leeds"]),
                    "timestampValue": null,
                }],
                "createTime": dates::iso(LONG_AGO_MILLIS + number as i64 * MINUTE),
            }));
            user.insert(MEMBERSHIP.to_owned(), json!(of));
            // The address is made to be a valid one.
            let _ = people::complete(&mut user);
            self.add(USERS, Value::Object(user));
        }
    }

    fn system_users(&mut self) {
        let role = self
            .store
            .table(self.company, admin::ROLES)
            .first()
            .cloned();
        let role = role.unwrap_or_else(|| row(json!({})));
        let company = find(self.store, self.company).map(Arc::clone);
        let company = company.map_or(Value::Null, |company| json!(text(&company, "name")));
        for (first, last) in [("Example", "Admin"), ("Second", "Admin")] {
            let email = format!("{first}.{last}@{}.example", self.company).to_lowercase();
            self.add(
                admin::USERS,
                json!({
                    "firstName": first,
                    "lastName": last,
                    "email": email,
                    "phoneNumber": "+31600000000",
                    "roles": text(&role, "name"),
                    "roleResourceIdList": [text(&role, "resourceId")],
                    "companyName": company,
                    "companyResourceId": self.company,
                    "statusId": 1,
                    "statusName": "Active",
                }),
            );
        }
    }

    fn audit(&mut self) {
        for number in 0..self.options.audit_records {
            let at = LONG_AGO_MILLIS + number as i64 * MINUTE;
            audit_record(self.store, self.company, at, number);
        }
    }
}

/// An entry in the audit log that no request made.
pub(crate) fn audit_record(store: &mut Store, company: &str, millis: i64, number: usize) {
    let after = record(json!({ "number": number }));
    let change = Change {
        user: "Example Admin",
        entity: "TargetUser",
        operation: if number.is_multiple_of(2) {
            "Create"
        } else {
            "Update"
        },
        id: &format!("seeded{number:06}"),
        before: None,
        after: Some(&after),
        address: "192.0.2.7",
        agent: "Mozilla/5.0",
    };
    store.log(company, millis, &change);
}
