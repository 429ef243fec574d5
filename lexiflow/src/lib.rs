//! The LexiFlow practice server: the one place that knows every module.
//!
//! - [`config`] reads the settings, [`state`] puts the parts together and starts them, [`router`] is the only file that
//!   sees every module's routes, [`workers`] carries the background work, [`ops`] tells how the server is, and
//!   [`commands`] is the command line.
//! - A test starts a whole server in its own process with [`state::start`].

pub mod about;
pub mod commands;
pub mod config;
pub mod ops;
pub mod router;
pub mod state;
pub mod workers;
