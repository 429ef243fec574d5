use super::{Begin, Fingerprint, IdempotencyKey, IdempotencySettings, MAX_BODY_BYTES, StoredAnswer};
use crate::body::{Coding, read_whole};
use crate::codes;
use crate::layers::NoCompression;
use crate::metering::Unrefused;
use crate::problem::{Problem, in_context};
use crate::scope::{Scope, SharedScope};
use crate::server::ServerTasks;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use axum::routing::Route;
use futures_util::future::BoxFuture;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, Method};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use std::sync::Arc;
use tokio::runtime::Handle;
use tower::Service as _;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Answers below this path hold tokens, which are not kept: no key is looked at there.
pub const SECRET_PATH: &str = "/api/auth";

/// Runs a request; with a key, only once.
pub(crate) fn once(
    settings: Option<&IdempotencySettings>,
    scope: &SharedScope,
    request: Request,
    mut route: Route,
) -> BoxFuture<'static, Response> {
    let keyed = request.method() == Method::POST
        && request.headers().contains_key(KEY)
        && !request.uri().path().starts_with(SECRET_PATH);
    let Some(settings) = settings.filter(|_| keyed).cloned() else {
        return run(route.call(request));
    };
    let scope = Arc::clone(scope);
    let tasks = request.extensions().get::<ServerTasks>().cloned();
    Box::pin(async move {
        let (parts, body) = request.into_parts();
        let Some(owner) = (settings.owner)(&parts).await else {
            return run(route.call(Request::from_parts(parts, body))).await;
        };
        match prepare(parts, body).await {
            Ok((key, fingerprint, request)) => {
                let claim = Claim { settings, owner, key, scope, tasks };
                claim.run(fingerprint, request, route).await.unwrap_or_else(Problem::into_response)
            }
            Err(problem) => problem.into_response(),
        }
    })
}

fn run(route: axum::routing::future::RouteFuture<std::convert::Infallible>) -> BoxFuture<'static, Response> {
    Box::pin(async move {
        let Ok(response) = route.await;
        response
    })
}

/// The key and the fingerprint, and the request made whole again.
async fn prepare(
    mut parts: http::request::Parts,
    body: Body,
) -> Result<(IdempotencyKey, Fingerprint, Request), Problem> {
    let key: IdempotencyKey =
        parts.headers.get(KEY).and_then(|value| value.to_str().ok()).unwrap_or_default().parse()?;
    let target = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
    if is_streamed(&parts.headers) {
        let fingerprint = Fingerprint::of_stream(&parts.method, &target, &parts.headers);
        return Ok((key, fingerprint, Request::from_parts(parts, body)));
    }
    let limit = Scope::limits_of(&parts.extensions).json_bytes;
    // What is packed anew for another try is the same request. What is packed in a way that nobody reads is refused by the route.
    let coding = Coding::of(&parts.headers).unwrap_or(Coding::Identity);
    let whole = read_whole(body, &parts.extensions, coding, limit).await?;
    if coding == Coding::Gzip {
        parts.headers.remove(CONTENT_ENCODING);
        parts.headers.insert(CONTENT_LENGTH, whole.bytes.len().into());
    }
    let fingerprint = Fingerprint::of_body(&parts.method, &target, &whole.bytes);
    Ok((key, fingerprint, Request::from_parts(parts, Body::from(whole.bytes))))
}

/// Everything but JSON, forms and nothing may be large.
fn is_streamed(headers: &http::HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map(http::HeaderValue::as_bytes).unwrap_or_default();
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    !(essence.is_empty() || essence.ends_with(b"json") || essence.ends_with(b"x-www-form-urlencoded"))
}

/// A key, and what is done about it.
struct Claim {
    settings: IdempotencySettings,
    owner: String,
    key: IdempotencyKey,
    scope: SharedScope,
    tasks: Option<ServerTasks>,
}

impl Claim {
    async fn run(self, print: Fingerprint, request: Request, mut route: Route) -> Result<Response, Problem> {
        match self.settings.store.begin(&self.owner, &self.key, print).await? {
            Begin::Fresh => {
                let taken = Taken(Some(self));
                let Ok(response) = route.call(request).await;
                Ok(taken.keep(response).await)
            }
            Begin::Replay(answer) => Ok(answer.replay()),
            Begin::InProgress => Err(Problem::new(codes::IDEMPOTENCY_IN_PROGRESS)
                .with_detail(
                    "the first request with this Idempotency-Key is still running: try again shortly",
                )
                .with_retry_after(1)),
            Begin::Mismatch => Err(Problem::new(codes::IDEMPOTENCY_KEY_REUSED)
                .with_detail("this Idempotency-Key came before with another request: make a new key")),
        }
    }

    /// Keeps an answer that is final, short and no secret; gives the key back otherwise. The request is done by now, so
    /// its answer goes out even when the store fails.
    async fn keep(&self, response: Response) -> Response {
        let _kept = Unrefused::here();
        let short = response.body().size_hint().upper().is_some_and(|size| size <= MAX_BODY_BYTES);
        let open = response.extensions().get::<NoCompression>().is_none();
        if !(StoredAnswer::is_final(response.status()) && short && open) {
            self.abandon().await;
            return response;
        }
        let (parts, body) = response.into_parts();
        match body.collect().await {
            Ok(collected) => {
                let body = collected.to_bytes();
                let answer = StoredAnswer::of(&parts, &body);
                self.note(self.settings.store.finish(&self.owner, &self.key, answer).await);
                Response::from_parts(parts, Body::from(body))
            }
            Err(error) => {
                self.abandon().await;
                Problem::new(codes::INTERNAL).with_cause(error).into_response()
            }
        }
    }

    async fn abandon(&self) {
        let _kept = Unrefused::here();
        self.note(self.settings.store.abandon(&self.owner, &self.key).await);
    }

    fn note(&self, outcome: Result<(), Problem>) {
        if let Err(problem) = outcome {
            let correlation = self.scope.correlation().as_str();
            tracing::error!(%problem, correlation.id = correlation, "an idempotency key could not be settled");
        }
    }
}

/// A key while its request runs. When that ends midway (the client left, the time was up, the handler panicked), the key
/// is given back, so that the client need not wait for it to run out.
struct Taken(Option<Claim>);

impl Taken {
    async fn keep(mut self, response: Response) -> Response {
        let Some(claim) = &self.0 else { return response };
        let response = claim.keep(in_context(response, &claim.scope).await).await;
        self.0 = None;
        response
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let Some(claim) = self.0.take() else { return };
        // Without a server, or when its runtime is gone, the key runs out by itself.
        if let (Some(ServerTasks(tasks)), Ok(runtime)) = (claim.tasks.clone(), Handle::try_current()) {
            // It outlives the request, on whose bill it stays.
            let abandoning = headroom::inherit(async move { claim.abandon().await });
            drop(tasks.spawn_on(abandoning, &runtime));
        }
    }
}
