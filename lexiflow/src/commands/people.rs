//! Looking after users and firms on the command line, beside a server or without one. Every change is made by the verbs
//! that the server uses, in the name of an administrator of the firm, and recorded with `command-line` as its request.

mod firm;
mod user;

pub(super) use firm::run as firm;
pub(super) use user::run as user;

use super::{CommandError, Console, Session};
use access::Ctx;
use accounts::{Email, User};
use crypto::{Secret, strength};
use serde::Serialize;
use std::io::Write as _;

/// A password, and whether it must be shown because nobody knows it yet.
struct Chosen {
    password: Secret,
    is_new: bool,
}

/// The password of the standard input, or one that is made.
fn password(from_input: bool, session: &Session, console: &mut Console) -> Result<Chosen, CommandError> {
    if from_input {
        return Ok(Chosen { password: console.read_password()?, is_new: false });
    }
    let password = strength::generate_password(session.parts.app.random().as_ref());
    Ok(Chosen { password, is_new: true })
}

impl Chosen {
    /// The text, where it must be shown.
    fn shown(&self) -> Option<&str> {
        self.is_new.then(|| self.password.expose())
    }
}

/// The user of this address, and a context of an administrator of their firm, if possible another one: nobody takes away
/// their own access.
async fn user_of(session: &Session, email: &str) -> Result<(User, Ctx), CommandError> {
    let app = &session.parts.app;
    let address: Email = email.parse().map_err(accounts::Error::from)?;
    let user = accounts::find_by_address(app, &address).await?;
    let user = user.ok_or_else(|| CommandError::NoSuchUser(address.as_str().to_owned()))?;
    let other = accounts::administrator_beside(app, user.firm, Some(user.id)).await?;
    let principal = match other {
        Some(other) if other.role.may_assign(user.role) => Some(other),
        _ => accounts::first_administrator(app, user.firm).await?,
    };
    let principal = principal.ok_or(CommandError::NoAdministrator)?;
    Ok((user, app.act_as(principal, super::session::CORRELATION)))
}

/// A context of the first administrator of the firm with this short name, or of the firm that was set up first.
async fn firm_of(session: &Session, slug: Option<&str>) -> Result<Ctx, CommandError> {
    let Some(slug) = slug else { return Ok(session.ctx.clone()) };
    let app = &session.parts.app;
    let firm = accounts::find_firm(app, slug).await?;
    let firm = firm.ok_or_else(|| CommandError::NoSuchFirm(slug.to_owned()))?;
    let principal = accounts::first_administrator(app, firm.id).await?;
    Ok(app.act_as(principal.ok_or(CommandError::NoAdministrator)?, super::session::CORRELATION))
}

/// One JSON value and a line end.
fn write_json(value: &impl Serialize, console: &mut Console) -> Result<(), CommandError> {
    serde_json::to_writer(&mut console.out, value).map_err(std::io::Error::from)?;
    writeln!(console.out)?;
    Ok(console.out.flush()?)
}

/// A JSON list, written item by item: it may be longer than what should lie in memory.
struct JsonList {
    is_empty: bool,
}

impl JsonList {
    fn begin(console: &mut Console) -> Result<Self, CommandError> {
        write!(console.out, "[")?;
        Ok(Self { is_empty: true })
    }

    fn item(&mut self, value: &impl Serialize, console: &mut Console) -> Result<(), CommandError> {
        write!(console.out, "{}", if self.is_empty { "\n" } else { ",\n" })?;
        self.is_empty = false;
        Ok(serde_json::to_writer(&mut console.out, value).map_err(std::io::Error::from)?)
    }

    fn end(self, console: &mut Console) -> Result<(), CommandError> {
        writeln!(console.out, "{}]", if self.is_empty { "" } else { "\n" })?;
        Ok(console.out.flush()?)
    }
}
