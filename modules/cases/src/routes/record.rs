use crate::service;
use access::Ctx;
use audit::{AuditEntryView, ListEntriesOfCase};
use ids::CaseId;
use web::{Paged, PathId, Problem, ProblemBody, ValidQuery};

/// List what happened in one case, the newest entry of the audit log first: for who may read the whole log, and for a
/// partner who leads the case. The question is recorded.
#[utoipa::path(get, path = "/api/cases/{id}/audit-logs", tag = "Cases", operation_id = "listAuditEntriesOfCase",
    params(("id" = CaseId, Path, description = "The case"), ListEntriesOfCase),
    responses((status = 200, description = "A page of entries", body = Paged<AuditEntryView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
pub(super) async fn list(
    ctx: Ctx,
    PathId(id): PathId<CaseId>,
    ValidQuery(query): ValidQuery<ListEntriesOfCase>,
) -> Result<Paged<AuditEntryView>, Problem> {
    let case = service::cases::find_case(&ctx, id).await?;
    audit::page_of_case(&ctx, (id, case.fields.lead_user_id), &query).await
}
