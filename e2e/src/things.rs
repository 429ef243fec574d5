use crate::{Form, TestApp};
use access::Role;
use serde_json::{Value, json};
use testkit::Client;

/// The ids of one thing of each kind, all of one firm.
#[derive(Debug, Clone)]
pub struct Things {
    /// A case.
    pub case: String,
    /// A party of it.
    pub party: String,
    /// A client.
    pub client: String,
    /// An entry of the case's docket.
    pub entry: String,
    /// A time entry of the case.
    pub time: String,
    /// A document of the case.
    pub document: String,
    /// Its version.
    pub version: String,
    /// A user.
    pub user: String,
    /// A login of the user.
    pub session: String,
    /// The firm.
    pub firm: String,
    /// A wall round the case, which screens the user.
    pub wall: String,
    /// A grant to the user.
    pub grant: String,
    /// An API key of the administrator's.
    pub key: String,
    /// An invitation that is open.
    pub invitation: String,
    /// A team that the user is in.
    pub team: String,
    /// What the user has lent to somebody.
    pub delegation: String,
    /// What the user has asked somebody to approve.
    pub approval: String,
    /// The name of a role of the firm's own.
    pub role: String,
}

impl Things {
    /// All ids.
    pub fn all(&self) -> [String; 17] {
        let all = [
            &self.case,
            &self.party,
            &self.client,
            &self.entry,
            &self.time,
            &self.document,
            &self.version,
            &self.user,
            &self.session,
            &self.firm,
            &self.wall,
            &self.grant,
            &self.key,
            &self.invitation,
            &self.team,
            &self.delegation,
            &self.approval,
        ];
        all.map(Clone::clone)
    }

    /// The id that belongs into a path in the place of a parameter.
    pub(crate) fn id_for(&self, template: &str, parameter: &str) -> String {
        let id = match parameter {
            "caseId" | "entityId" => &self.case,
            "documentId" => &self.document,
            "versionId" => &self.version,
            "userId" => &self.user,
            "id" if template.starts_with("/api/users/invitations/") => &self.invitation,
            "id" => match template.split('/').nth(2).unwrap_or_default() {
                "cases" => &self.case,
                "parties" => &self.party,
                "clients" => &self.client,
                "docket" => &self.entry,
                "billing" | "time-entries" => &self.time,
                "documents" => &self.document,
                "users" => &self.user,
                "api-keys" => &self.key,
                "organizations" => &self.firm,
                "ethical-walls" => &self.wall,
                "permissions" => &self.grant,
                "teams" => &self.team,
                "delegations" => &self.delegation,
                "approvals" => &self.approval,
                // A verification that somebody asked for is none of these things.
                "audit-logs" => return absent(),
                "auth" => &self.session,
                other => panic!("{template}: whose id is it that follows {other}?"),
            },
            name if crate::is_id(name) => panic!("{template}: whose id is {name}?"),
            "role" => &self.role,
            _ => return "1".to_owned(),
        };
        id.clone()
    }
}

/// A well-formed id that belongs to nothing.
pub fn absent() -> String {
    "019cae00-0000-7000-8000-00000000dead".to_owned()
}

/// The id in an answer.
#[track_caller]
pub fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_else(|| panic!("no id: {thing}")).to_owned()
}

/// Opens a case.
pub async fn open_case(client: &Client, title: &str) -> Value {
    client.post("/api/cases", &json!({ "title": title })).await.expect_status(201).json()
}

/// Adds a client of the firm.
pub async fn add_client(client: &Client, name: &str) -> Value {
    client.post("/api/clients", &json!({ "name": name })).await.expect_status(201).json()
}

/// Lists a defendant in a case.
pub async fn add_party(client: &Client, case: &str, name: &str) -> Value {
    let body = json!({ "name": name, "kind": "Defendant" });
    client.post(&format!("/api/cases/{case}/parties"), &body).await.expect_status(201).json()
}

/// Adds a docket entry.
pub async fn add_entry(client: &Client, case: &str, text: &str) -> Value {
    let body = json!({ "caseId": case, "filedOn": "2026-03-02", "text": text });
    client.post("/api/docket", &body).await.expect_status(201).json()
}

/// Records twelve minutes.
pub async fn record_time(client: &Client, case: &str, description: &str) -> Value {
    let body =
        json!({ "caseId": case, "workedOn": "2026-03-02", "workedSeconds": 720, "description": description });
    client.post("/api/billing/time-entries", &body).await.expect_status(201).json()
}

/// Uploads a text file into a case.
pub async fn upload_text(client: &Client, case: &str, name: &str, text: &str) -> Value {
    let form = Form::new().text("caseId", case).text("title", name).file(name, "text/plain", text.as_bytes());
    form.post(client, "/api/documents").await.expect_status(201).json()
}

/// A case with an entry and a document, beside time.
#[derive(Debug)]
pub struct Filled {
    /// The case.
    pub case: String,
    /// Its docket entry.
    pub entry: String,
    /// Its document.
    pub document: String,
}

/// Opens a case that is found by the word, and by `motion`, in all that hangs on it.
pub async fn filled(client: &Client, word: &str) -> Filled {
    let case = id_of(&open_case(client, &format!("{word} v. Birch")).await);
    let entry = id_of(&add_entry(client, &case, &format!("MOTION of {word}")).await);
    let document = id_of(&upload_text(client, &case, "letter.txt", &format!("The {word} motion.")).await);
    drop(record_time(client, &case, &format!("Call with {word}")).await);
    Filled { case, entry, document }
}

/// How many there are in a list.
pub async fn total(client: &Client, path: &str) -> Value {
    client.get(path).await.expect_status(200).json()["total"].clone()
}

/// Raises a wall round a case that screens a user.
pub async fn raise_wall(client: &Client, case: &str, screened: &[&str]) -> Value {
    let body = json!({ "caseId": case, "reason": "Former client of the other side", "screened": screened });
    client.post("/api/ethical-walls", &body).await.expect_status(201).json()
}

/// Gives a user a role on the team of a case.
pub async fn put_on_team(client: &Client, case: &str, user: &str, role: &str) -> Value {
    let path = format!("/api/cases/{case}/team/{user}");
    client.put(&path, &json!({ "role": role })).await.expect_status(200).json()
}

/// Makes an API key of the client's user, and gives the answer with the whole key.
pub async fn make_key(client: &Client, scopes: &[&str]) -> Value {
    let body = json!({ "name": "A program", "scopes": scopes });
    client.post("/api/api-keys", &body).await.expect_status(201).json()
}

/// Has a user, who does not have it, ask for the approval of `cases:delete`.
async fn ask_approval(admin: &Client, user: &Client, id: &str) -> Value {
    let grant = json!({ "permission": "cases:delete", "effect": "allow", "reason": "With a partner's word",
        "approvalBy": "partner" });
    drop(admin.post(&format!("/api/users/{id}/permissions"), &grant).await.expect_status(201));
    let body = json!({ "permission": "cases:delete", "reason": "It was opened twice" });
    user.post("/api/approvals", &body).await.expect_status(201).json()
}

/// One thing of each kind in the first firm, all holding the word.
pub async fn one_of_each(app: &TestApp, word: &str) -> Things {
    let admin = app.admin();
    let case = id_of(&open_case(admin, &format!("{word} v. Birch")).await);
    let user = app.add_user(Role::Associate).await;
    let users = admin.get(&format!("/api/users?search={user}")).await.expect_status(200).json();
    // Whom nobody knows yet: the address of the user is unique in the test.
    let body =
        json!({ "email": format!("invited-{user}"), "firstName": "Ina", "lastName": word, "role": "clerk" });
    let invitation = admin.post("/api/users/invitations", &body).await.expect_status(201).json();
    let key = make_key(admin, &["cases:read"]).await;
    let document = id_of(&upload_text(admin, &case, "letter.txt", &format!("The {word} letter.")).await);
    let versions = admin.get(&format!("/api/documents/{document}/versions")).await.expect_status(200).json();
    let somebody = app.anonymous().sign_in(&user, crate::PASSWORD).await;
    let logins = somebody.get("/api/auth/sessions").await.expect_status(200).json();
    let user = id_of(&users["data"][0]);
    let wall = id_of(&raise_wall(admin, &case, &[&user]).await);
    let team = json!({ "name": format!("{word} team") });
    let team = id_of(&admin.post("/api/teams", &team).await.expect_status(201).json());
    let member = format!("/api/teams/{team}/members/{user}");
    drop(admin.send(http::Method::PUT, &member, &[], bytes::Bytes::new()).await.expect_status(204));
    // Between two whom nobody has met before: each lends and borrows so often at most.
    let delegate = app.add_user(Role::Clerk).await;
    let found = admin.get(&format!("/api/users?search={delegate}")).await.expect_status(200).json();
    let delegation = json!({ "delegatorId": user, "delegateId": found["data"][0]["id"],
        "permissions": ["import:run"], "until": "2026-04-01T00:00:00Z", "reason": format!("Imports {word}") });
    let delegation = admin.post("/api/delegations", &delegation).await.expect_status(201).json();
    let grant =
        json!({ "permission": "clients:delete", "effect": "allow", "reason": format!("Cleans up {word}") });
    let grant = admin.post(&format!("/api/users/{user}/permissions"), &grant).await.expect_status(201).json();
    let role = json!({ "name": format!("{}_clerk", word.to_lowercase()), "base": "clerk" });
    let role = admin.post("/api/roles", &role).await.expect_status(201).json();
    let approval = ask_approval(admin, &somebody, &user).await;
    Things {
        approval: id_of(&approval),
        role: role["name"].as_str().expect("a name").to_owned(),
        session: id_of(&logins["data"][0]),
        party: id_of(&add_party(admin, &case, &format!("{word} Company")).await),
        client: id_of(&add_client(admin, &format!("{word} Client")).await),
        entry: id_of(&add_entry(admin, &case, &format!("MOTION of {word}")).await),
        time: id_of(&record_time(admin, &case, &format!("Call with {word}")).await),
        version: id_of(&versions["data"][0]),
        user,
        wall,
        grant: id_of(&grant),
        firm: users["data"][0]["organizationId"].as_str().expect("a firm").to_owned(),
        key: id_of(&key),
        team,
        delegation: id_of(&delegation),
        invitation: id_of(&invitation),
        document,
        case,
    }
}
