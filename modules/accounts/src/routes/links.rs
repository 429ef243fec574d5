use super::{UserView, Watch};
use crate::model::{EMAIL_BYTES, NewUser, missing_names};
use crate::service::{invitations, password_reset};
use crate::{Entrance, Error};
use access::{Public, Role};
use axum::response::Response;
use axum::{Extension, Json};
use crypto::password::Hasher;
use crypto::{Secret, strength};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use web::problem::Failure as _;
use web::{Fault, Problem, ProblemBody, Ruled, RuledJson, ValidJson, Version};

/// Whose password was forgotten.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ForgotPassword {
    /// The address to sign in with, in any case.
    #[garde(length(bytes, max = 1024))]
    #[schema(example = "ada.moreno@example.com")]
    email: String,
}

/// The password to set, and the right to do so.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ResetPassword {
    /// What stands behind `#token=` in the link of the mail.
    #[garde(custom(given))]
    #[schema(value_type = String, write_only, example = "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    token: Secret,
    /// The password from now on, at least 12 characters.
    #[garde(custom(given))]
    #[schema(value_type = String, format = Password, write_only, example = "quiet orchard seven bridges")]
    new_password: Secret,
}

impl Ruled for ResetPassword {
    fn broken(&self, _: &[Fault]) -> Vec<Fault> {
        weak("newPassword", &self.new_password)
    }
}

/// The answer to an invitation.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AcceptInvitation {
    /// What stands behind `#token=` in the link of the mail.
    #[garde(custom(given))]
    #[schema(value_type = String, write_only, example = "q0s3J8mE5y1cV2xZ7bN4wLr6TtHfKpDgAaUiOeRsYhM")]
    token: Secret,
    /// The password, at least 12 characters.
    #[garde(custom(given))]
    #[schema(value_type = String, format = Password, write_only, example = "quiet orchard seven bridges")]
    password: Secret,
}

impl Ruled for AcceptInvitation {
    fn broken(&self, _: &[Fault]) -> Vec<Fault> {
        weak("password", &self.password)
    }
}

/// Who wants to become a client with an account.
#[derive(Debug, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Registration {
    /// The address to sign in with.
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
}

impl Ruled for Registration {
    fn broken(&self, _: &[Fault]) -> Vec<Fault> {
        missing_names(&self.first_name, &self.last_name)
    }
}

/// What will happen.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct OnItsWay {
    /// For people.
    #[schema(example = "if the address is known, a mail with a link is on its way")]
    message: &'static str,
}

fn given<C>(secret: &Secret, _context: &C) -> garde::Result {
    if secret.expose().is_empty() { Err(garde::Error::new("must not be empty")) } else { Ok(()) }
}

/// The names of the user, which a password must not hold either, are known to the verb only.
fn weak(field: &'static str, password: &Secret) -> Vec<Fault> {
    let checked = strength::check(password.expose(), &[]);
    checked.err().map_or_else(Vec::new, |source| Error::Weak { field, source }.faults())
}

/// Ask for a link to set a new password. The answer is the same whether the address is known or not.
#[utoipa::path(post, path = "/api/auth/forgot-password", tag = "Auth", operation_id = "forgotPassword",
    request_body = ForgotPassword, security(()),
    responses((status = 200, description = "Heard", body = OnItsWay),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 429, description = "Too many requests: see Retry-After", body = ProblemBody)))]
pub(super) async fn forgot_password(
    public: Public,
    Extension(entrance): Extension<Entrance>,
    ValidJson(body): ValidJson<ForgotPassword>,
) -> Result<Json<OnItsWay>, Problem> {
    password_reset::ask_for_reset(&public, &entrance, &body.email).await?;
    Ok(Json(OnItsWay { message: "if the address is known, a mail with a link is on its way" }))
}

/// Set a new password by the link of a mail. Every login of the user ends.
#[utoipa::path(post, path = "/api/auth/reset-password", tag = "Auth", operation_id = "resetPassword",
    request_body = ResetPassword, security(()),
    responses((status = 204, description = "The new password is in force"),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 422, description = "The link was used or has expired, or the password is too weak", body = ProblemBody),
        (status = 429, description = "Too many requests: see Retry-After", body = ProblemBody)))]
pub(super) async fn reset_password(
    public: Public,
    Extension(entrance): Extension<Entrance>,
    Extension(hasher): Extension<Hasher>,
    Extension(watch): Extension<Watch>,
    RuledJson(body): RuledJson<ResetPassword>,
) -> Result<http::StatusCode, Problem> {
    let (token, password) = (&body.token, body.new_password.clone());
    password_reset::reset_password(&public, &entrance, &hasher, watch.as_ref(), token, password).await?;
    Ok(http::StatusCode::NO_CONTENT)
}

/// Accept an invitation by the link of a mail, and choose a password. Sign in afterwards.
#[utoipa::path(post, path = "/api/auth/accept-invitation", tag = "Auth", operation_id = "acceptInvitation",
    request_body = AcceptInvitation, security(()),
    responses((status = 201, description = "The new user", body = UserView,
            headers(("Location" = String, description = "Where the user is"), ("ETag" = String, description = "Its version"))),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 409, description = "The address is in use meanwhile", body = ProblemBody),
        (status = 422, description = "The link was used, taken back or has expired, or the password is too weak", body = ProblemBody),
        (status = 429, description = "Too many requests: see Retry-After", body = ProblemBody)))]
pub(super) async fn accept_invitation(
    public: Public,
    Extension(entrance): Extension<Entrance>,
    Extension(hasher): Extension<Hasher>,
    RuledJson(body): RuledJson<AcceptInvitation>,
) -> Result<Response, Problem> {
    let (token, password) = (&body.token, body.password.clone());
    let user = invitations::accept_invitation(&public, &entrance, &hasher, token, password).await?;
    let version = Version(user.version);
    Ok(web::etag::created(&format!("/api/users/{}", user.id), version, UserView::from(user)))
}

/// Register as a client of the firm, where the operator allows it. A mail with a link to choose a password follows, unless
/// the address is known; the answer is the same.
#[utoipa::path(post, path = "/api/auth/register", tag = "Auth", operation_id = "register",
    request_body = Registration, security(()),
    responses((status = 200, description = "Heard", body = OnItsWay),
        (status = 400, description = "The body is wrong", body = ProblemBody),
        (status = 403, description = "Registration is closed", body = ProblemBody),
        (status = 422, description = "A name is missing", body = ProblemBody),
        (status = 429, description = "Too many requests: see Retry-After", body = ProblemBody)))]
pub(super) async fn register(
    public: Public,
    Extension(entrance): Extension<Entrance>,
    RuledJson(body): RuledJson<Registration>,
) -> Result<Json<OnItsWay>, Problem> {
    let Registration { email, first_name, last_name } = body;
    let new = NewUser { email, first_name, last_name, role: Role::Client };
    invitations::register(&public, &entrance, &new).await?;
    Ok(Json(OnItsWay { message: "unless the address is known already, a mail with a link is on its way" }))
}
