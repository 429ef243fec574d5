use super::AT_REST;
use crate::api;
use crate::body::{Digest, Made, Payload};
use crate::cgroup::Cgroup;
use crate::client::Connection;
use crate::load::nanos;
use crate::process;
use crate::quantity::Quantity;
use crate::server::{Server, Start};
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::sync::oneshot::Receiver;

const LIMIT_BYTES: u64 = 256 << 20;
const GROWTH_BYTES: u64 = 16 << 20;
const SAMPLE: Duration = Duration::from_millis(100);
const BOUNDARY: &str = "lexiflow-bench-8f2c61d07e";

/// A large file up and down again, as a form and as a raw body, while the server has 256 MiB.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let size = setup.amounts.upload_bytes;
    let figure = format!("{} up and down within {}", Quantity::bytes(size), Quantity::bytes(LIMIT_BYTES));
    let free = setup.free_bytes()?;
    let wanted = size * 2 + (2 << 30);
    if free < wanted {
        let reason = format!(
            "{} free in {}, {} wanted",
            Quantity::bytes(free),
            setup.scratch.display(),
            Quantity::bytes(wanted)
        );
        return Ok(vec![Row::skipped(&figure, &reason)]);
    }
    let group = match Cgroup::limited(&format!("lexiflow-bench-{}", std::process::id()), LIMIT_BYTES) {
        Ok(group) => group,
        Err(reason) => return Ok(vec![Row::skipped(&figure, &format!("{reason:#}"))]),
    };
    let folder = setup.folder()?;
    let start = Start::on(setup, &folder.path().join("data")).within(group.path());
    let server = start
        .with("MAX_FILE_SIZE", &(size + (1 << 20)).to_string())
        .with("UPLOAD_TIMEOUT_MS", "3600000")
        .with("REQUEST_TIMEOUT_MS", "3600000")
        .go()
        .await?;
    let rows = transfers(size, &server, &group, &figure).await;
    server.stop().await?;
    rows
}

async fn transfers(size: u64, server: &Server, group: &Cgroup, figure: &str) -> anyhow::Result<Vec<Row>> {
    let token = api::login(server).await?;
    let mut connection = Connection::open(server.address(), Some(&token)).await?;
    let mut rows = Vec::new();
    let mut document = None;
    for way in [Way::Form, Way::Raw] {
        // What is resident for the start alone would hide as much of the growth.
        tokio::time::sleep(AT_REST).await;
        let before = process::memory(server.pid())?.resident;
        let has_reset = process::reset_peak(server.pid());
        let (upload_peak, up) =
            watched(server, upload(&mut connection, way, size, document.as_deref())).await?;
        let begun = Instant::now();
        let path = format!("/api/documents/{}/download", up.id);
        let (download_peak, down) = watched(server, connection.download(&path)).await?;
        let down_nanos = nanos(begun.elapsed());
        let (status, received) = down;
        anyhow::ensure!(status == StatusCode::OK, "the download answered {status}");
        anyhow::ensure!(
            received.bytes == size && received.digest == up.digest,
            "what came back differs: {} bytes of {size}, SHA-256 {} of {}",
            received.bytes,
            hex(&received.digest),
            hex(&up.digest)
        );
        let kernel = if has_reset { process::memory(server.pid())?.peak } else { 0 };
        let growth = upload_peak.max(download_peak).max(kernel).saturating_sub(before);
        let note = format!(
            "from {}, up {}, down {}, SHA-256 equal",
            Quantity::bytes(before),
            pace(size, up.nanos),
            pace(size, down_nanos),
        );
        let name = format!("{figure}, {}: resident growth", way.name());
        let growth = Quantity::bytes(growth);
        rows.push(Row::at_most(&name, growth, Quantity::bytes(GROWTH_BYTES)).with_note(note));
        document = Some(up.id);
    }
    let peak = group
        .peak_bytes()
        .map(|peak| format!("the group's peak, page cache included: {}", Quantity::bytes(peak)));
    let kills = Row::exactly(
        &format!("{figure}: out-of-memory kills"),
        Quantity::count(group.kills()?),
        Quantity::count(0),
    );
    rows.push(kills.with_note(peak.unwrap_or_default()));
    Ok(rows)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Form,
    Raw,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Form => "multipart",
            Self::Raw => "raw PUT",
        }
    }
}

struct Uploaded {
    id: String,
    digest: Digest,
    nanos: u64,
}

/// A new document by form, or a new version of `document` by raw PUT.
async fn upload(
    connection: &mut Connection,
    way: Way,
    size: u64,
    document: Option<&str>,
) -> anyhow::Result<Uploaded> {
    let begun = Instant::now();
    let ((body, digest), method, path, content_type, wanted) = match way {
        Way::Form => {
            let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
            (form(size), Method::POST, "/api/documents".to_owned(), content_type, StatusCode::CREATED)
        }
        Way::Raw => {
            let path = format!("/api/documents/{}/content", document.context("no document to replace")?);
            let body = Made::body(size, 2, Bytes::new(), Bytes::new());
            (body, Method::PUT, path, "application/octet-stream".to_owned(), StatusCode::OK)
        }
    };
    let (status, answer) = connection.upload(method, &path, &content_type, body).await?;
    let nanos = nanos(begun.elapsed());
    let stored = api::checked(status, &answer, wanted)?;
    let digest = digest.await.context("the server answered before it had the file")?;
    let (sha256, bytes) =
        (stored.get("sha256").and_then(Value::as_str), stored.get("sizeBytes").and_then(Value::as_u64));
    anyhow::ensure!(
        sha256.is_none_or(|sha256| sha256 == hex(&digest)) && bytes.is_none_or(|bytes| bytes == size),
        "the server says SHA-256 {sha256:?} and {bytes:?} bytes, sent were {} and {size}",
        hex(&digest)
    );
    Ok(Uploaded { id: api::id_of(&answer)?, digest, nanos })
}

/// A file of a form.
fn form(size: u64) -> (Payload, Receiver<Digest>) {
    let before = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"image.bin\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    Made::body(size, 1, before.into(), format!("\r\n--{BOUNDARY}--\r\n").into())
}

/// Does the work and gives the most resident memory that the server was seen with meanwhile.
async fn watched<T>(
    server: &Server,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(u64, T)> {
    let mut work = std::pin::pin!(work);
    let mut ticks = tokio::time::interval(SAMPLE);
    let mut peak = 0;
    loop {
        tokio::select! {
            done = &mut work => return Ok((peak, done?)),
            _ = ticks.tick() => peak = peak.max(process::memory(server.pid())?.resident),
        }
    }
}

fn pace(bytes: u64, nanos: u64) -> String {
    let rate = u64::try_from(Quantity::rate(bytes, nanos).amount).unwrap_or(0);
    format!("{} at {}/s", Quantity::nanos(nanos), Quantity::bytes(rate))
}

fn hex(digest: &Digest) -> String {
    digest.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}
