use crate::Action;
use crate::store::{case_teams, screens};
use db::{Error, Reads, Tx};
use ids::{CaseId, FirmId, Id, UserId, WallId};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, IntoColumnRef, Value};

/// Whose eyes look: what every read of a case, and of what hangs on one, takes first in the place of the firm.
///
/// An ethical wall hides a case from a user, with all that belongs to it: to them it is not there. Who may do something only
/// on cases on whose team they are sees no other case while doing it, and nothing that belongs to none. The condition is a
/// part of the statement that reads, so that a wall and the end of a membership bind from their commit on, on every server,
/// and nothing has to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    firm: FirmId,
    eyes: Eyes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    User(UserId),
    /// On the cases where the user's role on the team allows the action.
    Member(UserId, Action),
    WholeFirm(&'static str),
}

impl Sight {
    /// What a user sees of the firm. Every role is bound alike.
    pub(crate) fn of(firm: FirmId, user: UserId) -> Self {
        Self { firm, eyes: Eyes::User(user) }
    }

    /// What a user sees who may do `action` on some cases only.
    pub(crate) fn on_team(firm: FirmId, user: UserId, action: Action) -> Self {
        Self { firm, eyes: Eyes::Member(user, action) }
    }

    /// The whole firm, for work that shows nothing of it to a person, or only what the person was let see just before.
    /// `reason` says to whoever reads the code why that is so.
    pub fn whole_firm(firm: FirmId, reason: &'static str) -> Self {
        Self { firm, eyes: Eyes::WholeFirm(reason) }
    }

    /// The firm.
    pub fn firm(self) -> FirmId {
        self.firm
    }

    /// The rest of a condition in SQL text, ` AND NOT EXISTS (…)`, with what it binds added to `values`. Rows without a case
    /// are seen by who may do it in the whole firm. `column` is named with its table. Each row that is looked at costs two
    /// searches of an index, and a third one of a member's.
    pub fn and_sees(self, column: &str, values: &mut Vec<Value>) -> String {
        let Some((firm, user)) = self.bound(values) else { return String::new() };
        let unhidden = screens::unhidden_text(column, firm, user);
        match self.eyes {
            Eyes::Member(_, action) => case_teams::on_team_text(action, column, firm, user) + &unhidden,
            Eyes::User(_) | Eyes::WholeFirm(_) => unhidden,
        }
    }

    /// The same for a statement that looks at many rows: what is hidden is gathered once, in some memory of the database's.
    pub fn and_sees_among_many(self, column: &str, values: &mut Vec<Value>) -> String {
        let on_team = self.team_cases(values).map(|cases| format!(" AND {column} IN ({cases})"));
        let unhidden = self.hidden(values);
        let unhidden =
            unhidden.map(|hidden| format!(" AND ({column} IS NULL OR {column} NOT IN ({hidden}))"));
        on_team.unwrap_or_default() + &unhidden.unwrap_or_default()
    }

    /// The cases that a wall hides from these eyes, as a query in SQL text that may name one twice, with what it binds added
    /// to `values`; nothing where walls hide none. Of other cases, [`Self::team_cases`] may leave some.
    pub fn hidden(self, values: &mut Vec<Value>) -> Option<String> {
        let (firm, user) = self.bound(values)?;
        Some(screens::hidden_text(firm, user))
    }

    /// The only cases that these eyes may see, walls or not, as a query in SQL text, with what it binds added to `values`;
    /// nothing where they may see every case.
    pub fn team_cases(self, values: &mut Vec<Value>) -> Option<String> {
        let Eyes::Member(_, action) = self.eyes else { return None };
        let (firm, user) = self.bound(values)?;
        Some(case_teams::cases_text(action, firm, user))
    }

    /// The same condition as [`Self::and_sees_among_many`] for the builder of statements.
    pub fn sees(self, column: impl IntoColumnRef + Clone) -> Condition {
        let Some(user) = self.user() else { return Condition::all() };
        let unhidden = Condition::any()
            .add(Expr::col(column.clone()).is_null())
            .add(Expr::col(column.clone()).not_in_subquery(screens::hidden(self.firm, user)));
        match self.eyes {
            Eyes::Member(_, action) => {
                let cases = case_teams::cases_of(self.firm, user, action);
                Condition::all().add(Expr::col(column).in_subquery(cases)).add(unhidden)
            }
            Eyes::User(_) | Eyes::WholeFirm(_) => unhidden,
        }
    }

    fn user(self) -> Option<UserId> {
        match self.eyes {
            Eyes::User(user) | Eyes::Member(user, _) => Some(user),
            Eyes::WholeFirm(_) => None,
        }
    }

    /// The numbers of the place holders of the firm and the user, which are added to `values`.
    fn bound(self, values: &mut Vec<Value>) -> Option<(usize, usize)> {
        let user = self.user()?;
        values.extend([self.firm.uuid(), user.uuid()].map(Value::from));
        Some((values.len() - 1, values.len()))
    }
}

/// Whether a wall hides a case from a user.
pub async fn is_hidden(db: &impl Reads, firm: FirmId, user: UserId, case: CaseId) -> Result<bool, Error> {
    screens::hides(db, firm, user, case).await
}

/// How often the firm's walls were changed: 0 for a firm that never had one. What was kept at another count may not be shown.
pub async fn wall_changes(db: &impl Reads, firm: FirmId) -> Result<i64, Error> {
    screens::changes(db, firm).await
}

/// What a wall does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Screen {
    /// Users who are kept from the case.
    pub screened: Vec<UserId>,
    /// Where the case is closed to everybody else: who is let through.
    pub admitted: Option<Vec<UserId>>,
}

/// Lets a wall do this and nothing else, from the commit on.
pub async fn set_screen(
    tx: &mut Tx,
    firm: FirmId,
    wall: WallId,
    case: CaseId,
    screen: &Screen,
) -> Result<(), Error> {
    screens::changed(tx, firm).await?;
    screens::clear(tx, firm, wall).await?;
    for user in &screen.screened {
        screens::screen(tx, firm, wall, case, *user).await?;
    }
    if let Some(admitted) = &screen.admitted {
        screens::close(tx, firm, wall, case).await?;
        for user in admitted {
            screens::admit(tx, firm, wall, *user).await?;
        }
    }
    Ok(())
}

/// Takes away what a wall does, from the commit on.
pub async fn clear_screen(tx: &mut Tx, firm: FirmId, wall: WallId) -> Result<(), Error> {
    screens::changed(tx, firm).await?;
    screens::clear(tx, firm, wall).await
}

/// Lets no other transaction change the firm's walls before this one ends, so that what is read of them stays true.
pub async fn hold_walls(tx: &mut Tx, firm: FirmId) -> Result<(), Error> {
    screens::changed(tx, firm).await
}

/// Whether a wall closes its case to everybody whom it does not admit.
pub async fn is_closed(db: &impl Reads, firm: FirmId, wall: WallId) -> Result<bool, Error> {
    screens::is_closed(db, firm, wall).await
}

/// The users whom a wall screens, or, with `admitted`, lets through: at most 1,000.
pub async fn wall_members(
    db: &impl Reads,
    firm: FirmId,
    wall: WallId,
    admitted: bool,
) -> Result<Vec<UserId>, Error> {
    screens::members(db, firm, wall, admitted).await
}
