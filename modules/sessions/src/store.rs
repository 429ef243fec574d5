//! The tables `sessions`, `refresh_tokens`, `devices`, `sign_ins`, `second_factors`, `recovery_codes`,
//! `passkeys`, `passkey_challenges`, `provider_identities`, `spent_tokens`, `standing_versions` and `refused_sign_ins`.

pub(crate) mod challenges;
pub(crate) mod devices;
pub(crate) mod factors;
pub(crate) mod identities;
pub(crate) mod list;
pub(crate) mod passkeys;
pub(crate) mod recovery;
pub(crate) mod refused;
pub(crate) mod sessions;
pub(crate) mod sign_ins;
pub(crate) mod spent;
pub(crate) mod tokens;
