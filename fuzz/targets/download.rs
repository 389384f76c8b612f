//! A download's head: the file name it gives names a file in the folder it is put in, and nothing else.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::{Answer, client, wait};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use security_api_transport::Download;

#[derive(Debug, Arbitrary)]
struct Head<'a> {
    disposition: &'a [u8],
    name: &'a [u8],
    length: &'a [u8],
    body: &'a [u8],
}

fn name_of(disposition: Vec<u8>, head: &Head<'_>) -> Option<String> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (CONTENT_DISPOSITION, &disposition[..]),
        (CONTENT_LENGTH, head.length),
        (CONTENT_TYPE, head.name),
    ] {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    let push = client(Answer {
        status: StatusCode::OK,
        headers,
        body: head.body.to_vec().into(),
    });
    let call = push.request(Method::GET, "/v1/file").call::<Download>();
    wait(async {
        let download = call.await.expect("a download");
        let _ = (download.length(), download.content_type());
        let name = download.file_name();
        let limit = head.body.len();
        assert_eq!(download.bytes(limit).await.expect("all of it"), head.body);
        name
    })
}

fuzz_target!(|head: Head<'_>| {
    let quoted = [b"attachment; filename=\"", head.name, b"\""].concat();
    let extended = [b"attachment; filename*=UTF-8''", head.name].concat();
    for disposition in [head.disposition.to_vec(), quoted, extended] {
        let Some(name) = name_of(disposition, &head) else {
            continue;
        };
        assert!(
            !name.is_empty() && !name.chars().all(|c| c == '.'),
            "{name:?}"
        );
        let bad = |c: char| c.is_control() || r#"/\<>:"|?*"#.contains(c);
        assert!(!name.contains(bad), "{name:?}");
        assert_eq!(name.trim(), name);
        assert!(!name.ends_with('.'), "{name:?}");
        let path = std::path::Path::new("folder").join(&name);
        assert_eq!(
            path.parent(),
            Some(std::path::Path::new("folder")),
            "{name:?}"
        );
        assert_eq!(
            path.file_name().and_then(|name| name.to_str()),
            Some(name.as_str())
        );
    }
});
