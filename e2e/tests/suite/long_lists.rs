//! A page is as long as its texts: what is read for it is borrowed as it comes.

use e2e::{TestApp, id_of, open_case};
use headroom::{Class, Headroom, ROUTE_CAP, RouteStats};
use serde_json::json;

const ENTRIES: u64 = 120;
/// The longest that a text of the docket may be.
const LONGEST: usize = 100_000;
const ROUTE: &str = "/api/cases/{id}/docket";
const KIB: u64 = 1 << 10;

fn figures(headroom: &Headroom, route: &str) -> RouteStats {
    let all = headroom.top_routes(ROUTE_CAP);
    all.into_iter().find(|one| &*one.route == route).expect("the route was called")
}

#[tokio::test]
async fn a_page_of_the_longest_texts_is_on_the_books_or_refused() {
    let app = TestApp::start().await;
    let (admin, headroom) = (app.admin().clone(), app.app().headroom().clone());
    let case = id_of(&open_case(&admin, "Alder v. Birch").await);
    let path = format!("/api/cases/{case}/docket");
    let text = "order ".repeat(LONGEST / 6);
    for _ in 0..ENTRIES {
        let entry = json!({"caseId": case, "filedOn": "2026-02-03", "text": text});
        drop(admin.post("/api/docket", &entry).await.expect_status(201));
    }
    app.settle().await;
    app.quiet().await;
    let added = figures(&headroom, "/api/docket");
    assert!(
        added.unregistered_max <= 768 * KIB,
        "{} KiB beside the books: {added:?}",
        added.unregistered_max / KIB
    );
    let each = added.allocated / ENTRIES;
    assert!(each < 40 * text.len() as u64, "what is there already is not read for one more: {each} bytes");
    let page = admin.get(&format!("{path}?limit=1000")).await.expect_status(200).json();
    assert_eq!(page["data"].as_array().unwrap().len() as u64, ENTRIES);
    app.quiet().await;
    let seen = figures(&headroom, ROUTE);
    let texts = ENTRIES * text.len() as u64;
    assert!(seen.registered_max >= 2 * texts, "rows and answer: {seen:?}");
    assert!(
        seen.unregistered_max <= 256 * KIB,
        "{} KiB beside the books: {seen:?}",
        seen.unregistered_max / KIB
    );

    let standard = headroom.class(Class::Standard);
    let (limit, used) = (standard.limit(), standard.used());
    standard.set_limit(used + texts / 2);
    let refused = admin.get(&format!("{path}?limit=1000")).await;
    let problem = refused.expect_problem(503, "memory_exhausted");
    assert!(problem["detail"].as_str().unwrap().contains("`limit`"), "{problem}");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    app.quiet().await;
    assert_eq!(standard.used(), used, "what was read is given back");
    drop(admin.get(&format!("{path}?limit=9")).await.expect_status(200));
    standard.set_limit(limit);
    // The firm's share of it is cut anew.
    headroom.sample();
    drop(admin.get(&format!("{path}?limit=1000")).await.expect_status(200));
    app.finish().await;
}
