use super::{JsonList, firm_of, password, write_json};
use crate::commands::arguments::{AddFirm, Firm as Asked};
use crate::commands::{CommandError, Console, Session, runtime};
use crate::config::Loaded;
use access::Role;
use accounts::{NewFirm, NewUser, OrganizationView};
use serde_json::json;
use std::io::Write as _;

/// Firms read at once for a list.
const PAGE: u64 = 500;

pub(in crate::commands) fn run(
    loaded: Loaded,
    what: Asked,
    console: &mut Console,
) -> Result<(), CommandError> {
    runtime::in_session(loaded, console, async |session, console| match what {
        Asked::Add(args) => add(args, session, console).await,
        Asked::List { json } => list(json, session, console).await,
        Asked::Show { firm, json } => show(&firm, json, session, console).await,
        Asked::Rename { firm, name, json } => rename(&firm, &name, json, session, console).await,
    })
}

async fn add(args: AddFirm, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let parts = &session.parts;
    let chosen = password(args.password_stdin, session, console)?;
    let admin = NewUser {
        email: args.admin_email,
        first_name: args.admin_first_name,
        last_name: args.admin_last_name,
        role: Role::SuperAdmin,
    };
    let (new, email) = (NewFirm { name: args.name }, admin.email.clone());
    let principal =
        accounts::create_firm_with_admin(&parts.app, &parts.hasher, new, admin, chosen.password.clone())
            .await?;
    let ctx = parts.app.act_as(principal, crate::commands::session::CORRELATION);
    let firm = accounts::own_firm(&ctx).await?;
    if args.json {
        let firm = OrganizationView::from(firm);
        let told = json!({ "firm": firm, "adminEmail": email, "password": chosen.shown() });
        return write_json(&told, console);
    }
    writeln!(console.out, "Set up {} with the short name {}", firm.name, firm.slug)?;
    writeln!(console.out, "Administrator: {email}")?;
    if let Some(password) = chosen.shown() {
        writeln!(console.out, "Password: {password}   (shown only this once)")?;
    }
    Ok(console.out.flush()?)
}

async fn list(as_json: bool, session: &Session, console: &mut Console) -> Result<(), CommandError> {
    let mut json = if as_json { Some(JsonList::begin(console)?) } else { None };
    let mut offset = 0;
    loop {
        let firms = accounts::list_firms(&session.parts.app, (offset, PAGE)).await?;
        let count = firms.len() as u64;
        for firm in firms {
            match &mut json {
                Some(json) => json.item(&OrganizationView::from(firm), console)?,
                None => writeln!(console.out, "{:<24} {}", firm.slug, firm.name)?,
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

async fn show(
    slug: &str,
    as_json: bool,
    session: &Session,
    console: &mut Console,
) -> Result<(), CommandError> {
    let firm = accounts::find_firm(&session.parts.app, slug).await?;
    let firm = firm.ok_or_else(|| CommandError::NoSuchFirm(slug.to_owned()))?;
    if as_json {
        return write_json(&OrganizationView::from(firm), console);
    }
    for (name, value) in [
        ("name", firm.name),
        ("short name", firm.slug),
        ("id", firm.id.to_string()),
        ("set up", firm.created_at.to_rfc3339()),
    ] {
        writeln!(console.out, "{name:<11} {value}")?;
    }
    Ok(console.out.flush()?)
}

async fn rename(
    slug: &str,
    name: &str,
    as_json: bool,
    session: &Session,
    console: &mut Console,
) -> Result<(), CommandError> {
    let ctx = firm_of(session, Some(slug)).await?;
    let firm = accounts::rename_firm(&ctx, name).await?;
    if as_json {
        return write_json(&OrganizationView::from(firm), console);
    }
    writeln!(console.out, "{} is called {} from now on", firm.slug, firm.name)?;
    Ok(console.out.flush()?)
}
