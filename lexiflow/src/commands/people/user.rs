use super::{Chosen, JsonList, firm_of, password, user_of, write_json};
use crate::commands::arguments::{AddUser, DisableUser, ListUsers, NamedUser, ResetPassword, User as Asked};
use crate::commands::{CommandError, Console, Session, runtime};
use crate::config::Loaded;
use accounts::{Deactivated, Direction, Filter, NewUser, Sort, User, UserView};
use serde_json::json;
use std::io::Write as _;

/// Users read at once for a list.
const PAGE: u64 = 500;

pub(in crate::commands) fn run(
    loaded: Loaded,
    what: Asked,
    console: &mut Console,
) -> Result<(), CommandError> {
    runtime::in_session(loaded, console, async |session, console| match what {
        Asked::Add(args) => add(args, session, console).await,
        Asked::List(args) => list(args, session, console).await,
        Asked::Show(args) => show(&args, session, console).await,
        Asked::ResetPassword(args) => reset_password(&args, session, console).await,
        Asked::Disable(args) => disable(&args, session, console).await,
        Asked::Enable(args) => enable(&args, session, console).await,
    })
}

async fn add(args: AddUser, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let ctx = firm_of(session, args.firm.as_deref()).await?;
    let chosen = password(args.password_stdin, session, console)?;
    let AddUser { email, first_name, last_name, role, json, .. } = args;
    let new = NewUser { email, first_name, last_name, role };
    let user = accounts::add_user(&ctx, &session.parts.hasher, new, chosen.password.clone()).await?;
    if json {
        return write_json(&json!({ "user": UserView::from(user), "password": chosen.shown() }), console);
    }
    writeln!(console.out, "Added {} as {}", user.email, user.role)?;
    tell_password(&user, &chosen, console)
}

/// Prints a password that nobody knows yet.
fn tell_password(user: &User, chosen: &Chosen, console: &mut Console) -> Result<(), CommandError> {
    if let Some(password) = chosen.shown() {
        writeln!(console.out, "New password of {}: {password}   (shown only this once)", user.email)?;
    }
    Ok(console.out.flush()?)
}

async fn list(args: ListUsers, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let ctx = firm_of(session, args.firm.as_deref()).await?;
    let filter = Filter { role: args.role, active: args.disabled.then_some(false), ..Filter::default() };
    let order = (Sort::Email, Direction::Ascending);
    let mut json = if args.json { Some(JsonList::begin(console)?) } else { None };
    let mut offset = 0;
    loop {
        let (users, _) = accounts::list_users(&ctx, &filter, order, (offset, PAGE)).await?;
        let count = users.len() as u64;
        for user in users {
            match &mut json {
                Some(json) => json.item(&UserView::from(user), console)?,
                None => write_line(&user, console)?,
            }
        }
        if count < PAGE {
            break;
        }
        offset += PAGE;
    }
    match json {
        Some(json) => json.end(console),
        None => Ok(console.out.flush()?),
    }
}

fn write_line(user: &User, console: &mut Console) -> Result<(), CommandError> {
    let state = if user.active { "active" } else { "disabled" };
    let name = format!("{} {}", user.first_name, user.last_name);
    Ok(writeln!(console.out, "{:<8} {:<18} {}  {name}", state, user.role.as_str(), user.email)?)
}

async fn show(args: &NamedUser, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let (user, ctx) = user_of(session, &args.email).await?;
    if args.json {
        return write_json(&UserView::from(user), console);
    }
    let firm = accounts::own_firm(&ctx).await?;
    let last_login = user.last_login_at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339());
    for (name, value) in [
        ("e-mail", user.email.clone()),
        ("name", format!("{} {}", user.first_name, user.last_name)),
        ("role", user.role.to_string()),
        ("state", if user.active { "active" } else { "disabled" }.to_owned()),
        ("firm", format!("{} ({})", firm.name, firm.slug)),
        ("id", user.id.to_string()),
        ("added", user.created_at.to_rfc3339()),
        ("last login", last_login),
    ] {
        writeln!(console.out, "{name:<11} {value}")?;
    }
    Ok(console.out.flush()?)
}

async fn reset_password(
    args: &ResetPassword,
    session: &Session,
    console: &mut Console,
) -> Result<(), CommandError> {
    let (user, ctx) = user_of(session, &args.email).await?;
    let parts = &session.parts;
    let chosen = password(args.password_stdin, session, console)?;
    accounts::set_password(&ctx, &parts.hasher, &parts.sessions, user.id, chosen.password.clone()).await?;
    if args.json {
        return write_json(&json!({ "email": user.email, "password": chosen.shown() }), console);
    }
    if chosen.shown().is_none() {
        writeln!(console.out, "{} has the new password", user.email)?;
    }
    tell_password(&user, &chosen, console)
}

async fn disable(args: &DisableUser, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let (user, ctx) = user_of(session, &args.email).await?;
    let successor = match &args.reassign_to {
        Some(email) => Some(user_of(session, email).await?.0.id),
        None => None,
    };
    let watch = &session.parts.sessions;
    let done =
        accounts::deactivate_and_hand_over(&ctx, watch, &cases::Leads, user.id, None, successor).await?;
    session.settle().await?;
    let Deactivated { user, cases_handed_over, cases_left } = done;
    if args.json {
        let user = UserView::from(user);
        let told = json!({ "user": user, "casesHandedOver": cases_handed_over, "casesLeft": cases_left });
        return write_json(&told, console);
    }
    writeln!(console.out, "{} has no access any more; logins and API keys have ended", user.email)?;
    if cases_handed_over > 0 {
        writeln!(console.out, "open cases handed over: {cases_handed_over}")?;
    }
    if cases_left > 0 {
        writeln!(console.out, "open cases that {} still leads: {cases_left}", user.email)?;
    }
    Ok(console.out.flush()?)
}

async fn enable(args: &NamedUser, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let (user, ctx) = user_of(session, &args.email).await?;
    let user = accounts::activate_user(&ctx, &session.parts.sessions, user.id).await?;
    session.settle().await?;
    if args.json {
        return write_json(&UserView::from(user), console);
    }
    writeln!(console.out, "{} may sign in again", user.email)?;
    Ok(console.out.flush()?)
}
