use super::doctor::Names;
use access::grants::Moment;
use access::{Action, App, Ctx};
use axum::extract::FromRequestParts;
use http::header::{FORWARDED, HOST, VIA};
use http::request::Parts;
use http::uri::Authority;
use std::net::IpAddr;
use std::time::Duration;
use web::server::PeerAddr;
use web::{Problem, codes};

/// How long the database may take to tell who asks. Figures are wanted most when it is busy: whoever asks from elsewhere
/// hears soon that they cannot have them.
const PATIENCE: Duration = Duration::from_secs(1);

/// Who asks for figures on a route that anybody may call.
pub(super) struct Viewer(Result<Names, Problem>);

impl Viewer {
    /// Which firms the figures may name; nothing where no figures may be shown.
    pub(super) fn names(&self) -> Option<Names> {
        self.0.as_ref().ok().copied()
    }

    /// The figures may be shown, or else why not.
    pub(super) fn require_figures(self) -> Result<Names, Problem> {
        self.0
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        if is_local(parts) {
            return Ok(Self(Ok(Names::All)));
        }
        Ok(Self(soon(async { operator(parts, app).await.map_err(Problem::from) }).await))
    }
}

/// The context of a verb that must not wait for a busy database before it begins.
pub(super) struct Promptly(pub(super) Ctx);

impl FromRequestParts<App> for Promptly {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        soon(Ctx::from_request_parts(parts, app)).await.map(Self)
    }
}

async fn soon<T>(known: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(PATIENCE, known).await.unwrap_or_else(|_| {
        let detail =
            "the database is too busy to tell who asks: try again, or ask from the server's own machine";
        Err(Problem::new(codes::UNAVAILABLE).with_detail(detail).with_retry_after(1))
    })
}

async fn operator(parts: &Parts, app: &App) -> Result<Names, access::Error> {
    let Some(shown) = access::credentials(parts) else {
        return Err(access::Error::NotAuthenticated(
            "sign in and send the header `Authorization: Bearer <access token>`, or ask from the server's own machine",
        ));
    };
    let now = app.clock().now();
    let principal = app.authenticator().authenticate(shown, now).await?;
    let policy = app.policies().of(app.db().reader(), &principal, now).await?;
    let client = parts.extensions.get::<web::Client>();
    let moment = Moment {
        now,
        address: client.and_then(|client| client.address),
        country: client.and_then(|client| client.country),
    };
    policy.require(&principal, Action::Operate, moment)?;
    Ok(Names::Own(principal.firm))
}

/// From this machine, and not through a proxy on it that speaks for somebody else. A proxy that leaves no trace of its
/// own still passes the host's public name on, or names its upstream, so the request must also be meant for this machine
/// by a local name; that stops a page elsewhere, whose name was made to point here, as well.
fn is_local(parts: &Parts) -> bool {
    let proxied = [VIA.as_str(), FORWARDED.as_str(), "x-real-ip"]
        .into_iter()
        .any(|name| parts.headers.contains_key(name))
        || parts.headers.keys().any(|name| name.as_str().starts_with("x-forwarded-"));
    let peer = parts.extensions.get::<PeerAddr>().map(|peer| peer.0.ip().to_canonical());
    !proxied && peer.is_some_and(|ip| ip.is_loopback()) && is_local_name(parts)
}

/// `127.0.0.1`, `[::1]` or `localhost`, with or without a port.
fn is_local_name(parts: &Parts) -> bool {
    let header = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
    let Some(authority) = parts.uri.authority().map(Authority::as_str).or(header) else { return false };
    let Ok(authority) = authority.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.to_canonical().is_loopback())
}
