use super::OrganizationView;
use super::roles::whole;
use crate::{Error, service};
use access::Ctx;
use axum::Json;
use ids::FirmId;
use web::{Paged, PathId, Problem, ProblemBody};

/// List the organizations that the caller sees: the caller's own.
#[utoipa::path(get, path = "/api/organizations", tag = "Organizations", operation_id = "listOrganizations",
    responses((status = 200, description = "The caller's firm", body = Paged<OrganizationView>),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn list_organizations(ctx: Ctx) -> Result<Paged<OrganizationView>, Problem> {
    whole(vec![service::own_firm(&ctx).await?.into()])
}

/// Show the caller's own organization; any other is not found.
#[utoipa::path(get, path = "/api/organizations/{id}", tag = "Organizations", operation_id = "showOrganization",
    params(("id" = FirmId, Path, description = "The organization")),
    responses((status = 200, description = "The organization", body = OrganizationView),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 404, description = "No organization of the caller", body = ProblemBody)))]
pub(super) async fn show_organization(
    ctx: Ctx,
    PathId(id): PathId<FirmId>,
) -> Result<Json<OrganizationView>, Problem> {
    if id != ctx.firm() {
        return Err(Error::FirmNotFound.into());
    }
    Ok(Json(service::own_firm(&ctx).await?.into()))
}
