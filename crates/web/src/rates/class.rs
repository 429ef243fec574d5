use http::Method;

/// What kind of request is counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum RateClass {
    /// Everything that is of no other class.
    General,
    /// What proves who somebody is, and so what somebody guesses at.
    Auth,
    /// What brings a file.
    Upload,
}

impl RateClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::General, Self::Auth, Self::Upload];

    /// The name in headers and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Auth => "auth",
            Self::Upload => "upload",
        }
    }
}

/// Ends of routes that take files.
const UPLOADS: [&str; 4] = ["/documents", "/versions", "/upload", "/content"];

/// The class of a route; none for what is never refused: whoever looks after the server, and whoever leaves. `is_local` tells
/// whether the request comes from this machine.
pub(super) fn of(method: &Method, route: &str, is_local: impl FnOnce() -> bool) -> Option<RateClass> {
    if is_below(route, "/api/health") || is_below(route, "/api/auth/logout") {
        return None;
    }
    if is_below(route, "/api/metrics") && is_local() {
        return None;
    }
    let changes = method == Method::POST || method == Method::PUT || method == Method::PATCH;
    // A browser comes back from a sign-in provider with a code. On the way there it shows nothing, and counts as anybody.
    if route == "/api/auth/oidc/callback" {
        return Some(RateClass::Auth);
    }
    // A refresh spends a token that nobody guesses, and comes by itself: a firm would run into the limit. And who asks for
    // the challenge of a passkey proves nothing with it.
    let proves_nothing = is_below(route, "/api/auth/refresh") || route.ends_with("/options");
    if changes && is_below(route, "/api/auth") && !proves_nothing {
        return Some(RateClass::Auth);
    }
    let brings_file =
        changes && is_below(route, "/api/documents") && UPLOADS.iter().any(|end| route.ends_with(end));
    Some(if brings_file { RateClass::Upload } else { RateClass::General })
}

fn is_below(route: &str, prefix: &str) -> bool {
    route.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_counts_once_and_some_never() {
        let class = |method: Method, route: &str| of(&method, route, || false).map(RateClass::as_str);
        for (method, route, expected) in [
            (Method::GET, "/api/cases", Some("general")),
            (Method::GET, "", Some("general")),
            (Method::POST, "/api/auth/login", Some("auth")),
            (Method::POST, "/api/auth/change-password", Some("auth")),
            (Method::GET, "/api/auth/oidc/login", Some("general")),
            (Method::GET, "/api/auth/oidc/callback", Some("auth")),
            (Method::POST, "/api/auth/oidc/token", Some("auth")),
            (Method::POST, "/api/auth/refresh", Some("general")),
            (Method::POST, "/api/auth/passkeys/sign-in", Some("auth")),
            (Method::POST, "/api/auth/passkeys/sign-in/options", Some("general")),
            (Method::GET, "/api/auth/me", Some("general")),
            (Method::POST, "/api/auth/logout", None),
            (Method::POST, "/api/documents", Some("upload")),
            (Method::PUT, "/api/documents/{id}/content", Some("upload")),
            (Method::GET, "/api/documents", Some("general")),
            (Method::GET, "/api/health", None),
            (Method::GET, "/api/health/live", None),
            (Method::GET, "/api/healthy", Some("general")),
            (Method::GET, "/api/metrics", Some("general")),
        ] {
            assert_eq!(class(method.clone(), route), expected, "{method} {route}");
        }
        assert_eq!(of(&Method::GET, "/api/metrics", || true), None);
    }
}
