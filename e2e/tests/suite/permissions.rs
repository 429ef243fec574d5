//! Who may call what: every route against every role, from the routes themselves.

use access::{Action, Gate, Role};
use e2e::{Route, TestApp, one_of_each, routes};
use std::collections::BTreeSet;
use testkit::{Answer, Client};

async fn call(client: &Client, route: &Route, body: &str) -> Answer {
    let headers = [("content-type", "application/json")];
    client.send(route.method.clone(), &route.absent_path(), &headers, body.to_owned().into()).await
}

#[tokio::test]
async fn without_credentials_every_route_but_the_public_ones_is_401() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let anonymous = app.anonymous();
    let mut public = BTreeSet::new();
    for route in routes(&app) {
        let body = route.body(&things).map(|body| body.to_string()).unwrap_or_default();
        let answer = call(&anonymous, &route, &body).await;
        if route.gate == Gate::Public {
            public.insert(format!("{} {}", route.method, route.template));
            assert_ne!(answer.status, 401, "{route:?}: {}", answer.text());
        } else {
            answer.expect_problem(401, "unauthenticated");
            // Who is not signed in learns nothing of what a body or an id would have to be.
            let answer = call(&anonymous, &route, "{ not json").await;
            answer.expect_problem(401, "unauthenticated");
        }
    }
    // A route that anybody may call is written down here, so that none becomes public by mistake.
    let known = [
        "GET /api/auth/oidc",
        "GET /api/auth/oidc/callback",
        "GET /api/auth/oidc/login",
        "GET /api/docs/errors/{code}",
        "GET /api/health",
        "GET /api/health/database",
        "GET /api/health/live",
        "GET /api/health/memory",
        "GET /api/health/ready",
        "GET /api/health/redis",
        "GET /api/metrics",
        "GET /api/version",
        "POST /api/auth/accept-invitation",
        "POST /api/auth/forgot-password",
        "POST /api/auth/login",
        "POST /api/auth/oidc/token",
        "POST /api/auth/passkeys/sign-in",
        "POST /api/auth/passkeys/sign-in/options",
        "POST /api/auth/refresh",
        "POST /api/auth/register",
        "POST /api/auth/reset-password",
    ];
    assert_eq!(public.iter().map(String::as_str).collect::<Vec<_>>(), known);
    app.finish().await;
}

#[tokio::test]
async fn each_role_is_refused_exactly_where_it_has_no_permission() {
    let app = TestApp::start().await;
    let things = one_of_each(&app, "alder").await;
    let routes = routes(&app);
    for role in Role::ALL {
        let client = app.user(role).await;
        for route in &routes {
            let (Gate::May(action) | Gate::MayOnCase(action)) = route.gate else { continue };
            let body = route.body(&things).map(|body| body.to_string()).unwrap_or_default();
            let mut answer = call(&client, route, &body).await;
            while answer.status == 503 && answer.json()["code"] == "file_being_removed" {
                // This role has just removed the file that the role before put.
                app.settle().await;
                answer = call(&client, route, &body).await;
            }
            assert!(
                !answer.status.is_server_error() && answer.status != 401,
                "{role} {route:?}: {}",
                answer.text()
            );
            let refused = answer.status == 403 && answer.json()["code"] == "forbidden";
            assert_eq!(
                refused,
                !role.allows(action),
                "{role} {} {}: {}",
                route.method,
                route.template,
                answer.text()
            );
        }
    }
    app.settle().await;
    app.finish().await;
}

#[tokio::test]
async fn every_action_but_those_of_the_command_line_guards_a_route() {
    let app = TestApp::start().await;
    let guarded: BTreeSet<Action> = routes(&app)
        .iter()
        .filter_map(|route| match route.gate {
            Gate::May(action) | Gate::MayOnCase(action) => Some(action),
            Gate::Public | Gate::SignedIn => None,
        })
        .collect();
    let unguarded: Vec<Action> = Action::ALL.into_iter().filter(|action| !guarded.contains(action)).collect();
    // Records and productions are read in from the command line.
    assert_eq!(unguarded, [Action::Import]);
    app.finish().await;
}

#[tokio::test]
async fn nobody_hands_out_a_role_beyond_their_own() {
    let app = TestApp::start().await;
    let operator = app.user(Role::ItAdmin).await;
    let body = |role: Role, number: u32| {
        serde_json::json!({ "email": format!("new-{number}@first.example.com"), "firstName": "A", "lastName": "B",
            "role": role.as_str(), "password": e2e::PASSWORD })
    };
    for role in [Role::SuperAdmin, Role::Partner, Role::Clerk] {
        let refused = operator.post("/api/users", &body(role, 1)).await;
        refused.expect_problem(403, "role_not_assignable");
    }
    drop(operator.post("/api/users", &body(Role::ItAdmin, 2)).await.expect_status(201));
    app.finish().await;
}
