//! A database of another user. Root may write to any file, so for root the file is put on a read-only mount.

use crate::databases::Place;
use crate::notes::{keep, with_notes};
use db::{Db, Error, Settings};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that nobody may write to until this is dropped.
struct Sealed(PathBuf);

impl Sealed {
    /// Nothing where root may not mount.
    fn new(file: &Path) -> Option<Self> {
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o444)).unwrap();
        let sealed = Self(file.to_owned());
        if std::fs::OpenOptions::new().write(true).open(file).is_err() {
            return Some(sealed);
        }
        let mount = |arguments: &[&str]| {
            let done = Command::new("mount").args(arguments).arg(file).output();
            done.is_ok_and(|output| output.status.success())
        };
        let path = file.to_str().unwrap();
        (mount(&["--bind", path]) && mount(&["-o", "remount,bind,ro"])).then_some(sealed)
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).output());
        drop(std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(0o600)));
    }
}

#[expect(clippy::print_stderr, reason = "a test that does not run says so")]
async fn refused_with_sealed(suffix: &str) {
    let place = Place::embedded(|_| ()).await;
    with_notes(&place.db).await;
    keep(&place.db, 1, "kept").await.unwrap();
    place.db.close().await;
    let file = place.settings.data_dir.join(format!("lexiflow.db{suffix}"));
    if !file.exists() {
        std::fs::write(&file, "").unwrap();
    }
    let settings = Settings::embedded(&place.settings.data_dir);
    let Some(sealed) = Sealed::new(&file) else {
        eprintln!("SKIPPED: root may write to every file, and nothing could be mounted");
        return;
    };
    let error = Db::open(&settings).await.unwrap_err();
    assert!(matches!(&error, Error::Unwritable { path, .. } if Path::new(path) == file), "{error:?}");
    assert!(error.to_string().contains("give it"), "{error}");
    drop(sealed);
    let again = Db::open(&settings).await.unwrap();
    again.close().await;
    place.remove().await;
}

#[tokio::test]
async fn a_file_that_cannot_be_written_to_is_refused_by_its_path() {
    refused_with_sealed("").await;
}

#[tokio::test]
async fn a_log_that_another_user_has_left_is_refused_by_its_path() {
    refused_with_sealed("-wal").await;
    refused_with_sealed("-shm").await;
}
