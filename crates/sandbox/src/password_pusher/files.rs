//! Signed URLs of files, and the files.
//!
//! Source: the server's source for the URLs, their five minutes and the redirect (`active_storage`). The form of the
//! paths is inferred.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::call::Call;
use super::content;
use super::filename;
use super::records::{Attached, Upload, after};
use super::response::{REVALIDATE, redirect, status_response};
use super::state::State;
use crate::common::hmac;

/// How long a signed URL is valid, in seconds.
const LIFE: i64 = 5 * 60;

/// The start of a path that leads to the file, and of the path of the file itself. A signature is valid behind one of
/// them only.
pub(crate) const REDIRECT: &str = "/pfb/blobs/redirect/";
pub(crate) const STORAGE: &str = "/pfb/disk/";

fn signature(state: &State, start: &str, what: &str) -> String {
    hmac(&state.signing_key, &[start.as_bytes(), what.as_bytes()])
}

fn url(call: &Call<'_>, start: &str, key: &str, name: &str) -> String {
    let until = after(call.now, LIFE).as_millisecond();
    let what = format!("{key}-{until}");
    let signature = signature(call.state, start, &what);
    let (origin, name) = (&call.origin, filename::segment(name));
    format!("{origin}{start}{what}--{signature}/{name}")
}

/// Files as the responses list them.
pub(crate) fn list<'f>(call: &Call<'_>, files: impl IntoIterator<Item = &'f Attached>) -> Value {
    let files = files.into_iter().map(|Attached { key, upload }| {
        json!({
            "filename": upload.filename,
            "content_type": upload.content_type,
            "url": url(call, REDIRECT, key, &upload.filename),
        })
    });
    files.collect()
}

/// The response for a signed URL. A missing file gets an error in the format of its extension.
pub(crate) fn fetch(call: &Call<'_>, start: &str, signed: &str, path: &str) -> Response<Bytes> {
    let found = find(call, start, signed).and_then(|(key, upload)| {
        if start == STORAGE {
            return download(&upload);
        }
        let to = url(call, STORAGE, key, &upload.filename);
        let mut response = redirect(StatusCode::FOUND, &to);
        let cache = HeaderValue::from_static("max-age=300, private");
        response.headers_mut().insert(CACHE_CONTROL, cache);
        Some(response)
    });
    found.unwrap_or_else(|| status_response(StatusCode::NOT_FOUND, path.ends_with(".json")))
}

fn find<'a>(call: &Call<'_>, start: &str, signed: &'a str) -> Option<(&'a str, Arc<Upload>)> {
    let (what, given) = signed.split_once("--")?;
    if signature(call.state, start, what) != given {
        return None;
    }
    let (key, until) = what.split_once('-')?;
    if call.now.as_millisecond() >= until.parse().ok()? {
        return None;
    }
    let upload = call.state.store().files.get(key)?.upgrade()?;
    Some((key, upload))
}

fn download(upload: &Upload) -> Option<Response<Bytes>> {
    let mut response = Response::new(upload.content.clone());
    let headers = response.headers_mut();
    let (kind, in_place) = content::served(&upload.content_type);
    let kind = HeaderValue::from_str(kind);
    let kind = kind.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_TYPE, kind);
    let name = filename::disposition(&upload.filename, in_place);
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_str(&name).ok()?);
    headers.insert(CACHE_CONTROL, REVALIDATE);
    Some(response)
}
