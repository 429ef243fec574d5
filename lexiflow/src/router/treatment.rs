use headroom::Class;
use http::Method;
use web::Treatment;

/// These answer whatever the memory is like: who is in trouble must be able to see it and to leave.
const ALWAYS: [&str; 5] =
    ["/api/health", "/api/metrics", "/api/version", "/api/monitoring", "/api/auth/logout"];

/// Ends of routes that move whole files.
const FILES: [&str; 6] = ["/download", "/content", "/preview", "/upload", "/compare", "/restore"];

/// How a route is treated when memory is scarce. What moves files and what reads many rows can wait; a person who opens,
/// changes or signs in goes on; a deletion gives memory back and is never refused.
pub(super) fn of(method: &Method, route: &str) -> Treatment {
    let is_exempt = method == Method::DELETE || ALWAYS.iter().any(|always| is_below(route, always));
    let class = if is_exempt {
        Class::Interactive
    } else if moves_files(method, route) {
        Class::Bulk
    } else if method == Method::GET && !route.ends_with('}') && !is_below(route, "/api/auth") {
        Class::Standard
    } else {
        Class::Interactive
    };
    Treatment { class, is_exempt }
}

fn moves_files(method: &Method, route: &str) -> bool {
    if route == "/api/audit-logs/export" {
        return true;
    }
    let writes = method == Method::POST || method == Method::PUT;
    match route.rsplit('/').next() {
        Some("documents" | "versions") => writes && is_below(route, "/api/documents"),
        _ => FILES.iter().any(|end| route.ends_with(end)) && is_below(route, "/api/documents"),
    }
}

fn is_below(route: &str, prefix: &str) -> bool {
    route.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn class(method: &Method, route: &str) -> &'static str {
        match of(method, route) {
            Treatment { is_exempt: true, .. } => "exempt",
            Treatment { class, .. } => class.as_str(),
        }
    }

    #[test]
    fn routes_are_treated_by_what_they_cost_and_who_waits() {
        for (method, route, expected) in [
            (Method::GET, "/api/health/memory", "exempt"),
            (Method::POST, "/api/monitoring/memory/purge", "exempt"),
            (Method::POST, "/api/auth/logout", "exempt"),
            (Method::DELETE, "/api/documents/{id}", "exempt"),
            (Method::POST, "/api/documents", "bulk"),
            (Method::POST, "/api/documents/{id}/versions", "bulk"),
            (Method::PUT, "/api/documents/{id}/content", "bulk"),
            (Method::GET, "/api/documents/{id}/download", "bulk"),
            (Method::GET, "/api/audit-logs/export", "bulk"),
            (Method::GET, "/api/documents", "standard"),
            (Method::GET, "/api/cases", "standard"),
            (Method::GET, "/api/search", "standard"),
            (Method::GET, "/api/cases/{id}", "interactive"),
            (Method::GET, "/api/auth/me", "interactive"),
            (Method::POST, "/api/auth/login", "interactive"),
            (Method::POST, "/api/cases", "interactive"),
            (Method::PATCH, "/api/documents/{id}", "interactive"),
            (Method::GET, "/api/healthy", "standard"),
        ] {
            assert_eq!(class(&method, route), expected, "{method} {route}");
        }
    }
}
