use super::{CommandError, Console};
use crate::config::Config;
use crate::state::{self, Parts};
use access::Ctx;
use clock::{SystemClock, SystemRandom};
use std::io::Write as _;
use std::sync::Arc;

/// What stands in the records of a change for the request that made it.
pub(super) const CORRELATION: &str = "command-line";

/// A command's access to the firm, beside a server or without one.
#[derive(Debug)]
pub struct Session {
    /// The parts.
    pub parts: Parts,
    /// Acts for the firm's first administrator.
    pub ctx: Ctx,
}

impl Session {
    /// Opens the parts. In an empty database the firm and its administrator are made, as the server does at its first
    /// start, and a generated password is printed.
    pub(super) async fn open(config: Config, console: &mut Console) -> Result<Self, CommandError> {
        state::check_first_password(&config).await?;
        let parts = Parts::open(config, Arc::new(SystemClock), Arc::new(SystemRandom)).await?;
        let administrator = state::administrator(&parts).await?;
        if let Some(made) = administrator.made {
            writeln!(console.out, "First administrator: {}", made.email)?;
            if let Some(password) = made.password {
                writeln!(console.out, "Password: {}   (shown only this once: keep it)", password.expose())?;
            }
        }
        headroom::release_code_pages(&headroom::SystemRoots::default());
        let ctx = parts.app.act_as(administrator.principal, CORRELATION);
        Ok(Self { parts, ctx })
    }

    /// Brings the search index up to date and runs what is due, unless a server does it. Should one start meanwhile,
    /// both share the work.
    pub async fn settle(&self) -> Result<(), CommandError> {
        if !state::is_served(&self.parts.config)? {
            while self.parts.dispatcher.drain().await? > 0 || self.parts.worker.drain_due().await?.done > 0 {}
        }
        Ok(())
    }

    pub(super) async fn close(self) {
        let left = self.parts.close().await;
        if !left.is_empty() {
            tracing::warn!(?left, "the database was not closed in time");
        }
    }
}
