//! The tables `firms`, `users`, `credentials`, `password_resets`, `invitations` and `api_keys`.

pub(crate) mod api_keys;
pub(crate) mod credentials;
pub(crate) mod firms;
pub(crate) mod invitations;
pub(crate) mod password_resets;
pub(crate) mod users;
