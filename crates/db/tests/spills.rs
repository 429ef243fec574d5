#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
//! Where a question lays down what does not fit into memory. Alone in its program: the place is the process's.

use db::{Dialect, Reads as _, Settings};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Files without a name that this process has open in a folder.
fn nameless_files_in(folder: &Path) -> usize {
    let open =
        fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    open.filter(|path| path.starts_with(folder) && path.to_string_lossy().ends_with(" (deleted)")).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_memory_goes_to_the_folder_of_the_database() {
    // Sorts some 16 MiB, of which two stay in memory.
    const LARGE: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000) \
                         SELECT max(t) FROM (SELECT hex(randomblob(200)) AS t FROM n ORDER BY t LIMIT 39999)";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().canonicalize().unwrap();
    let db = db::Db::open(&Settings::embedded(&path)).await.unwrap();
    let mut sorting = std::pin::pin!(db.reader().rows(db::sql(Dialect::Sqlite, LARGE, [])));
    let mut most = 0;
    loop {
        let finished = tokio::time::timeout(Duration::from_millis(1), &mut sorting).await;
        most = most.max(nameless_files_in(&path));
        if let Ok(rows) = finished {
            assert_eq!(rows.unwrap().len(), 1);
            break;
        }
    }
    assert!(most > 0, "nothing was laid down there");
    assert_eq!(nameless_files_in(&path), 0);
    db.close().await;
}
