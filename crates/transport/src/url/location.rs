//! Where a redirect points.

use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301..=303 | 307 | 308)
}

pub(super) fn location(headers: &HeaderMap) -> &str {
    headers
        .get(LOCATION)
        .map_or("", |location| location.to_str().unwrap_or_default())
}

/// Scheme and authority of a redirect's target, if it names them. A user name or password is left out.
pub(crate) fn origin(headers: &HeaderMap) -> Option<(&str, &str)> {
    let location = location(headers);
    let (scheme, rest) = match location.strip_prefix("//") {
        Some(rest) => ("https", rest),
        None => location.split_once("://")?,
    };
    if !scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    Some((scheme, authority.rsplit('@').next()?))
}
