use futures_util::future::BoxFuture;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// Addresses of one name that are looked at.
pub(crate) const MOST_ADDRESSES: usize = 16;

/// Finds the addresses of a host.
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses that a name leads to, each with the port.
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// Asks whom the machine asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(
            async move { Ok(tokio::net::lookup_host((host, port)).await?.take(MOST_ADDRESSES).collect()) },
        )
    }
}
