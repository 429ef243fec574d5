use std::io;
use std::net::IpAddr;

/// Why there is no answer. None of the messages holds what was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The name is not known, or nobody could be asked.
    #[error("the name of the host could not be resolved")]
    Unresolved(#[source] io::Error),
    /// The name leads to a place that is not for everybody.
    #[error("the host leads to {0}, which is not a public address")]
    NotPublic(IpAddr),
    /// Without TLS, and not on this machine.
    #[error("without TLS only this machine is asked, and {0} is another one")]
    Unencrypted(IpAddr),
    /// None of its addresses answers.
    #[error("no connection could be made")]
    Connect(#[source] io::Error),
    /// The certificate is not trusted, is for another name or too old, or the other side speaks no TLS of today.
    #[error("no trusted connection could be made")]
    Tls(#[source] io::Error),
    /// The other side broke off, or does not speak HTTP.
    #[error("the exchange broke off")]
    Http(#[from] hyper::Error),
    /// It takes too long.
    #[error("no whole answer came in time")]
    TooSlow,
    /// The answer is larger than anything that is expected.
    #[error("the answer is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The most that is read.
        limit_bytes: u64,
    },
    /// There is no memory for an answer at the moment.
    #[error("there is no memory for the answer")]
    Memory(#[source] headroom::Refusal),
    /// The request cannot be written as HTTP.
    #[error("the request cannot be written")]
    Unwritable(#[from] http::Error),
}
