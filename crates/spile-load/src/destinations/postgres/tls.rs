//! Encrypted connections to PostgreSQL, asked for as libpq does: `sslmode` and `sslrootcert` in the URL.
//!
//! | `sslmode` | encrypted | the server's certificate |
//! |---|---|---|
//! | `disable` | no | |
//! | `allow`, `prefer` | when the server can | not looked at |
//! | `require` | yes | not looked at; with `sslrootcert` as `verify-ca` |
//! | `verify-ca` | yes | signed by a known authority |
//! | `verify-full` | yes | the same, and made for this host |
//!
//! Without `sslmode`, another machine is asked for encryption: nothing goes over a network in plain text unless the URL
//! says so.

use std::path::PathBuf;
use std::sync::Arc;

use postgres::Config;
use postgres::config::SslMode;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use spile_core::{Error, ErrorKind, Result};
use tokio_postgres_rustls::MakeRustlsConnect;

/// What the URL of a server says about encryption.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsOptions {
    mode: Option<Mode>,
    root_certificates: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// libpq's words.
const MODES: [(&str, Mode); 6] = [
    ("disable", Mode::Disable),
    ("allow", Mode::Prefer),
    ("prefer", Mode::Prefer),
    ("require", Mode::Require),
    ("verify-ca", Mode::VerifyCa),
    ("verify-full", Mode::VerifyFull),
];

impl TlsOptions {
    /// Takes the options out of a URL and returns the rest of it.
    pub(super) fn take(url: &str) -> Result<(Self, String)> {
        let mut options = Self::default();
        let Some((front, query)) = url.split_once('?') else { return Ok((options, url.to_owned())) };
        let mut rest = Vec::new();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy();
            match key {
                "sslmode" => {
                    let mode = MODES.iter().find(|(word, _)| *word == value).map(|(_, mode)| *mode);
                    options.mode = Some(mode.ok_or_else(|| {
                        let words: Vec<&str> = MODES.iter().map(|(word, _)| *word).collect();
                        refuse("the sslmode of the postgres url is not known")
                            .hint(format!("Use one of: {}.", words.join(", ")))
                    })?);
                }
                "sslrootcert" if value == "system" => {}
                "sslrootcert" => options.root_certificates = Some(PathBuf::from(value.as_ref())),
                "sslcert" | "sslkey" | "sslpassword" | "sslcrl" => {
                    return Err(refuse("certificates of the client are not supported yet")
                        .with("option", key)
                        .hint("Remove the option and use a password."));
                }
                _other => rest.push(pair),
            }
        }
        let rest = if rest.is_empty() { front.to_owned() } else { format!("{front}?{}", rest.join("&")) };
        Ok((options, rest))
    }

    /// Decides for a server and returns the connector; `None`: plain text.
    pub(super) fn apply(&self, config: &mut Config, local: bool) -> Result<Option<MakeRustlsConnect>> {
        let mode = self.mode.unwrap_or(if local { Mode::Prefer } else { Mode::Require });
        let mode = match mode {
            Mode::Require if self.root_certificates.is_some() => Mode::VerifyCa,
            other => other,
        };
        config.ssl_mode(match mode {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        if mode == Mode::Disable {
            return Ok(None);
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = Arc::new(Verifier {
            inner: match mode {
                Mode::Disable | Mode::Prefer | Mode::Require => None,
                Mode::VerifyCa | Mode::VerifyFull => Some(self.authorities(&provider)?),
            },
            checks_name: mode == Mode::VerifyFull,
            provider: Arc::clone(&provider),
        });
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| refuse("encrypted connections cannot be made").source_error(cause))?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Some(MakeRustlsConnect::new(client)))
    }

    /// Reads the authorities that are trusted: those of the file, else those of the system.
    fn authorities(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<WebPkiServerVerifier>> {
        let mut roots = RootCertStore::empty();
        match &self.root_certificates {
            Some(path) => {
                let unreadable = |cause: Box<dyn std::error::Error + Send + Sync>| {
                    refuse("the file of sslrootcert holds no certificates that can be read")
                        .with("file", path.display())
                        .hint("Give the path of a PEM file with the certificates of the authorities that you trust.")
                        .source_error(cause)
                };
                let certificates =
                    CertificateDer::pem_file_iter(path).map_err(|cause| unreadable(cause.into()))?;
                for certificate in certificates {
                    let certificate = certificate.map_err(|cause| unreadable(cause.into()))?;
                    roots.add(certificate).map_err(|cause| unreadable(cause.into()))?;
                }
            }
            // Of a system's certificates some can be odd; those that can be used count.
            None => {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider)).build().map_err(
            |cause| {
                refuse("there are no certificates to check the server with")
                    .hint("Give sslrootcert=path/of/ca.pem in the url.")
                    .source_error(cause)
            },
        )
    }
}

fn refuse(message: &str) -> Error {
    Error::new(ErrorKind::Config, "destination/tls", message)
}

/// Checks a server's certificate as far as the mode asks for.
#[derive(Debug)]
struct Verifier {
    /// `None`: any certificate will do.
    inner: Option<Arc<WebPkiServerVerifier>>,
    checks_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        match inner.verify_server_cert(certificate, intermediates, name, ocsp, now) {
            // The chain is checked before the name, so a wrong name is all that is wrong.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if !self.checks_name => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_out_of_the_url() {
        for (url, mode, rest) in [
            ("postgresql://h/d", None, "postgresql://h/d"),
            ("postgresql://h/d?sslmode=verify-full", Some(Mode::VerifyFull), "postgresql://h/d"),
            (
                "postgresql://h/d?connect_timeout=3&sslmode=allow&host=/x",
                Some(Mode::Prefer),
                "postgresql://h/d?connect_timeout=3&host=/x",
            ),
        ] {
            let (options, found) = TlsOptions::take(url).unwrap();
            assert_eq!((options.mode, found.as_str()), (mode, rest), "{url}");
        }
        let (options, _) = TlsOptions::take("postgresql://h/d?sslmode=require&sslrootcert=%2Fa%20b").unwrap();
        assert_eq!(options.root_certificates, Some(PathBuf::from("/a b")));
        for url in ["postgresql://h/d?sslmode=yes", "postgresql://h/d?sslkey=x"] {
            assert_eq!(TlsOptions::take(url).unwrap_err().code(), "destination/tls", "{url}");
        }
    }

    #[test]
    fn plain_text_is_for_this_machine() {
        for (url, local, expected) in [
            ("postgresql://h/d", true, (SslMode::Prefer, true)),
            ("postgresql://h/d", false, (SslMode::Require, true)),
            ("postgresql://h/d?sslmode=disable", false, (SslMode::Disable, false)),
        ] {
            let (options, rest) = TlsOptions::take(url).unwrap();
            let mut config: Config = rest.parse().unwrap();
            let connector = options.apply(&mut config, local).unwrap();
            assert_eq!((config.get_ssl_mode(), connector.is_some()), expected, "{url}");
        }
        let (options, rest) = TlsOptions::take("postgresql://h/d?sslrootcert=/nowhere/ca.pem").unwrap();
        let mut config: Config = rest.parse().unwrap();
        let error = options.apply(&mut config, false).err().unwrap();
        assert!(
            error.code() == "destination/tls" && format!("{error:?}").contains("/nowhere/ca.pem"),
            "{error:?}"
        );
    }
}
