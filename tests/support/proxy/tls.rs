//! Certificates, and failing handshakes.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::version::TLS12;
use tokio_rustls::rustls::{ALL_VERSIONS, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio_rustls::server::TlsStream;

use super::Handshake;

/// A certificate authority with valid and invalid certificates.
pub(crate) struct Authority {
    root: String,
    good: TlsAcceptor,
    /// A valid certificate, without HTTP/2.
    old: TlsAcceptor,
    expired: TlsAcceptor,
    wrong_name: TlsAcceptor,
    unknown: TlsAcceptor,
    asking: TlsAcceptor,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

static ONLY_1_2: &[&SupportedProtocolVersion] = &[&TLS12];

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn issuer(name: &str) -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(rcgen::DnType::CommonName, name);
    let key = KeyPair::generate().expect("a key");
    CertifiedIssuer::self_signed(params, key).expect("a certificate")
}

/// Returns an acceptor with a certificate of `issuer`. With an authority it requires a client certificate.
fn acceptor(
    issuer: &Issuer,
    name: &str,
    is_expired: bool,
    clients: Option<&Issuer>,
) -> TlsAcceptor {
    let mut params = CertificateParams::new([name.to_owned()]).expect("a name");
    if is_expired {
        params.not_before = rcgen::date_time_ymd(2019, 1, 1);
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().expect("a key");
    let certificate = params.signed_by(&key, issuer).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let provider = Arc::new(aws_lc_rs::default_provider());
    let versions = match clients {
        None => ALL_VERSIONS,
        // In TLS 1.3 the client may finish the handshake and send a request before it gets the alert.
        Some(_) => ONLY_1_2,
    };
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(versions)
        .expect("versions");
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            roots.add(clients.der().clone()).expect("a root");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            config.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let mut config = config
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("a certificate that fits its key");
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

fn without_http2(acceptor: &TlsAcceptor) -> TlsAcceptor {
    let mut config = ServerConfig::clone(acceptor.config());
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

impl Authority {
    pub(crate) fn new() -> Arc<Self> {
        let (root, stranger) = (issuer("the trusted authority"), issuer("another authority"));
        let good = acceptor(&root, "localhost", false, None);
        Arc::new(Self {
            root: root.pem(),
            old: without_http2(&good),
            good,
            expired: acceptor(&root, "localhost", true, None),
            wrong_name: acceptor(&root, "other.test", false, None),
            unknown: acceptor(&stranger, "localhost", false, None),
            asking: acceptor(&root, "localhost", false, Some(&stranger)),
        })
    }

    /// Returns the root certificate that clients trust.
    pub(crate) fn root(&self) -> &str {
        &self.root
    }

    /// Performs the handshake, unless the fault prevents it.
    pub(super) async fn accept(
        &self,
        mut stream: TcpStream,
        fault: Option<Handshake>,
        is_old: bool,
    ) -> Option<TlsStream<TcpStream>> {
        let acceptor = match fault {
            None | Some(Handshake::SilentAfter) if is_old => &self.old,
            None | Some(Handshake::SilentAfter) => &self.good,
            Some(Handshake::Expired) => &self.expired,
            Some(Handshake::WrongName) => &self.wrong_name,
            Some(Handshake::UnknownAuthority) => &self.unknown,
            Some(Handshake::WantsCertificate) => &self.asking,
            Some(Handshake::Silent) => {
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                return None;
            }
            Some(Handshake::Cut) => {
                // Reading a part of the greeting ensures that the handshake is cut, not the connection.
                let _ = stream.read(&mut [0; 16]).await;
                let _ = stream.set_zero_linger();
                return None;
            }
            Some(Handshake::Alert(alert)) => {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).await;
                let _ = stream.shutdown().await;
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                return None;
            }
            Some(Handshake::Plain) => {
                let refusal = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
                let _ = stream.write_all(refusal).await;
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                return None;
            }
        };
        match acceptor.accept(stream).into_fallible().await {
            Ok(mut stream) if fault == Some(Handshake::SilentAfter) => {
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                None
            }
            Ok(stream) => Some(stream),
            Err((_, mut stream)) => {
                // Closing with unread data would reset the connection, and the client might not read the alert.
                let _ = stream.shutdown().await;
                while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
                None
            }
        }
    }
}
