use crate::load::nanos;
use crate::quantity::Quantity;
use crate::setup::Setup;
use crate::table::Row;
use std::process::Command;
use std::time::Instant;

/// A release build of the server from nothing, in a folder of its own. What cargo downloads beforehand is not counted.
pub(super) fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    setup.say("by hand, with a report per crate: cargo clean && cargo build --release --timings");
    let fetched = Command::new("cargo").arg("fetch").current_dir(&setup.root).status()?;
    anyhow::ensure!(fetched.success(), "cargo fetch failed");
    let folder = setup.folder()?;
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--timings", "-p", "lexiflow", "--target-dir"]).arg(folder.path());
    let begun = Instant::now();
    let status = cargo.current_dir(&setup.root).status()?;
    let wall = nanos(begun.elapsed());
    anyhow::ensure!(status.success(), "the release build failed");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let size = std::fs::metadata(folder.path().join("release/lexiflow"))?.len();
    let note =
        format!("{cores} cores, the target is for two idle ones; the binary has {}", Quantity::bytes(size));
    let report = folder.path().join("cargo-timings/cargo-timing.html");
    let kept = setup.root.join("target/bench-build-timing.html");
    if std::fs::copy(report, &kept).is_ok() {
        setup.say(&format!("the time of each crate: {}", kept.display()));
    }
    let row = Row::at_most("clean release build", Quantity::nanos(wall), Quantity::millis(8 * 60 * 1000));
    Ok(vec![row.with_note(note)])
}
