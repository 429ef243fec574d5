//! The paths of cases and parties.

mod case;
mod lifecycle;
mod party;
mod record;
mod team;

use access::{Action, Gate, Routes};
use utoipa_axum::routes;

/// This module's routes.
pub fn routes() -> Routes {
    let read = Gate::MayOnCase(Action::ReadCases);
    let edit = Gate::MayOnCase(Action::EditCases);
    Routes::new()
        .route(routes!(case::list), read)
        .route(routes!(case::open), Gate::May(Action::OpenCases))
        .route(routes!(case::open_matter), Gate::May(Action::OpenCases))
        .route(routes!(case::show), read)
        .route(routes!(case::change), edit)
        .route(routes!(case::put), edit)
        .route(routes!(case::delete), Gate::May(Action::DeleteCases))
        .route(routes!(record::list), read)
        .route(routes!(lifecycle::archived), read)
        .route(routes!(lifecycle::stats), read)
        .route(routes!(lifecycle::close), edit)
        .route(routes!(lifecycle::reopen), edit)
        .route(routes!(lifecycle::hold), edit)
        .route(routes!(lifecycle::archive), edit)
        .route(routes!(lifecycle::numbering), Gate::May(Action::ReadCases))
        .route(routes!(lifecycle::set_numbering), Gate::May(Action::ManageUsers))
        .route(routes!(party::list), read)
        .route(routes!(party::list_of_case), read)
        .route(routes!(party::list_in_case), read)
        .route(routes!(party::add), edit)
        .route(routes!(party::add_to_case), edit)
        .route(routes!(party::show), read)
        .route(routes!(party::change), edit)
        .route(routes!(party::put), edit)
        .route(routes!(party::delete), edit)
        .route(routes!(team::list), read)
        .route(routes!(team::put), Gate::May(Action::EditCases))
        .route(routes!(team::take_off), Gate::May(Action::EditCases))
}
