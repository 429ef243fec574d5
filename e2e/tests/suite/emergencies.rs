//! What is left behind by a moment at which memory was all but used up.

use e2e::TestApp;
use headroom::{Headroom, InjectedSource};
use ids::ProfileId;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const MIB: u64 = 1 << 20;
const PATIENCE: Duration = Duration::from_mins(1);

fn kept(folder: &Path) -> Option<(ProfileId, PathBuf)> {
    let entries = fs::read_dir(folder).ok()?;
    let mut profiles = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let name = path.file_name()?.to_str()?;
        let id = name.strip_prefix("heap-")?.strip_suffix(".pb")?.parse().ok()?;
        Some((id, path))
    });
    profiles.next()
}

#[tokio::test]
async fn a_profile_is_kept_for_the_servers_user_alone_and_recorded() {
    let source = Arc::new(InjectedSource::with_limit(1024 * MIB));
    source.hold_heap(10 * MIB);
    let memory = Arc::clone(&source) as _;
    let app = TestApp::with_memory(&[], Box::new(|settings| Headroom::new(settings, memory))).await;
    let folder = app.running().parts().config.storage.data_dir.join("diagnostics");
    assert!(kept(&folder).is_none(), "at rest there is none");

    // The budget is three quarters of the limit.
    source.hold_heap(760 * MIB);
    let recorded = async {
        loop {
            if let Some((id, path)) = kept(&folder) {
                let firm = accounts::find_first_firm(app.app()).await.unwrap().unwrap().id;
                let records = audit::entries_of(app.app().db().reader(), firm, id, 9).await.unwrap();
                if let Some(record) = records.into_iter().next() {
                    return (record, path);
                }
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (record, path) = tokio::time::timeout(PATIENCE, recorded).await.expect("a profile and its record");
    source.hold_heap(10 * MIB);
    assert_eq!((record.entity.as_str(), record.action.as_str()), ("heap profile", "create"));
    let changes = serde_json::to_string(&record.changes).unwrap();
    assert!(changes.contains("emergency") && changes.contains("takenAt"), "{changes}");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let profile = headroom::heap_profile::HeapProfile::read_pprof(&fs::read(&path).unwrap()).unwrap();
    assert!(profile.total().bytes > 0);
    app.finish().await;
}
