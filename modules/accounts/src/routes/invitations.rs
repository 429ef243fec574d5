use crate::Entrance;
use crate::model::invitation::{Invitation, InvitationStatus};
use crate::model::{EMAIL_BYTES, NewUser, missing_names};
use crate::service::invitations;
use access::{Ctx, Role};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use clock::Timestamp;
use http::{StatusCode, header};
use ids::{InvitationId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use web::{Fault, Page, Paged, PathId, Problem, ProblemBody, Ruled, RuledJson, ValidQuery};

/// Which page of the invitations, and of which.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ListInvitations {
    /// Leave out those that were accepted or taken back.
    #[garde(skip)]
    open: Option<bool>,
    /// The page, from 1.
    #[garde(skip)]
    page: Option<u64>,
    /// Invitations on a page: 1 to 1000, 20 unless told.
    #[garde(skip)]
    limit: Option<u64>,
}

/// Whom to invite, and as what.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"email": "ada.moreno@example.com", "firstName": "Ada", "lastName": "Moreno",
    "role": "clerk"}))]
pub(super) struct Invite {
    /// The address that the mail goes to, and to sign in with.
    #[garde(email, length(bytes, max = EMAIL_BYTES))]
    #[schema(example = "ada.moreno@example.com")]
    email: String,
    /// Given name.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Ada")]
    first_name: String,
    /// Family name.
    #[garde(length(chars, min = 1, max = 100), custom(web::legible))]
    #[schema(example = "Moreno")]
    last_name: String,
    /// What the user will do in the firm.
    #[garde(skip)]
    #[schema(example = "associate")]
    role: Role,
}

impl Ruled for Invite {
    fn broken(&self, _: &[Fault]) -> Vec<Fault> {
        missing_names(&self.first_name, &self.last_name)
    }
}

/// An invitation. Its link stands in the mail only.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Invitation, example = json!({"id": "019cae6b-6603-707a-a469-71cfb354a067",
    "email": "ada.moreno@example.com", "firstName": "Ada", "lastName": "Moreno", "role": "clerk", "status": "open",
    "invitedBy": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "createdAt": "2026-03-02T12:00:00.124508Z",
    "expiresAt": "2026-03-09T12:00:00.124508Z", "sentAt": null, "acceptedAt": null, "userId": null}))]
pub(super) struct InvitationView {
    /// The id.
    id: InvitationId,
    /// The address, in lower case.
    #[schema(example = "ada.moreno@example.com")]
    email: String,
    /// Given name.
    #[schema(example = "Ada")]
    first_name: String,
    /// Family name.
    #[schema(example = "Moreno")]
    last_name: String,
    /// What the user will do in the firm.
    #[schema(example = "associate")]
    role: Role,
    /// Where it stands.
    #[schema(example = "open")]
    status: InvitationStatus,
    /// Who invited; nobody where somebody registered.
    invited_by: Option<UserId>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:00:00.000000Z")]
    created_at: Timestamp,
    /// Until when it can be accepted.
    #[schema(value_type = String, format = DateTime, example = "2026-03-09T12:00:00.000000Z")]
    expires_at: Timestamp,
    /// When its newest mail was written; nothing while that waits.
    #[schema(value_type = Option<String>, format = DateTime, example = "2026-03-02T12:00:01.000000Z")]
    sent_at: Option<Timestamp>,
    /// When it was accepted.
    #[schema(value_type = Option<String>, format = DateTime, example = json!(null))]
    accepted_at: Option<Timestamp>,
    /// The user who came of it.
    #[schema(example = json!(null))]
    user_id: Option<UserId>,
}

impl InvitationView {
    fn of(invitation: Invitation, now: Timestamp) -> Self {
        Self {
            status: invitation.status(now),
            id: invitation.id,
            email: invitation.email,
            first_name: invitation.first_name,
            last_name: invitation.last_name,
            role: invitation.role,
            invited_by: invitation.invited_by,
            created_at: invitation.created_at,
            expires_at: invitation.expires_at,
            sent_at: invitation.sent_at,
            accepted_at: invitation.accepted_at,
            user_id: invitation.user,
        }
    }
}

/// List the firm's invitations, newest first.
#[utoipa::path(get, path = "/api/users/invitations", tag = "Users", operation_id = "listInvitations",
    params(ListInvitations),
    responses((status = 200, description = "A page of invitations", body = Paged<InvitationView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed", body = ProblemBody)))]
pub(super) async fn list_invitations(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListInvitations>,
) -> Result<Paged<InvitationView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let place = (page.offset(), page.limit());
    let (found, total) = invitations::list_invitations(&ctx, query.open.unwrap_or(false), place).await?;
    let now = ctx.now();
    Ok(Paged::new(found, total, page).map(|invitation| InvitationView::of(invitation, now)))
}

/// Invite somebody to become a user of the firm. A mail with a link goes to the address.
#[utoipa::path(post, path = "/api/users/invitations", tag = "Users", operation_id = "invite", request_body = Invite,
    responses((status = 201, description = "The invitation", body = InvitationView,
            headers(("Location" = String, description = "Where invitations are"))),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed, or the role is beyond what the caller may assign", body = ProblemBody),
        (status = 409, description = "The address is in use or invited already", body = ProblemBody),
        (status = 422, description = "A name is missing", body = ProblemBody)))]
pub(super) async fn invite(
    ctx: Ctx,
    Extension(entrance): Extension<Entrance>,
    RuledJson(body): RuledJson<Invite>,
) -> Result<Response, Problem> {
    let Invite { email, first_name, last_name, role } = body;
    let new = NewUser { email, first_name, last_name, role };
    let invitation = invitations::invite(&ctx, &entrance, &new).await?;
    let location = [(header::LOCATION, "/api/users/invitations")];
    let view = InvitationView::of(invitation, ctx.now());
    Ok((StatusCode::CREATED, location, Json(view)).into_response())
}

/// Take an invitation back: its link is void at once.
#[utoipa::path(delete, path = "/api/users/invitations/{id}", tag = "Users", operation_id = "revokeInvitation",
    params(("id" = InvitationId, Path, description = "The invitation")),
    responses((status = 204, description = "Nobody can accept it any more"),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed, or the role is beyond what the caller may assign", body = ProblemBody),
        (status = 404, description = "No open invitation of the firm", body = ProblemBody)))]
pub(super) async fn revoke_invitation(
    ctx: Ctx,
    PathId(id): PathId<InvitationId>,
) -> Result<StatusCode, Problem> {
    invitations::revoke_invitation(&ctx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Send an invitation again, with a new link and the whole time. Links that were sent before are void.
#[utoipa::path(post, path = "/api/users/invitations/{id}/resend", tag = "Users", operation_id = "resendInvitation",
    params(("id" = InvitationId, Path, description = "The invitation")),
    responses((status = 200, description = "The invitation as changed", body = InvitationView),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 403, description = "Not allowed, or the role is beyond what the caller may assign", body = ProblemBody),
        (status = 404, description = "No open invitation of the firm", body = ProblemBody)))]
pub(super) async fn resend_invitation(
    ctx: Ctx,
    Extension(entrance): Extension<Entrance>,
    PathId(id): PathId<InvitationId>,
) -> Result<Json<InvitationView>, Problem> {
    let invitation = invitations::resend_invitation(&ctx, &entrance, id).await?;
    Ok(Json(InvitationView::of(invitation, ctx.now())))
}
