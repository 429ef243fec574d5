use super::cases::insert_numbered;
use super::parties::announce;
use crate::model::case::{Case, DOCKET_NUMBER_CHARS};
use crate::model::docket_number::docket_key;
use crate::model::import::{CaseImport, Imported, ImportedCase, PartyPlan};
use crate::{Error, store};
use access::{Action, Ctx};
use audit::{Act, Entity};
use db::Tx;
use events::cases::{Changed, Opened};
use serde_json::json;

/// The most parties of one case. The largest docket known has some hundreds.
const PARTIES_IN_CASE: usize = 50_000;

/// Reads a court's record of a case into the firm, in the caller's transaction: opens the case, or finds it by court and
/// docket number and corrects and completes it. Absent and empty members erase nothing; known parties and counsel stay.
/// The same record again changes nothing, and then nothing is recorded or announced either.
pub async fn import_case(tx: &mut Tx, ctx: &Ctx, incoming: CaseImport) -> Result<ImportedCase, Error> {
    let sight = ctx.sight_to(Action::Import)?;
    let mut incoming = incoming.tidy();
    let is_number = |text: &str| !text.is_empty() && text.chars().count() <= DOCKET_NUMBER_CHARS;
    if incoming.court.is_empty() || !is_number(&incoming.docket_number) {
        return Err(Error::NotIdentified);
    }
    if incoming.parties.len() > PARTIES_IN_CASE {
        return Err(Error::TooManyParties { most: PARTIES_IN_CASE });
    }
    let parties = std::mem::take(&mut incoming.parties);
    let key = docket_key(&incoming.docket_number);
    let found = store::cases::by_docket(tx, sight, &incoming.court, &key).await?;
    let ids = || (ctx.new_id(), ctx.new_id());
    let (before, case, plan) = match found {
        None => {
            let case = insert_numbered(tx, ctx, incoming.open(ctx.new_id(), ctx.now())).await?;
            let plan = PartyPlan::of(case.id, &[], parties, ctx.now(), &ids);
            (None, case, plan)
        }
        Some(known) => {
            // Two records of one case follow each other, and each sees what the one before it left.
            let before = store::cases::find_for_change(tx, sight, known.id).await?;
            let case = save_merged(tx, ctx, &before, &incoming).await?;
            let known = if parties.is_empty() {
                Vec::new()
            } else {
                store::parties::of_case(tx, sight, case.id, PARTIES_IN_CASE).await?
            };
            let plan = PartyPlan::of(case.id, &known, parties, ctx.now(), &ids);
            (Some(before), case, plan)
        }
    };
    store::parties::insert(tx, ctx.firm(), &plan.new).await?;
    for (before, after) in &plan.changed {
        store::parties::save(tx, ctx.firm(), before, after).await?;
    }
    tell(tx, ctx, before, case, plan).await
}

async fn save_merged(tx: &mut Tx, ctx: &Ctx, before: &Case, incoming: &CaseImport) -> Result<Case, Error> {
    match before.with(incoming.merged(&before.fields), ctx.now())? {
        None => Ok(before.clone()),
        Some(after) => {
            store::cases::save(tx, ctx.firm(), &after, before.version).await?;
            Ok(after)
        }
    }
}

/// Records and announces what an import did, if it did anything.
async fn tell(
    tx: &mut Tx,
    ctx: &Ctx,
    before: Option<Case>,
    case: Case,
    plan: PartyPlan,
) -> Result<ImportedCase, Error> {
    let attorneys_added = plan.attorneys_added();
    let parties_changed = plan.new.len() + plan.changed.len();
    let case_changed = before.as_ref().is_some_and(|before| before.version != case.version);
    let outcome = match before {
        None => Imported::Created,
        Some(_) if case_changed || parties_changed > 0 => Imported::Changed,
        Some(_) => Imported::Unchanged,
    };
    if outcome != Imported::Unchanged {
        let changed = Entity::of(case.id).in_case(case.id).changed(json!({
            "version": [before.as_ref().map(|before| before.version), case.version],
            "partiesAdded": plan.new.len(),
            "partiesChanged": plan.changed.len(),
            "attorneysAdded": attorneys_added,
        }));
        audit::record(tx, ctx, Act::Import, changed).await?;
    }
    if outcome == Imported::Created {
        ctx.publish(tx, &Opened(case.snapshot())).await?;
    } else if case_changed {
        ctx.publish(tx, &Changed(case.snapshot())).await?;
    }
    let parties = plan.new.iter().chain(plan.changed.iter().map(|(_, after)| after));
    announce(tx, ctx, case.id, parties).await?;
    Ok(ImportedCase {
        id: case.id,
        outcome,
        parties_added: plan.new.len() as u64,
        attorneys_added: attorneys_added as u64,
        parties: plan.ids,
    })
}
