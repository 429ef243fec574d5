use super::report::fresh;
use crate::about;
use access::Public;
use axum::response::Response;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// What runs.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the member is called `version` on the wire")]
pub struct Version {
    /// The version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The revision of the source; `unknown` when the build did not say.
    #[schema(example = "8c13f2b")]
    commit: &'static str,
    /// When it was built; `unknown` when the build did not say.
    #[schema(example = "2026-03-01T22:14:07Z")]
    built_at: &'static str,
    /// The allocator.
    #[schema(example = "jemalloc")]
    allocator: &'static str,
    /// The target triple.
    #[schema(example = "x86_64-unknown-linux-gnu")]
    target: &'static str,
}

impl Version {
    /// Of this build.
    pub fn current() -> Self {
        Self {
            version: about::VERSION,
            commit: about::COMMIT,
            built_at: about::BUILT_AT,
            allocator: about::allocator(),
            target: about::TARGET,
        }
    }
}

/// Show which version runs.
#[utoipa::path(get, path = "/api/version", tag = "Health", operation_id = "showVersion",
    responses((status = 200, description = "What runs", body = Version)))]
pub(super) async fn show_version(_: Public) -> Response {
    fresh(StatusCode::OK, &Version::current())
}
