//! Password Pusher's responses: pages and errors are read or refused, and whatever is typed is also raw.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, pwpush, wait};
use http::StatusCode;
use libfuzzer_sys::fuzz_target;
use pwpush_api::{ErrorKind, Reason};

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    /// A list, whole.
    List(&'a [u8]),
    /// The items of a list.
    Items(&'a [u8]),
    /// An error page.
    Failure(u8, &'a [u8]),
}

/// Statuses that are not retried, so that one input is one request.
const STATUSES: [u16; 8] = [400, 401, 403, 404, 409, 410, 422, 423];

fuzz_target!(|input: Input<'_>| {
    let (status, body) = match input {
        Input::List(bytes) => (200, bytes.to_vec()),
        Input::Items(bytes) => (200, [b"[", bytes, b"]"].concat()),
        Input::Failure(number, bytes) => (
            STATUSES[usize::from(number) % STATUSES.len()],
            bytes.to_vec(),
        ),
    };
    let pwpush = pwpush(ServerResponse {
        status: StatusCode::from_u16(status).expect("a status"),
        body: body.into(),
        ..ServerResponse::default()
    });
    wait(async {
        let page = match pwpush.pushes().active().page().await {
            Ok(page) => page,
            Err(error) => {
                assert!(
                    status != 200 || error.kind() == ErrorKind::Decode,
                    "{error}"
                );
                assert!(!error.to_string().is_empty() && !format!("{error:?}").is_empty());
                let _ = (Reason::of(&error), error.retry_after());
                return;
            }
        };
        assert_eq!(status, 200);
        let mut raw = pwpush.pushes().active().raw_items();
        for _ in page.items() {
            match raw.try_next().await {
                Ok(item) => assert!(item.is_some()),
                // Bytes that are no text are marked in what is typed.
                Err(error) => assert!(error.item().is_some(), "{error}"),
            }
        }
        let _ = pwpush.pushes().audit("a").page().await;
        let _ = pwpush.requests().active().page().await;
    });
});
