use super::{Parts, StartError, applied_migrations, settings};
use crate::config::{Admin, Config};
use access::{Principal, Role};
use accounts::{NewFirm, NewUser};
use crypto::{Secret, strength};
use db::Db;

/// The name of the firm that the first start sets up.
const FIRM: &str = "My Law Firm";

/// For whom the command line acts.
#[derive(Debug)]
pub struct Administrator {
    /// The firm's first active administrator.
    pub principal: Principal,
    /// What was set up just now; nothing when there was a firm.
    pub made: Option<Made>,
}

/// The first administrator, just made.
#[derive(Debug)]
pub struct Made {
    /// The sign-in name.
    pub email: String,
    /// The password, if it was generated: to be shown once and never again.
    pub password: Option<Secret>,
}

/// Refuses a first password that would be guessed before a first start makes a folder, a file or a table. Where there
/// are users the password has no effect, and where a first start was cut short [`administrator`] refuses it.
pub async fn check_first_password(config: &Config) -> Result<(), StartError> {
    let Some(chosen) = &config.admin.password else { return Ok(()) };
    match accounts::check_first_password(&first_user(&config.admin), &Secret::new(chosen.reveal())) {
        Err(error) if is_new(config).await? => Err(refused(error)),
        _ => Ok(()),
    }
}

/// Whether the database has never been used.
async fn is_new(config: &Config) -> Result<bool, StartError> {
    let settings = settings::database(config);
    if let Some(file) = settings.file() {
        return Ok(!file.exists());
    }
    let db = Db::open(&settings).await?;
    let applied = applied_migrations(&db).await;
    db.close().await;
    Ok(applied?.is_empty())
}

fn first_user(admin: &Admin) -> NewUser {
    NewUser {
        email: admin.email.clone(),
        first_name: "Firm".to_owned(),
        last_name: "Administrator".to_owned(),
        role: Role::SuperAdmin,
    }
}

/// Finds the first administrator; in an empty database the firm and the administrator are set up. Nothing is hashed
/// when there are users.
pub async fn administrator(parts: &Parts) -> Result<Administrator, StartError> {
    let firm = accounts::find_first_firm(&parts.app).await.map_err(StartError::FirstStart)?;
    let Some(firm) = firm else { return set_up(parts).await };
    let found = accounts::first_administrator(&parts.app, firm.id).await.map_err(StartError::FirstStart)?;
    Ok(Administrator { principal: found.ok_or(StartError::NoAdministrator)?, made: None })
}

async fn set_up(parts: &Parts) -> Result<Administrator, StartError> {
    let admin = &parts.config.admin;
    let (password, generated) = if let Some(chosen) = &admin.password {
        (Secret::new(chosen.reveal()), None)
    } else {
        let made = strength::generate_password(parts.app.random().as_ref());
        (made.clone(), Some(made))
    };
    let firm = NewFirm { name: FIRM.to_owned() };
    let user = first_user(admin);
    let principal = accounts::create_firm_with_admin(&parts.app, &parts.hasher, firm, user, password)
        .await
        .map_err(refused)?;
    Ok(Administrator { principal, made: Some(Made { email: admin.email.clone(), password: generated }) })
}

fn refused(error: accounts::Error) -> StartError {
    match error {
        accounts::Error::Weak { source, .. } => StartError::WeakPassword(source),
        other => StartError::FirstStart(other),
    }
}
