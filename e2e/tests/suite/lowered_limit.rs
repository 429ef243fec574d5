//! A memory limit that is lowered while the server runs, as an autoscaler does it.

use e2e::TestApp;
use headroom::{Headroom, InjectedSource};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

const MIB: u64 = 1 << 20;
const LIMIT: u64 = 256 * MIB;
const LOWER: u64 = 64 * MIB;
/// More than there may be within the lower limit, and fewer than within the other.
const CONNECTIONS: usize = 800;

async fn open_connections(app: &TestApp) -> usize {
    let text = app.admin().get("/api/metrics").await.expect_status(200).text();
    let line = text.lines().find(|line| line.starts_with("http_connections_open "));
    line.unwrap().rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn connections_beyond_those_that_fit_into_a_lower_limit_go_and_what_is_lent_follows() {
    let source = Arc::new(InjectedSource::with_limit(LIMIT));
    let memory = Arc::clone(&source) as _;
    let app = TestApp::with_memory(&[], Box::new(|settings| Headroom::new(settings, memory))).await;
    let headroom = app.app().headroom().clone();
    let address = app.running().address();
    let mut silent = Vec::new();
    for _ in 0..CONNECTIONS {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    while open_connections(&app).await < CONNECTIONS {}
    let lent = headroom.root().limit();

    source.change(|reading| reading.limit.bytes = LOWER);
    // Far fewer than they were, though how many are left depends on what else is reckoned with.
    while open_connections(&app).await > CONNECTIONS * 9 / 10 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut gone = 0;
    for stream in &mut silent {
        let mut word = [0; 16];
        let ended = stream.read(&mut word);
        gone += usize::from(matches!(tokio::time::timeout(Duration::from_millis(1), ended).await, Ok(Ok(0))));
    }
    assert!((CONNECTIONS / 10..CONNECTIONS).contains(&gone), "{gone}");
    assert!(headroom.root().limit() < lent / 2);
    let lending = headroom.lending();
    assert!(
        lending.unlent_bytes + headroom.root().limit() <= LOWER,
        "what is lent fits beside what the connections take: {lending:?}, {}",
        headroom.root().limit()
    );
    drop(silent);
    app.finish().await;
}
