use access::Role;
use clap::{Args, Subcommand};

const PASSWORDS: &str = "A password is made and printed once, or read from the first line of the standard input with \
                         --password-stdin; it is never an argument, which other users of the machine could see.";

/// `user`
#[derive(Debug, Subcommand)]
pub enum User {
    /// Add a user to a firm.
    #[command(after_help = PASSWORDS)]
    Add(AddUser),
    /// List a firm's users.
    List(ListUsers),
    /// Show a user.
    Show(NamedUser),
    /// Give a user a new password; the user's logins end.
    #[command(after_help = PASSWORDS)]
    ResetPassword(ResetPassword),
    /// Take a user's access away: logins and API keys end.
    Disable(DisableUser),
    /// Give a user their access back.
    Enable(NamedUser),
}

/// `user add`
#[derive(Debug, Args)]
pub struct AddUser {
    /// The address to sign in with.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Given name.
    #[arg(long, value_name = "NAME")]
    pub first_name: String,
    /// Family name.
    #[arg(long, value_name = "NAME")]
    pub last_name: String,
    /// What the user will do in the firm, such as `attorney`.
    #[arg(long, value_name = "ROLE")]
    pub role: Role,
    /// The firm's short name; the firm that was set up first unless told.
    #[arg(long, value_name = "SHORT-NAME")]
    pub firm: Option<String>,
    /// Read the password from the standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// `user list`
#[derive(Debug, Args)]
pub struct ListUsers {
    /// The firm's short name; the firm that was set up first unless told.
    #[arg(long, value_name = "SHORT-NAME")]
    pub firm: Option<String>,
    /// Of this role only.
    #[arg(long, value_name = "ROLE")]
    pub role: Option<Role>,
    /// Only those without access.
    #[arg(long)]
    pub disabled: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// A user by name.
#[derive(Debug, Args)]
pub struct NamedUser {
    /// The user's sign-in name.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// `user reset-password`
#[derive(Debug, Args)]
pub struct ResetPassword {
    /// The user's sign-in name.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// Read the password from the standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// `user disable`
#[derive(Debug, Args)]
pub struct DisableUser {
    /// The user's sign-in name.
    #[arg(long, value_name = "ADDRESS")]
    pub email: String,
    /// The sign-in name of who leads the user's open cases from now on.
    #[arg(long, value_name = "ADDRESS")]
    pub reassign_to: Option<String>,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}

/// `firm`
#[derive(Debug, Subcommand)]
pub enum Firm {
    /// Set up a further firm with its first administrator.
    #[command(after_help = PASSWORDS)]
    Add(AddFirm),
    /// List the firms.
    List {
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show a firm.
    Show {
        /// Its short name.
        #[arg(long, value_name = "SHORT-NAME")]
        firm: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
    /// Give a firm another name. Its short name stays.
    Rename {
        /// Its short name.
        #[arg(long, value_name = "SHORT-NAME")]
        firm: String,
        /// The new name.
        #[arg(long, value_name = "NAME")]
        name: String,
        /// Answer in JSON.
        #[arg(long)]
        json: bool,
    },
}

/// `firm add`
#[derive(Debug, Args)]
pub struct AddFirm {
    /// The name; the short name is made of it.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// The address that the administrator signs in with.
    #[arg(long, value_name = "ADDRESS")]
    pub admin_email: String,
    /// The administrator's given name.
    #[arg(long, value_name = "NAME", default_value = "Firm")]
    pub admin_first_name: String,
    /// The administrator's family name.
    #[arg(long, value_name = "NAME", default_value = "Administrator")]
    pub admin_last_name: String,
    /// Read the administrator's password from the standard input.
    #[arg(long)]
    pub password_stdin: bool,
    /// Answer in JSON.
    #[arg(long)]
    pub json: bool,
}
