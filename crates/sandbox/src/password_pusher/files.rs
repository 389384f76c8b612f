//! Signed URLs of files, and what is behind them.
//!
//! Source: the server's source for the URLs, their five minutes and the redirect (`active_storage`); the form of the
//! paths is inferred.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};

use super::call::Call;
use super::content;
use super::filename;
use super::model::{Attached, Upload, after};
use super::response::{Object, REVALIDATE, redirect, status_response};
use super::state::State;
use crate::common::hmac;

/// How long a signed URL is good for, in seconds.
const LIFE: i64 = 5 * 60;

/// What a signature is for. A URL of one is none of the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Leads on to where the file is.
    Redirect,
    Storage,
}

impl Place {
    pub(crate) const ALL: [Self; 2] = [Self::Redirect, Self::Storage];

    /// The path in front of the signature.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Redirect => "/pfb/blobs/redirect/",
            Self::Storage => "/pfb/disk/",
        }
    }
}

fn signature(state: &State, place: Place, what: &str) -> String {
    let parts = [place.prefix().as_bytes(), what.as_bytes()];
    let digest = hmac(&state.signing_key, &parts);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn url(call: &Call<'_>, place: Place, key: &str, name: &str) -> String {
    let until = after(call.now, LIFE).as_millisecond();
    let what = format!("{key}-{until}");
    let signature = signature(call.state, place, &what);
    let (origin, prefix) = (&call.origin, place.prefix());
    format!(
        "{origin}{prefix}{what}--{signature}/{}",
        filename::segment(name)
    )
}

pub(crate) fn describe(call: &Call<'_>, file: &Attached) -> Object {
    let upload = &file.upload;
    Object::default()
        .with("filename", upload.filename.as_str())
        .with("content_type", upload.content_type.as_str())
        .with(
            "url",
            url(call, Place::Redirect, &file.key, &upload.filename),
        )
}

/// The response for one of the signed URLs. The end of a name is the format of what is missing.
pub(crate) fn fetch(call: &Call<'_>, place: Place, signed: &str, path: &str) -> Response<Bytes> {
    let found = find(call, place, signed).and_then(|(key, upload)| match place {
        Place::Redirect => {
            let url = url(call, Place::Storage, key, &upload.filename);
            let mut response = redirect(&url);
            let cache = HeaderValue::from_static("max-age=300, private");
            response.headers_mut().insert(CACHE_CONTROL, cache);
            Some(response)
        }
        Place::Storage => download(&upload),
    });
    found.unwrap_or_else(|| status_response(StatusCode::NOT_FOUND, path.ends_with(".json")))
}

fn find<'a>(call: &Call<'_>, place: Place, signed: &'a str) -> Option<(&'a str, Arc<Upload>)> {
    let (what, given) = signed.split_once("--")?;
    if signature(call.state, place, what) != given {
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
    let disposition =
        HeaderValue::from_str(&filename::disposition(&upload.filename, in_place)).ok()?;
    headers.insert(CONTENT_DISPOSITION, disposition);
    headers.insert(CACHE_CONTROL, REVALIDATE);
    Some(response)
}
