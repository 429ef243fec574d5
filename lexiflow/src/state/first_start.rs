use super::{Parts, StartError};
use access::{Principal, Role};
use accounts::{NewFirm, NewUser};
use crypto::{Secret, strength};

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
    let user = NewUser {
        email: admin.email.clone(),
        first_name: "Firm".to_owned(),
        last_name: "Administrator".to_owned(),
        role: Role::SuperAdmin,
    };
    let firm = NewFirm { name: FIRM.to_owned() };
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
