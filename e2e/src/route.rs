use crate::{TestApp, Things, absent};
use access::{Declared, Gate};
use http::Method;
use serde_json::{Value, json};

/// A route as it was declared, ready to be called.
#[derive(Debug, Clone)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path with `{names}` in the place of ids.
    pub template: String,
    /// Who may call it.
    pub gate: Gate,
}

impl Route {
    /// Whether a part of the path is the id of a thing that belongs to a firm.
    pub fn has_id(&self) -> bool {
        self.parameters().any(is_id)
    }

    fn parameters(&self) -> impl Iterator<Item = &str> {
        self.template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The path with the ids of these things.
    pub fn path_of(&self, things: &Things) -> String {
        self.filled(|name| things.id_for(&self.template, name))
    }

    /// The path with ids that belong to nothing.
    pub fn absent_path(&self) -> String {
        self.filled(|name| if is_id(name) { absent() } else { small(name) })
    }

    /// The path with a value for each of its parameters.
    pub fn filled(&self, value: impl Fn(&str) -> String) -> String {
        let fill = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
            Some(name) => value(name.trim_start_matches('*')),
            None => part.to_owned(),
        };
        self.template.split('/').map(fill).collect::<Vec<_>>().join("/")
    }

    /// A body that the route takes, with the ids of these things: what is refused is then not refused for its form.
    pub fn body(&self, things: &Things) -> Option<Value> {
        let template = self.template.as_str();
        match self.method {
            Method::PATCH | Method::PUT if template.ends_with("/numbering") => {
                Some(json!({ "template": "{seq}" }))
            }
            Method::POST if template.ends_with("/parties") => {
                let case = template.eq("/api/parties").then(|| things.case.clone());
                let mut body = json!({ "name": "Somebody", "kind": "Defendant" });
                if let Some(case) = case {
                    body["caseId"] = case.into();
                }
                Some(body)
            }
            _ if template.starts_with("/api/ethical-walls") && self.method != Method::GET => {
                let why = "Former client of the other side";
                Some(match self.method {
                    Method::DELETE => json!({ "liftReason": why }),
                    Method::PATCH => json!({ "changeReason": why, "screened": [things.user] }),
                    _ => json!({ "reason": why, "screened": [things.user], "caseId": things.case }),
                })
            }
            Method::DELETE if template.starts_with("/api/permissions/") => {
                Some(json!({ "revokeReason": "Done" }))
            }
            Method::POST if template.ends_with("/check") && template.starts_with("/api/permissions") => {
                Some(json!({ "permission": "cases:read", "caseId": things.case }))
            }
            Method::POST if template.ends_with("/permissions") => {
                Some(json!({ "permission": "search:use", "effect": "allow", "reason": "Everybody searches" }))
            }
            Method::POST if template.ends_with("/decline") => Some(json!({ "reason": "Under a hold" })),
            Method::PUT if template.ends_with("/team/{userId}") => Some(json!({ "role": "paralegal" })),
            Method::POST if template == "/api/roles" => {
                Some(json!({ "name": "conflicts_clerk", "base": "clerk" }))
            }
            Method::POST if template.ends_with("/roles") => Some(json!({ "role": "clerk" })),
            Method::POST if template.ends_with("/docket") => {
                Some(json!({ "caseId": things.case, "filedOn": "2026-03-02", "text": "Order" }))
            }
            Method::POST if template.ends_with("/time-entries") => Some(json!({ "caseId": things.case,
                "workedOn": "2026-03-02", "workedSeconds": 60, "description": "Read" })),
            Method::POST | Method::PATCH | Method::PUT => Some(json!({})),
            _ => None,
        }
    }
}

/// Whether a parameter of a path is an id.
pub fn is_id(name: &str) -> bool {
    name == "id" || name.ends_with("Id")
}

/// A value for a parameter that is no id.
fn small(_name: &str) -> String {
    "1".to_owned()
}

/// Every route of the server.
pub fn routes(app: &TestApp) -> Vec<Route> {
    let all = lexiflow::router::routes(app.running().parts(), app.running().ops());
    all.declared().iter().map(route).collect()
}

fn route(declared: &Declared) -> Route {
    Route {
        method: declared.method.parse().expect("a method"),
        template: declared.path.clone(),
        gate: declared.gate,
    }
}
