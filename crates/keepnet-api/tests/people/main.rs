//! Target users by e-mail address and groups by name, over a fake transport and against the sandbox.
#![cfg(feature = "users")]

#[path = "../common/mod.rs"]
mod common;
mod groups;

use common::{company, envelope, over, page, refused, service};
use keepnet_api::operations::{
    TARGET_GROUPS_ADD_USERS, TARGET_GROUPS_REMOVE_USERS, TARGET_GROUPS_SEARCH_BY_NAME,
    TARGET_USERS_CREATE, TARGET_USERS_DELETE, TARGET_USERS_GET,
    TARGET_USERS_LIST_BY_RESOURCE_IDS_INCLUDE_DELETED, TARGET_USERS_SEARCH_BY_EMAIL,
    TARGET_USERS_UPDATE,
};
use keepnet_api::people::Upsert;
use keepnet_api::types::{CreateTargetUserRequest, TargetUserCustomFieldValue};
use keepnet_api::{Client, ErrorKind, Outcome, Reason};
use security_api_transport::FakeResponse;
use serde_json::{Value, json};

fn jane() -> CreateTargetUserRequest {
    CreateTargetUserRequest::new("Jane.Doe@example.com").first_name("Jane")
}

fn stored() -> Value {
    json!({
        "resourceId": "user-1",
        "email": "jane.doe@example.com",
        "firstName": "Jo",
        "department": "Sales",
        "isActive": true,
        "phoneNumber": null,
        "timeZoneId": "UTC",
        "customFieldValues": [{"resourceId": "field-1", "name": "Site", "value": "Oslo"}],
    })
}

#[tokio::test]
async fn a_deleted_person_is_not_found_and_the_one_who_came_back_is() {
    let dead = json!({"resourceId": "dead", "email": "jane.doe@example.com", "isActive": true});
    let gone = json!([
        {"resourceId": "dead", "isDeleted": true},
        {"resourceId": "user-1", "isDeleted": false},
    ]);
    for (listed, found) in [
        (json!([dead]), None),
        (json!([dead, stored()]), Some("user-1")),
        (json!([stored(), dead]), Some("user-1")),
    ] {
        let fake = service();
        fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(listed));
        let known = &TARGET_USERS_LIST_BY_RESOURCE_IDS_INCLUDE_DELETED;
        fake.always(known, envelope(gone.clone()));
        let users = over(&fake).target_users();
        let user = users.find_by_email("jane.doe@example.com").await.unwrap();
        assert_eq!(user.and_then(|user| user.resource_id).as_deref(), found);
        fake.always(&TARGET_USERS_DELETE, envelope(json!({})));
        let deleted = users.delete_by_email("jane.doe@example.com").await.unwrap();
        assert_eq!(deleted.as_deref(), found);
    }
}

#[tokio::test]
async fn a_person_that_was_deleted_concurrently_is_reported_missing_and_a_refusal_is_an_error() {
    for (response, is_error) in [
        (FakeResponse::status(404), false),
        (FakeResponse::status(403), true),
    ] {
        let fake = service();
        fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
        fake.always(&TARGET_USERS_DELETE, response);
        let users = over(&fake).target_users();
        let deleted = users.delete_by_email("jane.doe@example.com").await;
        match deleted {
            Ok(deleted) => assert!(!is_error && deleted.is_none(), "{deleted:?}"),
            Err(error) => assert!(is_error && error.is_forbidden(), "{error}"),
        }
    }
}

#[tokio::test]
async fn nobody_is_given_the_values_of_another_person_that_the_service_sends() {
    let fake = service();
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    for other in [
        json!({"resourceId": "user-2", "email": "bob@example.com", "firstName": "Bob", "isActive": true}),
        json!({"isActive": true}),
        json!(null),
    ] {
        fake.always(&TARGET_USERS_GET, envelope(other));
        let error = over(&fake).target_users().upsert(&jane()).await;
        let error = error.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert!(error.to_string().contains("was not updated"), "{error}");
    }
    assert!(fake.requests_of(&TARGET_USERS_UPDATE).is_empty());
}

#[tokio::test]
async fn a_deleted_person_who_comes_back_is_a_new_user() {
    let (_sandbox, keepnet) = company().await;
    let users = keepnet.target_users();
    let first = users.upsert(&jane()).await.unwrap();
    users.delete_by_email("jane.doe@example.com").await.unwrap();
    let found = users.find_by_email("jane.doe@example.com").await.unwrap();
    assert_eq!(found.and_then(|user| user.resource_id), None);
    let again = users.upsert(&jane().department("Sales")).await.unwrap();
    assert_eq!(again.change, Upsert::Created);
    assert_ne!(again.id, first.id);
    let found = users.find_by_email("jane.doe@example.com").await.unwrap();
    let found = found.unwrap();
    assert_eq!(found.resource_id.as_ref(), Some(&again.id));
    assert_eq!(found.department.as_deref(), Some("Sales"));
    assert_eq!(
        users.upsert(&jane()).await.unwrap().change,
        Upsert::Unchanged
    );
}

#[tokio::test]
async fn a_person_who_may_be_active_is_not_made_inactive_by_an_update() {
    let update = |wanted: CreateTargetUserRequest, active: Value| async move {
        let fake = service();
        let mut stored = stored();
        stored["isActive"] = active;
        fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored])));
        fake.always(&TARGET_USERS_GET, envelope(stored));
        fake.always(&TARGET_USERS_UPDATE, envelope(json!({})));
        let done = over(&fake).target_users().upsert(&wanted).await;
        let sent = fake.requests_of(&TARGET_USERS_UPDATE);
        let sent: Vec<_> = sent
            .iter()
            .map(|one| one.json()["isActive"].clone())
            .collect();
        (done, sent)
    };
    let (done, sent) = update(jane(), Value::Null).await;
    let error = done.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("no `isActive`"), "{error}");
    assert!(sent.is_empty());
    for (wanted, active) in [(jane().is_active(true), Value::Null), (jane(), json!(true))] {
        let (done, sent) = update(wanted, active).await;
        assert_eq!(done.unwrap().change, Upsert::Updated);
        assert_eq!(sent, [json!(true)]);
    }
}

#[tokio::test]
async fn a_creation_that_is_refused_because_the_address_exists_becomes_an_update() {
    let fake = service();
    fake.once(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.once(&TARGET_USERS_CREATE, refused("The email is in use already"));
    fake.once(&TARGET_USERS_GET, envelope(stored()));
    fake.once(
        &TARGET_USERS_UPDATE,
        envelope(json!({"resourceId": "user-1"})),
    );
    let site = TargetUserCustomFieldValue::new().name("site").value("Rome");
    let user = over(&fake)
        .target_users()
        .upsert(&jane().custom_fields([site]))
        .await
        .unwrap();
    assert_eq!((user.id.as_str(), user.change), ("user-1", Upsert::Updated));
    let sent = fake.requests_of(&TARGET_USERS_UPDATE)[0].json();
    assert_eq!(
        sent,
        json!({
            "email": "jane.doe@example.com",
            "firstName": "Jane",
            "department": "Sales",
            "isActive": true,
            "phoneNumber": "",
            "timeZoneId": "UTC",
            "customFields": [{"resourceId": "field-1", "name": "Site", "value": "Rome"}],
        })
    );
}

#[tokio::test]
async fn a_creation_that_is_refused_for_another_reason_is_an_error() {
    let fake = service();
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    fake.always(&TARGET_USERS_CREATE, refused("The licence is used up"));
    let error = over(&fake)
        .target_users()
        .upsert(&jane())
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::InvalidInput));
    assert!(error.to_string().contains("licence"), "{error}");
    assert_eq!(fake.requests_of(&TARGET_USERS_CREATE).len(), 1);
}

#[tokio::test]
async fn a_creation_whose_response_was_lost_is_searched_for() {
    let fake = service();
    fake.once(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.once(&TARGET_USERS_CREATE, envelope(json!({})).cut());
    fake.always(&TARGET_USERS_GET, envelope(stored()));
    let same = CreateTargetUserRequest::new("jane.doe@example.com");
    let user = over(&fake).target_users().upsert(&same).await.unwrap();
    assert_eq!(user.change, Upsert::Unchanged);
    assert_eq!(fake.requests_of(&TARGET_USERS_CREATE).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_after_a_creation_that_may_be_executed_leaves_open_whether_it_was() {
    let fake = service();
    fake.once(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.once(&TARGET_USERS_CREATE, envelope(json!({})).cut());
    fake.always(&TARGET_USERS_GET, FakeResponse::status(429));
    let users = over(&fake).target_users();
    let error = users.upsert(&jane()).await.unwrap_err();
    assert!(error.is_rate_limited(), "{error}");
    assert_eq!(error.outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn a_user_who_is_deleted_meanwhile_is_created_again() {
    let fake = service();
    fake.once(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    fake.once(&TARGET_USERS_GET, FakeResponse::status(404));
    fake.once(
        &TARGET_USERS_CREATE,
        envelope(json!({"resourceId": "user-2"})),
    );
    let user = over(&fake).target_users().upsert(&jane()).await.unwrap();
    assert_eq!((user.id.as_str(), user.change), ("user-2", Upsert::Created));
    let sent = fake.requests_of(&TARGET_USERS_CREATE)[0].json();
    assert_eq!(
        (&sent["isActive"], &sent["phoneNumber"]),
        (&json!(true), &json!(""))
    );
}

#[tokio::test(start_paused = true)]
async fn the_error_after_an_update_says_what_is_missing() {
    let fake = service();
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.always(&TARGET_USERS_GET, envelope(stored()));
    fake.always(
        &TARGET_USERS_UPDATE,
        envelope(json!({"resourceId": "user-1"})),
    );
    fake.always(&TARGET_GROUPS_ADD_USERS, refused("Target group not found"));
    let user = jane().target_group_resource_ids(["group-1"]);
    let error = over(&fake).target_users().upsert(&user).await.unwrap_err();
    assert!(
        error.to_string().contains("may not be in the groups yet"),
        "{error}"
    );
    assert_eq!(Reason::of(&error), Some(Reason::InvalidInput));

    // Only after an update is it open whether something was changed.
    fake.always(&TARGET_GROUPS_ADD_USERS, FakeResponse::status(429));
    let same = CreateTargetUserRequest::new("jane.doe@example.com");
    for (user, outcome) in [(jane(), Outcome::Unknown), (same, Outcome::Refused)] {
        let user = user.target_group_resource_ids(["group-1"]);
        let error = over(&fake).target_users().upsert(&user).await.unwrap_err();
        assert_eq!(error.outcome(), outcome, "{error}");
    }
}

#[tokio::test]
async fn a_user_is_found_by_the_whole_address_only() {
    let fake = service();
    let other = json!({"resourceId": "user-9", "email": "jane.doe@example.com.tr"});
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([other])));
    let users = over(&fake).target_users();
    assert_eq!(
        users.delete_by_email("jane.doe@example.com").await.unwrap(),
        None
    );
    assert!(fake.requests_of(&TARGET_USERS_DELETE).is_empty());
    let error = users.find_by_email("jane").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

fn users(all: &[(&str, &str)]) -> FakeResponse {
    let user = |(id, email): &(&str, &str)| json!({"resourceId": id, "email": email});
    page(all.iter().map(user).collect())
}

fn groups(all: &[(&str, &str)]) -> FakeResponse {
    let group = |(id, name): &(&str, &str)| json!({"resourceId": id, "name": name});
    page(all.iter().map(group).collect())
}

#[tokio::test]
async fn no_user_with_another_address_is_deleted() {
    let done = || envelope(json!({"resourceId": "x"}));
    // U+212A is a K in Unicode's lower case.
    let kelvin = ("kelvin", "\u{212a}ate@example.com");
    let (upper, lower) = (("upper", "Kate@example.com"), ("lower", "kate@example.com"));
    for (found, deleted) in [
        (vec![kelvin], None),
        (vec![kelvin, upper], Some("upper")),
        (vec![upper, lower, kelvin], Some("lower")),
        (vec![lower, upper], Some("lower")),
    ] {
        let fake = service();
        fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, users(&found));
        fake.always(&TARGET_USERS_DELETE, done());
        let people = over(&fake).target_users();
        let gone = people.delete_by_email("kate@example.com");
        assert_eq!(gone.await.unwrap().as_deref(), deleted, "{found:?}");
        let sent = fake.requests_of(&TARGET_USERS_DELETE);
        assert_eq!(sent.len(), usize::from(deleted.is_some()), "{found:?}");
    }
    for found in [
        vec![upper, ("title", "KATE@example.com")],
        vec![lower, ("twin", "kate@example.com"), upper],
    ] {
        let fake = service();
        fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, users(&found));
        fake.always(&TARGET_USERS_DELETE, done());
        fake.always(&TARGET_GROUPS_SEARCH_BY_NAME, groups(&[("g", "Sales")]));
        fake.always(&TARGET_GROUPS_REMOVE_USERS, done());
        let client = over(&fake);
        let (people, in_groups) = (client.target_users(), client.target_groups());
        let deleted = people.delete_by_email("kate@example.com");
        let error = deleted.await.unwrap_err();
        assert!(error.is_invalid(), "{error}");
        assert!(error.to_string().contains(found[1].0), "{error}");
        let removed = in_groups.remove_people("Sales", ["kate@example.com"]);
        assert!(removed.await.unwrap_err().is_invalid());
        assert!(fake.requests_of(&TARGET_USERS_DELETE).is_empty());
        assert!(fake.requests_of(&TARGET_GROUPS_REMOVE_USERS).is_empty());
    }
}

#[tokio::test]
async fn upsert_changes_the_user_with_the_exact_address_and_none_with_a_similar_one() {
    let fake = service();
    let found = users(&[
        ("kelvin", "\u{212a}ate@example.com"),
        ("upper", "Kate@example.com"),
        ("lower", "kate@example.com"),
    ]);
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, found);
    let stored = json!({"resourceId": "lower", "email": "kate@example.com"});
    fake.always(&TARGET_USERS_GET, envelope(stored));
    let kate = CreateTargetUserRequest::new("kate@example.com");
    let client = over(&fake);
    let user = client.target_users().upsert(&kate).await.unwrap();
    assert_eq!(
        (user.id.as_str(), user.change),
        ("lower", Upsert::Unchanged)
    );

    let fake = service();
    let kelvin = users(&[("kelvin", "\u{212a}ate@example.com")]);
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, kelvin);
    fake.always(&TARGET_USERS_CREATE, envelope(json!({"resourceId": "new"})));
    let user = over(&fake).target_users().upsert(&kate).await.unwrap();
    assert_eq!((user.id.as_str(), user.change), ("new", Upsert::Created));
}

#[tokio::test]
async fn an_upsert_with_conflicts_starts_over_three_times() {
    let fake = service();
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.always(&TARGET_USERS_GET, FakeResponse::status(404));
    let users = over(&fake).target_users();
    let error = users.upsert(&jane()).await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert_eq!(fake.requests_of(&TARGET_USERS_GET).len(), 3);
}

#[test]
fn the_futures_can_be_spawned_and_the_types_shared() {
    fn spawned<T: Send + 'static>(_: T) {}
    fn shared<T: Send + Sync + std::fmt::Debug + 'static>() {}
    let keepnet = Client::new("an-id", "a-secret").unwrap();
    let (users, groups) = (keepnet.target_users(), keepnet.target_groups());
    spawned(async move {
        users.upsert(&jane()).await?;
        users.delete_by_email("jane.doe@example.com").await?;
        groups
            .add_people("Finance", ["jane.doe@example.com"])
            .await?;
        let import = users
            .import(keepnet_api::Upload::bytes("a.csv", "Email"))
            .await?;
        let job = import
            .map(&keepnet_api::people::ColumnMapping::new())
            .await?;
        job.progress().try_next().await?;
        import.confirm(keepnet_api::people::ImportRows::All).await
    });
    shared::<keepnet_api::people::TargetUserImport>();
    shared::<keepnet_api::people::FileReading>();
    shared::<keepnet_api::people::GroupMembers>();
}

#[tokio::test]
async fn a_person_is_provisioned_changed_and_deleted() {
    let (sandbox, keepnet) = company().await;
    let users = keepnet.target_users();
    let company = &sandbox.keepnet().company_ids()[0];
    let before = sandbox.keepnet().target_users(company);

    let new = jane().phone_number("+31200000000").department("Sales");
    let created = users.upsert(&new).await.unwrap();
    assert_eq!(created.change, Upsert::Created);
    let again = CreateTargetUserRequest::new("jane.doe@EXAMPLE.com").first_name("Jane");
    let unchanged = users.upsert(&again).await.unwrap();
    assert_eq!(
        (unchanged.id, unchanged.change),
        (created.id.clone(), Upsert::Unchanged)
    );
    let moved = users
        .upsert(&again.department("Finance").is_active(false))
        .await
        .unwrap();
    assert_eq!(
        (moved.id, moved.change),
        (created.id.clone(), Upsert::Updated)
    );
    let user = users
        .find_by_email("JANE.doe@example.com")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(user.department.as_deref(), Some("Finance"));
    assert_eq!(user.phone_number.as_deref(), Some("+31200000000"));
    assert_eq!(user.is_active, Some(false));
    assert_eq!(sandbox.keepnet().target_users(company), before + 1);

    let deleted = users.delete_by_email("Jane.Doe@example.com").await.unwrap();
    assert_eq!(deleted, Some(created.id));
    assert_eq!(
        users.delete_by_email("jane.doe@example.com").await.unwrap(),
        None
    );
    assert_eq!(sandbox.keepnet().target_users(company), before);
}
