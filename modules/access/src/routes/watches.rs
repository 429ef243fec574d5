//! What callers asked for by its id and did not get, and what they were refused, for whoever has to know of it.

use crate::Ctx;
use crate::error::{APPROVAL_REQUIRED, MFA_ENROLMENT_REQUIRED, STEP_UP_REQUIRED};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::future::BoxFuture;
use ids::{CaseId, Id as _};
use std::sync::{Arc, OnceLock};
use uuid::Uuid;
use web::problem::{Code, Missed};

/// Hears that a caller asked for a thing that is not there, or not for them. It does the same for both, so that the time an
/// answer takes tells no more than the answer.
pub trait MissWatch: Send + Sync + std::fmt::Debug {
    /// The caller did not get `missed`. The answer waits for the end of this.
    fn missed<'a>(&'a self, ctx: &'a Ctx, missed: Missed) -> BoxFuture<'a, ()>;
}

/// Hears that a known caller was refused something for want of a right.
pub trait RefusalWatch: Send + Sync + std::fmt::Debug {
    /// The caller was refused this. The answer waits for the end of this.
    fn refused<'a>(&'a self, ctx: &'a Ctx, refused: Refused) -> BoxFuture<'a, ()>;
}

/// What a caller was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The answer's code, whose status is 403.
    pub code: Code,
    /// The ids in the path, as they were asked for: what they name may not be there.
    pub ids: Vec<Uuid>,
    /// The one of them that names a case.
    pub case: Option<CaseId>,
}

impl Refused {
    fn of(code: Code, template: &str, path: &str) -> Self {
        let parts = template.split('/').zip(path.split('/'));
        let ids = parts.filter(|(name, _)| name.starts_with('{')).filter_map(|(_, part)| part.parse().ok());
        let ids: Vec<Uuid> = ids.collect();
        let is_of_case = template.starts_with("/api/cases/{id}");
        let case = ids.first().copied().filter(|_| is_of_case).map(CaseId::from_uuid);
        Self { code, ids, case }
    }
}

/// Who hears of what callers do not get.
#[derive(Debug, Clone)]
pub(crate) struct Watches {
    pub(crate) misses: Arc<dyn MissWatch>,
    pub(crate) refusals: Arc<dyn RefusalWatch>,
}

/// Where the handler's context leaves a copy for the layer that looks at the answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Caller(Arc<OnceLock<Ctx>>);

impl Caller {
    pub(crate) fn is(&self, ctx: &Ctx) {
        // A second context of the same request is the same caller.
        self.0.get_or_init(|| ctx.clone());
    }
}

/// The layer: tells the watches of what the caller missed or was refused.
pub(crate) async fn tell(State(watches): State<Watches>, mut request: Request, next: Next) -> Response {
    let caller = Caller::default();
    request.extensions_mut().insert(caller.clone());
    let uri = request.uri().clone();
    let response = next.run(request).await;
    let Some(ctx) = caller.0.get() else { return response };
    if let Some(missed) = response.extensions().get::<Missed>().copied() {
        watches.misses.missed(ctx, missed).await;
    }
    if let Some(code) = response.extensions().get::<Code>().copied().filter(is_refusal) {
        let template = ctx.request().route.as_deref().unwrap_or_default();
        watches.refusals.refused(ctx, Refused::of(code, template, uri.path())).await;
    }
    response
}

/// Whether the caller has no right to it. Who is only asked for a second factor, or for somebody's word, may still get it.
fn is_refusal(code: &Code) -> bool {
    code.status == 403 && ![MFA_ENROLMENT_REQUIRED, STEP_UP_REQUIRED, APPROVAL_REQUIRED].contains(code)
}
