//! What the kernel says about the connections of a server on this machine.

use std::net::SocketAddr;

/// The connections to one address, at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sockets {
    /// Those that the server has taken.
    pub taken: u64,
    /// The most that waits in the kernel on one of them, to be read and to be sent, in bytes.
    pub most_waiting: u64,
}

const LISTENS: &str = "0A";

/// The connections that are open to this address of version 4. Nothing where the kernel does not tell.
pub(crate) fn of(address: SocketAddr) -> Option<Sockets> {
    Some(listed(&std::fs::read_to_string("/proc/net/tcp").ok()?, address.port()))
}

/// proc(5): number, local and remote address, state, `tx_queue:rx_queue` in hexadecimal, timer, retransmissions, user, timeout, inode.
fn listed(table: &str, port: u16) -> Sockets {
    let port = format!(":{port:04X}");
    let mut sockets = Sockets::default();
    for line in table.lines().skip(1) {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, _, state, queues, _, _, _, _, inode, ..] = fields.as_slice() else { continue };
        // What listens is no connection, and one that waits to be taken belongs to nobody yet.
        if *state == LISTENS || *inode == "0" || !local.ends_with(&port) {
            continue;
        }
        sockets.taken += 1;
        let waiting = queues.split(':').filter_map(|queue| u64::from_str_radix(queue, 16).ok()).sum();
        sockets.most_waiting = sockets.most_waiting.max(waiting);
    }
    sockets
}

#[cfg(test)]
mod tests {
    use super::{Sockets, listed};

    #[test]
    fn only_connections_that_the_server_has_taken_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000080 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 0100007F:1388 0100007F:9C40 01 00010000:00000200 01:00000014 00000000     0        0 12 2 0 20 4 30 10 -1
   2: 0100007F:9C40 0100007F:1388 01 00000000:00090000 00:00000000 00000000     0        0 13 1 0 20 4 30 10 -1
   3: 0100007F:1388 0100007F:9C42 01 00000000:00000100 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
   4: 0100007F:1388 0100007F:9C44 06 00000000:00000000 03:000017AD 00000000     0        0 0 3 0
   5: 0100007F:1388 0200007F:9C46 01 00000000:00000000 00:00000000 00000000     0        0 14 1 0 20 4 30 10 -1
";
        assert_eq!(listed(table, 5000), Sockets { taken: 2, most_waiting: 0x1_0200 });
    }
}
