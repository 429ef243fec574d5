/// Why a record could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database could not be used.
    #[error("the audit record could not be written")]
    Database(#[from] db::Error),
}
