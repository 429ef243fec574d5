//! The tables `sessions`, `refresh_tokens` and `refused_sign_ins`.

pub(crate) mod refused;
pub(crate) mod sessions;
pub(crate) mod tokens;
