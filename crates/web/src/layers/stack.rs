use super::accounting::Accounting;
use super::alias::Alias;
use super::boundary::Boundary;
use super::compression::Obey;
use super::{CompressionSettings, Settings};
use axum::Router;
use axum::routing::Route;
use std::sync::Arc;
use tower::Layer;
use tower::util::{Either, option_layer};
use tower_http::compression::{Compression, CompressionLayer};
use tower_http::cors::Cors;

/// Wraps a finished router: every answer of it, including those to unknown paths and methods, obeys the conventions.
/// `/api/v1/...` answers like `/api/...`.
pub fn stack(router: Router, settings: Settings) -> Router {
    let router = router.layer(Stack { settings: Arc::new(settings) });
    Router::new().fallback_service(Alias::before(router))
}

#[derive(Clone)]
struct Stack {
    settings: Arc<Settings>,
}

type Stacked = Accounting<Compression<Either<Cors<Boundary>, Boundary>, Obey>>;

impl Layer<Route> for Stack {
    type Service = Stacked;

    fn layer(&self, route: Route) -> Stacked {
        let settings = &self.settings;
        let boundary = Boundary::around(route, Arc::clone(settings));
        let cors = settings.cors.as_ref().map(super::CorsSettings::layer);
        let shared = option_layer(cors).layer(boundary);
        let compressed = compression(&settings.compression).layer(shared);
        Accounting::around(compressed, Arc::clone(settings))
    }
}

fn compression(settings: &CompressionSettings) -> CompressionLayer<Obey> {
    CompressionLayer::new().quality(settings.quality()).compress_when(Obey)
}
