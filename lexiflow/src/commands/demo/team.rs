use super::DemoError;
use super::generator::{MAIL_DOMAIN, Member, Name};
use crate::commands::Console;
use access::{Ctx, Principal};
use accounts::{Direction, Filter, NewUser, Sort, User};
use crypto::password::Hasher;
use crypto::{Secret, strength};
use std::io::Write as _;

/// The most made-up people that are looked for; there are twelve.
const MOST: u64 = 100;

/// Who works in the made-up firm, in the order of their roles.
pub(super) struct Team {
    pub(super) members: Vec<Member>,
    /// For acting as each of them.
    pub(super) contexts: Vec<Ctx>,
    /// How many were added just now.
    pub(super) added: u64,
}

/// The made-up people whom the firm has already.
pub(super) async fn known(ctx: &Ctx) -> Result<Vec<User>, DemoError> {
    let filter = Filter { search: Some(format!("@{MAIL_DOMAIN}")), ..Filter::default() };
    let order = (Sort::CreatedAt, Direction::Ascending);
    Ok(accounts::list_users(ctx, &filter, order, (0, MOST)).await?.0)
}

/// Fills each place of `wanted` with somebody of `known` who has the role, or else with somebody new. All who are new
/// have one password, which is printed here and nowhere else.
pub(super) async fn engage(
    ctx: &Ctx,
    hasher: &Hasher,
    wanted: &[Member],
    mut known: Vec<User>,
    console: &mut Console,
) -> Result<Team, DemoError> {
    let password = password(ctx, wanted);
    let mut team = Team { members: Vec::new(), contexts: Vec::new(), added: 0 };
    for member in wanted {
        let user = if let Some(place) = known.iter().position(|user| user.role == member.role) {
            known.remove(place)
        } else {
            team.added += 1;
            let user = accounts::add_user(ctx, hasher, new_user(member), password.clone()).await?;
            writeln!(console.out, "{:<18} {}", user.role.as_str(), user.email)?;
            user
        };
        let principal = Principal::of(user.id, user.firm, user.role);
        team.contexts.push(ctx.app().act_as(principal, "command-line"));
        let name = Name { first: user.first_name, last: user.last_name };
        team.members.push(Member { name, email: user.email, role: user.role });
    }
    if team.added == 0 {
        writeln!(console.out, "the made-up people are there already and keep their passwords")?;
    } else {
        writeln!(console.out, "Password of these people: {}   (shown only this once)", password.expose())?;
    }
    console.out.flush()?;
    Ok(team)
}

/// A password that holds nobody's name.
fn password(ctx: &Ctx, members: &[Member]) -> Secret {
    loop {
        let password = strength::generate_password(ctx.app().random().as_ref());
        let is_strong = members.iter().all(|member| {
            let words = [member.email.as_str(), &member.name.first, &member.name.last];
            strength::check(password.expose(), &words).is_ok()
        });
        if is_strong {
            return password;
        }
    }
}

fn new_user(member: &Member) -> NewUser {
    NewUser {
        email: member.email.clone(),
        first_name: member.name.first.clone(),
        last_name: member.name.last.clone(),
        role: member.role,
    }
}
