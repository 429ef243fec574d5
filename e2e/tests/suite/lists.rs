//! What every list has in common, and what some have of their own.

use e2e::{TestApp, add_entry, id_of, one_of_each, open_case, routes};
use http::Method;
use serde_json::{Value, json};

/// The lists without ids in their paths, by the description of the server itself.
async fn lists(app: &TestApp) -> Vec<String> {
    let described = app.anonymous().get("/api/openapi.json").await.expect_status(200).json();
    let has_page = |template: &str| {
        let parameters =
            described["paths"][template]["get"]["parameters"].as_array().cloned().unwrap_or_default();
        parameters.iter().any(|parameter| parameter["name"] == "page")
    };
    let mut found: Vec<String> = routes(app)
        .iter()
        .filter(|route| route.method == Method::GET && !route.has_id() && has_page(&route.template))
        .map(|route| route.template.clone())
        .map(|path| {
            if path.starts_with("/api/search") { format!("{path}?query=alder&") } else { format!("{path}?") }
        })
        .collect();
    found.sort();
    assert!(found.len() >= 9, "{found:?}");
    found
}

#[tokio::test]
async fn pages_lie_within_their_bounds_and_beyond_the_end_there_is_nothing() {
    let app = TestApp::start().await;
    drop(one_of_each(&app, "alder").await);
    app.settle().await;
    let admin = app.admin();
    for list in lists(&app).await {
        let whole = admin.get(&format!("{list}page=1")).await.expect_status(200).json();
        assert!(
            whole["total"].as_u64().unwrap() >= 1
                || list.contains("archived")
                || list.contains("verifications")
                || list.contains("passkeys"),
            "{list}: {whole}"
        );
        assert_eq!((&whole["page"], &whole["limit"]), (&json!(1), &json!(20)), "{list}");
        let far = admin.get(&format!("{list}page=1000000000&limit=100")).await.expect_status(200).json();
        // Each question to the audit log is an entry of it.
        let questions = u64::from(list.starts_with("/api/audit-logs?"));
        let total = json!(whole["total"].as_u64().unwrap() + questions);
        assert_eq!((&far["data"], &far["total"]), (&json!([]), &total), "{list}");
        assert_eq!(far["nextCursor"], Value::Null, "{list}");
        for wrong in ["limit=1001", "limit=0", "page=0", "page=18446744073709551615&limit=1000"] {
            let answer = admin.get(&format!("{list}{wrong}")).await;
            let problem = answer.expect_problem(400, "validation_failed");
            assert!(
                problem["errors"][0]["field"] == "limit" || problem["errors"][0]["field"] == "page",
                "{problem}"
            );
        }
        for wrong in ["page=many", "limit=-1", "page=1.5", "page=1&page=2", "pagesize=3"] {
            admin.get(&format!("{list}{wrong}")).await.expect_problem(400, "malformed_query");
        }
    }
    app.finish().await;
}

#[tokio::test]
async fn every_fault_of_a_query_is_reported_at_once() {
    let app = TestApp::start().await;
    let answer = app.admin().get("/api/cases?limit=ten&colour=red&filedFrom=yesterday&status=lost").await;
    let problem = answer.expect_problem(400, "malformed_query");
    let fields: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    for field in ["limit", "colour", "filedFrom", "status"] {
        assert!(fields.contains(&field), "{field} is not in {fields:?}");
    }
    let sort = app.admin().get("/api/cases?sort=colour").await.expect_problem(400, "validation_failed");
    assert!(sort["errors"][0]["message"].as_str().unwrap().contains("openedAt"), "{sort}");
    app.finish().await;
}

#[tokio::test]
async fn pages_in_either_order_hold_everything_once() {
    let app = TestApp::start().await;
    let admin = app.admin();
    for number in 0..25 {
        app.advance(chrono::TimeDelta::seconds(1));
        drop(open_case(admin, &format!("Case {number:02}")).await);
    }
    let titles = async |query: &str| -> Vec<String> {
        let page = admin.get(&format!("/api/cases?{query}")).await.expect_status(200).json();
        assert_eq!((&page["total"], page["totalPages"].as_u64().unwrap() >= 1), (&json!(25), true));
        page["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|case| case["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut rising = Vec::new();
    for page in 1..=3 {
        rising.extend(titles(&format!("sort=title&limit=10&page={page}")).await);
    }
    assert_eq!(rising, (0..25).map(|number| format!("Case {number:02}")).collect::<Vec<_>>());
    let falling = titles("sort=-title&limit=1000").await;
    assert!(falling.iter().eq(rising.iter().rev()));
    assert_eq!(titles("sortBy=title&order=desc&limit=1000").await, falling, "the older way to say it");
    assert_eq!(titles("limit=1000").await, falling, "newest first unless told");
    app.finish().await;
}

#[tokio::test]
async fn a_cursor_goes_on_where_the_page_ended_while_cases_are_opened() {
    let app = TestApp::start().await;
    let admin = app.admin();
    for number in 0..12 {
        app.advance(chrono::TimeDelta::seconds(1));
        drop(open_case(admin, &format!("Case {number}")).await);
    }
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = admin.get(&format!("/api/cases?limit=5{next}")).await.expect_status(200).json();
        seen.extend(page["data"].as_array().unwrap().iter().map(id_of));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
        app.advance(chrono::TimeDelta::seconds(1));
        drop(open_case(admin, "Opened meanwhile").await);
    }
    let mut once = seen.clone();
    once.sort();
    once.dedup();
    assert_eq!((seen.len(), once.len()), (12, 12));
    admin.get("/api/cases?cursor=nonsense").await.expect_problem(400, "malformed_cursor");
    app.finish().await;
}

#[tokio::test]
async fn filters_narrow_a_list() {
    let app = TestApp::start().await;
    let admin = app.admin();
    for (title, area) in
        [("Alder v. Birch", "Litigation"), ("In re Cedar", "Bankruptcy"), ("50% off", "Litigation")]
    {
        drop(
            admin
                .post("/api/cases", &json!({ "title": title, "practiceArea": area }))
                .await
                .expect_status(201),
        );
    }
    let total = async |path: &str| admin.get(path).await.expect_status(200).json()["total"].clone();
    assert_eq!(total("/api/cases?practiceArea=Litigation").await, 2);
    assert_eq!(total("/api/cases?query=birch").await, 1);
    assert_eq!(total("/api/cases?query=50%25").await, 1, "a percent sign is no wildcard");
    assert_eq!(total("/api/cases?query=_").await, 0, "nor is an underscore");
    assert_eq!(total("/api/cases?status=closed").await, 0);
    let case = admin.get("/api/cases?query=birch").await.json()["data"][0].clone();
    let case = id_of(&case);
    drop(add_entry(admin, &case, "MOTION to compel").await);
    assert_eq!(total(&format!("/api/docket?caseId={case}&search=compel")).await, 1);
    assert_eq!(total(&format!("/api/cases/{case}/docket?filedFrom=2026-03-03")).await, 0);
    app.finish().await;
}

#[tokio::test]
async fn the_versioned_path_answers_the_same() {
    let app = TestApp::start().await;
    let admin = app.admin();
    let case = id_of(&open_case(admin, "Alder v. Birch").await);
    app.settle().await;
    for path in ["cases", "cases/stats", "users", "search?query=alder", "version"] {
        let (plain, versioned) =
            (admin.get(&format!("/api/{path}")).await, admin.get(&format!("/api/v1/{path}")).await);
        assert_eq!((plain.status, plain.body), (versioned.status, versioned.body), "{path}");
    }
    drop(admin.get(&format!("/api/v1/cases/{case}")).await.expect_status(200));
    let missing = admin.get("/api/v1/nothing").await.expect_problem(404, "not_found");
    assert_eq!(missing["path"], "/api/v1/nothing", "the path as it was written");
    admin.get("/api/v2/cases").await.expect_problem(404, "not_found");
    app.finish().await;
}
