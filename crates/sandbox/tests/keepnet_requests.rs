//! Keepnet's operations take what the published description has, and nothing else.

mod support;

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use support::keepnet::{Description, MULTIPART, Session, filter, search, start};

#[tokio::test]
async fn no_operation_takes_what_its_description_lacks() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let description = Description::read();
    for operation in &description.operations {
        let path = operation.any_path();
        if path == "/connect/token" {
            continue;
        }
        let name = format!("{} {}", operation.method, operation.path);
        let of = operation.body.as_str();
        let method: Method = operation.method.parse().expect("a method");
        let send = async |path: &str, kind, body: String| {
            session.send(method.clone(), path, kind, body.into()).await
        };
        let queried = send(&format!("{path}?colour=red"), "", String::new()).await;
        queried.is_not_played(&format!("{name} with colour in the query"));
        let json = "application/json";
        if of == "none" {
            let more = send(&path, json, "{}".to_owned()).await;
            more.is_not_played(&format!("{name} with a body"));
            continue;
        }
        if let Some(of) = of.strip_prefix("form<") {
            let form = description.form(of.trim_end_matches('>'), &[("Colour", "1")]);
            let more = send(&path, MULTIPART, form).await;
            more.is_not_played(&format!("{name} with the part Colour"));
            continue;
        }
        for (kind, body) in [("text/plain", "{}"), (json, "{"), ("", "{}")] {
            let other = send(&path, kind, body.to_owned()).await;
            other.is_not_played(&format!("{name} with a body that is not JSON"));
        }
        let nothing = send(&path, json, String::new()).await;
        match description.has(of, "orderBy") && operation.response != "bytes" {
            true => assert_eq!(nothing.refused(), (400, "INPUT_ERROR".to_owned()), "{name}"),
            false => nothing.is_not_played(&format!("{name} without a body")),
        }
        let mut body = description.sample(of);
        if body.is_object() {
            body["colour"] = json!("red");
            let more = send(&path, json, body.to_string()).await;
            more.is_not_played(&format!("{name} with body.colour"));
        }
    }
}

#[tokio::test]
async fn a_refusal_names_the_member() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let user = "POST /api/target-users";
    let campaign = "POST /api/smishing-simulator/smishing-campaign/search";
    let filtered = |filter: Value| {
        let mut body = search("CreateTime", true);
        body["filter"] = filter;
        body
    };
    let mut nested = filter("name", "=", "x");
    nested["FilterGroups"][0]["FilterItems"][0]["Colour"] = json!("red");
    let mut number = filter("name", "=", "x");
    number["FilterGroups"][0]["FilterItems"][0]["Value"] = json!(7);
    for (operation, body, what) in [
        (
            user,
            json!({"email": "a@b.example", "isActive": "true"}),
            "whose body.isActive is not of the type boolean",
        ),
        (
            user,
            json!({"email": "a@b.example", "isActive": null}),
            "whose body.isActive is not of the type boolean",
        ),
        (
            user,
            json!({"email": 7}),
            "whose body.email is not of the type string(..320)",
        ),
        (
            user,
            json!({"email": "a@b.example", "priority": ["High"]}),
            "whose body.priority is not of the type string|i32",
        ),
        (
            user,
            json!({"email": "a@b.example", "customFields": [{"value": "1"}, {"colour": "red"}]}),
            "with body.customFields[1].colour",
        ),
        (
            user,
            json!({"email": "a@b.example", "EMAIL": "c@d.example"}),
            "with body.EMAIL in two cases",
        ),
        (
            "POST /api/companies/siem-settings",
            json!({"typeId": 1_u64 << 31}),
            "whose body.typeId is not of the type i32",
        ),
        (
            user,
            json!([]),
            "whose body is not of the type CreateTargetUserRequest",
        ),
        (
            "POST /api/companies/siem-settings",
            json!({"name": 7}),
            "whose body.name is not of the type string",
        ),
        (
            "POST /api/certificates/test-email",
            json!({"email": "nobody"}),
            "whose body.email is not of the type email",
        ),
        (
            "POST /api/investigations",
            json!({"startDate": "yesterday"}),
            "whose body.startDate is not of the type date_time",
        ),
        (
            "POST /api/phishing-simulator/phishing-campaign",
            json!({"distributionStartTime": "noon"}),
            "whose body.distributionStartTime is not of the type time_span",
        ),
        (
            campaign,
            filtered(nested),
            "with body.filter.FilterGroups[0].FilterItems[0].Colour",
        ),
        (
            campaign,
            filtered(number),
            "whose body.filter.FilterGroups[0].FilterItems[0].Value is not of the type \
             string|boolean",
        ),
    ] {
        let (method, path) = operation.split_once(' ').expect("a method and a path");
        let method: Method = method.parse().expect("a method");
        let refused = session.call(method, path, body).await;
        refused.is_not_played(&format!("{operation} {what}"));
    }
}

#[tokio::test]
async fn parameters_have_the_types_of_the_description() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let description = Description::read();
    for operation in &description.operations {
        let name = format!("{} {}", operation.method, operation.path);
        let path = operation.path.replace(['{', '}'], "");
        let method: Method = operation.method.parse().expect("a method");
        let numbers = |parameters: &BTreeMap<String, String>| {
            let numbers = parameters.iter().filter(|(_, of)| *of == "i32");
            let numbers = numbers.map(|(name, _)| name.clone());
            // The first in the path.
            numbers.min_by_key(|name| operation.path.find(&format!("{{{name}}}")))
        };
        if let Some(number) = numbers(&operation.segments) {
            let refused = session.call(method.clone(), &path, Value::Null).await;
            refused.is_not_played(&format!(
                "{name} whose {number} in the path is not of the type i32"
            ));
        } else if let Some(number) = numbers(&operation.query) {
            let path = format!("{path}?{number}=first");
            let refused = session.call(method, &path, Value::Null).await;
            refused.is_not_played(&format!(
                "{name} whose {number} in the query is not of the type i32"
            ));
        }
    }
}

/// A length of the description, such as `string(5..64)`.
fn length(of: &str) -> Option<(usize, Option<usize>)> {
    let (least, most) = of.strip_prefix("string(")?.split_once("..")?;
    let most = most.split_once(')').expect("a length").0;
    Some((least.parse().unwrap_or(0), most.parse().ok()))
}

#[tokio::test]
async fn texts_have_the_lengths_of_the_description() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let description = Description::read();
    let mut found = 0;
    for operation in &description.operations {
        let members = description.bodies.get(&operation.body);
        for (member, of) in members.into_iter().flatten() {
            let Some((least, most)) = length(of) else {
                continue;
            };
            found += 1;
            let name = member.trim_end_matches('*');
            let send = async |length: usize| {
                let mut body = description.sample(&operation.body);
                body[name] = json!("\u{e9}".repeat(length));
                let method: Method = operation.method.parse().expect("a method");
                session.call(method, &operation.any_path(), body).await
            };
            let of = of.trim_end_matches("|null");
            let (method, path) = (&operation.method, &operation.path);
            let what = format!("{method} {path} whose body.{name} is not of the type {of}");
            // A text of millions of characters takes long to send.
            for length in most.into_iter().filter(|most| *most < 10_000) {
                let fitting = send(length).await;
                // An id that fits is unknown.
                let is_id = name.to_lowercase().ends_with("resourceid");
                assert!(fitting.status != 501 || is_id, "{what}");
                send(length + 1).await.is_not_played(&what);
            }
            if least > 1 {
                send(least - 1).await.is_not_played(&what);
            }
        }
    }
    assert!(found > 150, "{found}");
}

#[tokio::test]
async fn parts_of_forms_have_the_types_and_the_lengths_of_the_description() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let description = Description::read();
    let mut found = 0;
    for operation in &description.operations {
        let form = operation.body.strip_prefix("form<");
        let Some(form) = form.filter(|_| operation.path != "/connect/token") else {
            continue;
        };
        let form = form.trim_end_matches('>');
        for (member, of) in &description.bodies[form] {
            let of = of.trim_end_matches("|null");
            let wrong = match of {
                "i32" | "integer" => "1.5".to_owned(),
                "boolean" => "1".to_owned(),
                "date_time" => "tomorrow".to_owned(),
                _ => match length(of) {
                    Some((_, Some(most @ ..10_000))) => "1".repeat(most + 1),
                    _ => continue,
                },
            };
            found += 1;
            let name = member.trim_end_matches('*');
            let body = description.form(form, &[(name, &wrong)]);
            let (method, path) = (&operation.method, operation.any_path());
            let method: Method = method.parse().expect("a method");
            let refused = session.send(method, &path, MULTIPART, body.into()).await;
            let operation = format!("{} {}", operation.method, operation.path);
            refused.is_not_played(&format!(
                "{operation} whose part {name} is not of the type {of}"
            ));
        }
    }
    assert!(found > 100, "{found}");
}

#[tokio::test]
async fn enumerations_may_be_names_or_numbers() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let description = Description::read();
    let mut found = 0;
    for operation in &description.operations {
        let members = description
            .bodies
            .get(&operation.body)
            .into_iter()
            .flatten();
        let mut members = members.filter(|(_, of)| of.starts_with("string|i32"));
        let Some((member, _)) = members.next() else {
            continue;
        };
        found += 1;
        let path = operation.any_path();
        for value in [json!(0), json!("0"), json!("A name")] {
            let method: Method = operation.method.parse().expect("a method");
            let mut body = description.sample(&operation.body);
            body[member.trim_end_matches('*')] = value;
            let response = session.call(method, &path, body).await;
            assert_ne!(response.status, 501, "{path} {member}");
        }
    }
    assert!(found > 80, "{found}");
}

#[tokio::test]
async fn required_members_that_are_missing_or_blank_are_named() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let whole =
        json!({"name": "SIEM", "typeId": 1, "statusId": 1, "isForwardHistoricalAuditLog": false});
    let path = "/api/companies/siem-settings";
    session.post(path, whole.clone()).await.data();
    for (name, value) in [
        ("name", json!(" ")),
        ("name", Value::Null),
        ("typeId", Value::Null),
    ] {
        let mut body = whole.clone();
        let members = body.as_object_mut().expect("an object");
        members.remove(name);
        if name == "name" && !value.is_null() {
            members.insert(name.to_owned(), value);
        }
        let refused = session.post(path, body).await;
        assert_eq!(refused.refused(), (400, "INPUT_ERROR".to_owned()));
        let message = format!("The {name} field is required.");
        assert_eq!(refused.json()["validationMessages"], json!([message]));
    }
}

#[tokio::test]
async fn what_the_vendors_own_programs_send_is_taken() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let quoted = json!({"NAME": "SIEM", "TypeID": "1", "statusId": "1",
        "isForwardHistoricalAuditLog": false, "apiUrl": null});
    session
        .post("/api/companies/siem-settings", quoted)
        .await
        .data();
    let capitals = json!({"Email": "capital@example.com", "FIRSTNAME": "Ann"});
    session.post("/api/target-users", capitals).await.data();
    let found = filter("email", "=", "capital@example.com");
    let found = session
        .all("/api/target-users/search", "Email", found)
        .await;
    assert_eq!(found[0]["firstName"], "Ann");
    let numbered = json!({"name": "Testers", "priority": 3});
    session.post("/api/target-groups", numbered).await.data();
    let mut flagged = filter("hasQuiz", "=", "");
    flagged["FilterGroups"][0]["FilterItems"][0]["Value"] = json!(true);
    let with_quiz = session.all("/api/trainings/search", "Name", flagged).await;
    assert!(!with_quiz.is_empty());
    assert!(with_quiz.iter().all(|training| training["hasQuiz"] == true));
    let summary = "/api/phishing-reporter/summary?StartDate=2026-01-01";
    session.get(summary).await.data();
}
