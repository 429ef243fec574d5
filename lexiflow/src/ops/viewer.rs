use access::{Action, App, Credentials, Refusal};
use axum::extract::FromRequestParts;
use http::header::{AUTHORIZATION, FORWARDED};
use http::request::Parts;
use web::Problem;
use web::server::PeerAddr;

/// Who asks for figures on a route that anybody may call.
pub(super) struct Viewer(Result<(), Problem>);

impl Viewer {
    /// Whether the figures may be shown.
    pub(super) fn sees_figures(&self) -> bool {
        self.0.is_ok()
    }

    /// The figures may be shown, or else why not.
    pub(super) fn require_figures(self) -> Result<(), Problem> {
        self.0
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        if is_local(parts) {
            return Ok(Self(Ok(())));
        }
        Ok(Self(operator(parts, app).await.map_err(Problem::from)))
    }
}

async fn operator(parts: &Parts, app: &App) -> Result<(), access::Error> {
    let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(|value| value.split_once(' '));
    let Some((_, token)) = token.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) else {
        return Err(access::Error::NotAuthenticated(
            "sign in and send the header `Authorization: Bearer <access token>`, or ask from the server's own machine",
        ));
    };
    let now = app.clock().now();
    let principal = app.authenticator().authenticate(Credentials::Bearer(token.trim()), now).await?;
    if principal.role.allows(Action::Operate) {
        return Ok(());
    }
    Err(Refusal { action: Action::Operate, role: principal.role }.into())
}

/// From this machine, and not through a proxy on it that speaks for somebody else.
fn is_local(parts: &Parts) -> bool {
    let proxied = ["x-forwarded-for", "x-real-ip", FORWARDED.as_str()]
        .into_iter()
        .any(|name| parts.headers.contains_key(name));
    let peer = parts.extensions.get::<PeerAddr>().map(|peer| peer.0.ip().to_canonical());
    !proxied && peer.is_some_and(|ip| ip.is_loopback())
}
