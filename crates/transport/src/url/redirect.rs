//! Redirects: only reported for requests with a credential, and followed when a file is fetched without one.

use http::Uri;
use http::{HeaderMap, StatusCode};

use crate::error::{Error, ErrorKind, one_line};
use crate::url::base_url::BaseUrl;
use crate::url::host::{self, Reach, is_loopback};
use crate::url::location::{is_redirect, location, origin};

/// How many redirects of a fetch are followed.
pub(crate) const MOST_REDIRECTS: u32 = 5;

/// The longest host that is shown as a redirect's target, in characters: no name is longer.
const LONGEST_HOST: usize = 260;

/// The message for a redirect that is not followed, because the credential belongs to one origin.
pub(crate) fn message(status: StatusCode, headers: &HeaderMap, base: &BaseUrl) -> Option<String> {
    if !is_redirect(status) {
        return None;
    }
    if location(headers).is_empty() {
        return Some("the service redirects without saying where to".to_owned());
    }
    let another_path = || "the service redirects to another path, which is not followed".to_owned();
    let Some((scheme, authority)) = origin(headers) else {
        return Some(another_path());
    };
    let target = Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query("/")
        .build();
    Some(match target {
        Ok(target) if base.is_origin_of(&target) => another_path(),
        Ok(_) => format!(
            "the service redirects to {scheme}://{}, where the credential is not sent: if that host is right, \
             make it the base URL",
            one_line(authority, LONGEST_HOST),
        ),
        Err(_) => "the service redirects to something that is not a URL".to_owned(),
    })
}

/// The hosts that files may be fetched from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileHosts<'a> {
    pub(crate) base: &'a BaseUrl,
    /// Whether private networks other than the service's own host are allowed.
    pub(crate) private: bool,
}

impl FileHosts<'_> {
    /// A remote service must not make this machine request what only this machine can reach.
    fn check(&self, uri: &Uri) -> Result<(), &'static str> {
        let host = uri.host().unwrap_or_default();
        match Reach::of(host) {
            Reach::Public => Ok(()),
            _ if host::is_same(host, self.base.host()) => Ok(()),
            Reach::ThisMachine if Reach::of(self.base.host()) == Reach::ThisMachine => Ok(()),
            Reach::ThisMachine => Err("it is this machine, and the service is not"),
            Reach::Private if self.private => Ok(()),
            Reach::Private => Err(
                "it is in a private network; if files are kept there, build the client with \
                 `fetch_from_private_networks`",
            ),
            Reach::Local => {
                Err("it is an address that serves the local network or the machine's cloud alone")
            }
        }
    }
}

/// The URL of a file that is fetched without the credential. It may be secret, so no error shows it.
///
/// # Errors
/// If it is not an `https` URL, or an `http` URL of this machine, or its host is not allowed.
pub(crate) fn file_url(url: &str, hosts: FileHosts<'_>) -> Result<Uri, Error> {
    let refuse = |what: &str| Error::invalid(format!("the file's URL: {what}"));
    let url = reqwest::Url::parse(url).map_err(|_| {
        refuse("it is not a URL with scheme and host, like `https://files.example.com/a`")
    })?;
    let url = checked(url).map_err(refuse)?;
    hosts.check(&url).map_err(refuse)?;
    Ok(url)
}

fn checked(mut url: reqwest::Url) -> Result<Uri, &'static str> {
    url.set_fragment(None);
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it has a user name or password, which are not sent");
    }
    match url.scheme() {
        "https" => {}
        "http" if url.host_str().is_some_and(is_loopback) => {}
        _ => return Err("it is not `https`"),
    }
    url.as_str().parse().map_err(|_| "it cannot be sent")
}

/// The next URL of a fetch that was redirected.
///
/// # Errors
/// If there is no valid target, or it is not safe: from https to http, from another host to this machine, or to a host
/// that is not allowed.
pub(crate) fn next(from: &Uri, headers: &HeaderMap, hosts: FileHosts<'_>) -> Result<Uri, Error> {
    let refuse = |what: &str| {
        let message = format!("the file's server redirects to where nothing is fetched: {what}");
        Error::new(ErrorKind::Redirect, message)
    };
    let target = location(headers);
    if target.is_empty() {
        return Err(refuse("it does not say where to"));
    }
    let target = reqwest::Url::parse(&from.to_string())
        .and_then(|url| url.join(target))
        .map_err(|_| refuse("it is not a URL"))?;
    let target = checked(target).map_err(refuse)?;
    hosts.check(&target).map_err(refuse)?;
    let here = |uri: &Uri| uri.host().map(Reach::of) == Some(Reach::ThisMachine);
    if here(&target) && !here(from) {
        return Err(refuse("it is this machine"));
    }
    if target.scheme_str() == Some("http") && from.scheme_str() != Some("http") {
        return Err(refuse("it is not `https`"));
    }
    Ok(target)
}

/// Scheme, host and port, which may be shown.
pub(crate) fn shown(uri: &Uri) -> String {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    format!("{}://{authority}", uri.scheme_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use http::header::LOCATION;

    use super::*;

    #[test]
    fn a_file_is_fetched_by_https_or_from_this_machine() {
        let (here, _) = bases();
        let here = hosts(&here, false);
        for (url, good) in [
            ("https://files.test/a?sig=x#part", true),
            ("http://127.0.0.1:9/a", true),
            ("http://files.test/a", false),
            ("https://user:MARK@files.test/a", false),
            ("ftp://files.test/MARK", false),
            ("/MARK", false),
            ("", false),
        ] {
            let result = file_url(url, here);
            assert_eq!(result.is_ok(), good, "{url}");
            if let Err(error) = result {
                assert!(error.is_invalid() && !error.to_string().contains("MARK"));
            }
        }
        assert_eq!(
            file_url("https://files.test/a?s=%2F#x", here).unwrap(),
            "https://files.test/a?s=%2F"
        );
    }

    /// This machine, and a service on another host.
    fn bases() -> (BaseUrl, BaseUrl) {
        let base = |url| BaseUrl::parse(url, false).unwrap();
        (base("http://127.0.0.1:1"), base("https://service.test"))
    }

    fn hosts(base: &BaseUrl, private: bool) -> FileHosts<'_> {
        FileHosts { base, private }
    }

    fn sent_on(from: &str, location: &str, hosts: FileHosts<'_>) -> Result<Uri, Error> {
        let headers = HeaderMap::from_iter([(LOCATION, location.parse().unwrap())]);
        next(&from.parse().unwrap(), &headers, hosts)
    }

    #[test]
    fn a_service_elsewhere_has_nothing_fetched_from_this_machine() {
        let (here, elsewhere) = bases();
        for url in [
            "https://localhost/a",
            "https://localhost./a",
            "https://a.localhost/a",
            "https://127.0.0.1/a",
            "https://127.1/a",
            "https://0x7f000001/a",
            "https://2130706433/a",
            "https://0/a",
            "https://0.0.0.0/a",
            "https://[::]/a",
            "https://[::1]/a",
            "https://[::ffff:127.0.0.1]/a",
            "https://[::ffff:7f00:1]/a",
            "https://[64:ff9b::7f00:1]/a",
        ] {
            for private in [false, true] {
                assert!(file_url(url, hosts(&here, private)).is_ok(), "{url}");
                let hosts = hosts(&elsewhere, private);
                let error = file_url(url, hosts).unwrap_err();
                assert!(error.to_string().contains("is this machine"), "{error}");
                let error = sent_on("https://b.test/x", url, hosts).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Redirect, "{url}");
            }
        }
    }

    #[test]
    fn nothing_is_fetched_from_private_networks_unless_that_is_wanted_nor_ever_from_the_clouds_own()
    {
        let (here, elsewhere) = bases();
        for (urls, never) in [
            (
                "https://10.0.0.1/a https://192.168.1.1:8443/a https://[fd12::1]/a https://nas/a https://nas.local/a \
                 https://[::ffff:10.0.0.1]/a",
                false,
            ),
            (
                "https://169.254.169.254/latest https://[fe80::1]/a https://[fd00:ec2::254]/a https://100.100.100.200/ \
                 https://metadata.google.internal/a https://[::ffff:a9fe:a9fe]/",
                true,
            ),
        ] {
            for url in urls.split_whitespace() {
                for base in [&here, &elsewhere] {
                    for private in [false, true] {
                        let hosts = hosts(base, private);
                        let good = private && !never;
                        assert_eq!(file_url(url, hosts).is_ok(), good, "{url}");
                        let redirected = sent_on("https://b.test/x", url, hosts);
                        assert_eq!(redirected.is_ok(), good, "{url}");
                    }
                }
                let error = file_url(url, hosts(&elsewhere, false)).unwrap_err();
                let remedy = error.to_string().contains("`fetch_from_private_networks`");
                assert_eq!(remedy, !never, "{error}");
            }
        }
        // A service in a private network has files there.
        let inside = BaseUrl::parse("https://pwpush.internal", false).unwrap();
        let inside = hosts(&inside, false);
        assert!(file_url("https://PWPUSH.internal.:8443/a", inside).is_ok());
        assert!(sent_on("https://b.test/x", "https://pwpush.internal/y", inside).is_ok());
        assert!(file_url("https://other.internal/a", inside).is_err());
    }

    #[test]
    fn a_fetch_is_sent_on_to_safe_places_only() {
        let (here, _) = bases();
        for (from, location, to) in [
            (
                "https://a.test/x/y?q",
                "https://b.test/z?s",
                Some("https://b.test/z?s"),
            ),
            (
                "https://a.test/x/y?q",
                "//b.test/z",
                Some("https://b.test/z"),
            ),
            ("https://a.test/x/y?q", "/z", Some("https://a.test/z")),
            ("https://a.test/x/y?q", "z", Some("https://a.test/x/z")),
            (
                "http://127.0.0.1:1/x",
                "http://localhost:2/y",
                Some("http://localhost:2/y"),
            ),
            (
                "http://127.0.0.1:1/x",
                "https://a.test/y",
                Some("https://a.test/y"),
            ),
            ("https://a.test/x", "http://b.test/z", None),
            ("https://a.test/x", "http://127.0.0.1/z", None),
            ("https://a.test/x", "https://localhost/z", None),
            ("https://127.0.0.1/x", "http://127.0.0.1/z", None),
            ("https://a.test/x", "https://me:MARK@b.test/", None),
            ("https://a.test/x", "file:///MARK", None),
            ("https://a.test/x", "https://[MARK", None),
            ("https://a.test/x", "", None),
        ] {
            let result = sent_on(from, location, hosts(&here, false));
            match to {
                Some(to) => assert_eq!(result.unwrap(), to),
                None => {
                    let error = result.unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Redirect);
                    assert!(!error.to_string().contains("MARK"), "{error}");
                }
            }
        }
    }
}
