pub(crate) mod checkpoints;
pub(crate) mod log;
pub(crate) mod summary;
pub(crate) mod verifications;
