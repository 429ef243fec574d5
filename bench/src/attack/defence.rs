//! The defences that can be weakened by the server's configuration, to see that the gates notice.

use super::attackers::Attacker;
use super::gates;
use super::siege::{self, Plan};
use crate::quantity::Quantity;
use crate::setup::Setup;
use crate::table::{Row, Verdict};
use clap::ValueEnum;

/// Long enough for a thousand clients to come and to hold what they can.
const SECONDS: u64 = 30;
/// Longer than an answer may stand still, twice.
const STALL_SECONDS: u64 = 75;

/// What protects the server's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Defence {
    /// The buffer of a request's head: 1 MiB instead of 16 KiB, with time enough to fill it.
    HeaderSize,
    /// The time for a request's head: 5 minutes instead of 10 s.
    HeaderTimeout,
    /// The kernel's buffers of a connection: 16 MiB instead of 64 KiB, or what the kernel allows.
    SocketBuffers,
    /// The number of connections: 65,536 instead of 1,024.
    Connections,
    /// The number and the buffers of connections together.
    ConnectionMemory,
    /// The size of JSON bodies: 1 GiB instead of 10 MiB.
    BodySize,
    /// The pieces of uploads and downloads: 1 MiB instead of 64 KiB.
    PieceSize,
    /// The streams of HTTP/2: 1,024 on each of 65,536 connections, instead of what a part of the limit holds.
    Streams,
    /// The time in which a peer has to take something of an answer: a day instead of 30 s.
    Stall,
    /// Hashes of passwords at once: 64 instead of 2.
    Hashes,
    /// The threads for blocking work and the readers of the database: 512 and 64 instead of 8 and 4.
    Threads,
    /// That unused memory is given back at critical.
    Purge,
    /// That caches give back under pressure.
    Shrink,
    /// That the thresholds have consequences.
    Monitoring,
    /// The limit itself, and so admission: the server does not see the one that its control group has, plans with the machine's
    /// memory and lets in whoever comes.
    Limit,
}

impl Defence {
    pub(super) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// What the server is started with.
    pub(super) fn settings(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::HeaderSize => &[("MAX_HEADER_SIZE", "1048576"), ("HEADER_TIMEOUT_MS", "300000")],
            Self::HeaderTimeout => &[("HEADER_TIMEOUT_MS", "300000")],
            Self::SocketBuffers => {
                &[("SOCKET_RECEIVE_BUFFER", "16777216"), ("SOCKET_SEND_BUFFER", "16777216")]
            }
            Self::Connections => &[("MAX_CONNECTIONS", "65536")],
            Self::ConnectionMemory => &[
                ("MAX_CONNECTIONS", "65536"),
                ("MAX_HEADER_SIZE", "1048576"),
                ("HEADER_TIMEOUT_MS", "300000"),
                ("SOCKET_RECEIVE_BUFFER", "16777216"),
                ("SOCKET_SEND_BUFFER", "16777216"),
            ],
            Self::BodySize => {
                &[("PAYLOAD_JSON_LIMIT", "1073741824"), ("STREAM_FILE_THRESHOLD", "1073741824")]
            }
            Self::PieceSize => &[("STREAM_CHUNK_SIZE", "1048576"), ("STREAM_HIGH_WATER_MARK", "4194304")],
            Self::Streams => &[("HTTP2_ALL_STREAMS", "1000000"), ("HTTP2_MAX_STREAMS", "1024")],
            Self::Stall => &[("ANSWER_STALL_TIMEOUT_MS", "86400000")],
            Self::Hashes => &[("ARGON2_PARALLEL_HASHES", "64"), ("UV_THREADPOOL_SIZE", "64")],
            Self::Threads => &[("UV_THREADPOOL_SIZE", "512"), ("DB_READERS", "64")],
            Self::Purge => &[("MEMORY_GC_AFTER_THRESHOLD", "false")],
            Self::Shrink => &[("MEMORY_SHRINK_STORES", "false")],
            Self::Monitoring => &[("MEMORY_MONITORING_ENABLED", "false")],
            Self::Limit => &[],
        }
    }

    /// Whether it stands before the budget, which would hold without it: it is tried on a server that does not see its
    /// limit, against the same server with it.
    fn stands_before_budget(self) -> bool {
        matches!(self, Self::PieceSize | Self::Hashes | Self::Threads)
    }

    /// What else is weakened with and without it.
    fn beside(self) -> Vec<Self> {
        if self.stands_before_budget() { vec![Self::Limit] } else { Vec::new() }
    }

    /// Within which limit it is tried. Some need half as much again: within a small one other bounds keep the crowd so small
    /// that it takes little, or the rest of the server fills it.
    fn limit(self, asked: u64) -> u64 {
        if matches!(self, Self::PieceSize | Self::Streams | Self::Threads) { asked / 2 * 3 } else { asked }
    }

    /// How long it takes until it is missed, in seconds.
    fn seconds(self) -> u64 {
        if self == Self::Stall { STALL_SECONDS } else { SECONDS }
    }

    /// Who it is meant against. Alone they cannot be kept out by the others.
    fn against(self) -> &'static [Attacker] {
        match self {
            Self::HeaderSize | Self::HeaderTimeout => &[Attacker::SlowHeaders],
            Self::SocketBuffers | Self::PieceSize => {
                &[Attacker::SlowReaders, Attacker::SlowHeaders, Attacker::Uploads]
            }
            Self::BodySize => &[Attacker::JsonBomb, Attacker::GzipBomb],
            Self::Streams => &[Attacker::StreamFlood, Attacker::ShutWindows],
            Self::Stall => &[Attacker::ShutWindows, Attacker::SlowReaders],
            Self::Hashes => &[Attacker::Logins],
            Self::Threads => &[Attacker::StreamFlood, Attacker::Export],
            Self::Connections
            | Self::ConnectionMemory
            | Self::Purge
            | Self::Shrink
            | Self::Monitoring
            | Self::Limit => &[],
        }
    }
}

/// One row for each defence: the gates that hold with it and not without it.
pub(super) async fn show(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    // What fails with all defences, for each set of attackers.
    let mut usual: Vec<(Plan, Vec<String>)> = Vec::new();
    let wanted =
        |defence: &Defence| setup.attack.without.is_empty() || setup.attack.without.contains(defence);
    for defence in Defence::value_variants().iter().copied().filter(wanted) {
        setup.say(&format!("without {} ...", defence.name()));
        let beside = if defence.stands_before_budget() { ", the limit unseen" } else { "" };
        let mut plan = plan(setup, defence);
        let limit = Quantity::bytes(plan.limit);
        let name = format!("attack {limit}: gates that notice without {}{beside}", defence.name());
        let found = usual.iter().find(|(with, _)| *with == plan).map(|(_, gates)| gates.clone());
        let known = if let Some(gates) = found {
            gates
        } else {
            match siege::lay(setup, &plan).await? {
                Ok(outcome) => {
                    let gates = unheld(&gates::gates(&plan, &outcome));
                    usual.push((plan.clone(), gates.clone()));
                    gates
                }
                Err(reason) => return Ok(vec![Row::skipped(&name, &reason)]),
            }
        };
        plan.without.push(defence);
        rows.push(noticed(setup, &plan, &name, &known).await?);
    }
    Ok(rows)
}

/// The siege with the defence.
fn plan(setup: &Setup, defence: Defence) -> Plan {
    Plan {
        limit: defence.limit(setup.attack.limit),
        lowered_from: None,
        seconds: setup.attack.seconds.unwrap_or(defence.seconds()),
        attackers: Attacker::chosen(defence.against()),
        without: defence.beside(),
    }
}

async fn noticed(setup: &Setup, plan: &Plan, name: &str, usual: &[String]) -> anyhow::Result<Row> {
    let unheld = match siege::lay(setup, plan).await {
        Ok(Ok(outcome)) => unheld(&gates::gates(plan, &outcome)),
        Ok(Err(reason)) => return Ok(Row::skipped(name, &reason)),
        // Without it the server does not even come so far as to be attacked.
        Err(fault) => vec![format!("{fault:#}")],
    };
    let new: Vec<&str> = unheld.iter().filter(|gate| !usual.contains(gate)).map(String::as_str).collect();
    let said = if new.is_empty() { "survived".to_owned() } else { new.join("; ") };
    let also = if usual.is_empty() { String::new() } else { format!(" (with it too: {})", usual.join("; ")) };
    let count = Quantity::count(u64::try_from(new.len())?);
    Ok(Row::at_least(name, count, Quantity::count(1)).with_note(said + &also))
}

/// The gates that do not hold, without the times of answers: those differ from run to run.
fn unheld(rows: &[Row]) -> Vec<String> {
    let is_unheld = |row: &&Row| {
        matches!(row.verdict, Verdict::Missed | Verdict::Failed(_)) && !row.figure.starts_with("p99")
    };
    rows.iter().filter(is_unheld).map(|row| row.figure.clone()).collect()
}
