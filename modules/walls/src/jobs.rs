use crate::{Error, store};
use access::{App, Ctx, KeyGrant, Principal, Request, Role, Scopes, Sight};
use audit::{Act, Entity};
use clock::Timestamp;
use ids::{
    ApiKeyId, CaseId, DocketEntryId, DocumentId, FirmId, Id, PartyId, SessionId, TimeEntryId, UserId, WallId,
};
use queue::{Job, JobError, Work};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
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
    /// The request, as far as its entry says it.
    #[serde(flatten)]
    asked: Asked,
    at: Timestamp,
}

/// The request that missed it. What jobs of earlier builds do not say is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Asked {
    correlation: String,
    #[serde(default)]
    session: Option<SessionId>,
    #[serde(default)]
    key: Option<ApiKeyId>,
    #[serde(default)]
    address: Option<IpAddr>,
    #[serde(default)]
    user_agent: Option<String>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    route: Option<String>,
}

impl Asked {
    fn of(ctx: &Ctx) -> Self {
        let (request, principal) = (ctx.request(), ctx.principal());
        Self {
            correlation: request.correlation.to_string(),
            session: principal.session,
            key: principal.key.map(|key| key.id),
            address: request.address,
            user_agent: request.user_agent.clone(),
            method: request.method.as_ref().map(ToString::to_string),
            route: request.route.as_deref().map(str::to_owned),
        }
    }

    fn request(&self) -> Request {
        Request {
            correlation: self.correlation.as_str().into(),
            address: self.address,
            user_agent: self.user_agent.clone(),
            method: self.method.as_deref().and_then(|method| method.parse().ok()),
            route: self.route.as_deref().map(Into::into),
            ..Request::default()
        }
    }
}

/// What callers are answered with whom a wall keeps from something: that it is not there.
const NOT_FOUND: u16 = 404;

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
            asked: Asked::of(ctx),
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
        // The key is named and lets nobody do anything any more.
        let key = self.asked.key.map(|id| KeyGrant { id, scopes: Scopes::default() });
        let session = self.asked.session;
        let principal = Principal { session, key, ..Principal::of(self.user, firm, self.role) };
        let ctx = app.act_on(principal, Arc::new(self.asked.request()));
        let kind = KINDS.into_iter().find(|kind| *kind == self.kind).unwrap_or(CaseId::KIND);
        let denied = Entity::named(kind, self.id).in_case(case).answered(Some(NOT_FOUND));
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
