//! Password Pusher's responses about one push, and about itself: each is read or refused, and a push that was created
//! has a token.
#![no_main]

use std::fmt::Debug;

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, new_pwpush, pwpush, wait};
use http::{HeaderMap, HeaderValue, StatusCode};
use libfuzzer_sys::fuzz_target;
use pwpush_api::{Error, NewPush, Reason, Upload};

#[derive(Debug, Arbitrary)]
enum Call {
    Edition,
    Show,
    Preview,
    Create,
    CreateOfFile,
    Expire,
}

#[derive(Debug, Arbitrary)]
enum Body<'a> {
    Whole(&'a [u8]),
    /// What stands beside the secret.
    Members(&'a [u8]),
}

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    call: Call,
    /// An index into `STATUSES`.
    status: u8,
    is_html: bool,
    body: Body<'a>,
}

/// Statuses that are not retried; most inputs are responses that are read.
const STATUSES: [u16; 8] = [200, 200, 200, 201, 404, 401, 410, 422];

const SECRET: &str = "a-payload";

/// Something is said of what came out of it, and no secret.
fn said<T: Debug>(result: Result<T, Error>) -> Option<T> {
    match result {
        Ok(value) => {
            let text = format!("{value:?}");
            assert!(!text.is_empty() && !text.contains(SECRET), "{text}");
            Some(value)
        }
        Err(error) => {
            let text = format!("{error} {error:?}");
            assert!(!text.contains("\"a-payload\""), "{text}");
            let _ = (Reason::of(&error), error.retry_after(), error.outcome());
            None
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    let status = STATUSES[usize::from(input.status) % STATUSES.len()];
    let body = match input.body {
        Body::Whole(bytes) => bytes.to_vec(),
        Body::Members(bytes) => [
            br#"{"url_token":"token","payload":"a-payload","#,
            bytes,
            b"}",
        ]
        .concat(),
    };
    let mut headers = HeaderMap::new();
    if input.is_html {
        headers.insert("content-type", HeaderValue::from_static("text/html"));
    }
    let response = ServerResponse {
        status: StatusCode::from_u16(status).expect("a status"),
        headers,
        body: body.into(),
    };
    wait(async {
        match input.call {
            Call::Edition => {
                said(new_pwpush(response).edition().await);
            }
            Call::Show => {
                let shown = said(
                    pwpush(response)
                        .pushes()
                        .show("token")
                        .passphrase("words")
                        .await,
                );
                let _ = shown.as_ref().and_then(|shown| shown.payload());
            }
            Call::Preview => {
                said(pwpush(response).pushes().preview("token").await);
            }
            Call::Create => {
                let push = NewPush::text("text").views(1);
                if let Some(push) = said(pwpush(response).pushes().create(push).await) {
                    assert!(!push.token.expose().is_empty());
                }
            }
            Call::CreateOfFile => {
                let push = NewPush::files([Upload::bytes("name", "content")]);
                if let Some(push) = said(pwpush(response).pushes().create(push).await) {
                    assert!(!push.token.expose().is_empty());
                }
            }
            Call::Expire => {
                said(pwpush(response).pushes().expire("token").await);
            }
        }
    });
});
