//! Responses that deviate from the documentation.

use pwpush_api::types::{
    Account, AuditEntry, Preview, Push, RetrievedPush, SecretRequest, Version,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Checks that the type can be decoded with each member of `whole` changed by `change` in turn.
fn assert_read<T: DeserializeOwned>(whole: &Value, required: &[&str]) {
    let members: &Map<String, Value> = whole.as_object().unwrap();
    for (name, value) in members {
        let other = match value {
            Value::String(_) if name.ends_with("_at") || name.ends_with("_on") => {
                json!("2026-01-01T00:00:00Z")
            }
            Value::String(_) => json!(17),
            Value::Number(number) => json!(number.to_string()),
            other => other.clone(),
        };
        let mut variants = vec![Some(other)];
        if !required.contains(&name.as_str()) {
            variants.extend([Some(Value::Null), None]);
        }
        for variant in variants {
            let mut changed = members.clone();
            match variant {
                Some(variant) => changed.insert(name.clone(), variant),
                None => changed.remove(name),
            };
            changed.insert("not documented".to_owned(), json!([{"a": [1]}]));
            let text = Value::Object(changed).to_string();
            let read: Result<T, _> = serde_json::from_str(&text);
            assert!(read.is_ok(), "{name}: {:?} {text}", read.err());
        }
    }
}

fn push() -> Value {
    json!({
        "expire_after_views": 5, "expired": false, "url_token": "abc", "deletable_by_viewer": true,
        "retrieval_step": true, "expired_on": "2026-01-01T01:00:00.000Z", "passphrase": "",
        "created_at": "2026-01-01T01:00:00.000Z", "updated_at": "2026-01-01T01:00:00.000Z", "expire_after_days": 7,
        "days_remaining": 7, "views_remaining": 5, "deleted": false, "json_url": "https://h/p/abc/r.json",
        "html_url": "https://h/p/abc/r", "expire_after_duration": 12, "expires_at": "2026-01-08T01:00:00.000Z",
        "expires_in": 604_800,
    })
}

fn with(mut value: Value, more: &Value) -> Value {
    let members = value.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    value
}

#[test]
fn members_may_be_new_missing_null_or_numbers_for_text_and_text_for_numbers() {
    let created = json!({"note": "", "name": "", "account_id": "12", "notify_emails_to": "a@b", "notify_emails_to_locale": "fr"});
    assert_read::<Push>(&with(push(), &created), &["url_token"]);
    let read = json!({"payload": "4711", "files": [{"filename": "a", "content_type": "b", "url": "https://h/f"}]});
    assert_read::<RetrievedPush>(&with(push(), &read), &["url_token"]);
    assert_read::<Preview>(&json!({"url": "https://h/p/abc/r"}), &["url"]);
    assert_read::<AuditEntry>(
        &json!({
            "ip": "::1", "user_agent": "", "referrer": "", "created_at": "2026-01-01T01:00:00.000Z",
            "updated_at": "2026-01-01T01:00:00.000Z", "notify_by_email": {"recipients": "a@b", "proceed_at": null},
        }),
        &[],
    );
    assert_read::<Version>(
        &json!({"application_version": "2.11.4", "api_version": "2.1", "features": {"accounts": {"enabled": false}}}),
        &[],
    );
    assert_read::<SecretRequest>(
        &json!({
            "account_id": "12", "close_after_at": "2026-01-01T01:00:00.000Z", "close_after_duration": 12,
            "created_at": "2026-01-01T01:00:00.000Z", "days_remaining": 7, "html_url": "https://h/r/abc",
            "include_requestor": true, "json_url": "https://h/r/abc.json", "name": "", "note": "", "passphrase": "",
            "response_file_attachments": true, "retrieval_step": true, "updated_at": "2026-01-01T01:00:00.000Z",
            "url_token": "abc",
        }),
        &["url_token"],
    );
    assert_read::<Account>(&json!({"id": "12", "name": "a", "role": "b"}), &["id"]);
}
