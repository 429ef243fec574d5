//! Everything at once against a server that has little memory: what it promises must hold, and what attacks it must be
//! seen to have got through.

mod attackers;
mod caller;
mod defence;
mod export;
mod front;
mod gates;
mod gzip_bomb;
mod health;
mod json_bomb;
mod keep_alive;
mod logins;
mod present;
mod promises;
mod recovery;
mod reports;
mod shut_windows;
mod siege;
mod slow_headers;
mod slow_readers;
mod stream_flood;
mod tally;
mod uploads;
mod writers;

pub(crate) use attackers::Attacker;
pub(crate) use defence::Defence;
pub(crate) use health::{Probe, report, told};

use crate::quantity::Quantity;
use crate::setup::Setup;
use crate::table::Row;
use siege::Plan;

const SECONDS: u64 = 600;

/// Attacks the server, once, or once for each defence.
pub(crate) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let options = &setup.attack;
    if options.show_defences {
        return defence::show(setup).await;
    }
    let plan = Plan {
        limit: options.limit,
        lowered_from: options.lowered_from,
        seconds: options.seconds.unwrap_or(SECONDS),
        attackers: Attacker::chosen(&options.only),
        without: options.without.clone(),
    };
    Ok(siege::lay(setup, &plan).await?.map_or_else(
        |reason| vec![Row::skipped(&format!("attack within {}", Quantity::bytes(options.limit)), &reason)],
        |outcome| gates::rows(&plan, &outcome),
    ))
}

/// A size such as `256MiB`; plain numbers are bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        other => return Err(format!("`{other}` is no unit: write B, KiB, MiB or GiB")),
    };
    let number: u64 = number.parse().map_err(|_| "begin with a whole number".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}
