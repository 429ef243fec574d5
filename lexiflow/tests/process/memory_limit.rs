//! A file far larger than the memory. 256 MiB of it here, which takes seconds; 2 GiB with `LEXIFLOW_E2E_LARGE=1`, as
//! the bench does with the released binary.

use crate::place::Place;
use crate::skipped;
use crypto::digest;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What the server and its page cache may use, in bytes.
const LIMIT_BYTES: u64 = 256 << 20;
/// How much the resident memory may grow over the upload and the download, in KiB.
const GROWTH_KIB: u64 = 16 << 10;

/// A control group with a limit for memory: its folder, and the file that holds the limit.
pub(crate) struct MemoryLimit(PathBuf, &'static str);

impl MemoryLimit {
    /// Nothing where this process may not make one.
    pub(crate) fn new(name: &str, bytes: u64) -> Option<Self> {
        let root = Path::new("/sys/fs/cgroup");
        let (parent, file) = if root.join("cgroup.controllers").exists() {
            (root.to_owned(), "memory.max")
        } else {
            (root.join("memory"), "memory.limit_in_bytes")
        };
        let group = Self(parent.join(format!("lexiflow-test-{name}-{}", std::process::id())), file);
        fs::create_dir(&group.0).ok()?;
        group.set(bytes).ok()?;
        Some(group)
    }

    /// Sets the limit, also under a running server.
    fn set(&self, bytes: u64) -> std::io::Result<()> {
        fs::write(self.0.join(self.1), bytes.to_string())
    }

    /// The command, as a member of the group.
    pub(crate) fn around(&self, command: &Command) -> Command {
        let mut inside = Command::new("/bin/sh");
        let join = format!("echo $$ > '{}' && exec \"$0\" \"$@\"", self.0.join("cgroup.procs").display());
        inside.arg("-c").arg(join).arg(command.get_program()).args(command.get_args()).env_clear();
        inside.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }
}

impl Drop for MemoryLimit {
    fn drop(&mut self) {
        drop(fs::remove_dir(&self.0));
    }
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("the server runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches("kB").trim().parse().expect("a number")
}

/// The most that was resident, looked at again and again while the work lasts.
async fn peak_kib<T>(pid: u32, work: impl Future<Output = T>) -> (T, u64) {
    let mut peak = 0;
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return (done, peak.max(resident_kib(pid))),
            () = tokio::time::sleep(Duration::from_millis(10)) => peak = peak.max(resident_kib(pid)),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "how large the file is, is the caller's choice")]
fn size_bytes() -> u64 {
    match std::env::var("LEXIFLOW_E2E_LARGE") {
        Ok(value) if value == "1" => 2 << 30,
        _ => 256 << 20,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_larger_than_the_memory_goes_in_and_comes_out_whole() {
    let Some(group) = MemoryLimit::new("upload", LIMIT_BYTES) else {
        return skipped("a memory limit: making a control group takes root");
    };
    let size = size_bytes();
    let place = Place::new().await.with("MAX_FILE_SIZE", "3GB").with("UPLOAD_TIMEOUT_MS", "900000");
    let server = place.launch(group.around(&place.command())).await;
    let pid = server.pid();
    let mut wire = server.sign_in().await;
    assert_eq!(wire.get("/api/cases").await.unwrap().status, 200);
    let before = resident_kib(pid);

    let path = "/api/documents/019cae00-1111-7222-8333-444455556666";
    let upload = async {
        let mut sent = digest::Sha256Stream::new();
        wire.begin_file(&format!("{path}/content?fileName=large.txt"), size).await.unwrap();
        let mut piece = vec![b'a'; 1 << 20];
        for number in 0..size >> 20 {
            piece[..20].copy_from_slice(format!("{number:019}\n").as_bytes());
            sent.update(&piece);
            wire.write(&piece).await.unwrap();
        }
        let answer = wire.answer().await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        (answer.json()["sha256"].as_str().unwrap().to_owned(), digest::hex(&sent.finish()))
    };
    let ((stored, sent), during_upload) = peak_kib(pid, upload).await;
    assert_eq!(stored, sent);

    let download = async {
        let mut came = digest::Sha256Stream::new();
        wire.begin("GET", &format!("{path}/download"), "").await.unwrap();
        let (status, length) = wire.answer_head().await.unwrap();
        assert_eq!((status, length), (200, size));
        wire.read_body(length, |piece| came.update(piece)).await.unwrap();
        digest::hex(&came.finish())
    };
    let (came, during_download) = peak_kib(pid, download).await;
    assert_eq!(came, sent);
    let growth = during_upload.max(during_download).saturating_sub(before);
    assert!(growth <= GROWTH_KIB, "resident memory grew by {growth} KiB");
    server.stop().await;
}

#[tokio::test]
async fn a_limit_that_is_halved_under_a_running_server_is_followed_within_a_second() {
    let Some(group) = MemoryLimit::new("halved", 2 * LIMIT_BYTES) else {
        return skipped("a limit lowered while running: making a control group takes root");
    };
    let place = Place::new().await;
    let server = place.launch(group.around(&place.command())).await;
    let mut wire = server.sign_in().await;
    let mut budget =
        async || wire.get("/api/health/memory?format=bytes").await.unwrap().json()["budget"].clone();
    let before = budget().await;
    assert_eq!(before["bytes"], 2 * LIMIT_BYTES / 4 * 3, "{before}");
    assert!(before["limitChange"].is_null(), "{before}");
    group.set(LIMIT_BYTES).unwrap();
    let after = loop {
        let budget = budget().await;
        if budget["limitChange"].is_object() {
            break budget;
        }
    };
    assert_eq!((&after["bytes"], &after["limitBytes"]), (&(LIMIT_BYTES / 4 * 3).into(), &LIMIT_BYTES.into()));
    let change = &after["limitChange"];
    assert_eq!((&change["fromBytes"], &change["toBytes"]), (&(2 * LIMIT_BYTES).into(), &LIMIT_BYTES.into()));
    let within = change["withinMs"].as_u64().unwrap();
    let metrics = wire.get("/api/metrics").await.unwrap().text();
    // A machine that stopped the controller's thread for a second has no say about the second.
    let was_overdue = !metrics.contains("lexiflow_controller_overdue_total 0");
    assert!(within <= 1000 || was_overdue, "{within} ms");
    assert!(metrics.contains("lexiflow_memory_limit_changes_total 1"), "{metrics}");
    server.stop().await;
}
