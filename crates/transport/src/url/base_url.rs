//! Base URLs, checked once.

use std::fmt;

use http::Uri;
use http::uri::{Authority, Scheme};

use crate::error::Error;
use crate::url::host::{self, is_loopback};

/// Scheme, host, port and path prefix of a service.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    scheme: Scheme,
    authority: Authority,
    /// Without a trailing slash.
    prefix: String,
}

impl BaseUrl {
    /// # Errors
    /// If it is not an `https` URL, or an `http` URL of this machine, or has parts that a base URL cannot have.
    pub(crate) fn parse(text: &str, allow_prefix: bool) -> Result<Self, Error> {
        let refuse = |what: &str| Err(Error::invalid(format!("base URL: {what}")));
        if text.contains('#') {
            return refuse("it has a fragment (`#...`); leave that out");
        }
        if text
            .split_once(':')
            .is_some_and(|(scheme, _)| is_other_scheme(scheme))
        {
            return refuse("its scheme is not `https`; begin it with `https://`");
        }
        if !text.is_ascii() {
            return refuse(
                "it has a letter beyond ASCII; write its host in the form that begins with `xn--`",
            );
        }
        let Ok(uri) = text.parse::<Uri>() else {
            return refuse("it is not a URL; write it like `https://api.example.com`");
        };
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return refuse("it has no scheme or no host; write it like `https://api.example.com`");
        };
        if authority.as_str().contains('@') {
            return refuse(
                "it has a user name or password; credentials are given to the client's builder",
            );
        }
        if authority.host().is_empty() {
            return refuse("it has no host; write it like `https://api.example.com`");
        }
        if let Err(what) = host::check(&authority) {
            return refuse(what);
        }
        let path = parts.path_and_query.as_ref();
        if path.is_some_and(|path| path.query().is_some()) {
            return refuse("it has a query (`?...`); leave that out");
        }
        let prefix = path.map_or("", |path| path.path()).trim_end_matches('/');
        if !prefix.is_empty() && !allow_prefix {
            return refuse("it has a path; this service's base URL is scheme and host only");
        }
        if !prefix.is_empty() {
            crate::url::path::check_path(prefix)
                .map_err(|error| Error::invalid(format!("base URL: {error}")))?;
        }
        let base = Self {
            prefix: prefix.to_owned(),
            scheme,
            authority,
        };
        match base.scheme.as_str() {
            "https" => Ok(base),
            "http" if base.is_loopback() => Ok(base),
            "http" => refuse(
                "plain `http` would send the credential in the clear; use `https` (only loopback hosts may do without)",
            ),
            _ => refuse("its scheme is not `https`; begin it with `https://`"),
        }
    }

    /// The origin of a URL that was checked before; `None` if it has no scheme or host.
    pub(crate) fn origin_of(uri: &Uri) -> Option<Self> {
        Some(Self {
            scheme: uri.scheme()?.clone(),
            authority: uri.authority()?.clone(),
            prefix: String::new(),
        })
    }

    pub(crate) fn host(&self) -> &str {
        self.authority.host()
    }

    /// Whether the other is in the same domain: the hosts differ in their first label at most.
    pub(crate) fn is_akin_to(&self, other: &Self) -> bool {
        if self.is_loopback() || other.is_loopback() {
            return self.is_loopback() && other.is_loopback();
        }
        let domain = |base: &Self| {
            let host = base.host().trim_end_matches('.').to_ascii_lowercase();
            let (_, domain) = host.split_once('.')?;
            let is_number = domain.split('.').all(|label| label.parse::<u8>().is_ok());
            let is_address = host.starts_with('[') || is_number;
            (domain.contains('.') && !is_address).then(|| domain.to_owned())
        };
        domain(self).is_some_and(|own| domain(other) == Some(own))
    }

    fn is_loopback(&self) -> bool {
        is_loopback(self.host())
    }

    /// The URL of a path and query below the base.
    pub(crate) fn join(&self, target: String) -> Result<Uri, Error> {
        let target = if self.prefix.is_empty() {
            target
        } else {
            format!("{}{target}", self.prefix)
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(
            http::uri::PathAndQuery::from_maybe_shared(bytes::Bytes::from(target)).map_err(
                |_| {
                    Error::invalid(
                        "the request's path and query do not make a URL; they may be too long",
                    )
                },
            )?,
        );
        Uri::from_parts(parts).map_err(|_| Error::invalid("the request's parts do not make a URL"))
    }

    /// Whether a request to this URL stays at the origin that the credential is meant for.
    pub(crate) fn is_origin_of(&self, uri: &Uri) -> bool {
        if self.has_parts_of(uri) {
            return true;
        }
        uri.scheme() == Some(&self.scheme)
            && uri
                .host()
                .is_some_and(|host| host.eq_ignore_ascii_case(self.authority.host()))
            && port(uri.scheme_str(), uri.port_u16())
                == port(Some(self.scheme.as_str()), self.authority.port_u16())
    }

    /// Host and port.
    pub(crate) fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl BaseUrl {
    /// Whether the URL has exactly this scheme and authority.
    pub(crate) fn has_parts_of(&self, uri: &Uri) -> bool {
        uri.scheme() == Some(&self.scheme)
            && uri
                .authority()
                .is_some_and(|authority| authority.as_str() == self.authority.as_str())
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Whether the text before the first colon is a scheme that is not supported here.
fn is_other_scheme(scheme: &str) -> bool {
    let http = ["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    !http && scheme.len() > 1 && scheme.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn port(scheme: Option<&str>, port: Option<u16>) -> Option<u16> {
    port.or(match scheme {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_that_cannot_be_one_is_refused_with_a_remedy() {
        for (text, says) in [
            ("", "is not a URL"),
            ("api.example.com", "no scheme"),
            ("/v1", "no scheme"),
            ("file:///etc/passwd", "not `https`"),
            ("file:", "not `https`"),
            ("ftp://example.com", "not `https`"),
            ("http://example.com", "in the clear"),
            ("http://localhost.example.com", "in the clear"),
            ("http://127.0.0.1.example.com", "in the clear"),
            ("https://example.com/v1", "has a path"),
            ("https://example.com?x=1", "has a query"),
            ("https://example.com#x", "has a fragment"),
            ("https://user:hunter2@example.com", "user name or password"),
            ("https://exa mple.com", "is not a URL"),
            ("https://x:99999", "port is not a number from 1 to 65535"),
            ("https://x:65536", "port is not a number"),
            ("https://x:0", "port is not a number"),
            ("https://x:", "port is not a number"),
            ("https://[::1]:99999", "port is not a number"),
            ("https://x:80a", "port is not a number"),
            ("https://[v1.x]", "not an IPv6 address"),
            ("https://[::1%25eth0]", "not an IPv6 address"),
            ("https://[1.2.3.4]", "not an IPv6 address"),
            ("https://*", "no host name has"),
            ("https://*.example.com", "no host name has"),
            ("https://a%2eb.example.com", "is not a URL"),
            ("https://a!b.example.com", "no host name has"),
            ("https://good..com", "nothing between them"),
            ("https://.com", "nothing between them"),
            ("https://good.com..", "nothing between them"),
            ("https://.", "nothing between them"),
            ("https://1.2.3", "no IPv4 address"),
            ("https://1.2.3.4.5", "no IPv4 address"),
            ("https://0x7f.1", "no IPv4 address"),
            ("https://2130706433", "no IPv4 address"),
            ("https://127.0.0.0x1", "no IPv4 address"),
            ("https://münchen.example.com", "xn--"),
        ] {
            let error = BaseUrl::parse(text, false).unwrap_err();
            assert!(error.is_invalid());
            let message = error.to_string();
            assert!(message.contains(says), "{text}: {message}");
            assert!(message.starts_with("base URL: "), "{message}");
            assert!(!message.contains("hunter2"));
        }
        for (text, good) in [
            (format!("https://{}.com", "a".repeat(63)), true),
            (format!("https://{}.com", "a".repeat(64)), false),
            (format!("https://{}com", "abcdefghi.".repeat(25)), true),
            (format!("https://{}comm", "abcdefghi.".repeat(25)), false),
        ] {
            assert_eq!(BaseUrl::parse(&text, false).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn plain_http_is_allowed_on_this_machine_only() {
        for text in [
            "http://localhost:8080",
            "http://127.8.9.1",
            "http://[::1]:1",
            "https://example.com/",
            "https://example.com.",
            "https://example.com:65535",
            "https://example.com:1",
            "https://my_host-1",
            "https://xn--mnchen-3ya.example.com",
            "https://1.2.3.4",
            "https://[2001:db8::1]:8443",
            "https://4chan.example.3com",
        ] {
            assert!(BaseUrl::parse(text, false).is_ok(), "{text}");
        }
    }

    #[test]
    fn a_path_prefix_is_kept_where_the_service_allows_one() {
        let base = BaseUrl::parse("https://example.com/pw/", true).unwrap();
        assert_eq!(
            base.join("/api?x=1".into()).unwrap(),
            "https://example.com/pw/api?x=1"
        );
        assert!(BaseUrl::parse("https://example.com/a/../b", true).is_err());
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let base = BaseUrl::parse("https://api.example.com", false).unwrap();
        for (uri, same) in [
            ("https://api.example.com/x", true),
            ("https://API.example.com:443/x", true),
            ("https://api.example.com:444/x", false),
            ("http://api.example.com/x", false),
            ("https://example.com/x", false),
        ] {
            assert_eq!(base.is_origin_of(&uri.parse().unwrap()), same, "{uri}");
        }
    }
}
