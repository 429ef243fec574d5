use super::{CommandError, Console, runtime};
use crate::config::Loaded;
use accounts::{Direction, Email, Filter, Sort};
use std::io::Write as _;

/// Users looked through for one address; more can only contain it.
const LOOKED_AT: u64 = 100;

/// Makes a new password for a user of the firm, and prints it once.
pub(super) fn reset(loaded: Loaded, email: &str, console: &mut Console) -> Result<(), CommandError> {
    let email: Email = email.parse().map_err(accounts::Error::from)?;
    runtime::in_session(loaded, console, async |session, console| {
        let (ctx, parts) = (&session.ctx, &session.parts);
        let filter = Filter { search: Some(email.as_str().to_owned()), ..Filter::default() };
        let (found, _) =
            accounts::list_users(ctx, &filter, (Sort::Email, Direction::Ascending), (0, LOOKED_AT)).await?;
        let user = found.into_iter().find(|user| user.email == email.as_str());
        let user = user.ok_or_else(|| CommandError::NoSuchUser(email.as_str().to_owned()))?;
        let password = crypto::strength::generate_password(parts.app.random().as_ref());
        accounts::set_password(ctx, &parts.hasher, &parts.sessions, user.id, password.clone()).await?;
        writeln!(
            console.out,
            "New password of {}: {}   (shown only this once)",
            user.email,
            password.expose()
        )?;
        Ok(console.out.flush()?)
    })
}
