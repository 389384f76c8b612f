//! A build without TLS reports that before anything is sent.
#![cfg(not(feature = "_tls"))]

mod common;

use common::wire::{Act, Server, response};
use common::{builder, read};

#[tokio::test]
async fn a_build_without_tls_is_for_plain_http_on_this_machine_and_names_the_features() {
    let error = builder().build().unwrap_err();
    assert!(error.is_invalid(), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("no TLS is compiled in") && text.contains("`rustls`"),
        "{text}"
    );
    let server = Server::start(vec![Act::Send(response(200, "", b"\"good\""))]).await;
    let client = builder().base_url(server.url()).build().unwrap();
    assert_eq!(read(&client).await.unwrap(), "good");
    let file = client.fetch("https://files.test/x").await.unwrap_err();
    assert!(file.to_string().contains("no TLS is compiled in"), "{file}");
    let error = builder()
        .base_url(server.url())
        .root_certificate("-----BEGIN CERTIFICATE-----")
        .build()
        .unwrap_err();
    assert!(
        error.to_string().contains("no TLS is compiled in"),
        "{error}"
    );
}
