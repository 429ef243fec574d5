mod watches;

pub use watches::{MissWatch, RefusalWatch, Refused};

use crate::{API_KEY_PREFIX, Action, App, Credentials, Ctx, Error, Principal, Request};
use axum::extract::{FromRequestParts, MatchedPath};
use axum::{Extension, Router};
use http::request::Parts;
use ids::Id as _;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter, UtoipaMethodRouterExt};
use watches::{Caller, Watches};
use web::Problem;

/// Who may call a route. There is no route without one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Anybody, also without credentials.
    Public,
    /// Anybody who is signed in; the verb decides the rest. An API key is nobody here: it manages no keys, passwords,
    /// logins or second factors.
    SignedIn,
    /// Those whose role, or a grant, allows the action in the whole firm, and API keys with its scope.
    May(Action),
    /// The same, and those whose role on the team of some case allows it there. The verb asks [`Ctx::sight_to`], so that they
    /// see those cases alone.
    MayOnCase(Action),
}

/// A route as it was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// `GET`, `POST` …
    pub method: String,
    /// `/api/cases/{id}`
    pub path: String,
    /// Who may call it.
    pub gate: Gate,
}

/// A module's routes with their OpenAPI descriptions and gates.
#[derive(Default)]
pub struct Routes {
    router: OpenApiRouter<App>,
    declared: Vec<Declared>,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes").field("declared", &self.declared).finish_non_exhaustive()
    }
}

impl Routes {
    /// No routes yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the handlers of one path, all behind the same gate: `.route(routes!(list_cases), Gate::May(ReadCases))`.
    #[must_use]
    pub fn route(mut self, methods: UtoipaMethodRouter<App>, gate: Gate) -> Self {
        for (path, item) in &methods.1.paths {
            let operations = [
                ("GET", &item.get),
                ("PUT", &item.put),
                ("POST", &item.post),
                ("DELETE", &item.delete),
                ("PATCH", &item.patch),
                ("HEAD", &item.head),
            ];
            for (method, operation) in operations {
                if operation.is_some() {
                    self.declared.push(Declared { method: method.to_owned(), path: path.clone(), gate });
                }
            }
        }
        self.router = self.router.routes(methods.layer(Extension(gate)));
        self
    }

    /// Adds another module's routes.
    #[must_use]
    pub fn merge(mut self, other: Self) -> Self {
        self.router = self.router.merge(other.router);
        self.declared.extend(other.declared);
        self
    }

    /// Gives every handler of these routes a value to extract with `axum::Extension`.
    #[must_use]
    pub fn with<T: Clone + Send + Sync + 'static>(mut self, value: T) -> Self {
        self.router = self.router.layer(Extension(value));
        self
    }

    /// Lifts the request deadline from these routes; what they wait for must have a bound of its own.
    #[must_use]
    pub fn long_running(mut self) -> Self {
        let (router, openapi) = self.router.split_for_parts();
        let lifted = OpenApiRouter::from(web::layers::long_running(router));
        self.router = OpenApiRouter::with_openapi(openapi).merge(lifted);
        self
    }

    /// Has `misses` told what callers of these routes asked for by its id and did not get, and `refusals` what they were
    /// refused.
    #[must_use]
    pub fn watched_by(mut self, misses: Arc<dyn MissWatch>, refusals: Arc<dyn RefusalWatch>) -> Self {
        let watches = Watches { misses, refusals };
        self.router = self.router.layer(axum::middleware::from_fn_with_state(watches, watches::tell));
        self
    }

    /// What was registered: for the coverage test and the documentation.
    pub fn declared(&self) -> &[Declared] {
        &self.declared
    }

    /// The router and its description.
    pub fn into_parts(self, app: App) -> (Router, OpenApi) {
        let (router, openapi) = self.router.split_for_parts();
        (router.with_state(app), openapi)
    }
}

/// The context of a route that anybody may call: no principal, but everything else.
#[derive(Debug, Clone)]
pub struct Public {
    /// The application.
    pub app: App,
    /// What is known about the request.
    pub request: Arc<Request>,
}

impl Public {
    /// The context of somebody who proves who they are with this very request.
    pub fn act_as(&self, principal: Principal) -> Ctx {
        let policy = self.app.policies().none();
        let request = Arc::clone(&self.request);
        Ctx { app: self.app.clone(), principal: Arc::new(principal), request, policy }
    }
}

impl FromRequestParts<App> for Public {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match gate(parts)? {
            Gate::Public => Ok(Self { app: app.clone(), request: Arc::new(request(parts, None)) }),
            Gate::SignedIn | Gate::May(_) | Gate::MayOnCase(_) => Err(Error::Ungated.into()),
        }
    }
}

impl FromRequestParts<App> for Ctx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let principal = principal(parts, app).await?;
        let gate = gate(parts)?;
        let policy = app.policies().of(app.db().reader(), &principal, app.clock().now()).await;
        let policy = policy.map_err(Error::Database)?;
        let request = Arc::new(request(parts, Some(&principal)));
        let ctx = Self { app: app.clone(), principal, request, policy };
        if let Some(caller) = parts.extensions.get::<Caller>() {
            caller.is(&ctx);
        }
        match gate {
            // A handler that asks for a context must not sit behind an open gate.
            Gate::Public => return Err(Error::Ungated.into()),
            Gate::SignedIn if ctx.principal.key.is_some() => return Err(Error::NeedsPerson.into()),
            Gate::SignedIn => {}
            Gate::May(action) => ctx.pass(action, false)?,
            Gate::MayOnCase(action) => ctx.pass(action, true)?,
        }
        Ok(ctx)
    }
}

impl Ctx {
    fn pass(&self, action: Action, on_case: bool) -> Result<(), Error> {
        let on_case = on_case && self.allows_on_some_case(action);
        if self.owes_second_factor() && (on_case || self.allows(action)) {
            return Err(Error::SecondFactorOwed(self.principal.role));
        }
        if on_case { Ok(()) } else { self.require(action).map_err(Error::Refused) }
    }
}

/// The context of what needs more than a token: who has a second factor must have shown it a moment ago.
#[derive(Debug, Clone)]
pub struct Fresh(pub Ctx);

impl FromRequestParts<App> for Fresh {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let ctx = Ctx::from_request_parts(parts, app).await?;
        // A key shows nothing but itself, again and again.
        if ctx.principal().key.is_some() {
            return Err(Error::NeedsPerson.into());
        }
        if ctx.principal().proof.is_fresh(ctx.now()) { Ok(Self(ctx)) } else { Err(Error::StepUp.into()) }
    }
}

fn gate(parts: &Parts) -> Result<Gate, Error> {
    parts.extensions.get::<Gate>().copied().ok_or(Error::Ungated)
}

/// Who calls: found once per request, also when a layer asked before the handler.
pub(crate) async fn principal(parts: &mut Parts, app: &App) -> Result<Arc<Principal>, Problem> {
    if let Some(known) = parts.extensions.get::<Arc<Principal>>() {
        return Ok(Arc::clone(known));
    }
    let missing =
        Error::NotAuthenticated("sign in and send the header `Authorization: Bearer <access token>`");
    let shown = credentials(parts).ok_or(missing)?;
    let principal = app.authenticator().authenticate(shown, app.clock().now()).await?;
    web::asks_as(&parts.extensions, *principal.user.uuid().as_bytes())?;
    web::works_for(&parts.extensions, *principal.firm.uuid().as_bytes())?;
    let principal = Arc::new(principal);
    parts.extensions.insert(Arc::clone(&principal));
    Ok(principal)
}

/// What a request shows to prove who sends it: the token of `Authorization: Bearer …`, else the header `X-API-Key`.
pub fn credentials(parts: &Parts) -> Option<Credentials<'_>> {
    let key = |key| Credentials::ApiKey { key, from: peer(parts) };
    match bearer(parts) {
        Some(token) if token.starts_with(API_KEY_PREFIX) => Some(key(token)),
        Some(token) => Some(Credentials::Bearer(token)),
        None => parts.headers.get("x-api-key")?.to_str().ok().map(|text| key(text.trim())),
    }
}

/// The address of whoever asks, without port, also behind the proxies that the operator trusts.
fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<web::Client>().and_then(|client| client.address)
}

/// The token of `Authorization: Bearer …` (RFC 6750, 2.1).
fn bearer(parts: &Parts) -> Option<&str> {
    let header = parts.headers.get(http::header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The longest part of a `User-Agent` that is kept.
const USER_AGENT_BYTES: usize = 256;

fn request(parts: &Parts, principal: Option<&Principal>) -> Request {
    let correlation = parts
        .extensions
        .get::<web::CorrelationId>()
        .map_or_else(|| Arc::from("none"), |id| Arc::from(id.as_str()));
    let user_agent = parts.headers.get(http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    Request {
        correlation,
        address: peer(parts),
        country: parts.extensions.get::<web::Client>().and_then(|client| client.country),
        user_agent: user_agent.map(|text| text.chars().take(USER_AGENT_BYTES).collect()),
        method: Some(parts.method.clone()),
        route: parts.extensions.get::<MatchedPath>().map(|path| Arc::from(path.as_str())),
        arrived: web::arrived(&parts.extensions),
        claim: principal.and_then(|principal| crate::idempotency::claim(parts, principal)),
    }
}
