//! Target users, their groups and custom fields, and bulk import.

mod support;

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use support::Response;
use support::keepnet::{Session, filter, search, start};

fn column<'a>(rows: &'a [Value], name: &str) -> Vec<&'a str> {
    rows.iter()
        .map(|row| row[name].as_str().expect("text"))
        .collect()
}

#[tokio::test]
async fn a_target_user_lives_from_creation_to_deletion() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let path = "/api/target-users";
    for (body, field) in [
        (json!({"firstName": "No"}), "email"),
        (json!({"email": "nonsense"}), "Email"),
        (
            json!({"email": "a@b.example", "priority": "Urgent"}),
            "priority",
        ),
    ] {
        let refused = session.post(path, body).await;
        assert_eq!(refused.refused(), (400, "INPUT_ERROR".to_owned()));
        assert!(
            refused.json()["message"]
                .as_str()
                .expect("a message")
                .contains(field)
        );
    }
    let body = json!({"email": "ada@b.example", "firstName": "Ada", "priority": 3, "phoneNumber": "", "isActive": true});
    let id = session.post(path, body).await.id();
    assert_eq!(id.len(), 12);

    let one = format!("{path}/{id}");
    let user = session.get(&one).await.data();
    assert_eq!(user["priority"], "High");
    assert_eq!(user["isActive"], true);
    let body = json!({"email": "ada@b.example", "lastName": "Lovelace"});
    assert_eq!(session.put(&one, body).await.id(), id);
    let user = session.get(&one).await.data();
    // Members that an update leaves out are gone.
    assert_eq!(
        (&user["firstName"], &user["lastName"]),
        (&Value::Null, &json!("Lovelace"))
    );
    assert_eq!(user["isActive"], false);

    let mail = json!({"email": "ADA@b.example", "pageNumber": 1, "pageSize": 10,
        "orderBy": "Email", "ascending": true});
    let by_email = "/api/target-users/search-email";
    let found = session.post(by_email, mail.clone()).await.data();
    assert_eq!(found["results"][0]["resourceId"], id.as_str());

    assert_eq!(session.delete(&one).await.id(), id);
    for response in [session.get(&one).await, session.delete(&one).await] {
        assert_eq!(response.refused(), (404, "FAILED".to_owned()));
    }
    let ids = json!({"targetUserResourceIds": [id]});
    let found = session.post(by_email, mail).await.data();
    assert_eq!(
        found["results"][0]["resourceId"],
        id.as_str(),
        "still listed"
    );
    let path = "/api/target-users/include-deleted/by-resource-ids";
    assert_eq!(session.post(path, ids).await.data()[0]["isDeleted"], true);
}

#[tokio::test]
async fn searches_page_order_and_filter() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let path = "/api/target-users/search";
    let all = session.all(path, "Email", Value::Null).await;
    assert_eq!(all.len(), 30);
    let emails = column(&all, "email");
    assert!(emails.is_sorted());
    let mut body = search("email", false);
    body["pageSize"] = json!("30");
    let page = session.post(path, body).await.data();
    let reverse = page["results"].as_array().expect("rows");
    assert!(column(reverse, "email").iter().rev().eq(emails.iter()));
    let mut body = search("Email", true);
    body["pageNumber"] = json!(99);
    let beyond = session.post(path, body).await.data();
    assert_eq!(beyond["results"], json!([]));
    assert_eq!(beyond["totalNumberOfPages"], 3);

    let finance = session
        .all(path, "Email", filter("DEPARTMENT", "=", "finance"))
        .await;
    let expected = all
        .iter()
        .filter(|user| user["department"] == "Finance")
        .count();
    assert!(expected > 0);
    assert_eq!(finance.len(), expected);
    let two = session
        .all(
            path,
            "Email",
            filter("department", "Include", "Finance,Sales"),
        )
        .await;
    assert!(two.len() > expected);
    let mut free = filter("status", "!=", "");
    free["SearchInputTextValue"] = json!(all[4]["email"].as_str().expect("text").to_uppercase());
    assert_eq!(session.all(path, "Email", free).await, [all[4].clone()]);
    let mut custom = filter("Location", "Contains", "utr");
    custom["FilterGroups"][0]["FilterItems"][0]["CustomFieldName"] = json!("Location");
    let here = session.all(path, "Email", custom).await;
    assert!(!here.is_empty() && here.len() < 30);
    for wrong in [filter("nonsense", "=", "x"), filter("email", "Like", "x")] {
        let mut body = search("Email", true);
        body["filter"] = wrong;
        assert_eq!(session.post(path, body).await.status, 400);
    }
}

#[tokio::test]
async fn exports_hold_the_filtered_rows() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let wanted = filter("department", "=", "Finance");
    let rows = session
        .all("/api/target-users/search", "Email", wanted.clone())
        .await;
    let path = "/api/target-users/search/export";
    let body = json!({"exportType": "CSV", "reportAllPages": true, "orderBy": "Email",
        "ascending": true, "filter": wanted});
    let response = session.post(path, body.clone()).await;
    assert_eq!(response.headers["content-type"], "text/csv; charset=utf-8");
    let text = String::from_utf8(response.body.to_vec()).expect("text");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), rows.len() + 1);
    assert!(lines[0].split(',').any(|name| name == "email"));
    for (line, row) in lines[1..].iter().zip(&rows) {
        assert!(line.contains(row["email"].as_str().expect("text")));
    }
    let mut page = body;
    page["reportAllPages"] = json!(false);
    page["pageSize"] = json!(1);
    let mut silent = page.clone();
    silent
        .as_object_mut()
        .expect("an object")
        .remove("reportAllPages");
    // Absent is false.
    for page in [page, silent] {
        let response = session.post(path, page).await;
        assert_eq!(String::from_utf8_lossy(&response.body).lines().count(), 2);
    }
    let refused = session.post(path, json!({"filter": null})).await;
    assert_eq!(refused.refused(), (500, "INTERNAL_SERVER_ERROR".to_owned()));
}

#[tokio::test]
async fn bulk_deletion_takes_ids() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let company = &sandbox.keepnet().company_ids()[0];
    let all = session
        .all("/api/target-users/search", "Email", Value::Null)
        .await;
    let ids = column(&all, "resourceId");
    let path = "/api/target-users/bulk-delete";
    let delete = |body: Value| session.call(Method::DELETE, path, body);
    assert_eq!(delete(json!({"items": []})).await.status, 400);
    assert_eq!(
        delete(json!({"items": [ids[0], "nobody"]})).await.status,
        404
    );
    assert_eq!(sandbox.keepnet().target_users(company), 30);
    delete(json!({"items": [ids[0], ids[1]]})).await.data();
    assert_eq!(sandbox.keepnet().target_users(company), 28);
    let all = delete(json!({"selectAll": true, "excludedItems": [ids[2]]})).await;
    all.is_not_played("DELETE /api/target-users/bulk-delete with selectAll");
}

#[tokio::test]
async fn groups_gain_and_lose_people() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let body = json!({"name": "Testers", "priority": "Low"});
    let id = session.post("/api/target-groups", body).await.id();
    let path = format!("/api/target-groups/{id}/users");
    assert_eq!(
        session.all(&path, "Email", Value::Null).await,
        [] as [Value; 0]
    );
    let people = session
        .all("/api/target-users/search", "Email", Value::Null)
        .await;
    let ids = column(&people, "resourceId");
    let add = json!({"targetUserResourceIds": ids[..3], "targetGroupResourceIds": [id]});
    for _ in 0..2 {
        session
            .put("/api/target-groups/users", add.clone())
            .await
            .data();
    }
    assert_eq!(session.all(&path, "Email", Value::Null).await.len(), 3);
    let mut all = add;
    all["selectAll"] = json!(true);
    let all = session.put("/api/target-groups/users", all).await;
    all.is_not_played("PUT /api/target-groups/users with selectAll");
    let mut others = search("Email", true);
    others["excludeGroupUsers"] = json!(true);
    assert_eq!(
        session.post(&path, others).await.data()["totalNumberOfRecords"],
        27
    );
    let unknown = json!({"targetUserResourceIds": [ids[0], "unknown"]});
    let removed = session.call(Method::DELETE, &path, unknown).await;
    assert_eq!(removed.status, 404);
    assert_eq!(session.all(&path, "Email", Value::Null).await.len(), 3);
    let remove = json!({"targetUserResourceIds": [ids[0]]});
    session.call(Method::DELETE, &path, remove).await.data();
    let groups = session
        .all(
            "/api/target-groups/search",
            "Name",
            filter("name", "=", "testers"),
        )
        .await;
    assert_eq!(groups[0]["userCount"], 2);
    session
        .delete(&format!("/api/target-groups/{id}"))
        .await
        .data();
    assert_eq!(session.post(&path, search("Email", true)).await.status, 404);
}

#[tokio::test]
async fn values_of_custom_fields_are_kept() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let body = json!({"email": "desk@b.example", "customFields": [
        {"resourceId": "desk", "name": "Desk", "dataType": "Number", "value": "17"}]});
    let user = session.post("/api/target-users", body).await.id();
    let user = session
        .get(&format!("/api/target-users/{user}"))
        .await
        .data();
    assert_eq!(user["customFieldValues"][0]["name"], "Desk");
    assert_eq!(user["customFieldValues"][0]["dataType"], "Number");
    assert_eq!(user["customFieldValues"][0]["value"], "17");
}

async fn upload(session: &Session<'_>, name: &str, content: &str) -> Response {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"File\"; filename=\"{name}\"\r\n\
         Content-Type: text/csv\r\n\r\n{content}\r\n--x--\r\n"
    );
    let content = "multipart/form-data; boundary=x";
    session
        .send(
            Method::POST,
            "/api/target-users/upload",
            content,
            Bytes::from(body),
        )
        .await
}

/// A cell with all that quotes may hold.
const QUOTED: &str = "\"New, \"\"er\"\"\nand\"";

#[tokio::test]
async fn a_file_of_target_users_is_mapped_looked_at_and_imported() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    assert_eq!(upload(&session, "people.txt", "x").await.status, 400);
    for (content, body) in [
        ("application/json", "{}"),
        ("multipart/form-data", "--b--"),
        ("multipart/form-data; boundary=b", ""),
        ("multipart/form-data; boundary=b", "--b\r\n"),
    ] {
        let path = "/api/target-users/upload";
        let refused = session.send(Method::POST, path, content, body.into()).await;
        refused.is_not_played(&format!("POST {path} with a body that is not a form"));
    }
    let excel = upload(&session, "people.xlsx", "PK").await;
    excel.is_not_played("POST /api/target-users/upload with an Excel file");
    let second = "Content-Disposition: form-data; name=\"File\"; filename=\"more.csv\"";
    let content = format!("Email\r\n--x\r\n{second}\r\n\r\nEmail");
    let several = upload(&session, "people.csv", &content).await;
    several.is_not_played("POST /api/target-users/upload with several files");
    let known = session
        .all("/api/target-users/search", "Email", Value::Null)
        .await;
    let known = known[0]["email"].as_str().expect("text");
    let file = format!(
        "Mail,First,Room\r\nnew@b.example,{QUOTED},1\r\n\r\n{known},Known,2\r\nbad,Bad,3\r\nbad,Bad,3\r\n"
    );
    let uploaded = upload(&session, "people.csv", &file).await.data();
    assert_eq!(
        (&uploaded["rowCount"], &uploaded["duplicateCount"]),
        (&json!(3), &json!(1))
    );
    let transaction = uploaded["transactionId"].as_str().expect("an id");
    let seen = session
        .get(&format!("/api/target-users/upload/{transaction}"))
        .await
        .data();
    assert_eq!(seen["fileFieldNames"], json!(["Mail", "First", "Room"]));
    assert_eq!(seen["data"][0]["First"], "New, \"er\"\nand");

    let groups = session
        .all("/api/target-groups/search", "Name", Value::Null)
        .await;
    let group = groups[0]["resourceId"].as_str().expect("an id");
    let mut mapping = json!({
        "transactionId": transaction,
        "targetGroupResourceIds": [group],
        "fieldMappings": [{"excelColumnName": "First", "fieldName": "First Name"}],
    });
    let path = "/api/target-users/create-mapping";
    assert_eq!(session.post(path, mapping.clone()).await.status, 400);
    let email = json!({"excelColumnName": "Mail", "fieldName": "Email"});
    mapping["fieldMappings"]
        .as_array_mut()
        .expect("a list")
        .push(email);
    let earlier = session.post(path, mapping.clone()).await.id();
    let job = session.post(path, mapping).await.id();
    for job in [&earlier, &job] {
        let job = format!("/api/target-users/mapping-job/{job}");
        assert_eq!(session.get(&job).await.data()["status"], "InProgress");
    }
    let job = format!("/api/target-users/mapping-job/{job}");
    let import = format!("/api/target-users/{transaction}/import");
    let everything = json!({"importType": "ImportAll"});
    assert_eq!(session.post(&import, everything.clone()).await.status, 400);
    sandbox.clock().advance(Duration::from_secs(10));
    let done = session.get(&job).await.data();
    assert_eq!(
        (&done["status"], &done["totalRowCount"]),
        (&json!("Finished"), &json!(3))
    );
    let unknown = json!({"importType": "Selected", "selectedResourceIds": ["nobody"]});
    let unknown = session.post(&import, unknown).await;
    unknown.is_not_played(
        "POST /api/target-users/{transactionId}/import with selectedResourceIds that are not rows of the file",
    );

    let path = format!("/api/target-users/{transaction}/search");
    let found = session.post(&path, search("Email", true)).await.data();
    for name in ["newUserCount", "existingUserCount", "invalidUserCount"] {
        assert_eq!(found[name], 1, "{name}");
    }
    assert_eq!(found["items"]["totalNumberOfRecords"], 3);
    let result = session.post(&import, everything).await.data();
    assert_eq!(
        result,
        json!({"createdCount": 1, "updatedCount": 1, "skippedCount": 1})
    );
    let new = session
        .all(
            "/api/target-users/search",
            "Email",
            filter("email", "=", "new@b.example"),
        )
        .await;
    assert_eq!(new[0]["firstName"], "New, \"er\"\nand");
    // Exports quote cells in the same way.
    let export = json!({"exportType": "CSV", "filter": filter("email", "=", "new@b.example")});
    let export = session
        .post("/api/target-users/search/export", export)
        .await;
    assert!(String::from_utf8_lossy(&export.body).contains(QUOTED));
    let members = format!("/api/target-groups/{group}/users");
    let members = session.all(&members, "Email", Value::Null).await;
    assert!(column(&members, "email").contains(&"new@b.example"));
    assert_eq!(session.get(&job).await.status, 404);
}
