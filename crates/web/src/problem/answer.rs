use super::{Inner, Problem, ProblemBody};
use crate::codes;
use crate::scope::Scope;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use std::error::Error;
use std::sync::Arc;

/// The problem that an answer carries to the layer that knows the request.
#[derive(Clone)]
pub(crate) struct Carried(Arc<Inner>);

/// The longest text of a foreign error answer that is taken over as the detail, in bytes.
const FOREIGN_TEXT_BYTES: u64 = 1024;
/// The most causes that are written to the log.
const CAUSES: usize = 16;

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let carried = Carried(Arc::from(self.0));
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        write(&mut response, &carried.0, None);
        response.extensions_mut().insert(carried.0.code);
        if let Some(missed) = carried.0.missed {
            response.extensions_mut().insert(missed);
        }
        response.extensions_mut().insert(carried);
        response
    }
}

/// Gives an error answer its final form: the request's path, correlation id and time; an error that axum or a plain
/// handler made becomes a problem too. Logs what is the server's fault, with its causes.
pub(crate) async fn in_context(mut response: Response, scope: &Scope) -> Response {
    if !(response.status().is_client_error() || response.status().is_server_error()) {
        return response;
    }
    let carried = match response.extensions_mut().remove::<Carried>() {
        Some(carried) => carried.0,
        None if is_foreign(response.headers()) => {
            let (parts, body) = response.into_parts();
            let problem = adopt(parts.status, body).await;
            response = Response::from_parts(parts, Body::empty());
            response.headers_mut().remove(CONTENT_LENGTH);
            Arc::from(problem.0)
        }
        None => return response,
    };
    log(&carried, scope);
    write(&mut response, &carried, Some(scope));
    response
}

/// Plain text or nothing: an answer that nobody gave a shape. Anything else has a shape of its own.
fn is_foreign(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}

async fn adopt(status: StatusCode, body: Body) -> Problem {
    let problem = Problem::new(codes::of_status(status.as_u16()));
    let short = body.size_hint().upper().is_some_and(|size| (1..=FOREIGN_TEXT_BYTES).contains(&size));
    if !short {
        return problem;
    }
    let Ok(text) = body.collect().await.map(http_body_util::Collected::to_bytes) else { return problem };
    let text = String::from_utf8_lossy(&text).into_owned();
    if status.is_server_error() { problem.with_cause(text) } else { problem.with_detail(text) }
}

fn write(response: &mut Response, inner: &Inner, scope: Option<&Scope>) {
    let body = serde_json::to_vec(&ProblemBody::of(inner, scope)).unwrap_or_default();
    let allow = response.headers_mut().remove(ALLOW);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(body.len()));
    if let Some(allow) = allow {
        headers.insert(ALLOW, allow);
    }
    if let Some(seconds) = retry_after(inner) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if inner.code.status == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    for (name, value) in &inner.headers {
        headers.insert(name, value.clone());
    }
    if let Ok(status) = StatusCode::from_u16(inner.code.status) {
        *response.status_mut() = status;
    }
    *response.body_mut() = Body::from(body);
}

/// 429 and 503 always say when.
fn retry_after(inner: &Inner) -> Option<u32> {
    inner.retry_after_seconds.or(matches!(inner.code.status, 429 | 503).then_some(1))
}

fn log(inner: &Inner, scope: &Scope) {
    if scope.is_hushed() {
        return;
    }
    let code = inner.code.name;
    let cause = inner.cause.as_deref().map(chain).unwrap_or_default();
    let (correlation, path) = (scope.correlation().as_str(), scope.path());
    match inner.code.status {
        500 => tracing::error!(code, cause, path, correlation.id = correlation, "request failed"),
        501.. => tracing::warn!(code, cause, path, correlation.id = correlation, "request refused"),
        _ => tracing::debug!(
            code,
            cause,
            path,
            correlation.id = correlation,
            "request answered with a problem"
        ),
    }
}

/// An error and its sources, outermost first.
fn chain(error: &(dyn Error + Send + Sync + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    for _ in 0..CAUSES {
        let Some(cause) = source else { break };
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
