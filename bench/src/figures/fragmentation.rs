use super::{FEW_CLIENTS, server_with_cases};
use crate::api;
use crate::body::Payload;
use crate::client::Connection;
use crate::quantity::{Quantity, Unit};
use crate::server::Start;
use crate::setup::Setup;
use crate::table::Row;
use anyhow::Context as _;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Method, StatusCode};
use serde_json::Value;

/// Resident pages of the allocator to those in use, after what is unused went back: hundredths.
const EXTERNAL_HUNDREDTHS: u64 = 125;
/// How long text is that is sent, in bytes: from what has a place among many of its size to what has pages of its own.
const SIZES: [usize; 6] = [200, 3_000, 20_000, 150_000, 1_000_000, 6_000_000];
/// How many items a list has.
const LIMITS: [u64; 6] = [1, 20, 100, 300, 600, 1_000];
const ROUNDS: usize = 8;
const BOUNDARY: &str = "lexiflow-bench-5d07c2f19e";

/// How much of the allocator's memory is lost between what is in use, after work whose pieces had a different size in each
/// phase: what is left of one phase lies where the next one finds no room for its own.
pub(super) async fn measure(setup: &Setup) -> anyhow::Result<Vec<Row>> {
    let folder = setup.folder()?;
    let (server, mut connections) =
        server_with_cases(setup, Start::on(setup, &folder.path().join("data"))).await?;
    let rounds = if setup.amounts.is_quick { 1 } else { ROUNDS };
    for round in 0..rounds {
        // The clients are in different phases, so that sizes meet.
        let phases = connections.iter_mut().enumerate().map(|(client, connection)| async move {
            for phase in 0..SIZES.len() {
                work(connection, client + FEW_CLIENTS * round, (client + phase) % SIZES.len()).await?;
            }
            anyhow::Ok(())
        });
        join_all(phases).await.into_iter().collect::<anyhow::Result<()>>()?;
        setup.say(&format!("round {} of {rounds}", round + 1));
    }
    let connection = connections.first_mut().context("there is a connection")?;
    let before = allocator(connection).await?;
    let (status, answer) = connection.post("/api/monitoring/memory/purge", Bytes::from_static(b"{}")).await?;
    api::checked(status, &answer, StatusCode::OK)?;
    let after = allocator(connection).await?;
    drop(connections);
    server.stop().await?;
    Ok(vec![
        Row::at_most(
            "external fragmentation after sizes by phase and a purge",
            after.external(),
            Quantity::new(EXTERNAL_HUNDREDTHS, Unit::RatioHundredths),
        )
        .with_note(format!(
            "{}; before the purge {}, {}",
            after.said(),
            before.external(),
            before.said()
        )),
        Row::plain("internal fragmentation then", after.internal())
            .with_note("pages in use to what is held in them: at rest there is little in each".to_owned()),
    ])
}

/// One phase of one client: text of one size comes in as data and as a file, and lists of one length go out.
async fn work(connection: &mut Connection, client: usize, phase: usize) -> anyhow::Result<()> {
    let (size, limit) = (SIZES[phase], LIMITS[phase]);
    for at in 0..10_u64 {
        let mut case: Value = serde_json::from_slice(&api::new_case(50 + client, at + phase as u64 * 10))?;
        case["description"] = Value::String("d".repeat(size));
        let (status, answer) = connection.post("/api/cases", case.to_string().into()).await?;
        // Long descriptions are read, looked through and refused.
        anyhow::ensure!(
            status == StatusCode::CREATED || status == StatusCode::BAD_REQUEST,
            "a case of {size} bytes was answered with {status}: {}",
            String::from_utf8_lossy(&answer)
        );
        let (status, answer) = connection.get(&format!("/api/cases?limit={limit}&sort=title")).await?;
        api::checked(status, &answer, StatusCode::OK)?;
        let (status, answer) = connection.get("/api/search?query=freight").await?;
        api::checked(status, &answer, StatusCode::OK)?;
    }
    let form = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{client}-{phase}.txt\"\r\n\
         Content-Type: text/plain\r\n\r\n{client} {phase} {}\r\n--{BOUNDARY}--\r\n",
        "words of a letter ".repeat(size / 18 + 1)
    );
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let (status, answer) =
        connection.upload(Method::POST, "/api/documents", &kind, Payload::whole(form.into())).await?;
    api::checked(status, &answer, StatusCode::CREATED)?;
    Ok(())
}

/// The allocator's pages as the memory report tells them, in bytes.
struct Pages {
    allocated: u64,
    active: u64,
    resident: u64,
}

impl Pages {
    fn external(&self) -> Quantity {
        Quantity::new(self.resident * 100 / self.active.max(1), Unit::RatioHundredths)
    }

    fn internal(&self) -> Quantity {
        Quantity::new(self.active * 100 / self.allocated.max(1), Unit::RatioHundredths)
    }

    fn said(&self) -> String {
        let [held, active, resident] = [self.allocated, self.active, self.resident].map(Quantity::bytes);
        format!("{held} held, {active} of pages in use, {resident} resident")
    }
}

async fn allocator(connection: &mut Connection) -> anyhow::Result<Pages> {
    let (status, answer) = connection.get("/api/health/memory").await?;
    let report = api::checked(status, &answer, StatusCode::OK)?;
    let of = |name: &str| {
        report.pointer(&format!("/allocator/{name}")).and_then(Value::as_u64).context("no such figure")
    };
    Ok(Pages { allocated: of("allocated")?, active: of("active")?, resident: of("resident")? })
}
