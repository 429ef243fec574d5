use super::settings::{Gap, Settings};
use std::path::PathBuf;

/// Files on disk.
#[derive(Debug, Clone)]
pub struct Storage {
    /// The data folder: database, files, secrets.
    pub data_dir: PathBuf,
    /// Where uploaded files lie.
    pub upload_dir: PathBuf,
    /// Where heap profiles, reports of critical memory and the history of leaks lie, if not in the data folder's `diagnostics`.
    pub diagnostics_dir: Option<PathBuf>,
    /// Largest file in bytes.
    pub max_file_size: u64,
    /// Bytes of disk that stay free; 0 for no reserve.
    pub min_disk_space: u64,
    /// Media types that may be uploaded, with `image/*` for a family; empty means every type.
    pub allowed_mime_types: Vec<String>,
    /// Media types that are refused whatever `allowed_mime_types` says.
    pub blocked_mime_types: Vec<String>,
}

impl Storage {
    pub(super) fn read(s: &Settings) -> Result<Self, Gap> {
        let data_dir = PathBuf::from(s.text("storage.data_dir")?);
        let upload_dir = optional(s.text("storage.upload_dir")?);
        let mut allowed = s.list("storage.allowed_mime_types")?;
        if allowed.iter().any(|kind| kind == "*" || kind == "*/*") {
            allowed.clear();
        }
        Ok(Self {
            upload_dir: upload_dir.unwrap_or_else(|| data_dir.join("files")),
            diagnostics_dir: optional(s.text("storage.diagnostics_dir")?),
            data_dir,
            max_file_size: s.number("storage.max_file_size")?,
            min_disk_space: s.number("storage.min_disk_space")?,
            allowed_mime_types: allowed,
            blocked_mime_types: s.list("storage.blocked_mime_types")?,
        })
    }
}

fn optional(path: String) -> Option<PathBuf> {
    Some(PathBuf::from(path)).filter(|path| path != "")
}
