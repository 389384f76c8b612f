//! The response of every operation of Keepnet has the published shape.

mod support;

use http::Method;
use serde_json::{Value, json};
use support::Response;
use support::keepnet::{Description, MULTIPART, Operation, Session, builder, search};

/// The description that the responses have to fit.
struct Shapes(Description);

impl Shapes {
    /// A column of the list that this path searches or exports; any name if it does neither.
    fn column(&self, path: &str) -> &str {
        let search = path.replacen("/export", "", 1);
        let searches = [search.clone(), format!("{search}/search")];
        let mut operations = self.0.operations.iter();
        let row = operations.find_map(|operation| {
            let page = operation.response.split_once("page<");
            let (_, row) = page.filter(|_| searches.contains(&operation.path))?;
            self.0.types[row.trim_end_matches('>')].as_object()
        });
        let column = row.and_then(|members| members.keys().next());
        column.map_or("CreateTime", String::as_str)
    }

    /// Refuses a value that is not of this type.
    fn judge(&self, of: &str, value: &Value, at: &str) -> Result<(), String> {
        let wrong = || Err(format!("{at}: {value} is not a {of}"));
        let fits = |fits: bool| if fits { Ok(()) } else { wrong() };
        if let Some((generic, inner)) = of.split_once('<') {
            let inner = inner.strip_suffix('>').expect("a closing >");
            return match (generic, value) {
                ("list" | "map", Value::Null) => Ok(()),
                ("list", Value::Array(values)) => values
                    .iter()
                    .try_for_each(|value| self.judge(inner, value, &format!("{at}[]"))),
                ("map", Value::Object(values)) => values
                    .values()
                    .try_for_each(|value| self.judge(inner, value, &format!("{at}{{}}"))),
                ("envelope", Value::Object(_)) => {
                    if value["status"] != "SUCCESS" || !value["validationMessages"].is_array() {
                        return wrong();
                    }
                    self.judge(inner, &value["data"], &format!("{at}.data"))
                }
                ("page" | "company_page" | "campaign_users_page", Value::Object(page)) => {
                    let expected = match generic {
                        "page" => 5,
                        _ => 6,
                    };
                    if page.len() != expected || !value["totalNumberOfRecords"].is_u64() {
                        return wrong();
                    }
                    let rows = format!("list<{inner}>");
                    self.judge(&rows, &value["results"], &format!("{at}.results"))
                }
                _ => wrong(),
            };
        }
        match of {
            "any" | "none" => Ok(()),
            "i32" | "i64" => fits(value.is_i64()),
            "f32" | "f64" => fits(value.is_number()),
            "bool" => fits(value.is_boolean()),
            "string" | "date_time" | "time_span" | "uuid" | "base64" => {
                fits(value.is_string() || value.is_null())
            }
            name => match (&self.0.types[name], value) {
                // Of the numbers that are listed, or one that says that nothing was set.
                (Value::Array(values), _) if values.first().is_some_and(Value::is_i64) => {
                    fits(value == 0 || values.contains(value))
                }
                (_, Value::Null) => Ok(()),
                (Value::Array(values), Value::String(_)) => {
                    fits(values.is_empty() || values.contains(value))
                }
                // A value that is known by its code alone.
                (Value::Array(values), Value::Number(code)) => {
                    fits(values.contains(&code.to_string().into()))
                }
                (Value::Object(members), Value::Object(found)) => {
                    for (member, of) in members {
                        let of = of.as_str().expect("a type");
                        let value = found.get(member);
                        let value = value.ok_or_else(|| format!("{at}: no {member}"))?;
                        self.judge(of, value, &format!("{at}.{member}"))?;
                    }
                    Ok(())
                }
                _ => wrong(),
            },
        }
    }
}

/// Sends an operation what it requires, and what makes most of them succeed.
async fn call(
    session: &Session<'_>,
    shapes: &Shapes,
    operation: &Operation,
    path: &str,
) -> Response {
    let method: Method = operation.method.parse().expect("a method");
    let of = operation.body.as_str();
    if let Some(of) = of.strip_prefix("form<") {
        let form = shapes.0.form(of.trim_end_matches('>'), &[]);
        return session.send(method, path, MULTIPART, form.into()).await;
    }
    if of == "none" {
        return session.call(method, path, Value::Null).await;
    }
    let mut body = shapes.0.sample(of);
    let mut more = search(shapes.column(&operation.path), true);
    more["email"] = json!("somebody@company.example");
    more["apiUrl"] = json!("https://engine.example");
    for (name, value) in more.as_object().expect("an object") {
        if shapes.0.has(of, name) || shapes.0.has(of, &format!("{name}*")) {
            body[name] = value.clone();
        }
    }
    session.call(method, path, body).await
}

/// Operations that keep state refuse what they do not know; all others respond.
#[tokio::test]
async fn every_response_has_its_shape() {
    let sandbox = builder().start().await.expect("a sandbox");
    let session = Session::reseller(&sandbox).await;
    let shapes = Shapes(Description::read());
    assert_eq!(shapes.0.operations.len(), 949);
    let (mut fitting, mut refused) = (0, 0);
    for operation in &shapes.0.operations {
        let (method, path, of) = (&operation.method, &operation.path, &operation.response);
        if path == "/connect/token" || path == "/api/companies/{resourceId}" {
            continue;
        }
        let path = operation.any_path();
        let response = call(&session, &shapes, operation, &path).await;
        let content = response.headers.get("content-type");
        let content = content.map_or("", |content| content.to_str().expect("text"));
        match response.status {
            status if status == operation.status && of == "bytes" => {
                assert!(!content.contains("json"), "{method} {path}: {content}");
                assert!(!response.body.is_empty(), "{method} {path}");
                fitting += 1;
            }
            status if status == operation.status && of == "none" => {
                assert!(response.body.is_empty(), "{method} {path}");
                fitting += 1;
            }
            status if status == operation.status => {
                let verdict = shapes.judge(of, &response.json(), "");
                assert_eq!(verdict, Ok(()), "{method} {path}");
                fitting += 1;
            }
            400 | 404 => {
                assert!(content.contains("json"), "{method} {path}: {content}");
                refused += 1;
            }
            other => panic!("{method} {path}: {other} {:?}", response.body),
        }
    }
    assert_eq!(fitting + refused, 949 - 4);
    assert!(fitting > 780, "{fitting} fitting, {refused} refused");
}

#[tokio::test]
async fn kept_records_have_their_shape_as_well() {
    let sandbox = builder().start().await.expect("a sandbox");
    let session = Session::reseller(&sandbox).await;
    let shapes = Shapes(Description::read());
    let mut seen = 0;
    for operation in &shapes.0.operations {
        let (method, path, of) = (&operation.method, &operation.path, &operation.response);
        // The id of the first row of the list that the path continues.
        let Some(list) = path
            .strip_suffix("/{resourceId}")
            .filter(|_| method == "GET")
        else {
            continue;
        };
        let rows = session
            .post(
                &format!("{list}/search"),
                search(shapes.column(&format!("{list}/search")), true),
            )
            .await;
        if rows.status != 200 || of == "bytes" || !rows.data()["results"].is_array() {
            continue;
        }
        let rows = rows.data();
        for row in rows["results"].as_array().expect("rows") {
            let id = [
                "resourceId",
                "companyResourceId",
                "trainingId",
                "enrollmentId",
            ];
            let id = id.iter().find_map(|name| row[*name].as_str());
            let Some(id) = id else { continue };
            let response = session.get(&format!("{list}/{id}")).await;
            assert!(
                matches!(response.status, 200 | 404),
                "{list}: {:?}",
                response.body
            );
            if response.status == 200 {
                assert_eq!(shapes.judge(of, &response.json(), ""), Ok(()), "{list}");
                seen += 1;
            }
        }
    }
    assert!(seen > 60, "{seen}");
}

#[tokio::test]
async fn samples_are_the_same_every_time() {
    let (one, other) = (builder().start().await, builder().start().await);
    let (one, other) = (one.expect("a sandbox"), other.expect("a sandbox"));
    let (one, other) = (
        Session::reseller(&one).await,
        Session::reseller(&other).await,
    );
    for path in [
        "/api/enrollments/form-details",
        "/api/phishing-reporter/summary",
    ] {
        assert_eq!(
            one.get(path).await.body,
            other.get(path).await.body,
            "{path}"
        );
    }
    let path = "/api/target-users/search";
    let body = search("Email", true);
    let first = one.post(path, body.clone()).await.body;
    assert_eq!(first, other.post(path, body).await.body);
}

#[tokio::test]
async fn the_status_is_the_documented_one() {
    let sandbox = builder().start().await.expect("a sandbox");
    let session = Session::reseller(&sandbox).await;
    for (method, path, body, status) in [
        (
            Method::GET,
            "/api/executive-report/metrics",
            Value::Null,
            201,
        ),
        (Method::POST, "/api/certificates", json!({}), 201),
        (
            Method::GET,
            "/api/certificates/default-template",
            Value::Null,
            200,
        ),
    ] {
        let response = session.call(method, path, body).await;
        assert_eq!(response.status, status, "{path}");
    }
}

#[tokio::test]
async fn search_bodies_have_to_be_complete() {
    let sandbox = builder().start().await.expect("a sandbox");
    let session = Session::reseller(&sandbox).await;
    // One that is kept, and one that is not.
    for path in [
        "/api/target-users/search",
        "/api/smishing-simulator/smishing-campaign/search",
    ] {
        session.post(path, search("CreateTime", true)).await.data();
        for missing in ["orderBy", "ascending", "filter"] {
            let mut body = search("CreateTime", true);
            body.as_object_mut().expect("an object").remove(missing);
            let refused = session.post(path, body).await;
            assert_eq!(
                refused.refused(),
                (400, "INPUT_ERROR".to_owned()),
                "{path} {missing}"
            );
            let messages = refused.json()["validationMessages"].take();
            let message = messages[0].as_str().expect("a message").to_lowercase();
            assert!(message.contains(&missing.to_lowercase()), "{message}");
        }
        for missing in ["Condition", "SearchInputTextValue", "FilterGroups"] {
            let mut body = search("CreateTime", true);
            body["filter"]
                .as_object_mut()
                .expect("an object")
                .remove(missing);
            assert_eq!(
                session.post(path, body).await.status,
                400,
                "{path} {missing}"
            );
        }
        for (name, value, status) in [
            ("orderBy", Value::Null, 400),
            ("ascending", Value::Null, 400),
            ("pageNumber", json!(0), 400),
            ("pageSize", json!(100_000), 400),
            ("filter", Value::Null, 500),
        ] {
            let mut body = search("CreateTime", true);
            body[name] = value;
            assert_eq!(
                session.post(path, body).await.status,
                status,
                "{path} {name}"
            );
        }
        let bytes = search("CreateTime", true).to_string();
        let patch = "application/json-patch+json";
        let refused = session.send(Method::POST, path, patch, bytes.into()).await;
        assert_eq!(refused.refused(), (400, "INPUT_ERROR".to_owned()));
        let empty = session
            .send(Method::POST, path, "application/json", "".into())
            .await;
        assert_eq!(empty.status, 400);
    }
    let mut body = search("CreateTime", true);
    body["orderBy"] = json!("NoSuchColumn");
    assert_eq!(
        session.post("/api/target-users/search", body).await.status,
        400
    );
    // One whose rows are kept, and others whose are not, of which some find one record.
    let reports = "/api/quishing-simulator/quishing-campaign-job-report";
    let path = format!("{reports}/search");
    let report = session.post(&path, search("Name", true)).await;
    let report = report.data()["results"][0]["quishingCampaignResourceId"].clone();
    let report = report.as_str().expect("an id");
    for (path, column) in [
        (&*format!("{reports}/search-all/{report}"), "ActionTime"),
        (
            &format!("/api/training-reports/anonymous/{report}/user-detail/{report}"),
            "SessionDate",
        ),
        (
            "/api/phishing-simulator/phishing-campaign-job-report/search",
            "Name",
        ),
        ("/api/tags/search", "name"),
    ] {
        let refused = session.post(path, search("CreateTime", true)).await;
        assert_eq!(refused.status, 400, "{path}");
        session.post(path, search(column, true)).await.data();
    }
}

#[tokio::test]
async fn only_ids_that_were_given_out_are_known() {
    let sandbox = builder().start().await.expect("a sandbox");
    let session = Session::reseller(&sandbox).await;
    let created = session.post("/api/certificates", json!({})).await.id();
    let found = session.post("/api/certificates/search", search("Name", true));
    let listed = found.await.data()["results"][0]["id"].clone();
    for id in [&*created, listed.as_str().expect("an id")] {
        let path = format!("/api/certificates/{id}");
        session.get(&path).await.data();
        session.put(&path, json!({})).await.data();
    }
    let path = format!("/api/certificates/{created}");
    session.delete(&path).await.data();
    for path in [&*path, "/api/certificates/AbCdEfGhIjKl"] {
        assert_eq!(session.get(path).await.status, 404, "{path}");
        assert_eq!(session.put(path, json!({})).await.status, 404, "{path}");
        assert_eq!(session.delete(path).await.status, 404, "{path}");
    }
    let people = session.post("/api/target-users/search", search("Email", true));
    let people = people.await.data();
    let person = people["results"][0]["resourceId"].as_str().expect("an id");
    // Not every text of a record is an id, and rows of reports have the ids of a person and of a campaign.
    for id in ["Active", "1", &format!("{person}-garbage")] {
        let path = format!("/api/scim/{id}");
        assert_eq!(session.get(&path).await.status, 404, "{path}");
    }
    // What an unknown id in a body does is not known.
    let path = "/api/allow-list";
    let unknown = session.call(Method::DELETE, path, json!({ "resourceIds": ["qq"] }));
    let what = "DELETE /api/allow-list with an unknown resourceIds";
    unknown.await.is_not_played(what);
    let companies = session.post("/api/companies/search", search("CreateTime", true));
    let company = companies.await.data()["results"][0]["resourceId"].clone();
    let check = "/api/companies/teams-app/check";
    let known = json!({ "companyResourceId": company });
    session.post(check, known).await.data();
    let unknown = json!({ "companyResourceId": "AbCdEfGhIjKl" });
    let refused = session.post(check, unknown).await;
    refused.is_not_played(&format!("POST {check} with an unknown companyResourceId"));
}
