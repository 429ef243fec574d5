use crate::Action;
use crate::grants::{Reach, Statuses};
use crate::store::{case_statuses, case_teams, screens};
use db::{Error, Reads, Tx};
use ids::{CaseId, FirmId, Id, UserId, WallId};
use sea_orm::sea_query::{Condition, Expr, ExprTrait, IntoColumnRef, Value};

/// Whose eyes look: what every read of a case, and of what hangs on one, takes first in the place of the firm.
///
/// An ethical wall hides a case from a user, with all that belongs to it: to them it is not there. Who may do something on
/// some cases only, by their role on a team or by where a case stands, sees no other case while doing it, and nothing that
/// belongs to none. The condition is a part of the statement that reads, so that a wall, the end of a membership and the
/// closing of a case bind from their commit on, on every server, and nothing has to be forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sight {
    firm: FirmId,
    eyes: Eyes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Eyes {
    User {
        user: UserId,
        /// In the whole firm, also what belongs to no case.
        everywhere: bool,
        /// On the cases where the user's role on the team allows the action.
        team: Option<Action>,
        /// On cases of these statuses.
        statuses: Statuses,
        /// Not on cases of these.
        barred: Statuses,
    },
    WholeFirm(&'static str),
}

impl Sight {
    /// What a user sees of the firm who may do `action` within this reach. Every role is bound alike.
    pub(crate) fn reaching(firm: FirmId, user: UserId, action: Action, reach: Reach) -> Self {
        let Reach { everywhere, on_teams, statuses, barred } = reach;
        let team = (!everywhere && on_teams).then_some(action);
        let statuses = if everywhere { Statuses::NONE } else { statuses };
        Self { firm, eyes: Eyes::User { user, everywhere, team, statuses, barred } }
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
    /// searches of an index, and one more for each other thing that limits these eyes.
    pub fn and_sees(self, column: &str, values: &mut Vec<Value>) -> String {
        let reached = self.and_reaches(column, values);
        let Some(user) = self.user() else { return reached };
        let (firm, user) = self.bound(user, values);
        reached + &screens::unhidden_text(column, firm, user)
    }

    /// The part of [`Self::and_sees`] that is not about walls.
    pub fn and_reaches(self, column: &str, values: &mut Vec<Value>) -> String {
        let Eyes::User { user, everywhere, team, statuses, barred } = self.eyes else { return String::new() };
        let mut text = String::new();
        if !everywhere {
            let (firm, user) = self.bound(user, values);
            let team = team.map(|action| case_teams::on_team_text(action, column, firm, user));
            let standing = (!statuses.is_empty()).then(|| case_statuses::stands_text(statuses, column, firm));
            text = any_of(team, standing);
        }
        if !barred.is_empty() {
            let firm = self.bound_firm(values);
            text.push_str(" AND NOT ");
            text.push_str(&case_statuses::stands_text(barred, column, firm));
        }
        text
    }

    /// The same as [`Self::and_sees`] for a statement that looks at many rows: what is hidden is gathered once, in some memory
    /// of the database's.
    pub fn and_sees_among_many(self, column: &str, values: &mut Vec<Value>) -> String {
        let Eyes::User { user, everywhere, team, statuses, barred } = self.eyes else { return String::new() };
        let (firm, user) = self.bound(user, values);
        let mut text = String::new();
        if !everywhere {
            let among = |cases: String| format!("{column} IN ({cases})");
            let team = team.map(|action| among(case_teams::cases_text(action, firm, user)));
            let standing = (!statuses.is_empty()).then(|| among(case_statuses::cases_text(statuses, firm)));
            text = any_of(team, standing);
        }
        if !barred.is_empty() {
            // Most cases of an old firm are closed: the open ones are fewer, and `NOT IN` of many is slow on PostgreSQL.
            let others = case_statuses::cases_text(!barred, firm);
            text = format!("{text} AND ({column} IS NULL OR {column} IN ({others}))");
        }
        let hidden = screens::hidden_text(firm, user);
        text + &format!(" AND ({column} IS NULL OR {column} NOT IN ({hidden}))")
    }

    /// The cases that a wall hides from these eyes, as a query in SQL text that may name one twice, with what it binds added
    /// to `values`; nothing where walls hide none. Of other cases, [`Self::and_reaches`] may leave some.
    pub fn hidden(self, values: &mut Vec<Value>) -> Option<String> {
        let (firm, user) = self.bound(self.user()?, values);
        Some(screens::hidden_text(firm, user))
    }

    /// The only cases that these eyes may see, walls or not, as a query in SQL text, with what it binds added to `values`;
    /// nothing where they may see others than those on whose team they are.
    pub fn team_cases(self, values: &mut Vec<Value>) -> Option<String> {
        match self.eyes {
            Eyes::User { user, team: Some(action), statuses: Statuses::NONE, .. } => {
                let (firm, user) = self.bound(user, values);
                Some(case_teams::cases_text(action, firm, user))
            }
            _ => None,
        }
    }

    /// The same condition as [`Self::and_sees_among_many`] for the builder of statements.
    pub fn sees(self, column: impl IntoColumnRef) -> Condition {
        let column = column.into_column_ref();
        let Eyes::User { user, everywhere, team, statuses, barred } = self.eyes else {
            return Condition::all();
        };
        let among = |cases| Expr::col(column.clone()).in_subquery(cases);
        let or_none = |seen| Condition::any().add(Expr::col(column.clone()).is_null()).add(seen);
        let walled = screens::hidden(self.firm, user);
        let mut all = Condition::all().add(or_none(Expr::col(column.clone()).not_in_subquery(walled)));
        if !everywhere {
            let team = team.map(|action| among(case_teams::cases_of(self.firm, user, action)));
            let standing =
                (!statuses.is_empty()).then(|| among(case_statuses::cases_of(self.firm, statuses)));
            let any = Condition::any().add_option(team).add_option(standing);
            all = all.add(if any.is_empty() { any.add(Expr::val(1).eq(0)) } else { any });
        }
        if !barred.is_empty() {
            all = all.add(or_none(among(case_statuses::cases_of(self.firm, !barred))));
        }
        all
    }

    fn user(self) -> Option<UserId> {
        match self.eyes {
            Eyes::User { user, .. } => Some(user),
            Eyes::WholeFirm(_) => None,
        }
    }

    /// The numbers of the place holders of the firm and the user, which are added to `values`.
    fn bound(self, user: UserId, values: &mut Vec<Value>) -> (usize, usize) {
        let firm = self.bound_firm(values);
        values.push(user.uuid().into());
        (firm, values.len())
    }

    fn bound_firm(self, values: &mut Vec<Value>) -> usize {
        values.push(self.firm.uuid().into());
        values.len()
    }
}

/// ` AND (… OR …)` of what is there; of nothing, what never holds.
fn any_of(team: Option<String>, standing: Option<String>) -> String {
    let any: Vec<_> = team.into_iter().chain(standing).collect();
    if any.is_empty() { " AND 1 = 0".to_owned() } else { format!(" AND ({})", any.join(" OR ")) }
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
