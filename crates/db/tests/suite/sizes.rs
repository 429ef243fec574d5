//! How large the futures are that every verb carries in its own.

use crate::databases::on_both;
use crate::notes::with_notes;
use db::{Reads as _, sql};

/// More than any of them takes; the PostgreSQL driver's alone would be more than twice as large.
const SMALL_BYTES: usize = 1024;

#[tokio::test]
async fn what_a_verb_waits_for_is_small() {
    on_both(async |place| {
        with_notes(&place.db).await;
        let select = || sql(place.db.dialect(), "SELECT 1", []);
        let read = place.db.reader().rows(select());
        let begin = place.db.writer().begin();
        let mut sizes = vec![("read", size_of_val(&read)), ("begin", size_of_val(&begin))];
        drop(read.await.unwrap());
        let mut tx = begin.await.unwrap();
        sizes.push(("rows", size_of_val(&tx.rows(select()))));
        sizes.push(("run", size_of_val(&tx.run(select()))));
        sizes.push(("commit", size_of_val(&tx.commit())));
        assert!(sizes.iter().all(|(_, bytes)| *bytes <= SMALL_BYTES), "{sizes:?}");
    })
    .await;
}
