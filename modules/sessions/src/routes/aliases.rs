//! Paths of the first LexiFlow for the verbs of [`super::factors`].

use super::Private;
use super::factors::{
    BothBody, ConfirmBody, EnrolBody, RecoveryCodes, TotpSecretView, confirm_totp, disable_totp, enrol_totp,
};
use crate::Sessions;
use access::Ctx;
use axum::{Extension, Json};
use http::StatusCode;
use web::{Problem, ProblemBody, ValidJson};

/// Get a secret for an authenticator app, for older clients.
#[utoipa::path(post, path = "/api/auth/mfa/enable", tag = "Auth", operation_id = "enableMfa", request_body = EnrolBody,
    responses((status = 200, description = "The secret, this once", body = TotpSecretView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "There is a second factor already", body = ProblemBody),
        (status = 422, description = "The password is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn enable_mfa(
    ctx: Ctx,
    sessions: Extension<Sessions>,
    body: ValidJson<EnrolBody>,
) -> Result<Private<Json<TotpSecretView>>, Problem> {
    enrol_totp(ctx, sessions, body).await
}

/// Get a secret for an authenticator app, for still older clients.
#[utoipa::path(post, path = "/api/auth/enable-mfa", tag = "Auth", operation_id = "enableMfaOlder",
    request_body = EnrolBody,
    responses((status = 200, description = "The secret, this once", body = TotpSecretView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "There is a second factor already", body = ProblemBody),
        (status = 422, description = "The password is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn enable_mfa_older(
    ctx: Ctx,
    sessions: Extension<Sessions>,
    body: ValidJson<EnrolBody>,
) -> Result<Private<Json<TotpSecretView>>, Problem> {
    enrol_totp(ctx, sessions, body).await
}

/// Put the second factor in force, for older clients.
#[utoipa::path(post, path = "/api/auth/verify-mfa", tag = "Auth", operation_id = "verifyMfa",
    request_body = ConfirmBody,
    responses((status = 200, description = "It is in force; the recovery codes, this once", body = RecoveryCodes),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "It is in force already, or no secret was asked for", body = ProblemBody),
        (status = 422, description = "The code is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn verify_mfa(
    ctx: Ctx,
    sessions: Extension<Sessions>,
    body: ValidJson<ConfirmBody>,
) -> Result<Private<Json<RecoveryCodes>>, Problem> {
    confirm_totp(ctx, sessions, body).await
}

/// Take one's second factor off, for older clients.
#[utoipa::path(post, path = "/api/auth/mfa/disable", tag = "Auth", operation_id = "disableMfa",
    request_body = BothBody,
    responses((status = 204, description = "Signing in asks for the password alone"),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "There is no second factor", body = ProblemBody),
        (status = 422, description = "The password or the code is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn disable_mfa(
    ctx: Ctx,
    sessions: Extension<Sessions>,
    body: ValidJson<BothBody>,
) -> Result<Private<StatusCode>, Problem> {
    disable_totp(ctx, sessions, body).await
}

/// Take one's second factor off, for still older clients.
#[utoipa::path(post, path = "/api/auth/disable-mfa", tag = "Auth", operation_id = "disableMfaOlder",
    request_body = BothBody,
    responses((status = 204, description = "Signing in asks for the password alone"),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "There is no second factor", body = ProblemBody),
        (status = 422, description = "The password or the code is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn disable_mfa_older(
    ctx: Ctx,
    sessions: Extension<Sessions>,
    body: ValidJson<BothBody>,
) -> Result<Private<StatusCode>, Problem> {
    disable_totp(ctx, sessions, body).await
}
