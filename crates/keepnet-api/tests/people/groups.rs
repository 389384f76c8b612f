//! Groups by name: people join and leave them.

use keepnet_api::SearchRequest;
use keepnet_api::operations::{
    TARGET_GROUPS_ADD_USERS, TARGET_GROUPS_CREATE, TARGET_GROUPS_REMOVE_USERS,
    TARGET_GROUPS_SEARCH_BY_NAME, TARGET_USERS_CREATE, TARGET_USERS_GET,
    TARGET_USERS_SEARCH_BY_EMAIL, TARGET_USERS_UPDATE,
};
use keepnet_api::people::Upsert;
use keepnet_api::types::CreateTargetUserRequest;
use security_api_transport::FakeResponse;
use serde_json::json;

use super::common::{company, envelope, over, page, refused, service};
use super::{groups, jane, stored};

#[tokio::test]
async fn a_group_that_was_created_concurrently_is_found() {
    let fake = service();
    fake.once(&TARGET_GROUPS_SEARCH_BY_NAME, page(json!([])));
    let group = json!({"resourceId": "group-1", "name": "Finance"});
    fake.always(&TARGET_GROUPS_SEARCH_BY_NAME, page(json!([group])));
    fake.once(&TARGET_GROUPS_CREATE, refused("The name is in use already"));
    let found = over(&fake)
        .target_groups()
        .find_or_create("finance")
        .await
        .unwrap();
    assert_eq!((found.id.as_str(), found.created), ("group-1", false));
}

#[tokio::test]
async fn a_group_is_found_by_its_whole_name_not_by_a_part_of_it() {
    let emea = ("emea", "Sales EMEA");
    for (found, wanted, id) in [
        (vec![emea, ("sales", "Sales")], "Sales", Some("sales")),
        (vec![emea, ("sales", " Sales ")], "Sales", Some("sales")),
        (
            vec![("upper", "SALES"), ("sales", "Sales")],
            "Sales",
            Some("sales"),
        ),
        (
            vec![("sales", "Sales"), ("upper", "SALES")],
            "SALES",
            Some("upper"),
        ),
        (vec![emea, ("sales", "Sales")], "sales", Some("sales")),
        (vec![emea], "Sales", None),
        (vec![("kiosk", "\u{212a}iosk")], "Kiosk", None),
    ] {
        let fake = service();
        fake.always(&TARGET_GROUPS_SEARCH_BY_NAME, groups(&found));
        fake.always(
            &TARGET_GROUPS_CREATE,
            envelope(json!({"resourceId": "new"})),
        );
        fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
        fake.always(&TARGET_GROUPS_ADD_USERS, envelope(json!({})));
        let in_groups = over(&fake).target_groups();
        let group = in_groups.find_by_name(wanted).await.unwrap();
        let group = group.and_then(|group| group.resource_id);
        assert_eq!(group.as_deref(), id, "{wanted} of {found:?}");
        let added = in_groups.add_people(wanted, ["jane.doe@example.com"]);
        let added = added.await.unwrap().group;
        assert_eq!(added.id, id.unwrap_or("new"), "{wanted} of {found:?}");
        assert_eq!(added.created, id.is_none());
        let sent = fake.requests_of(&TARGET_GROUPS_ADD_USERS)[0].json();
        assert_eq!(sent["targetGroupResourceIds"], json!([added.id]));
    }
}

#[tokio::test]
async fn no_user_is_added_if_several_groups_have_the_name_or_several_users_the_address() {
    let group = |id: &str, name: &str| json!({"resourceId": id, "name": name});
    let two = || page(json!([group("g-1", "Finance"), group("g-2", "Finance")]));
    let fake = service();
    fake.always(&TARGET_GROUPS_SEARCH_BY_NAME, two());
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    let groups = over(&fake).target_groups();
    for error in [
        groups
            .add_people("Finance", ["jane.doe@example.com"])
            .await
            .unwrap_err(),
        groups.find_or_create("Finance").await.unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(error.is_invalid(), "{text}");
        assert!(text.contains("g-1") && text.contains("g-2"), "{text}");
    }
    assert!(fake.requests_of(&TARGET_GROUPS_ADD_USERS).is_empty());
    assert!(fake.requests_of(&TARGET_GROUPS_CREATE).is_empty());

    let fake = service();
    let mut other = stored();
    other["resourceId"] = json!("user-2");
    fake.always(
        &TARGET_USERS_SEARCH_BY_EMAIL,
        page(json!([stored(), other])),
    );
    let client = over(&fake);
    for error in [
        client
            .target_groups()
            .add_people("Finance", ["jane.doe@example.com"])
            .await
            .unwrap_err(),
        client.target_users().upsert(&jane()).await.unwrap_err(),
    ] {
        let text = error.to_string();
        assert!(error.is_invalid(), "{text}");
        assert!(text.contains("user-1") && text.contains("user-2"), "{text}");
    }
    assert!(fake.requests_of(&TARGET_USERS_UPDATE).is_empty());
}

#[tokio::test]
async fn no_user_is_removed_if_several_groups_have_the_name() {
    let fake = service();
    let alike = groups(&[("g1", "Sales"), ("g2", "SALES"), ("g3", "Sales EMEA")]);
    fake.always(&TARGET_GROUPS_SEARCH_BY_NAME, alike);
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.always(&TARGET_GROUPS_REMOVE_USERS, envelope(json!({})));
    let groups = over(&fake).target_groups();
    let error = groups
        .remove_people("sales", ["jane.doe@example.com"])
        .await
        .unwrap_err();
    assert!(error.is_invalid(), "{error}");
    assert!(error.to_string().contains("g1, g2"), "{error}");
    assert!(fake.requests_of(&TARGET_GROUPS_REMOVE_USERS).is_empty());
    let removed = groups
        .remove_people("Sales", ["jane.doe@example.com"])
        .await
        .unwrap();
    assert_eq!(removed.group.id, "g1");
    assert_eq!(fake.requests_of(&TARGET_GROUPS_REMOVE_USERS).len(), 1);
}

#[tokio::test]
async fn only_conflicts_with_concurrent_changes_start_over() {
    // The update fails, though the user exists.
    let fake = service();
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.always(&TARGET_USERS_GET, envelope(stored()));
    fake.always(&TARGET_USERS_UPDATE, refused("The department is too long"));
    over(&fake)
        .target_users()
        .upsert(&jane())
        .await
        .unwrap_err();
    assert_eq!(fake.requests_of(&TARGET_USERS_UPDATE).len(), 1);

    // The group does not exist.
    fake.always(
        &TARGET_USERS_UPDATE,
        envelope(json!({"resourceId": "user-1"})),
    );
    fake.always(&TARGET_GROUPS_ADD_USERS, FakeResponse::status(404));
    let user = jane().target_group_resource_ids(["group-1"]);
    over(&fake).target_users().upsert(&user).await.unwrap_err();
    assert_eq!(fake.requests_of(&TARGET_GROUPS_ADD_USERS).len(), 1);

    // The creation is refused permanently, though the address is taken by now.
    let fake = service();
    fake.once(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([stored()])));
    fake.always(&TARGET_USERS_CREATE, FakeResponse::status(403));
    let users = over(&fake).target_users();
    let error = users.upsert(&jane()).await.unwrap_err();
    assert!(error.is_forbidden(), "{error}");
    assert!(fake.requests_of(&TARGET_USERS_GET).is_empty());
}

#[tokio::test]
async fn people_join_and_leave_a_group_by_name() {
    let (_sandbox, keepnet) = company().await;
    let groups = keepnet.target_groups();
    let people = keepnet
        .target_users()
        .search(SearchRequest::new().page_size(3))
        .page()
        .await
        .unwrap();
    let emails: Vec<_> = people
        .items()
        .iter()
        .map(|user| user.email.clone().unwrap())
        .collect();
    let shouted = emails[0].to_uppercase();
    let named = [
        shouted.as_str(),
        &emails[0],
        &emails[1],
        "nobody@example.com",
    ];

    let added = groups.add_people("Night shift", named).await.unwrap();
    assert!(added.group.created);
    assert_eq!(
        (added.users.len(), added.unknown),
        (2, vec!["nobody@example.com".to_owned()])
    );
    let members = groups
        .search_users(&added.group.id, SearchRequest::new())
        .items();
    assert_eq!(members.try_collect().await.unwrap().len(), 2);

    // An update adds a user to groups and never removes one.
    let user =
        CreateTargetUserRequest::new(&emails[2]).target_group_resource_ids([&added.group.id]);
    let joined = keepnet.target_users().upsert(&user).await.unwrap();
    assert_eq!(joined.change, Upsert::Updated);
    let user = CreateTargetUserRequest::new(&emails[1]).department("Elsewhere");
    keepnet.target_users().upsert(&user).await.unwrap();

    let removed = groups
        .remove_people("night SHIFT", [&emails[0]])
        .await
        .unwrap();
    assert_eq!(
        (removed.group.id, removed.group.created),
        (added.group.id.clone(), false)
    );
    let members = groups
        .search_users(&added.group.id, SearchRequest::new())
        .items();
    let members = members.try_collect().await.unwrap();
    let mut left: Vec<_> = members
        .iter()
        .filter_map(|user| user.email.as_deref())
        .collect();
    left.sort_unstable();
    let mut expected = [emails[1].as_str(), &emails[2]];
    expected.sort_unstable();
    assert_eq!(left, expected);

    let error = groups
        .remove_people("No such group", ["a@example.com"])
        .await
        .unwrap_err();
    assert!(
        error.is_invalid() && error.to_string().contains("`No such group`"),
        "{error}"
    );
}
