//! Signing in by an OpenID Connect provider, in three steps: away to the provider, back from it, and the login.
//!
//! What a step leaves for the next one lies sealed in a cookie of the browser that began: nothing is stored for people who
//! may never come back, and nobody else's browser can take the next step. A state and a hand-over are good once: their
//! hashes are kept until they would be over anyway.

mod begin;
mod finish;
mod links;
mod matching;
mod sealing;
mod take_over;

pub(crate) use begin::begin_provider_sign_in;
pub(crate) use finish::{Answered, finish_provider_sign_in};
pub(crate) use links::{show_link, unlink};
pub(crate) use take_over::sign_in_proven;
pub(super) use take_over::use_up;
