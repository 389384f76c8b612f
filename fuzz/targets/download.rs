//! A download's head: the file name it gives names a file in the folder it is put in, and nothing else.
#![no_main]

use std::path::Path;

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, client, wait};
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use libfuzzer_sys::fuzz_target;
use security_api_transport::{Download, ErrorKind};

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
    let named = headers.contains_key(CONTENT_DISPOSITION);
    let announced = std::str::from_utf8(head.length).ok();
    let announced = announced.and_then(|length| length.parse::<u64>().ok());
    let cut = announced.is_some_and(|length| length > head.body.len() as u64);
    let push = client(ServerResponse {
        status: StatusCode::OK,
        headers,
        body: head.body.to_vec().into(),
    });
    let call = push.request(Method::GET, "/v1/file").call::<Download>();
    wait(async {
        let download = match call.await {
            Ok(download) => download,
            // Half of what may be an error, or a page where no file is named.
            Err(error) if cut => {
                assert!(
                    matches!(error.kind(), ErrorKind::Io | ErrorKind::Decode),
                    "{error}"
                );
                return None;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
                assert!(!named, "{error}");
                return None;
            }
        };
        let _ = (download.length(), download.content_type());
        let name = download.file_name();
        match download.bytes(head.body.len()).await {
            Ok(bytes) => assert_eq!((bytes, cut), (head.body.to_vec().into(), false)),
            Err(error) => assert_eq!((error.kind(), cut), (ErrorKind::Io, true), "{error}"),
        }
        name
    })
}

/// Written from what the systems say, without a look at the code.
fn is_harmless(name: &str) -> bool {
    let devices = "CON PRN AUX NUL CLOCK$ CONIN$ CONOUT$";
    let ports = ["COM", "LPT"].iter().flat_map(|port| {
        let numbers = "0123456789¹²³".chars();
        numbers.map(move |number| format!("{port}{number}"))
    });
    let mut devices = devices.split(' ').map(str::to_owned).chain(ports);
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim().to_ascii_uppercase();
    let hides = |c: char| matches!(c, '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    let bad = |c: char| c.is_control() || hides(c) || r#"/\<>:"|?*"#.contains(c);
    let path = Path::new("folder").join(name);
    !name.is_empty()
        && name.len() <= 200
        && name.trim() == name
        && !name.starts_with(['.', '-', '~'])
        && !name.ends_with('.')
        && !name.contains(bad)
        && !devices.any(|device| device == stem)
        && path.parent() == Some(Path::new("folder"))
        && path.file_name().and_then(|name| name.to_str()) == Some(name)
}

fuzz_target!(|head: Head<'_>| {
    let quoted = [b"attachment; filename=\"", head.name, b"\""].concat();
    let extended = [b"attachment; filename*=UTF-8''", head.name].concat();
    for disposition in [head.disposition.to_vec(), quoted, extended] {
        if let Some(name) = name_of(disposition, &head) {
            assert!(is_harmless(&name), "{name:?}");
        }
    }
});
