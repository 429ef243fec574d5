//! A server that was built without passkeys says so.

use e2e::{PASSWORD, TestApp};
use serde_json::json;

const PASSKEYS: &str = "/api/auth/passkeys";

#[tokio::test]
async fn ceremonies_are_not_there_and_the_list_is_empty() {
    let app = TestApp::start().await;
    let unavailable = "passkeys_unavailable";
    for path in ["/options", "/step-up/options"] {
        let answer = app.admin().post(&format!("{PASSKEYS}{path}"), &json!({})).await;
        answer.expect_problem(404, unavailable);
    }
    let asked = app.anonymous().post(&format!("{PASSKEYS}/sign-in/options"), &json!({})).await;
    let problem = asked.expect_problem(404, unavailable);
    assert!(problem["detail"].as_str().unwrap().contains("built without passkeys"), "{problem}");
    let response = json!({ "clientDataJSON": "e30", "authenticatorData": "AAAA", "signature": "AAAA" });
    let shown = json!({ "credential": { "id": "AAAA", "type": "public-key", "response": response } });
    let sign_in = app.anonymous().post(&format!("{PASSKEYS}/sign-in"), &shown).await;
    sign_in.expect_problem(404, unavailable);
    app.admin().post(&format!("{PASSKEYS}/step-up"), &shown).await.expect_problem(404, unavailable);
    let made = json!({ "clientDataJSON": "e30", "attestationObject": "AAAA" });
    let made = json!({ "id": "AAAA", "type": "public-key", "response": made });
    let add = app.admin().post(PASSKEYS, &json!({ "name": "Telephone", "credential": made })).await;
    add.expect_problem(404, unavailable);
    assert_eq!(app.admin().get(PASSKEYS).await.expect_status(200).json()["total"], 0);
    let absent = format!("{PASSKEYS}/{}", e2e::absent());
    app.admin().delete(&absent).await.expect_problem(404, "passkey_not_found");
    drop(app.anonymous().sign_in(app.admin_email(), PASSWORD).await);
    app.finish().await;
}
