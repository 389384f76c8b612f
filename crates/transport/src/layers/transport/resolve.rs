//! Checks the addresses that a name resolves to when a file is fetched from another host.
//!
//! The URL was checked before, but a public name may resolve to a private address. So the addresses are checked where
//! they are about to be used. A proxy resolves names itself, and its operator decides what it may reach.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::error::{BoxError, Error};
use crate::url::host::{self, Reach};
use crate::url::redirect::FileHosts;

type Found = Result<Vec<SocketAddr>, BoxError>;
type Lookup = dyn Fn(String) -> Pin<Box<dyn Future<Output = Found> + Send>> + Send + Sync;

/// Resolves names to the addresses that files may be fetched from.
#[derive(Clone)]
pub(super) struct Guard {
    /// The service's own host. The user chose it, so all its addresses are allowed.
    own_host: Arc<str>,
    own_reach: Reach,
    is_private_allowed: bool,
    lookup: Arc<Lookup>,
}

impl Guard {
    pub(super) fn new(hosts: FileHosts<'_>) -> Self {
        Self::with(hosts, |name| {
            Box::pin(async move {
                // The port is that of the URL, which reqwest knows.
                let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
                Ok(found.collect())
            })
        })
    }

    fn with(
        hosts: FileHosts<'_>,
        lookup: impl Fn(String) -> Pin<Box<dyn Future<Output = Found> + Send>> + Send + Sync + 'static,
    ) -> Self {
        let own_host = hosts.base.host();
        Self {
            own_host: own_host.into(),
            own_reach: Reach::of(own_host),
            is_private_allowed: hosts.private,
            lookup: Arc::new(lookup),
        }
    }

    fn allows(&self, address: IpAddr) -> bool {
        match Reach::of_address(address) {
            Reach::Public => true,
            Reach::Private => self.is_private_allowed,
            Reach::ThisMachine => self.own_reach == Reach::ThisMachine,
            Reach::Local => false,
        }
    }

    fn allowed(&self, name: &str, found: Vec<SocketAddr>) -> Found {
        if host::is_same(name, &self.own_host) || found.is_empty() {
            return Ok(found);
        }
        let allowed: Vec<_> = found
            .into_iter()
            .filter(|found| self.allows(found.ip()))
            .collect();
        match allowed.is_empty() {
            false => Ok(allowed),
            true => Err(refused().boxed()),
        }
    }
}

/// The name may be part of a secret URL, but errors already show scheme and host.
fn refused() -> Error {
    Error::invalid(
        "the file's URL: its host name resolves to an address in a private network or on this machine, from which \
         nothing is fetched; if files are kept in a private network, build the client with \
         `fetch_from_private_networks`",
    )
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = (guard.lookup)(name.as_str().to_owned()).await?;
            let allowed = guard.allowed(name.as_str(), found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::layers::transport::sending_failed;
    use crate::outcome::Outcome;
    use crate::url::base_url::BaseUrl;

    fn guard(base: &str, private: bool, addresses: &'static [&'static str]) -> Guard {
        let base = BaseUrl::parse(base, false).unwrap();
        let hosts = FileHosts {
            base: &base,
            private,
        };
        Guard::with(hosts, move |_| {
            let found = addresses
                .iter()
                .map(|address| SocketAddr::new(address.parse().unwrap(), 0))
                .collect();
            Box::pin(std::future::ready(Ok(found)))
        })
    }

    async fn resolved(guard: &Guard, name: &str) -> Result<Vec<String>, String> {
        let found = guard.resolve(name.parse().unwrap()).await;
        found
            .map(|found| found.map(|found| found.ip().to_string()).collect())
            .map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_name_leads_only_to_addresses_that_a_url_could_name() {
        const HERE: &[&str] = &["127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1"];
        const PRIVATE: &[&str] = &["10.0.0.1", "192.168.1.1", "fd00::1"];
        const CLOUD: &[&str] = &["169.254.169.254", "168.63.129.16", "fd00:ec2::254"];
        for (base, private, addresses, kept) in [
            ("https://api.test", false, HERE, 0),
            ("https://api.test", false, PRIVATE, 0),
            ("https://api.test", true, HERE, 0),
            ("https://api.test", true, PRIVATE, 3),
            ("https://api.test", true, CLOUD, 0),
            ("http://127.0.0.1:1", false, HERE, 4),
            ("http://127.0.0.1:1", true, CLOUD, 0),
            ("https://api.test", false, &["10.0.0.1", "192.0.2.1"], 1),
        ] {
            let found = resolved(&guard(base, private, addresses), "files.test").await;
            match kept {
                0 => assert!(
                    found.unwrap_err().contains("fetch_from_private_networks"),
                    "{base} {addresses:?}"
                ),
                _ => assert_eq!(found.unwrap().len(), kept, "{base} {addresses:?}"),
            }
        }
    }

    #[tokio::test]
    async fn the_services_own_host_may_have_any_address() {
        let guard = guard("https://files.intranet.test", false, &["10.0.0.1"]);
        assert_eq!(
            resolved(&guard, "FILES.intranet.test.").await,
            Ok(vec!["10.0.0.1".to_owned()])
        );
        assert!(resolved(&guard, "other.test").await.is_err());
    }

    #[tokio::test]
    async fn no_connection_is_opened_to_a_refused_address_and_the_error_says_why() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        // Without its own provider, rustls uses the process default.
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let _ = provider.install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .dns_resolver(guard("https://api.test", true, &["127.0.0.1"]))
            .build()
            .unwrap();
        let url = format!("http://files.test:{port}/secret");
        let error = sending_failed(client.get(url).send().await.unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(!error.to_string().contains("secret"), "{error}");
        assert_eq!(
            listener.accept().unwrap_err().kind(),
            std::io::ErrorKind::WouldBlock
        );
    }
}
