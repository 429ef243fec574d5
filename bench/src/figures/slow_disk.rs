//! A disk that takes its time, for figures that depend on it: the server's syncs are made to last longer.

use anyhow::Context as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long a sync lasts at least: an everyday network disk or SATA drive.
pub(super) const SYNC_MICROS: u32 = 2_000;

/// Loaded before the C library, so that the database's own call waits first and then really syncs.
const SOURCE: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <unistd.h>
static int late(const char *name, int file) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    usleep(SYNC_MICROS);
    return real(file);
}
int fdatasync(int file) { return late("fdatasync", file); }
int fsync(int file) { return late("fsync", file); }
"#;

/// Compiles the delay with the C compiler that building the server needs anyway.
pub(super) fn library(folder: &Path) -> anyhow::Result<PathBuf> {
    let (source, library) = (folder.join("slow_disk.c"), folder.join("slow_disk.so"));
    std::fs::write(&source, SOURCE)?;
    let status = Command::new("cc")
        .args(["-shared", "-fPIC", "-O2", &format!("-DSYNC_MICROS={SYNC_MICROS}"), "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()
        .context("cc, the C compiler, cannot be run")?;
    anyhow::ensure!(status.success(), "the delay of the disk did not compile");
    Ok(library)
}
