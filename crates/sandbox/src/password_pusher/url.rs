//! The URLs that can be pushed. Source: `app/models/push.rb`, which asks Addressable for the scheme, and Addressable's
//! parser, which refuses some URLs; compared with both.

use crate::common::query;

/// Schemes that need a host or a path.
const NETWORKED: &[&str] = &["http", "https", "ftp", "sftp", "ssh", "ldap"];

/// The scheme of a URL, in lower case, unless the URL is refused.
pub(crate) fn scheme(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once([':', '/', '?', '#'])?;
    let mut bytes = scheme.bytes();
    let is_scheme = url[scheme.len()..].starts_with(':')
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let scheme = scheme.to_ascii_lowercase();
    let (host, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
            (host(authority)?, path)
        }
        None => ("", rest),
    };
    let has_path = !path.is_empty() && !path.starts_with(['?', '#']);
    let leads_somewhere = !host.is_empty() || has_path;
    let is_whole = leads_somewhere || !NETWORKED.contains(&scheme.as_str());
    (is_scheme && is_whole).then_some(scheme)
}

/// The host of an authority, which may be empty, unless it or the port is refused.
fn host(authority: &str) -> Option<&str> {
    let plain = &authority[..authority.find(['[', ']']).unwrap_or(authority.len())];
    let user = plain.rfind('@');
    let host = user.map_or(authority, |at| &authority[at + 1..]);
    let host = match host.rsplit_once(':') {
        Some((_, port)) if port.contains(['@', '[', ']']) => host,
        Some((host, port)) => {
            let port = query::segment(port);
            let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
            is_number.then_some(host)?
        }
        None => host,
    };
    let is_refused = |c: char| r#"<>{}/\?#@""#.contains(c) || c.is_whitespace();
    let is_inner = |c: char| c.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:".contains(c);
    let inner = host.strip_prefix('[');
    let inner = inner.and_then(|host| host.strip_suffix(']'));
    let is_proper =
        !host.contains(is_refused) && inner.is_none_or(|inner| inner.chars().all(is_inner));
    is_proper.then_some(host)
}
