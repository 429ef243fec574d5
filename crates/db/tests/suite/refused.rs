//! A PostgreSQL server that takes no more connections.

use crate::databases::on_server_with_limit;
use db::{Reads as _, sql};
use tokio::task::JoinSet;

#[tokio::test]
async fn who_waits_takes_a_connection_that_becomes_free() {
    on_server_with_limit(3, async |place| {
        // One is the writer's, so that at most two are left to read with.
        let mut reads = JoinSet::new();
        for _ in 0..8 {
            let db = place.db.clone();
            reads.spawn(async move {
                let text = "SELECT 1 FROM pg_sleep(0.02)";
                db.reader().rows(sql(db.dialect(), text, [])).await.map(|rows| rows.len())
            });
        }
        for read in reads.join_all().await {
            assert_eq!(read.unwrap(), 1);
        }
    })
    .await;
}
