//! Calls what this crate does not model: operations whose path is not public, and parameters that are new.
//!
//! ```console
//! $ cargo run -p push-security-api --example own_request
//! $ cargo run -p push-security-api --example own_request -- /v1/urlBlocking
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;

use push_security_api::http::Method;
use push_security_api::{RawJson, Reason};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let push = &service.push;

    // The path begins with `/` and stays below the base URL. Credentials, rate limit, retries and deadline are those of
    // every other call; the response can be any type that serde can read.
    let page: serde_json::Value = push
        .request(Method::GET, "/v1/browsers")
        .query("limit", "1")
        // A request of one's own is not sent again once it may have been executed, unless this says that it may.
        .idempotent()
        .call()
        .await?;
    println!("{page:#}\n");

    // An id goes through `segment`, which encodes it: no id can become another path.
    if let Some(id) = page.pointer("/result/0/id").and_then(|id| id.as_str()) {
        let browser = push
            .request(Method::GET, "/v1/browsers")
            .segment(id)
            .idempotent()
            .call::<RawJson>()
            .await?;
        println!("{} bytes of JSON, as they came\n", browser.as_bytes().len());
    }

    // A parameter that a modelled call has no method for needs no request of one's own.
    let filtered = push.apps().list().extra_query("limit", "3").page().await?;
    println!("{} apps\n", filtered.items().len());

    // Where the list of blocked URLs lives is not known. This is a guess to show how a wrong one reads.
    let path = env::args()
        .nth(1)
        .unwrap_or_else(|| "/v1/blockedUrls".to_owned());
    let guess = push
        .request(Method::GET, &path)
        .idempotent()
        .call::<serde_json::Value>();
    match guess.await {
        Ok(response) => println!("{path} exists: {response:#}"),
        // The gateway answers 403, not 404, although the key is right.
        Err(error) if Reason::of(&error) == Some(Reason::UnknownPath) => {
            println!("{path} does not exist: {error}");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
