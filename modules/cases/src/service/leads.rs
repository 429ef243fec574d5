use crate::{Error, store};
use access::Ctx;
use accounts::{Caseload, CaseloadError};
use audit::{Act, Entity};
use db::Tx;
use events::cases::HandedOver;
use futures_util::future::BoxFuture;
use ids::{FirmId, UserId};
use serde_json::json;

/// The most cases that go to another lead at once: each has a record of its own, and everybody waits for the writer.
const MOST: u64 = 2000;
/// How many are changed with one statement, and told in one event.
const BATCH: u32 = 500;

/// Who leads which cases, for the module of users: somebody who leaves hands their open cases over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Leads;

impl Caseload for Leads {
    fn open_cases_of<'a>(
        &'a self,
        tx: &'a Tx,
        firm: FirmId,
        user: UserId,
    ) -> BoxFuture<'a, Result<u64, CaseloadError>> {
        Box::pin(async move { store::leads::count(tx, firm, user).await.map_err(told) })
    }

    fn hand_over<'a>(
        &'a self,
        tx: &'a mut Tx,
        ctx: &'a Ctx,
        from: UserId,
        to: UserId,
    ) -> BoxFuture<'a, Result<u64, CaseloadError>> {
        Box::pin(async move {
            if store::leads::count(tx, ctx.firm(), from).await.map_err(told)? > MOST {
                return Err(CaseloadError::TooMany(MOST));
            }
            hand_over(tx, ctx, from, to).await.map_err(told)
        })
    }
}

async fn hand_over(tx: &mut Tx, ctx: &Ctx, from: UserId, to: UserId) -> Result<u64, Error> {
    let mut all = 0;
    loop {
        let cases = store::leads::hand_over(tx, ctx.firm(), (from, to), ctx.now(), BATCH).await?;
        for case in &cases {
            let entity = Entity::of(*case).in_case(*case).changed(json!({ "leadUserId": [from, to] }));
            audit::record(tx, ctx, Act::Update, entity).await?;
        }
        let count = cases.len();
        all += count as u64;
        if count > 0 {
            ctx.publish(tx, &HandedOver { from, to, cases }).await?;
        }
        if count < BATCH as usize {
            return Ok(all);
        }
    }
}

fn told(error: Error) -> CaseloadError {
    match error {
        Error::Database(error) => CaseloadError::Database(error),
        other => CaseloadError::Failed(Box::new(other)),
    }
}
