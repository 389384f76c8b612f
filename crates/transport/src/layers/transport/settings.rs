//! How the reqwest client is built.

use std::time::Duration;

use super::resolve::Guard;
use super::tls::Tls;
use crate::clock::FOR_EVER;
use crate::error::Error;
use crate::url::host::is_loopback;

/// The settings of the transport.
#[derive(Clone)]
pub(crate) struct TransportSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) pool_idle_timeout: Duration,
    /// How long an HTTP/2 connection that has requests may receive nothing before it is pinged, and how long the pong
    /// may take.
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) proxy: Option<String>,
    pub(crate) no_proxy: bool,
    pub(crate) root_certificates: Vec<Vec<u8>>,
    pub(crate) http1_only: bool,
}

/// How an origin is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Route {
    Direct,
    /// Through the given proxy, or through those of the system's settings.
    Proxied,
}

impl TransportSettings {
    /// The time after which a silent HTTP/2 connection that has requests is closed: after a third of it the peer is
    /// pinged. Data being sent can delay the ping, so most of the time is left for the response.
    pub(crate) fn silent_for(mut self, time: Duration) -> Self {
        let time = time.clamp(SHORTEST_SILENCE, LONGEST_SILENCE);
        self.ping_interval = time / 3;
        self.ping_timeout = time - time / 3;
        self
    }

    /// The route to a URL. System proxies are not used for this machine, so that plain-text requests to it do not leave
    /// it.
    pub(super) fn route(&self, url: Option<&reqwest::Url>) -> Route {
        let is_direct = match &self.proxy {
            Some(_) => false,
            None if self.no_proxy => true,
            None => url
                .and_then(reqwest::Url::host_str)
                .is_some_and(is_this_machine),
        };
        match is_direct {
            true => Route::Direct,
            false => Route::Proxied,
        }
    }

    pub(super) fn tls(&self) -> Result<Tls, Error> {
        Tls::new(&self.root_certificates, self.http1_only)
    }

    /// # Errors
    /// If the proxy is invalid.
    pub(super) fn client(
        &self,
        tls: &Tls,
        route: Route,
        guard: Option<&Guard>,
    ) -> Result<reqwest::Client, Error> {
        tls.build(|| {
            let builder = self.builder(route)?;
            Ok(match guard {
                Some(guard) => builder.dns_resolver(guard.clone()),
                None => builder,
            })
        })
    }

    fn builder(&self, route: Route) -> Result<reqwest::ClientBuilder, Error> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.connect_timeout.min(FOR_EVER))
            // The pool adds the timeout to the current time without checking for overflow.
            .pool_idle_timeout(self.pool_idle_timeout.min(FOR_EVER))
            .http2_keep_alive_interval(self.ping_interval)
            .http2_keep_alive_timeout(self.ping_timeout);
        match (route, &self.proxy) {
            (Route::Direct, _) => builder = builder.no_proxy(),
            (Route::Proxied, Some(url)) => builder = builder.proxy(explicit_proxy(url)?),
            (Route::Proxied, None) => check_environment()?,
        }
        if self.http1_only {
            builder = builder.http1_only();
        }
        Ok(builder)
    }
}

fn is_this_machine(host: &str) -> bool {
    let name = host.trim_end_matches('.');
    let is_below = |tail: &str| {
        name.len()
            .checked_sub(tail.len())
            .and_then(|at| name.get(at..))
            .is_some_and(|end| end.eq_ignore_ascii_case(tail))
    };
    is_loopback(name) || is_below(".localhost")
}

const SHORTEST_SILENCE: Duration = Duration::from_millis(1500);
const LONGEST_SILENCE: Duration = Duration::from_secs(30);

const PROXY_SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// The proxy's URL may hold a password, so neither the URL nor the cause is shown.
fn explicit_proxy(url: &str) -> Result<reqwest::Proxy, Error> {
    let is_known = url
        .split_once("://")
        .is_some_and(|(scheme, _)| PROXY_SCHEMES.contains(&scheme));
    Some(url)
        .filter(|_| is_known)
        .and_then(|url| reqwest::Proxy::all(url).ok())
        .ok_or_else(|| {
            Error::invalid(
                "proxy: it is not a URL like `http://proxy.example.com:3128` or `socks5h://proxy.example.com:1080`",
            )
        })
}

/// Refuses what would be silently ignored: an environment variable that does not parse as a proxy.
fn check_environment() -> Result<(), Error> {
    for names in [
        ["HTTPS_PROXY", "https_proxy"],
        ["HTTP_PROXY", "http_proxy"],
        ["ALL_PROXY", "all_proxy"],
    ] {
        let found = names
            .into_iter()
            .find_map(|name| Some((name, std::env::var_os(name)?)));
        if let Some((name, value)) = found
            && !value.to_str().is_some_and(is_proxy_or_none)
        {
            return Err(Error::invalid(format!(
                "the environment variable {name} is not a proxy's URL like `http://proxy.example.com:3128`; correct it, \
                 remove it, or build the client with `no_proxy()` or a `proxy(..)` of its own"
            )));
        }
    }
    Ok(())
}

/// As in hyper-util: an empty value is no proxy, and a proxy without a scheme speaks HTTP.
fn is_proxy_or_none(value: &str) -> bool {
    if value.is_empty() {
        return true;
    }
    let Ok(uri) = value.parse::<http::Uri>() else {
        return false;
    };
    let is_known = uri
        .scheme_str()
        .is_none_or(|scheme| PROXY_SCHEMES.contains(&scheme));
    // A port that is not a number is not parsed as a port.
    let is_whole = uri.authority().is_some_and(|authority| {
        let (_, place) = authority
            .as_str()
            .rsplit_once('@')
            .unwrap_or(("", authority.as_str()));
        !authority.host().is_empty() && (place == authority.host() || authority.port().is_some())
    });
    is_known && is_whole
}

/// # Errors
/// If the URL needs TLS and none is compiled in.
pub(super) fn check_tls(url: &reqwest::Url) -> Result<(), Error> {
    if cfg!(feature = "_tls") || url.scheme() != "https" {
        return Ok(());
    }
    Err(Error::invalid(
        "no TLS is compiled in, and the URL is `https`: enable one of the features `rustls`, `rustls-no-provider` and \
         `native-tls`",
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in super::super) fn settings(proxy: Option<&str>, no_proxy: bool) -> TransportSettings {
        TransportSettings {
            connect_timeout: Duration::from_secs(1),
            pool_idle_timeout: Duration::from_secs(1),
            ping_interval: Duration::from_secs(1),
            ping_timeout: Duration::from_secs(1),
            proxy: proxy.map(str::to_owned),
            no_proxy,
            root_certificates: Vec::new(),
            http1_only: false,
        }
    }

    #[test]
    fn this_machine_is_reached_by_no_proxy_but_one_that_was_given() {
        for (url, is_here) in [
            ("http://127.0.0.1:8080", true),
            ("http://127.9.8.7", true),
            ("http://[::1]:1", true),
            ("http://localhost", true),
            ("http://LOCALHOST.:1", true),
            ("https://api.localhost", true),
            ("https://api.LocalHost.", true),
            ("https://notlocalhost", false),
            ("https://localhost.test", false),
            ("https://128.0.0.1", false),
            ("https://api.test", false),
        ] {
            let url = reqwest::Url::parse(url).unwrap();
            for (proxy, no_proxy, route) in [
                (
                    None,
                    false,
                    if is_here {
                        Route::Direct
                    } else {
                        Route::Proxied
                    },
                ),
                (None, true, Route::Direct),
                (Some("http://proxy.test"), false, Route::Proxied),
                (Some("http://proxy.test"), true, Route::Proxied),
            ] {
                let settings = settings(proxy, no_proxy);
                assert_eq!(
                    settings.route(Some(&url)),
                    route,
                    "{url} {proxy:?} {no_proxy}"
                );
            }
        }
    }

    #[test]
    fn a_silent_connection_is_pinged_after_a_third_of_its_time_which_has_bounds() {
        for (time, interval, timeout) in [
            (0, 500, 1000),
            (1500, 500, 1000),
            (6000, 2000, 4000),
            (30_000, 10_000, 20_000),
            (u64::MAX, 10_000, 20_000),
        ] {
            let settings = settings(None, true).silent_for(Duration::from_millis(time));
            let [interval, timeout] = [interval, timeout].map(Duration::from_millis);
            assert_eq!(
                (settings.ping_interval, settings.ping_timeout),
                (interval, timeout),
                "{time}"
            );
        }
    }

    #[test]
    fn a_proxy_of_the_environment_is_read_as_hyper_reads_it() {
        for value in [
            "",
            "proxy",
            "proxy.test:3128",
            "user:word@proxy.test:3128",
            "http://proxy.test",
            "https://user:word@proxy.test:1/",
            "socks5h://proxy.test:1080",
            "http://[::1]:3128",
        ] {
            assert!(is_proxy_or_none(value), "{value}");
        }
        for value in [
            "http://",
            "://x",
            "ftp://proxy",
            "http://proxy:port",
            "a b",
            "/path",
        ] {
            assert!(!is_proxy_or_none(value), "{value}");
        }
    }
}
