use crate::{Error, store};
use access::{App, Ctx, Principal, Role, Sight};
use audit::{Act, Entity};
use clock::Timestamp;
use ids::{CaseId, DocketEntryId, DocumentId, FirmId, Id, PartyId, TimeEntryId, UserId, WallId};
use queue::{Job, JobError, Work};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;
use web::problem::Missed;

/// Finds out whether a wall hid what a caller asked for by its id and did not get, and writes the record if so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LookIntoMiss {
    user: UserId,
    role: Role,
    kind: String,
    id: Uuid,
    correlation: String,
    at: Timestamp,
}

const KINDS: [&str; 6] =
    [CaseId::KIND, PartyId::KIND, DocketEntryId::KIND, DocumentId::KIND, TimeEntryId::KIND, WallId::KIND];

impl LookIntoMiss {
    /// Whether a wall can hide things of this kind.
    pub(crate) fn knows(kind: &str) -> bool {
        KINDS.contains(&kind)
    }

    pub(crate) fn of(ctx: &Ctx, missed: Missed) -> Self {
        Self {
            user: ctx.user(),
            role: ctx.principal().role,
            kind: missed.kind.to_owned(),
            id: Uuid::from_bytes(missed.id),
            correlation: ctx.request().correlation.to_string(),
            at: ctx.now(),
        }
    }

    /// The case that the thing belongs to, if it is there at all.
    async fn case(&self, app: &App, firm: FirmId) -> Result<Option<CaseId>, JobError> {
        let (db, id) = (app.db().reader(), self.id);
        let everything = Sight::whole_firm(firm, "what is found is written to the audit and shown to nobody");
        if self.kind == CaseId::KIND {
            return match cases::exists(db, everything, CaseId::from_uuid(id)).await {
                Ok(()) => Ok(Some(CaseId::from_uuid(id))),
                Err(cases::Error::NotFound(_)) => Ok(None),
                Err(error) => Err(JobError::retry(error)),
            };
        }
        if self.kind == PartyId::KIND {
            return cases::case_of_party(db, everything, id.into()).await.map_err(JobError::retry);
        }
        if self.kind == DocketEntryId::KIND {
            return docket::case_of_entry(db, everything, id.into()).await.map_err(JobError::retry);
        }
        if self.kind == DocumentId::KIND {
            return documents::case_of_document(db, everything, id.into()).await.map_err(JobError::retry);
        }
        if self.kind == TimeEntryId::KIND {
            return billing::case_of_time(db, everything, id.into()).await.map_err(JobError::retry);
        }
        match store::find(db, everything, id.into()).await {
            Ok(wall) => Ok(Some(wall.case)),
            Err(Error::NotFound(_)) => Ok(None),
            Err(error) => Err(JobError::retry(error)),
        }
    }

    async fn record(&self, app: &App, firm: FirmId, case: CaseId) -> Result<(), Error> {
        let principal = Principal::of(self.user, firm, self.role);
        let ctx = app.act_as(principal, self.correlation.as_str());
        let kind = KINDS.into_iter().find(|kind| *kind == self.kind).unwrap_or(CaseId::KIND);
        let denied = Entity { kind, id: self.id, case: Some(case), reason: None, changes: None };
        let mut tx = ctx.begin().await?;
        let changes = json!({ "denied": [null, "ethical wall"], "at": [null, self.at] });
        audit::record(&mut tx, &ctx, Act::Deny, denied.changed(changes)).await?;
        tx.commit().await?;
        Ok(())
    }
}

impl Job for LookIntoMiss {
    const KIND: &'static str = "walls.look_into_miss";
    type Deps = App;

    async fn run(self, app: App, work: Work) -> Result<(), JobError> {
        let Some(firm) = work.firm else { return Err(JobError::fail("the job belongs to no firm")) };
        let Some(case) = self.case(&app, firm).await? else { return Ok(()) };
        let hidden = access::is_hidden(app.db().reader(), firm, self.user, case).await;
        if hidden.map_err(JobError::retry)? {
            self.record(&app, firm, case).await.map_err(JobError::retry)?;
        }
        Ok(())
    }
}
