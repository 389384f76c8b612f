//! The target of a redirect.

use http::header::LOCATION;
use http::uri::Authority;
use http::{HeaderMap, StatusCode};

pub(crate) fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301..=303 | 307 | 308)
}

pub(super) fn location(headers: &HeaderMap) -> &str {
    headers
        .get(LOCATION)
        .map_or("", |location| location.to_str().unwrap_or_default())
}

/// Scheme and authority of a redirect's target, if it has them. A user name or password is left out.
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

/// Whether the path of a redirect's target ends with this template, with any values for its placeholders.
pub(crate) fn leads_to(headers: &HeaderMap, template: &str) -> bool {
    let target = location(headers).split(['?', '#']).next();
    let mut segments = target.unwrap_or_default().rsplit('/');
    let mut template = template.trim_start_matches('/').rsplit('/');
    template.all(|expected| {
        let segment = segments.next();
        segment.is_some_and(|segment| expected.starts_with('{') || segment == expected)
    })
}

/// Whether the text names the same host and port, with any scheme: a port that is the default of its scheme may be
/// omitted.
pub(crate) fn is_same_host(host: &Authority, text: &str) -> bool {
    let Ok(other) = text.parse::<Authority>() else {
        return false;
    };
    let named = |authority: &Authority| {
        let port = authority.port_u16();
        port.filter(|port| !matches!(port, 80 | 443))
    };
    other.host().eq_ignore_ascii_case(host.host()) && named(&other) == named(host)
}
