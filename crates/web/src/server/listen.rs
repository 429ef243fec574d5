use super::ServerSettings;
use std::io;
use std::net::SocketAddr;
use tokio::net::{TcpListener, TcpSocket};

/// Listens on an address. The buffer sizes are set on the listener, because only then do they bound the window from a
/// connection's first packet on; accepted sockets inherit them.
pub fn bind(address: SocketAddr, settings: &ServerSettings) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(settings.socket_buffer_bytes)?;
    socket.set_send_buffer_size(settings.socket_buffer_bytes)?;
    socket.bind(address)?;
    socket.listen(settings.backlog)
}
