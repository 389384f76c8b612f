//! Representative requests, byte for byte.

#[path = "../../../tests/support/wire.rs"]
mod support;

use pwpush_api::types::Edition;
use pwpush_api::{Client, Expiry, NewPush, Upload};
use support::Wire;

fn client(wire: &Wire) -> Client {
    Client::builder("a-token")
        .base_url(wire.server.base_url())
        .no_proxy()
        .user_agent("tests/1.0")
        .build()
        .unwrap()
}

const PUSH: &str = r#"{"url_token":"abc","expire_after_days":1,"expire_after_views":2,"expired":false,"deleted":false,"passphrase":"p","payload":"s","retrieval_step":true,"html_url":"https://h/p/abc/r"}"#;
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[tokio::test]
async fn a_read_has_its_passphrase_in_the_query_and_no_token_where_there_is_none() {
    let wire = Wire::responding(PUSH).await;
    let visitor = Client::anonymous_builder()
        .base_url(wire.server.base_url())
        .no_proxy()
        .build()
        .unwrap();
    visitor
        .pushes()
        .show("abc")
        .passphrase("a+b&c d")
        .await
        .unwrap();
    assert_eq!(
        wire.last(1),
        format!(
            "\
GET /api/v2/pushes/abc?passphrase=a%2Bb%26c%20d
accept: application/json
accept-encoding: gzip
user-agent: pwpush-api/{VERSION}

"
        )
    );
}

#[tokio::test]
async fn a_push_of_text_is_json_below_its_name() {
    let wire = Wire::responding(PUSH).await;
    let client = client(&wire).assume_edition(Edition::Oss);
    let push = NewPush::text("a \"secret\"\n")
        .expire_after(Expiry::days(1))
        .views(2)
        .passphrase("p")
        .retrieval_step(true);
    client.pushes().create(push).await.unwrap();
    assert_eq!(wire.last(1), format!("\
POST /api/v2/pushes
accept: application/json
accept-encoding: gzip
authorization: Bearer a-token
content-length: 135
content-type: application/json
user-agent: tests/1.0 pwpush-api/{VERSION}

{{\"push\":{{\"payload\":\"a \\\"secret\\\"\\n\",\"kind\":\"text\",\"expire_after_days\":1,\"expire_after_views\":2,\"passphrase\":\"p\",\"retrieval_step\":true}}}}"));
}

#[tokio::test]
async fn a_push_of_files_is_a_form() {
    let wire = Wire::responding(PUSH).await;
    let file = Upload::bytes("a \"b\".txt", "content").content_type("text/plain");
    let push = NewPush::files([file]).message("with words").views(2);
    client(&wire).pushes().create(push).await.unwrap();
    assert_eq!(
        wire.last(1),
        format!(
            "\
POST /api/v2/pushes
accept: application/json
accept-encoding: gzip
authorization: Bearer a-token
content-length: 521
content-type: multipart/form-data; boundary=BOUNDARY
user-agent: tests/1.0 pwpush-api/{VERSION}

--BOUNDARY
Content-Disposition: form-data; name=\"push[payload]\"

with words
--BOUNDARY
Content-Disposition: form-data; name=\"push[kind]\"

file
--BOUNDARY
Content-Disposition: form-data; name=\"push[expire_after_views]\"

2
--BOUNDARY
Content-Disposition: form-data; name=\"push[files][]\"; filename=\"a %22b%22.txt\"
Content-Type: text/plain

content
--BOUNDARY--
"
        )
    );
}

#[tokio::test]
async fn a_list_is_asked_for_with_the_token_and_nothing_else() {
    let wire = Wire::responding("[]").await;
    client(&wire).pushes().active().page().await.unwrap();
    assert_eq!(
        wire.last(1),
        format!(
            "\
GET /api/v2/pushes/active
accept: application/json
accept-encoding: gzip
authorization: Bearer a-token
user-agent: tests/1.0 pwpush-api/{VERSION}

"
        )
    );
}
