//! One's second factor.

use super::{Private, private};
use crate::Sessions;
use crate::service::{self, Enrolment, FactorState};
use access::Ctx;
use axum::{Extension, Json};
use clock::Timestamp;
use crypto::Secret;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::{Problem, ProblemBody, ValidJson};

/// How one stands to second factors.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"enabled": true, "required": false, "recoveryCodesLeft": 10}))]
pub(super) struct MfaState {
    /// Whether signing in asks for a second factor.
    #[schema(example = true)]
    enabled: bool,
    /// Whether one's role has to have one.
    #[schema(example = false)]
    required: bool,
    /// Recovery codes that were not used.
    #[schema(example = 10)]
    recovery_codes_left: u64,
}

impl From<FactorState> for MfaState {
    fn from(state: FactorState) -> Self {
        Self {
            enabled: state.is_enabled,
            required: state.is_required,
            recovery_codes_left: state.recovery_codes_left,
        }
    }
}

/// The password again.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct EnrolBody {
    /// The password that one signs in with.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, write_only, example = "copper lantern violet harbor")]
    password: Secret,
}

/// A code of the app.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ConfirmBody {
    /// The code that the app shows.
    #[garde(skip)]
    #[schema(value_type = String, write_only, example = "123456")]
    code: Secret,
}

/// The password and a code.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct BothBody {
    /// The password that one signs in with.
    #[garde(skip)]
    #[schema(value_type = String, format = Password, write_only, example = "copper lantern violet harbor")]
    password: Secret,
    /// The code that the app shows, or a recovery code.
    #[garde(skip)]
    #[schema(value_type = String, write_only, example = "123456")]
    mfa_code: Secret,
}

/// What proves again who one is.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"mfaCode": "123456"}))]
pub(super) struct StepUpBody {
    /// The password, where one has no second factor.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password, write_only, example = json!(null))]
    password: Option<Secret>,
    /// The code that the app shows, or a recovery code.
    #[garde(skip)]
    #[schema(value_type = Option<String>, write_only, example = "123456")]
    mfa_code: Option<Secret>,
}

/// What an authenticator app is given. It is shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
    "otpauthUri": "otpauth://totp/LexiFlow:ada%2Emoreno%40example%2Ecom?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=LexiFlow&algorithm=SHA1&digits=6&period=30"}))]
pub(super) struct TotpSecretView {
    /// To be typed into the app: base32 (RFC 4648, 6).
    secret: String,
    /// To be shown as a picture that the app scans.
    otpauth_uri: String,
}

impl From<Enrolment> for TotpSecretView {
    fn from(enrolment: Enrolment) -> Self {
        Self { secret: enrolment.secret.expose().to_owned(), otpauth_uri: enrolment.uri.expose().to_owned() }
    }
}

/// Codes that stand for the second factor, once each. They are shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"recoveryCodes": ["k7f2-mmq3-x9ad-h5te", "r8w0-c3ye-zp4g-n6bj"]}))]
pub(super) struct RecoveryCodes {
    /// Ten codes.
    recovery_codes: Vec<String>,
}

impl From<Vec<Secret>> for RecoveryCodes {
    fn from(codes: Vec<Secret>) -> Self {
        Self { recovery_codes: codes.iter().map(|code| code.expose().to_owned()).collect() }
    }
}

/// Until when what was shown counts.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"freshUntil": "2026-03-02T12:10:36.080127Z"}))]
pub(super) struct SteppedUp {
    /// The moment.
    #[schema(value_type = String, format = DateTime, example = "2026-03-02T12:10:36.080127Z")]
    pub(super) fresh_until: Timestamp,
}

/// Show how one stands to second factors.
#[utoipa::path(get, path = "/api/auth/mfa", tag = "Auth", operation_id = "showMfa",
    responses((status = 200, description = "How it stands", body = MfaState),
        (status = 401, description = "Not signed in", body = ProblemBody)))]
pub(super) async fn show_mfa(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
) -> Result<Private<Json<MfaState>>, Problem> {
    Ok(private(Json(service::show_second_factor(&ctx, &sessions).await?.into())))
}

/// Get a secret for an authenticator app (RFC 6238). It counts from the confirmation on.
#[utoipa::path(post, path = "/api/auth/mfa/totp", tag = "Auth", operation_id = "enrolTotp", request_body = EnrolBody,
    responses((status = 200, description = "The secret, this once", body = TotpSecretView),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "There is a second factor already", body = ProblemBody),
        (status = 422, description = "The password is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn enrol_totp(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<EnrolBody>,
) -> Result<Private<Json<TotpSecretView>>, Problem> {
    let enrolment = service::enrol_second_factor(&ctx, &sessions, body.password).await?;
    Ok(private(Json(enrolment.into())))
}

/// Put the second factor in force with a code of the app, and get recovery codes.
#[utoipa::path(post, path = "/api/auth/mfa/totp/confirm", tag = "Auth", operation_id = "confirmTotp",
    request_body = ConfirmBody,
    responses((status = 200, description = "It is in force; the recovery codes, this once", body = RecoveryCodes),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "It is in force already, or no secret was asked for", body = ProblemBody),
        (status = 422, description = "The code is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn confirm_totp(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<ConfirmBody>,
) -> Result<Private<Json<RecoveryCodes>>, Problem> {
    let codes = service::confirm_second_factor(&ctx, &sessions, body.code).await?;
    Ok(private(Json(codes.into())))
}

/// Take one's second factor off.
#[utoipa::path(delete, path = "/api/auth/mfa/totp", tag = "Auth", operation_id = "disableTotp", request_body = BothBody,
    responses((status = 204, description = "Signing in asks for the password alone"),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "There is no second factor", body = ProblemBody),
        (status = 422, description = "The password or the code is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn disable_totp(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<BothBody>,
) -> Result<Private<StatusCode>, Problem> {
    service::disable_second_factor(&ctx, &sessions, body.password, body.mfa_code).await?;
    Ok(private(StatusCode::NO_CONTENT))
}

/// Get ten new recovery codes in place of all older ones.
#[utoipa::path(post, path = "/api/auth/mfa/recovery-codes", tag = "Auth", operation_id = "renewRecoveryCodes",
    request_body = BothBody,
    responses((status = 200, description = "The codes, this once", body = RecoveryCodes),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 409, description = "There is no second factor", body = ProblemBody),
        (status = 422, description = "The password or the code is wrong", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn renew_recovery_codes(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<BothBody>,
) -> Result<Private<Json<RecoveryCodes>>, Problem> {
    let codes = service::renew_recovery_codes(&ctx, &sessions, body.password, body.mfa_code).await?;
    Ok(private(Json(codes.into())))
}

/// Show again who one is, for what asks for more than a token: with the second factor or, without one, the password.
#[utoipa::path(post, path = "/api/auth/step-up", tag = "Auth", operation_id = "stepUp", request_body = StepUpBody,
    responses((status = 200, description = "It counts for some minutes", body = SteppedUp),
        (status = 400, description = "The body is wrong, or lacks what is asked for", body = ProblemBody),
        (status = 401, description = "Not signed in", body = ProblemBody),
        (status = 422, description = "The code or the password is wrong, or a passkey is wanted", body = ProblemBody),
        (status = 429, description = "Too many attempts: see Retry-After", body = ProblemBody)))]
pub(super) async fn step_up(
    ctx: Ctx,
    Extension(sessions): Extension<Sessions>,
    ValidJson(body): ValidJson<StepUpBody>,
) -> Result<Private<Json<SteppedUp>>, Problem> {
    let fresh_until = service::step_up(&ctx, &sessions, body.password, body.mfa_code).await?;
    Ok(private(Json(SteppedUp { fresh_until })))
}
