use super::users;
use crate::model::Change;
use crate::{Error, User, UserWatch};
use access::{Action, Ctx};
use db::Tx;
use futures_util::future::BoxFuture;
use ids::{FirmId, UserId};

/// The cases that users lead, as far as this module needs to know. Who keeps the cases implements it.
pub trait Caseload: Send + Sync + std::fmt::Debug {
    /// How many open cases the user leads.
    fn open_cases_of<'a>(
        &'a self,
        tx: &'a Tx,
        firm: FirmId,
        user: UserId,
    ) -> BoxFuture<'a, Result<u64, CaseloadError>>;

    /// Gives the open cases that `from` leads to `to`, in the caller's transaction, and says how many.
    fn hand_over<'a>(
        &'a self,
        tx: &'a mut Tx,
        ctx: &'a Ctx,
        from: UserId,
        to: UserId,
    ) -> BoxFuture<'a, Result<u64, CaseloadError>>;
}

/// Why cases could not be handed over.
#[derive(Debug, thiserror::Error)]
pub enum CaseloadError {
    /// More than go in one transaction.
    #[error("the user leads more than {0} open cases: give some of them to others first")]
    TooMany(u64),
    /// The database could not be used.
    #[error("the database could not be used")]
    Database(#[from] db::Error),
    /// The reason of who keeps the cases.
    #[error("the cases could not be handed over")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A user whose access was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deactivated {
    /// The user as they are now.
    pub user: User,
    /// How many open cases went to the successor.
    pub cases_handed_over: u64,
    /// How many open cases the user still leads.
    pub cases_left: u64,
}

/// Takes a user's access away: every login and every API key of theirs ends. With a successor, their open cases go to that
/// user in the same transaction; of somebody who is inactive already, only the cases do.
pub async fn deactivate_and_hand_over(
    ctx: &Ctx,
    watch: &dyn UserWatch,
    caseload: &dyn Caseload,
    id: UserId,
    seen: Option<i64>,
    successor: Option<UserId>,
) -> Result<Deactivated, Error> {
    ctx.require(Action::ManageUsers)?;
    let mut tx = ctx.begin().await?;
    let before = hold_both(&tx, ctx.firm(), id, successor).await?;
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(Error::Stale);
    }
    let change = Change { active: Some(false), ..Change::default() };
    let (user, effect) = users::apply(ctx, &mut tx, &before, &change).await?;
    let cases_handed_over = match successor {
        Some(to) => caseload.hand_over(&mut tx, ctx, id, to).await?,
        None => 0,
    };
    let cases_left = caseload.open_cases_of(&tx, ctx.firm(), id).await?;
    tx.commit().await?;
    users::tell(ctx, watch, id, effect);
    Ok(Deactivated { user, cases_handed_over, cases_left })
}

/// Holds the rows of both users until the end of the transaction: of two who would hand over to each other, one comes after
/// the other and finds a successor who is gone.
async fn hold_both(tx: &Tx, firm: FirmId, id: UserId, successor: Option<UserId>) -> Result<User, Error> {
    let Some(to) = successor else { return users::hold(tx, firm, id).await };
    if to == id {
        return Err(Error::Successor(to));
    }
    let [user, next] = users::hold_each(tx, firm, id, to).await?;
    let user = user.ok_or(Error::NotFound(id))?;
    let is_fit = |next: &User| next.active && next.role.allows(Action::EditCases);
    next.filter(is_fit).ok_or(Error::Successor(to))?;
    Ok(user)
}

/// Gives a user their access back. Logins and API keys that were ended stay so.
pub async fn activate_user(ctx: &Ctx, watch: &dyn UserWatch, id: UserId) -> Result<User, Error> {
    ctx.require(Action::ManageUsers)?;
    let change = Change { active: Some(true), ..Change::default() };
    users::change_user(ctx, watch, id, None, &change).await
}
