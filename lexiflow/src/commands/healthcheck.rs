use super::{CommandError, Console};
use crate::config::Loaded;
use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(5);
/// Longer than any head and body of this answer.
const ANSWER_BYTES: u64 = 16 << 10;

/// One request, without a runtime: a probe must be cheap, since it runs every few seconds.
pub(super) fn run(loaded: &Loaded, console: &mut Console) -> Result<(), CommandError> {
    let server = &loaded.config.server;
    let address = address(&server.host, server.port)?;
    let answer = ask(address).map_err(|error| {
        CommandError::Unhealthy(format!(
            "no server answers on {address}: start one with `lexiflow serve` ({error})"
        ))
    })?;
    let status = answer.split(' ').nth(1).unwrap_or_default();
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    if status == "200" {
        writeln!(console.out, "{body}")?;
        return Ok(console.out.flush()?);
    }
    Err(CommandError::Unhealthy(format!("the server on {address} answers {status}: {body}")))
}

/// A server that listens on every address is asked on this machine's own.
pub(super) fn address(host: &str, port: u16) -> Result<SocketAddr, CommandError> {
    let unknown = || CommandError::Unhealthy(format!("the name {host} has no address"));
    let found = (host, port).to_socket_addrs().map_err(|_| unknown())?.next().ok_or_else(unknown)?;
    let ip = match found.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    Ok(SocketAddr::new(ip, found.port()))
}

fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    // In one piece: the server waits only a moment for the rest when it looks for what is answered before all else.
    let request = format!("GET /api/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES).read_to_string(&mut answer)?;
    Ok(answer)
}
