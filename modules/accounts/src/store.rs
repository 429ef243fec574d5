//! The tables `firms`, `users` and `credentials`.

pub(crate) mod credentials;
pub(crate) mod firms;
pub(crate) mod users;
