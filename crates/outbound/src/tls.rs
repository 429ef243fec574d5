use clock::SharedClock;
use rustls::client::Resumption;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Certificates of a firm's own that are trusted beside Mozilla's.
#[derive(Clone, Default)]
pub struct TrustedRoots(Vec<CertificateDer<'static>>);

/// The most certificates of one file.
const MOST_ROOTS: usize = 64;

/// Why a file of certificates is of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RootsFault {
    /// No certificate, or something that is none.
    #[error("holds no certificates in PEM form (`-----BEGIN CERTIFICATE-----`), or some that cannot be read")]
    Unreadable,
    /// More than anybody needs.
    #[error("holds more than {MOST_ROOTS} certificates: name the authority's alone")]
    TooMany,
}

impl TrustedRoots {
    /// The certificates of a PEM file (RFC 7468).
    ///
    /// # Errors
    /// [`RootsFault`] when there is none, one cannot be read, or there are too many.
    pub fn from_pem(pem: &[u8]) -> Result<Self, RootsFault> {
        let found = CertificateDer::pem_slice_iter(pem).take(MOST_ROOTS + 1);
        let found = found.collect::<Result<Vec<_>, _>>().map_err(|_| RootsFault::Unreadable)?;
        if found.len() > MOST_ROOTS {
            return Err(RootsFault::TooMany);
        }
        let mut store = RootCertStore::empty();
        if found.is_empty() || found.iter().any(|root| store.add(root.clone()).is_err()) {
            return Err(RootsFault::Unreadable);
        }
        Ok(Self(found))
    }
}

impl fmt::Debug for TrustedRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustedRoots({})", self.0.len())
    }
}

/// The server's clock, for the validity of certificates.
#[derive(Debug)]
struct Time(SharedClock);

impl TimeProvider for Time {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().timestamp()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// How TLS is spoken with everybody. Nothing of a session is kept.
pub(crate) fn config(roots: &TrustedRoots, clock: SharedClock) -> Result<Arc<ClientConfig>, rustls::Error> {
    let mut trusted = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    // Each of them was added to a store before.
    trusted.add_parsable_certificates(roots.0.iter().cloned());
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(Time(clock)));
    let mut config =
        config.with_safe_default_protocol_versions()?.with_root_certificates(trusted).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}
