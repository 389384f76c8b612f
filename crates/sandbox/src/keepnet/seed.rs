//! The made-up records that companies start with.

use std::sync::{Arc, LazyLock};

use serde_json::{Value, json};

use super::dates::{LONG_AGO, LONG_AGO_MILLIS, iso};
use super::features::incidents::{self, EMAILS};
use super::features::investigations::INVESTIGATIONS;
use super::features::memberships::{GROUPS, MEMBERSHIP, USERS};
use super::features::people::{self, PRIORITIES};
use super::features::phishing::PHISHING_CAMPAIGNS;
use super::features::training::ENROLLMENTS;
use super::features::{admin, rounds};
use super::options::KeepnetOptions;
use super::records::company::{COMPANIES, PARENT, find};
use super::records::store::{SHARED, Store};
use super::records::templates::fill;
use super::records::{Record, Row, integer, record, text};
use super::state::{Inner, State};
use crate::common::random::{ALPHANUMERIC, Random};

const MINUTE: i64 = 60_000;

/// Records and names. In texts of the records, `$company` stands for the company's id. A text may also be `$name` for the
/// company's name, `$id` for the record's own id, `$time` for [`LONG_AGO`], or `$` and the path of a collection for the
/// id of its first record.
static SAMPLES: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("seed/samples.json")).expect("samples.json keeps to its form")
});

fn sample(name: &str) -> Record {
    record(SAMPLES[name].clone())
}

fn pick<'a>(random: &mut Random, names: &str) -> &'a str {
    let names = SAMPLES[names].as_array().map_or(&[][..], Vec::as_slice);
    names[random.below(names.len())]
        .as_str()
        .unwrap_or_default()
}

/// Makes the reseller and the companies below it. Returns their ids, the reseller's first.
pub(crate) fn companies(store: &mut Store, seed: u64, options: &KeepnetOptions) -> Vec<String> {
    let mut random = Random::new(seed, "keepnet companies");
    let mut ids: Vec<String> = Vec::new();
    for number in 0..=options.companies {
        let id = random.text(ALPHANUMERIC, 12);
        let (name, reseller) = match number {
            0 => ("Example Reseller".to_owned(), ""),
            number => (format!("Example Company {number}"), "Example Reseller"),
        };
        let mut company = sample("companies");
        company.extend(record(json!({
            "resourceId": id,
            "companyResourceId": id,
            "id": number + 1,
            "name": name,
            "companyName": name,
            "resellerName": reseller,
            "industryName": pick(&mut random, "industries"),
            "industryResourceId": random.text(ALPHANUMERIC, 12),
            "websiteUrl": format!("https://company{number}.example"),
            "logoUrl": format!("https://company{number}.example/logo.png"),
            "licenseTypeResourceId": random.text(ALPHANUMERIC, 12),
            "licenseStartDate": LONG_AGO,
            "numberOfUsers": options.target_users + 50,
            "targetUserCount": options.target_users,
            "createTime": LONG_AGO,
            PARENT: ids.first().cloned().unwrap_or_default(),
        })));
        store.push(SHARED, COMPANIES, company);
        ids.push(id);
    }
    ids
}

/// Makes the company's records unless they have been made.
pub(crate) fn ready(state: &State, inner: &mut Inner, id: &str) {
    if inner.store.seeded.iter().any(|seeded| seeded == id) {
        return;
    }
    inner.store.seeded.push(id.to_owned());
    let company = find(&inner.store, id);
    let mut seeding = Seeding {
        company: id,
        name: company.map_or_else(String::new, |company| text(company, "name").to_owned()),
        is_reseller: company.is_some_and(|company| text(company, PARENT).is_empty()),
        store: &mut inner.store,
        options: &state.options,
        // Each company has its own numbers, so the order of the requests does not matter.
        random: Random::new(state.seed, &format!("keepnet company {id}")),
    };
    seeding.records();
    seeding.target_users();
    seeding.notified_emails();
    seeding.rounds();
    for number in 0..seeding.options.audit_records {
        let at = LONG_AGO_MILLIS + number as i64 * MINUTE;
        audit_record(seeding.store, id, at, number);
    }
}

struct Seeding<'a> {
    store: &'a mut Store,
    options: &'a KeepnetOptions,
    company: &'a str,
    name: String,
    is_reseller: bool,
    random: Random,
}

impl Seeding<'_> {
    /// Adds a record. Each gets an id and a few other members.
    fn add(&mut self, table: &'static str, mut members: Value) {
        let id = self.random.text(ALPHANUMERIC, 12);
        fill(&mut members, &|name| match name {
            "id" => id.clone().into(),
            "time" => LONG_AGO.into(),
            "name" => self.name.clone().into(),
            path => self.first(path),
        });
        let mut new: Record = record(json!({
            "resourceId": id,
            "createTime": LONG_AGO,
            "createdBy": "Example Admin",
            "isEditable": true,
            "isOwner": true,
        }));
        new.extend(record(members));
        self.store.push(self.company, table, new);
    }

    /// The id of the first record of a collection.
    fn first(&self, path: &str) -> Value {
        let first = self.store.table(self.company, path).first();
        first.map_or(Value::Null, |row| row["resourceId"].clone())
    }

    fn records(&mut self) {
        let samples = SAMPLES["records"].as_array();
        for sample in samples.into_iter().flatten() {
            let path = sample[0].as_str().unwrap_or_default();
            if path == admin::ROLES && sample[1]["name"] == "Reseller" && !self.is_reseller {
                continue;
            }
            let members = sample[1].to_string().replace("$company", self.company);
            let members = serde_json::from_str(&members).expect("an id needs no escapes in JSON");
            self.add(path, members);
        }
    }

    fn ids(&self, table: &'static str) -> Vec<String> {
        let rows = self.store.table(self.company, table).iter();
        rows.map(|row| text(row, "resourceId").to_owned()).collect()
    }

    fn target_users(&mut self) {
        let groups = self.ids(GROUPS);
        for number in 0..self.options.target_users {
            let first = pick(&mut self.random, "first_names");
            let last = pick(&mut self.random, "last_names");
            let department = pick(&mut self.random, "departments");
            let email = format!("{first}.{last}{number}@{}.example", self.company);
            let mut of = vec![&groups[0]];
            of.extend((department == "Finance").then_some(&groups[1]));
            of.extend(self.random.percent(10).then_some(&groups[2]));
            let phone = format!("+3160000{number:04}");
            let mut user = sample("target_user");
            user.extend(record(json!({
                "email": email.to_lowercase(),
                "firstName": first,
                "lastName": last,
                "department": department,
                "priority": self.random.pick(&PRIORITIES),
                "isActive": self.random.percent(90),
                "phoneNumber": self.random.percent(60).then_some(phone),
                "customFieldValues": [{
                    "resourceId": "customfield1",
                    "name": "Location",
                    "dataType": "String",
                    "value": pick(&mut self.random, "places"),
                    "timestampValue": null,
                }],
                "createTime": iso(LONG_AGO_MILLIS + number as i64 * MINUTE),
                MEMBERSHIP: of,
            })));
            // Only a wrong address would be refused.
            let _ = people::complete(&mut user);
            self.add(USERS, Value::Object(user));
        }
    }

    fn notified_emails(&mut self) {
        let users = self.store.table(self.company, USERS).to_vec();
        for number in 0..self.options.notified_emails {
            let at = iso(LONG_AGO_MILLIS + number as i64 * 30 * MINUTE);
            let reporter = users.get(self.random.below(users.len()));
            let reporter = reporter.map_or("somebody@company.example", |user| text(user, "email"));
            let subject = pick(&mut self.random, "subjects");
            let attachments = (0..self.random.below(3)).map(|at| {
                let mut attachment = sample("attachment");
                let id = format!("{:09}att", number * 10 + at);
                attachment.insert("resourceId".to_owned(), id.into());
                attachment.insert("name".to_owned(), format!("document{at}.pdf").into());
                attachment
            });
            let attachments: Vec<_> = attachments.collect();
            let mut email = sample("notified_email");
            email.extend(record(json!({
                "reportedBy": reporter,
                "senderIp": format!("198.51.100.{}", number % 250 + 1),
                "subject": subject,
                "from": format!("sender{}@mail.example", self.random.below(9)),
                "to": [reporter],
                "attachmentCount": attachments.len(),
                "attachments": attachments,
                "status": self.random.pick(&incidents::STATUSES),
                "result": self.random.pick(&incidents::RESULTS),
                "htmlBody": format!("<p>{subject}</p>"),
                "createTime": at,
                "receivedDate": at,
                "analysisDate": at,
                "lastUpdateDate": at,
            })));
            self.add(EMAILS, Value::Object(email));
        }
    }

    /// The seeded campaigns and enrolments are about all target users, and the investigation about some of them.
    fn rounds(&mut self) {
        let people = self.store.table(self.company, USERS).to_vec();
        let table = |path: &str| self.store.table(self.company, path);
        let of: Vec<Row> = [table(PHISHING_CAMPAIGNS.path), table(ENROLLMENTS.path)].concat();
        for one in of {
            let schedule = rounds::Schedule {
                // 2 saves it for later.
                start: (integer(&one, "scheduleTypeId") != 2).then_some(LONG_AGO_MILLIS),
                days: Some(30),
            };
            let id = text(&one, "resourceId");
            let round = rounds::round(id, 1, schedule, &[], &people, LONG_AGO);
            self.store.push(self.company, rounds::ROUNDS, round);
        }
        let mailboxes: Vec<_> = people.iter().take(9).map(|user| &user["email"]).collect();
        let investigations = self.store.table_mut(self.company, INVESTIGATIONS.path);
        for investigation in investigations.iter_mut().map(Arc::make_mut) {
            investigation.insert("mailboxes".to_owned(), json!(mailboxes));
        }
    }
}

/// Writes an entry into the audit log that no request made.
pub(crate) fn audit_record(store: &mut Store, company: &str, millis: i64, number: usize) {
    let entry = json!({
        "userName": "Example Admin",
        "entityResourceId": format!("seeded{number:06}"),
        "entityName": "TargetUser",
        "newValue": json!({ "number": number }).to_string(),
        "operation": if number.is_multiple_of(2) { "Create" } else { "Update" },
        "ip": "192.0.2.7",
        "userAgent": "Mozilla/5.0",
    });
    store.log(company, millis, entry);
}
