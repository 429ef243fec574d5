use super::entrance::EntranceSettings;
use crate::jobs::JobDeps;
use crate::model::invitation::Invitation;
use crate::{Error, User};
use chrono::TimeDelta;
use crypto::token::Token;
use mail::{Mailbox, Message, Outgoing};
use queue::Work;

/// Gives a mail to the transport, under the job's id.
pub(super) async fn send(deps: &JobDeps, work: &Work, message: &Message) -> Result<(), Error> {
    let mail = Outgoing::new(work.id, work.now, message).map_err(mail::Error::from)?;
    Ok(deps.transport.deliver(&mail).await?)
}

/// The link with which a user sets a new password. The token stands behind a `#`: a browser does not send that part
/// (RFC 3986, 3.5), so that it gets into no log of a server and into no `Referer`.
pub(super) fn reset(settings: &EntranceSettings, user: &User, token: &Token) -> Result<Message, Error> {
    let text = format!(
        "Somebody, most likely you, asked for a new password for your LexiFlow account.\n\n\
         Open this link to set one. It is good once, for {}:\n\n\
         {}/reset-password#token={}\n\n\
         If it was not you, nothing has changed: you may leave this mail alone.\n",
        lasting(settings.reset_lasts),
        settings.public_url,
        token.text(),
    );
    let name = full_name(&user.first_name, &user.last_name);
    message(settings, (name, user.email.as_str()), "Set a new password", text)
}

/// The link with which somebody becomes a user.
pub(super) fn invitation(
    settings: &EntranceSettings,
    firm: &str,
    invitation: &Invitation,
    token: &Token,
) -> Result<Message, Error> {
    let firm = printable(firm);
    let why = match invitation.invited_by {
        Some(_) => format!("{firm} invites you to work with LexiFlow."),
        None => format!("You, or somebody with your address, registered with {firm}."),
    };
    let text = format!(
        "{why}\n\nOpen this link to choose your password. It is good once, for {}:\n\n\
         {}/accept-invitation#token={}\n\n\
         If you do not know what this is about, you may leave this mail alone.\n",
        lasting(settings.invitation_lasts),
        settings.public_url,
        token.text(),
    );
    let subject: String = format!("{firm}: your LexiFlow account").chars().take(150).collect();
    let name = full_name(&invitation.first_name, &invitation.last_name);
    message(settings, (name, invitation.email.as_str()), &subject, text)
}

fn message(
    settings: &EntranceSettings,
    (name, email): (String, &str),
    subject: &str,
    text: String,
) -> Result<Message, Error> {
    let to = Mailbox::new(name, email).map_err(mail::Error::from)?;
    Ok(Message::new(settings.from.clone(), to, subject, text).map_err(mail::Error::from)?)
}

fn full_name(first: &str, last: &str) -> String {
    printable(&format!("{first} {last}"))
}

/// Names are stored as they were given; a header holds no control characters.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn lasting(time: TimeDelta) -> String {
    let several = |count: i64, unit: &str| format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
    match (time.num_days(), time.num_hours()) {
        (days, hours) if days > 0 && hours == days * 24 => several(days, "day"),
        (_, hours) if hours > 0 && time == TimeDelta::hours(hours) => several(hours, "hour"),
        _ => several(time.num_minutes(), "minute"),
    }
}
