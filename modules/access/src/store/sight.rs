use crate::store::screens;
use db::{Error, Reads, Tx};
use ids::{CaseId, FirmId, Id, UserId, WallId};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, IntoColumnRef, Value};

/// Whose eyes look: what every read of a case, and of what hangs on one, takes first in the place of the firm.
///
/// An ethical wall hides a case from a user, with all that belongs to it: to them it is not there. The condition is a part
/// of the statement that reads, so that a wall binds from its commit on, on every server, and nothing has to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    firm: FirmId,
    eyes: Eyes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    User(UserId),
    WholeFirm(&'static str),
}

impl Sight {
    /// What a user sees of the firm. Every role is bound alike.
    pub fn of(firm: FirmId, user: UserId) -> Self {
        Self { firm, eyes: Eyes::User(user) }
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
    /// are seen. `column` is named with its table. Each row that is looked at costs two searches of an index.
    pub fn and_sees(self, column: &str, values: &mut Vec<Value>) -> String {
        let Eyes::User(user) = self.eyes else { return String::new() };
        values.extend([self.firm.uuid(), user.uuid()].map(Value::from));
        screens::unhidden_text(column, values.len() - 1, values.len())
    }

    /// The same for a statement that looks at many rows: what is hidden is gathered once, in some memory of the database's.
    pub fn and_sees_among_many(self, column: &str, values: &mut Vec<Value>) -> String {
        match self.hidden(values) {
            None => String::new(),
            Some(hidden) => format!(" AND ({column} IS NULL OR {column} NOT IN ({hidden}))"),
        }
    }

    /// The cases that these eyes do not see, as a query in SQL text that may name one twice, with what it binds added to
    /// `values`; nothing where all are seen.
    pub fn hidden(self, values: &mut Vec<Value>) -> Option<String> {
        let Eyes::User(user) = self.eyes else { return None };
        values.extend([self.firm.uuid(), user.uuid()].map(Value::from));
        Some(screens::hidden_text(values.len() - 1, values.len()))
    }

    /// The same condition as [`Self::and_sees_among_many`] for the builder of statements.
    pub fn sees(self, column: impl IntoColumnRef + Clone) -> Condition {
        match self.eyes {
            Eyes::WholeFirm(_) => Condition::all(),
            Eyes::User(user) => Condition::any()
                .add(Expr::col(column.clone()).is_null())
                .add(Expr::col(column).not_in_subquery(screens::hidden(self.firm, user))),
        }
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
