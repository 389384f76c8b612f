//! The TLS library: which one, and its setup, once for all runtimes of a client.
//!
//! The TLS library is fixed here: rustls if one of its features is enabled, the platform's otherwise. reqwest by itself
//! would choose by the features that any crate of the program enables.

#[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
pub(super) use with_rustls::Tls;

#[cfg(all(
    feature = "native-tls",
    not(any(feature = "rustls", feature = "rustls-no-provider"))
))]
pub(super) use with_native::Tls;

#[cfg(not(feature = "_tls"))]
pub(super) use without::Tls;

fn unusable_client(error: reqwest::Error) -> crate::error::Error {
    crate::error::Error::invalid(
        "the HTTP client could not be set up: check its proxy and its root certificates",
    )
    .with_source(error)
}

#[cfg(feature = "_tls")]
const NOT_PEM: &str =
    "root certificate: it is not PEM, which begins with `-----BEGIN CERTIFICATE-----`";

#[cfg(feature = "_tls")]
fn roots(pems: &[Vec<u8>]) -> Result<Vec<reqwest::Certificate>, crate::error::Error> {
    use crate::error::Error;

    let mut certificates = Vec::new();
    for pem in pems {
        let bundle =
            reqwest::Certificate::from_pem_bundle(pem).map_err(|_| Error::invalid(NOT_PEM))?;
        if bundle.is_empty() {
            return Err(Error::invalid(
                "root certificate: it holds no certificate; PEM begins with `-----BEGIN CERTIFICATE-----`",
            ));
        }
        certificates.extend(bundle);
    }
    Ok(certificates)
}

#[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
mod with_rustls {
    use std::sync::Arc;

    use rustls::ClientConfig;
    use rustls::crypto::CryptoProvider;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use rustls_platform_verifier::Verifier;

    use crate::error::Error;

    /// Reading the system's certificates takes milliseconds, so it is done once, and sessions are shared as well.
    pub(in super::super) struct Tls {
        config: ClientConfig,
        roots: Vec<reqwest::Certificate>,
    }

    impl Tls {
        /// # Errors
        /// If a certificate is not PEM, there is no crypto provider, or the system has no certificates.
        pub(in super::super) fn new(pems: &[Vec<u8>], http1_only: bool) -> Result<Self, Error> {
            let roots = super::roots(pems)?;
            let provider = provider()?;
            let verifier = verifier(pems, Arc::clone(&provider))?;
            let mut config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .map_err(unusable)?
                .dangerous()
                .with_custom_certificate_verifier(Arc::new(verifier))
                .with_no_client_auth();
            config.alpn_protocols = match http1_only {
                true => vec![b"http/1.1".to_vec()],
                false => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            };
            Ok(Self { config, roots })
        }

        /// # Errors
        /// If reqwest cannot be built.
        pub(in super::super) fn build(
            &self,
            builder: impl Fn() -> Result<reqwest::ClientBuilder, Error>,
        ) -> Result<reqwest::Client, Error> {
            let prepared = builder()?.tls_backend_preconfigured(self.config.clone());
            if let Ok(client) = prepared.build() {
                return Ok(client);
            }
            // A reqwest built with another version of rustls rejects the configuration.
            builder()?
                .tls_backend_rustls()
                .tls_certs_merge(self.roots.iter().cloned())
                .build()
                .map_err(super::unusable_client)
        }
    }

    fn unusable(error: rustls::Error) -> Error {
        Error::invalid(
            "TLS could not be set up: are root certificates installed on this system, and does the crypto provider support \
             TLS 1.2 or 1.3?",
        )
        .with_source(error)
    }

    #[cfg(not(target_os = "android"))]
    fn verifier(pems: &[Vec<u8>], provider: Arc<CryptoProvider>) -> Result<Verifier, Error> {
        if pems.is_empty() {
            return Verifier::new(provider).map_err(unusable);
        }
        let roots: Vec<CertificateDer<'static>> = pems
            .iter()
            .flat_map(|pem| CertificateDer::pem_slice_iter(pem))
            .collect::<Result<_, _>>()
            .map_err(|_| Error::invalid(super::NOT_PEM))?;
        Verifier::new_with_extra_roots(roots, provider).map_err(|error| {
            Error::invalid(
                "root certificate: it cannot be used; give the certificate of the authority itself",
            )
            .with_source(error)
        })
    }

    #[cfg(target_os = "android")]
    fn verifier(pems: &[Vec<u8>], provider: Arc<CryptoProvider>) -> Result<Verifier, Error> {
        if !pems.is_empty() {
            return Err(Error::invalid(
                "root certificate: Android takes none from a program; install it in the system",
            ));
        }
        Verifier::new(provider).map_err(unusable)
    }

    /// The process default provider, or else that of the feature `rustls`.
    fn provider() -> Result<Arc<CryptoProvider>, Error> {
        if let Some(provider) = CryptoProvider::get_default() {
            return Ok(Arc::clone(provider));
        }
        #[cfg(feature = "rustls")]
        return Ok(Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        #[cfg(not(feature = "rustls"))]
        Err(Error::invalid(
            "no crypto provider is installed: with the feature `rustls-no-provider`, install one before the client is \
             built, for example by `rustls::crypto::ring::default_provider().install_default()`",
        ))
    }
}

#[cfg(all(
    feature = "native-tls",
    not(any(feature = "rustls", feature = "rustls-no-provider"))
))]
mod with_native {
    use native_tls::TlsConnector;

    use crate::error::Error;

    /// Reading the system's certificates takes long, so it is done once.
    pub(in super::super) struct Tls {
        connector: TlsConnector,
        roots: Vec<reqwest::Certificate>,
    }

    impl Tls {
        /// # Errors
        /// If a certificate is not PEM, or the library cannot be set up.
        pub(in super::super) fn new(pems: &[Vec<u8>], http1_only: bool) -> Result<Self, Error> {
            let roots = super::roots(pems)?;
            let unusable = |error: native_tls::Error| {
                Error::invalid(
                    "TLS could not be set up: are root certificates installed on this system, and can it read those that \
                     the client was given?",
                )
                .with_source(error)
            };
            let mut builder = TlsConnector::builder();
            for pem in pems {
                let bundle = native_tls::Certificate::stack_from_pem(pem).map_err(unusable)?;
                for certificate in bundle {
                    builder.add_root_certificate(certificate);
                }
            }
            builder.request_alpns(match http1_only {
                true => &["http/1.1"],
                false => &["h2", "http/1.1"],
            });
            let connector = builder.build().map_err(unusable)?;
            Ok(Self { connector, roots })
        }

        /// # Errors
        /// If reqwest cannot be built.
        pub(in super::super) fn build(
            &self,
            builder: impl Fn() -> Result<reqwest::ClientBuilder, Error>,
        ) -> Result<reqwest::Client, Error> {
            let prepared = builder()?.tls_backend_preconfigured(self.connector.clone());
            if let Ok(client) = prepared.build() {
                return Ok(client);
            }
            // A reqwest built with another version of native-tls rejects the connector.
            builder()?
                .tls_backend_native()
                .tls_certs_merge(self.roots.iter().cloned())
                .build()
                .map_err(super::unusable_client)
        }
    }
}

#[cfg(not(feature = "_tls"))]
mod without {
    use crate::error::Error;

    pub(in super::super) struct Tls;

    impl Tls {
        /// # Errors
        /// If there are certificates, which would be ignored.
        pub(in super::super) fn new(pems: &[Vec<u8>], _: bool) -> Result<Self, Error> {
            match pems {
                [] => Ok(Self),
                _ => Err(Error::invalid(
                    "root certificate: no TLS is compiled in; enable a feature such as `rustls`",
                )),
            }
        }

        /// # Errors
        /// If reqwest cannot be built.
        pub(in super::super) fn build(
            &self,
            builder: impl Fn() -> Result<reqwest::ClientBuilder, Error>,
        ) -> Result<reqwest::Client, Error> {
            builder()?.build().map_err(super::unusable_client)
        }
    }
}
