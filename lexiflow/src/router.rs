//! All routes: the one file that sees every module's.

mod composed;
mod documentation;
mod error_pages;
mod examples;
mod problem_examples;
mod refusals;
mod treatment;

pub use documentation::openapi_json;
pub use error_pages::{PAGES, codes};

use crate::ops::{self, Ops, RequestObserver};
use crate::state::{Parts, StartError, layer_settings};
use access::{IdempotencyKeys, Routes};
use axum::Router;
use std::sync::Arc;
use utoipa::openapi::OpenApi;

/// Every route of the server, with its gate and its description.
pub fn routes(parts: &Parts, ops: &Arc<Ops>) -> Routes {
    let watch: Arc<dyn accounts::UserWatch> = Arc::new(parts.sessions.clone());
    Routes::new()
        .merge(sessions::routes(parts.sessions.clone()))
        .merge(accounts::routes(parts.hasher.clone(), Arc::clone(&watch)))
        .merge(accounts::entrance_routes(
            parts.entrance.clone(),
            parts.hasher.clone(),
            watch,
            Arc::new(cases::Leads),
        ))
        .merge(clients::routes())
        .merge(cases::routes())
        .merge(docket::routes())
        .merge(documents::routes(parts.files.clone()))
        .merge(billing::routes())
        .merge(audit::routes(parts.notary.clone()))
        .merge(search::routes())
        .merge(walls::routes())
        .merge(permissions::routes())
        .merge(ops::routes(ops))
        .watched_by(Arc::new(walls::Denials), Arc::clone(&parts.refusals) as _)
        .merge(error_pages::routes())
}

/// The description of every route.
pub fn openapi(parts: &Parts, ops: &Arc<Ops>) -> OpenApi {
    let routes = routes(parts, ops);
    let declared = routes.declared().to_vec();
    documentation::complete(routes.into_parts(parts.app.clone()).1, &declared)
}

/// The finished router: routes, documentation, and the layers round all of them.
pub fn router(parts: &Parts, ops: &Arc<Ops>) -> Result<Router, StartError> {
    let app = parts.app.clone();
    let routes = routes(parts, ops);
    let declared = routes.declared().to_vec();
    let (router, described) = routes.into_parts(app.clone());
    let described = openapi_json(&documentation::complete(described, &declared));
    let router = router.merge(documentation::routes(&described).map_err(StartError::Description)?);
    let mut settings = layer_settings(&parts.config, &app)?;
    settings.idempotency = Some(IdempotencyKeys::new(app.clone()).settings());
    settings.rates = Some(parts.rates.clone());
    settings.admission = Some(web::Admission { headroom: app.headroom().clone(), treat: treatment::of });
    let observer = RequestObserver::new(
        parts.metrics.clone(),
        app.headroom().clone(),
        parts.config.stream.file_threshold,
    );
    settings.observer = Some(Arc::new(observer));
    Ok(web::layers::stack(router, settings))
}
