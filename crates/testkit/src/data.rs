use std::io::Write as _;
use std::path::PathBuf;

/// Real data that lies beside the checkout and is not part of it: the folder, or nothing. A test that gets nothing
/// returns; the reason stands in its output.
pub fn shared_data(path: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(path);
    if folder.exists() {
        return Some(folder);
    }
    let notice = format!("SKIPPED: the real data of this test is not here: {}\n", folder.display());
    drop(std::io::stderr().write_all(notice.as_bytes()));
    None
}
