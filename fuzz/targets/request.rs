//! Requests that a program puts together of any text: what is sent has just the segments, the parameters and the fields
//! that were given, or nothing is sent.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::wait;
use http::Method;
use libfuzzer_sys::fuzz_target;
use push_security_api::{Client, RawJson};
use security_api_transport::__private::is_blank;
use security_api_transport::{ErrorKind, FakeRequest, FakeTransport, Form, Request, Upload};

#[derive(Debug, Arbitrary)]
enum Input<'a> {
    Path {
        path: &'a str,
        segments: Vec<&'a str>,
        query: Vec<(&'a str, &'a str)>,
    },
    /// The segments below a good path.
    Segments(Vec<&'a str>),
    Form {
        fields: Vec<(&'a str, &'a str)>,
        field: &'a str,
        file_name: &'a str,
        content: &'a [u8],
    },
}

/// Sends the request to a service that does not respond to it: what arrived, or the error if nothing did.
fn sent(method: Method, path: &str, build: impl FnOnce(Request) -> Request) -> Option<FakeRequest> {
    let fake = FakeTransport::new();
    let builder = Client::builder("fuzz").base_url("https://api.test");
    let client = builder.transport(fake.clone()).build().expect("a client");
    let call = build(client.request(method, path)).call::<RawJson>();
    let error = wait(call.retries(0).send()).expect_err("nobody responds");
    assert!(!error.to_string().is_empty() && !format!("{error:?}").is_empty());
    let mut requests = fake.requests();
    assert!(requests.len() <= 1);
    let request = requests.pop();
    assert!(
        request.is_some() || error.kind() == ErrorKind::Invalid,
        "{error:?}"
    );
    request
}

/// Text without its percent-encoding.
fn decoded(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((&first, after)) = rest.split_first() {
        let code = match (first, after) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|code| u8::from_str_radix(code, 16).ok()),
            _ => None,
        };
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    bytes
}

/// Whether a URL parser might take a part of the text for a step within the path.
fn has_dots(text: &str) -> bool {
    let plain = text.to_ascii_lowercase().replace("%2e", ".");
    plain
        .split(['/', '\\'])
        .any(|part| part == "." || part == "..")
}

fn check_path(path: &str, segments: &[&str], query: &[(&str, &str)]) {
    let request = sent(Method::GET, path, |mut request| {
        for segment in segments {
            request = request.segment(segment);
        }
        for (name, value) in query {
            request = request.query((*name).to_owned(), *value);
        }
        request
    });
    let is_refused = |segment: &&str| is_blank(segment) || has_dots(segment);
    let is_bad = segments.iter().any(is_refused);
    let Some(request) = request else {
        assert!(is_bad || path != "/v1", "refused without a reason");
        return;
    };
    assert!(!is_bad && !has_dots(path));
    let uri = request.uri;
    assert_eq!(
        (uri.scheme_str(), uri.authority().map(|at| at.as_str())),
        (Some("https"), Some("api.test"))
    );
    let mut parts: Vec<_> = uri.path().split('/').collect();
    let own = parts.split_off(parts.len() - segments.len());
    let own: Vec<_> = own.into_iter().map(decoded).collect();
    assert_eq!(
        own,
        segments
            .iter()
            .map(|text| text.as_bytes())
            .collect::<Vec<_>>()
    );
    let before = match segments {
        [] => path,
        _ => path.strip_suffix('/').unwrap_or(path),
    };
    assert_eq!(parts.join("/"), before);
    let pairs = uri.query().into_iter().flat_map(|query| query.split('&'));
    let pairs: Vec<_> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| [name, value].map(|text| decoded(&text.replace('+', " "))))
        .collect();
    let given = query
        .iter()
        .map(|(name, value)| [name.as_bytes(), value.as_bytes()].map(<[u8]>::to_vec));
    assert_eq!(pairs, given.collect::<Vec<_>>());
}

/// The value of this name in a Content-Disposition.
fn quoted(head: &str, name: &str) -> Vec<u8> {
    let (_, rest) = head.split_once(&format!("; {name}=\"")).expect("the name");
    decoded(rest.split('"').next().unwrap_or_default())
}

/// The parts of a form: their heads and contents.
fn parts(request: &FakeRequest) -> Vec<(String, Vec<u8>)> {
    let content_type = request.headers["content-type"].to_str().expect("text");
    let (_, boundary) = content_type.split_once("boundary=").expect("a boundary");
    let (opening, closing) = (format!("--{boundary}\r\n"), format!("--{boundary}--\r\n"));
    let next = format!("\r\n--{boundary}");
    let mut rest = &request.body[..];
    let mut parts = Vec::new();
    while let Some(part) = rest.strip_prefix(opening.as_bytes()) {
        let find = |bytes: &[u8], text: &str| {
            let mut windows = bytes.windows(text.len());
            windows.position(|window| window == text.as_bytes())
        };
        let head = find(part, "\r\n\r\n").expect("the end of a head");
        let content = &part[head + 4..];
        let end = find(content, &next).expect("the end of a part");
        let head = std::str::from_utf8(&part[..head]).expect("text");
        parts.push((head.to_owned(), content[..end].to_vec()));
        rest = &content[end + 2..];
    }
    assert_eq!(rest, closing.as_bytes());
    parts
}

fn check_form(fields: &[(&str, &str)], field: &str, file_name: &str, content: &[u8]) {
    let mut form = Form::new();
    for (name, value) in fields {
        form = form.text(*name, *value);
    }
    let form = form.upload(field, Upload::bytes(file_name, content.to_vec()));
    let Some(request) = sent(Method::POST, "/v1", |request| request.form(form)) else {
        panic!("refused");
    };
    let mut parts = parts(&request);
    let (head, file) = parts.pop().expect("the file");
    assert_eq!(file, content);
    for (head, name, value) in [(&head, "name", field), (&head, "filename", file_name)]
        .into_iter()
        .chain(
            parts
                .iter()
                .zip(fields)
                .map(|((head, _), (name, _))| (head, "name", *name)),
        )
    {
        // A percent sign of one's own is sent as it is.
        if !value.contains('%') {
            assert_eq!(quoted(head, name), value.as_bytes());
        }
        assert!(
            head.lines().all(|line| line.starts_with("Content-")),
            "{head:?}"
        );
        assert!(
            !head
                .replace("\r\n", "")
                .contains(|c: char| c.is_ascii_control()),
            "{head:?}"
        );
    }
    let values = parts.iter().map(|(_, value)| &value[..]);
    assert!(values.eq(fields.iter().map(|(_, value)| value.as_bytes())));
}

fuzz_target!(|input: Input<'_>| {
    match input {
        Input::Path {
            path,
            segments,
            query,
        } => check_path(path, &segments, &query),
        Input::Segments(segments) => check_path("/v1", &segments, &[]),
        Input::Form {
            fields,
            field,
            file_name,
            content,
        } => {
            check_form(&fields, field, file_name, content);
        }
    }
});
