use super::log::{Reach, fitting};
use crate::model::{Filter, Tally};
use access::Sight;
use db::{Misread, Reads, Row};
use sea_orm::sea_query::{Expr, Order, Query};
use uuid::Uuid;

/// By what entries are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Action,
    Entity,
    User,
    Outcome,
}

impl By {
    fn column(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::Entity => "entity",
            Self::User => "user_id",
            Self::Outcome => "outcome",
        }
    }
}

/// How many entries fit, of each value: the most frequent first, at most `limit` values.
pub(crate) async fn tally(
    db: &impl Reads,
    sight: Sight,
    filter: &Filter,
    reach: Reach,
    by: By,
    limit: u64,
) -> Result<Vec<Tally>, db::Error> {
    let mut query = Query::select();
    query.column(by.column()).expr_as(Expr::cust("count(*)"), "entries");
    fitting(&mut query, sight, filter, reach);
    query.group_by_col(by.column()).order_by("entries", Order::Desc).order_by(by.column(), Order::Asc);
    match by {
        By::User => {
            let found: Vec<OfUser> = db.at_most(&query, limit).await?;
            Ok(found.into_iter().map(|user| user.0).collect())
        }
        _ => db.at_most(&query, limit).await,
    }
}

impl db::FromRow for Tally {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        Ok(Self { value: row.at(0)?, entries: row.at(1)? })
    }
}

struct OfUser(Tally);

impl db::FromRow for OfUser {
    fn from_row(row: &Row) -> Result<Self, Misread> {
        let user: Option<Uuid> = row.at(0)?;
        let value = user.map_or_else(|| "nobody".to_owned(), |id| id.to_string());
        Ok(Self(Tally { value, entries: row.at(1)? }))
    }
}
