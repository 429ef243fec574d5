use super::{Act, Entity};
use access::{App, Ctx, Request};
use clock::Timestamp;
use ids::{ApiKeyId, AuditId, CaseId, FirmId, SessionId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

/// Who did it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who {
    pub(crate) firm: FirmId,
    pub(crate) user: Option<UserId>,
    pub(crate) session: Option<SessionId>,
    pub(crate) key: Option<ApiKeyId>,
}

/// A record that has no place in the chain yet: everything of an entry but that. As JSON, in the spill file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pending {
    pub(crate) id: AuditId,
    pub(crate) firm: FirmId,
    pub(crate) user: Option<UserId>,
    pub(crate) session: Option<SessionId>,
    #[serde(default)]
    pub(crate) key: Option<ApiKeyId>,
    pub(crate) action: String,
    pub(crate) outcome: String,
    #[serde(default)]
    pub(crate) status: Option<u16>,
    pub(crate) entity: String,
    pub(crate) entity_id: Uuid,
    pub(crate) case: Option<CaseId>,
    #[serde(default)]
    pub(crate) reason: Option<String>,
    pub(crate) changes: Option<Value>,
    pub(crate) address: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) method: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) correlation: String,
    #[serde(default)]
    pub(crate) elapsed_microseconds: Option<i64>,
    /// When it happened. The chain has it too, in `changes`: its own times are those of its order.
    pub(crate) at: Timestamp,
}

impl Pending {
    pub(crate) fn of(ctx: &Ctx, act: Act, entity: Entity) -> Self {
        let principal = ctx.principal();
        let who = Who {
            firm: principal.firm,
            user: Some(principal.user),
            session: principal.session,
            key: principal.key.map(|key| key.id),
        };
        Self::new(ctx.app(), ctx.request(), who, act, entity)
    }

    pub(crate) fn new(app: &App, request: &Request, who: Who, act: Act, entity: Entity) -> Self {
        Self {
            id: app.new_id(),
            firm: who.firm,
            user: who.user,
            session: who.session,
            key: who.key,
            action: act.as_str().to_owned(),
            outcome: act.outcome().as_str().to_owned(),
            status: entity.status,
            entity: entity.kind.to_owned(),
            entity_id: entity.id,
            case: entity.case,
            reason: entity.reason,
            changes: entity.changes,
            address: request.address.map(|address| address.to_string()),
            user_agent: request.user_agent.clone(),
            method: request.method.as_ref().map(ToString::to_string),
            route: request.route.as_deref().map(str::to_owned),
            correlation: request.correlation.to_string(),
            elapsed_microseconds: request.elapsed().and_then(|ran| i64::try_from(ran.as_micros()).ok()),
            at: app.clock().now(),
        }
    }
}
