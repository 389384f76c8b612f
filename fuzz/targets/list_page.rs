//! A page of a list, typed and raw: whatever is typed is also raw, and nothing makes either panic.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, client, wait};
use libfuzzer_sys::fuzz_target;
use push_security_api::types::Account;
use push_security_api::{ErrorKind, RawJson};

/// Where in the response the fuzzer writes.
#[derive(Debug, Arbitrary)]
enum Body<'a> {
    Whole(&'a [u8]),
    Page(&'a [u8]),
    Items(&'a [u8]),
    Members(&'a [u8]),
    Paging(&'a [u8]),
}

impl Body<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Whole(bytes) => bytes.to_vec(),
            Self::Page(bytes) => [b"{", *bytes, b"}"].concat(),
            Self::Items(bytes) => [b"{\"result\":[", *bytes, b"]}"].concat(),
            Self::Members(bytes) => [
                b"{\"result\":[{\"id\":\"1\",",
                *bytes,
                b"},{\"id\":\"2\"}]}",
            ]
            .concat(),
            Self::Paging(bytes) => {
                [b"{\"result\":[{\"id\":\"1\"}],\"paging\":{", *bytes, b"}}"].concat()
            }
        }
    }
}

fuzz_target!(|body: Body<'_>| {
    let push = client(ServerResponse {
        body: body.bytes().into(),
        ..ServerResponse::default()
    });
    wait(async {
        let list = push.accounts().list();
        let mut raw = list.clone().raw_items();
        let page = match list.clone().page().await {
            Ok(page) => page,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Decode);
                // What is no page of accounts may be one of something else; its items are JSON then.
                while let Ok(Some(item)) = raw.try_next().await {
                    assert!(RawJson::parse(item.to_bytes()).is_ok());
                    let _ = item.decode::<Account>();
                }
                return;
            }
        };
        // A page that has more items, but does not say where, leads to a call that fails.
        assert_eq!(page.has_next(), page.next().is_some());
        assert!(page.has_next() || page.next_cursor().is_none());
        for account in page.items() {
            match raw.try_next().await {
                Ok(item) => {
                    let item = item.expect("an item");
                    assert_eq!(item.decode::<Account>().expect("an account"), *account);
                }
                // Bytes that are no text are marked in what is typed.
                Err(error) => assert!(error.item().is_some(), "{error}"),
            }
        }
        // The same response comes again and again, and the list ends all the same.
        let mut items = list.items();
        let mut found = 0;
        let ended = loop {
            match items.try_next().await {
                Ok(Some(_)) => found += 1,
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
            assert!(found <= 2 * page.items().len(), "a list without end");
        };
        assert_eq!(ended.is_err(), page.has_next());
    });
});
