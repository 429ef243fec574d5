//! Two servers on one database count callers together.

use crate::place::{Place, Server};
use crate::skipped;
use crate::wire::Wire;

const LIMIT: u64 = 40;
/// What one server may admit before it has heard of the other.
const QUARTER: u64 = LIMIT / 4;
/// Refused so often in a row, because nothing is left, a server is done.
const DONE: u32 = 20;

/// Whether a request is admitted; `None` when nothing is left, and not only until the database has answered.
async fn ask(wire: &mut Wire) -> Option<bool> {
    let answer = wire.get("/api/version").await.unwrap();
    match answer.status {
        200 => Some(true),
        429 if answer.text().contains("wait 1 seconds") => Some(false),
        429 => None,
        other => panic!("{other}: {}", answer.text()),
    }
}

/// Asks until the server is done, and says how often it answered.
async fn exhaust(server: &Server) -> u64 {
    let mut wire = Wire::open(server.address()).await.unwrap();
    let (mut admitted, mut refused) = (0, 0);
    while refused < DONE {
        match ask(&mut wire).await {
            Some(is_admitted) => {
                admitted += u64::from(is_admitted);
                refused = 0;
            }
            None => refused += 1,
        }
    }
    admitted
}

fn shared(place: Place) -> Place {
    // An hour for the whole limit: nothing comes back while the test runs.
    place.with("RATE_LIMIT_MAX", "40").with("RATE_LIMIT_TTL", "3600")
}

#[tokio::test]
async fn two_servers_on_one_database_admit_what_one_may_and_a_quarter() {
    let first = shared(Place::new().await);
    let Some(url) = first.url() else { return skipped("two servers need a PostgreSQL") };
    let second = shared(Place::new().await).with("DATABASE_URL", &url);
    let (one, other) = (first.start().await, second.start().await);
    // First both at once.
    let (from_one, from_other) = tokio::join!(exhaust(&one), exhaust(&other));
    let sum = from_one + from_other;
    assert!((LIMIT..=LIMIT + QUARTER).contains(&sum), "{from_one} and {from_other}");
    // Nothing is forgotten meanwhile.
    assert_eq!((exhaust(&one).await, exhaust(&other).await), (0, 0));
    one.stop().await;
    other.stop().await;
}

#[tokio::test]
async fn what_one_server_admitted_the_other_hears() {
    let first = shared(Place::new().await);
    let Some(url) = first.url() else { return skipped("two servers need a PostgreSQL") };
    let second = shared(Place::new().await).with("DATABASE_URL", &url);
    let (one, other) = (first.start().await, second.start().await);
    assert_eq!(exhaust(&one).await, LIMIT, "one alone has the whole limit");
    let late = exhaust(&other).await;
    assert!(late <= QUARTER, "{late}");
    one.stop().await;
    other.stop().await;
}
