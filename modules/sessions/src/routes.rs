mod administration;
mod aliases;
mod factors;
mod login;
mod logins;
mod passkeys;
mod provider;
mod views;

use crate::Sessions;
use access::{Action, Gate, Routes};
use axum::Extension;
use axum::response::IntoResponse;
use http::{HeaderName, HeaderValue, header};
use utoipa_axum::routes;
use web::layers::NoCompression;

/// This module's routes.
pub fn routes(sessions: Sessions) -> Routes {
    let manage = Gate::May(Action::ManageUsers);
    Routes::new()
        .route(routes!(login::login), Gate::Public)
        .route(routes!(login::refresh), Gate::Public)
        .route(routes!(login::logout), Gate::SignedIn)
        .route(routes!(login::show_self), Gate::SignedIn)
        .route(routes!(login::show_profile), Gate::SignedIn)
        .route(routes!(login::change_password), Gate::SignedIn)
        .route(routes!(logins::list_sessions, logins::end_other_sessions), Gate::SignedIn)
        .route(routes!(logins::show_stats), Gate::SignedIn)
        .route(routes!(logins::rename_session, logins::end_session), Gate::SignedIn)
        .route(routes!(logins::trust_device), Gate::SignedIn)
        .route(routes!(logins::distrust_device), Gate::SignedIn)
        .route(routes!(logins::show_login_history), Gate::SignedIn)
        .route(routes!(administration::list_user_sessions, administration::end_user_sessions), manage)
        .route(routes!(administration::end_organization_sessions), manage)
        .route(routes!(administration::reset_user_mfa), manage)
        .merge(factor_routes())
        .merge(passkeys::routes())
        .merge(provider_routes())
        .with(sessions)
}

fn factor_routes() -> Routes {
    Routes::new()
        .route(routes!(factors::show_mfa), Gate::SignedIn)
        .route(routes!(factors::enrol_totp, factors::disable_totp), Gate::SignedIn)
        .route(routes!(factors::confirm_totp), Gate::SignedIn)
        .route(routes!(factors::renew_recovery_codes), Gate::SignedIn)
        .route(routes!(factors::step_up), Gate::SignedIn)
        .route(routes!(aliases::enable_mfa), Gate::SignedIn)
        .route(routes!(aliases::enable_mfa_older), Gate::SignedIn)
        .route(routes!(aliases::verify_mfa), Gate::SignedIn)
        .route(routes!(aliases::disable_mfa), Gate::SignedIn)
        .route(routes!(aliases::disable_mfa_older), Gate::SignedIn)
}

fn provider_routes() -> Routes {
    Routes::new()
        .route(routes!(provider::show_provider), Gate::Public)
        .route(routes!(provider::begin_sign_in), Gate::Public)
        .route(routes!(provider::finish_sign_in), Gate::Public)
        .route(routes!(provider::take_login), Gate::Public)
        .route(routes!(provider::show_link, provider::unlink), Gate::SignedIn)
}

/// An answer that nobody on the way may keep or squeeze: tokens in a compressed answer can be guessed from its length.
type Private<T> = ([(HeaderName, HeaderValue); 1], Extension<NoCompression>, T);

fn private<T: IntoResponse>(answer: T) -> Private<T> {
    let headers = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"))];
    (headers, Extension(NoCompression), answer)
}
