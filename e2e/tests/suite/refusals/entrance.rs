//! Signing in, second factors, links by mail and heap profiles: each step from a state that was made anew, as a person who
//! takes them one after the other.

use super::{Call, Trial};
use crate::sessions::code;
use chrono::TimeDelta;
use crypto::totp::TotpSecret;
use data_encoding::BASE32_NOPAD;
use e2e::{PASSWORD, id_of, mail_to};
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

const NEW: &str = "quiet orchard seven bridges";
const PROFILE: &str = "/api/monitoring/memory/profile";

/// A user of this pass alone, and the steps that they take.
struct Person<'a> {
    trial: &'a mut Trial,
    email: String,
    client: Client,
}

/// All of it, by a user who is new.
pub(super) async fn walk(trial: &mut Trial, number: usize) {
    let email = format!("steps-{number}@first.example.com");
    let body = json!({ "email": email, "firstName": "Ina", "lastName": "Novak", "role": "clerk", "password": PASSWORD });
    let add = Call::json(Method::POST, "/api/users", &body);
    drop(trial.ask("add who signs in", &add).await.expect_status(201));
    let client = trial.app.anonymous();
    let mut person = Person { trial, email, client };
    person.sign_in(&json!({ "password": PASSWORD })).await;
    person.look().await;
    person.logins().await;
    person.second_factor().await;
    person.passwords().await;
    person.links(number).await;
    person.post("/api/auth/logout", &json!({}), 204).await;
    profiles(trial).await;
}

impl Person<'_> {
    async fn ask(&mut self, method: Method, path: &str, template: &str, body: Option<&Value>) -> Answer {
        let name = format!("{method} {template}");
        let call = match body {
            Some(body) => Call::json(method, path, body),
            None => Call::new(method, path),
        };
        self.trial.ask(&name, &call.by(&self.client)).await
    }

    async fn post(&mut self, path: &str, body: &Value, status: u16) -> Value {
        let answer = self.ask(Method::POST, path, path, Some(body)).await.expect_status(status);
        if answer.body.is_empty() { Value::Null } else { answer.json() }
    }

    async fn get(&mut self, path: &str) -> Value {
        self.ask(Method::GET, path, path, None).await.expect_status(200).json()
    }

    /// Signs in anew, and goes on with that login.
    async fn sign_in(&mut self, proof: &Value) {
        let mut body = proof.clone();
        body["email"] = json!(self.email);
        self.client = self.trial.app.anonymous();
        let tokens = self.post("/api/auth/login", &body, 200).await;
        self.client = self.client.with_token(tokens["accessToken"].as_str().unwrap());
        let fresh =
            self.post("/api/auth/refresh", &json!({ "refreshToken": tokens["refreshToken"] }), 200).await;
        self.client = self.client.with_token(fresh["accessToken"].as_str().unwrap());
    }

    async fn look(&mut self) {
        for path in ["me", "profile", "login-history", "sessions", "sessions/stats", "mfa", "oidc"] {
            self.get(&format!("/api/auth/{path}")).await;
        }
    }

    /// Names, trusts and ends logins.
    async fn logins(&mut self) {
        let session = id_of(&self.get("/api/auth/sessions").await["data"][0]);
        let own = format!("/api/auth/sessions/{session}");
        let named = json!({ "name": "Laptop" });
        drop(self.ask(Method::PATCH, &own, "session", Some(&named)).await.expect_status(200));
        self.post("/api/auth/sessions/trust-device", &json!({ "sessionId": session }), 204).await;
        drop(self.ask(Method::DELETE, &format!("{own}/trust"), "trust", None).await.expect_status(204));
        self.sign_in(&json!({ "password": PASSWORD })).await;
        drop(self.ask(Method::DELETE, &own, "session", None).await.expect_status(204));
        drop(self.ask(Method::DELETE, "/api/auth/sessions", "sessions", None).await.expect_status(204));
    }

    /// A code counts once: a request that is refused must not have used it.
    async fn second_factor(&mut self) {
        let password = json!({ "password": PASSWORD });
        let given = self.post("/api/auth/mfa/totp", &password, 200).await;
        let bytes = BASE32_NOPAD.decode(given["secret"].as_str().unwrap().as_bytes()).unwrap();
        let secret = TotpSecret::from_bytes(&bytes).unwrap();
        let next = |person: &mut Self| {
            person.trial.advance(TimeDelta::seconds(30));
            code(&person.trial.app, &secret)
        };
        let confirmed = json!({ "code": code(&self.trial.app, &secret) });
        self.post("/api/auth/mfa/totp/confirm", &confirmed, 200).await;
        let shown = json!({ "mfaCode": next(self) });
        self.post("/api/auth/step-up", &shown, 200).await;
        let shown = json!({ "password": PASSWORD, "mfaCode": next(self) });
        self.post("/api/auth/mfa/recovery-codes", &shown, 200).await;
        let shown = json!({ "password": PASSWORD, "mfaCode": next(self) });
        self.sign_in(&shown).await;
        let shown = json!({ "password": PASSWORD, "mfaCode": next(self) });
        self.post("/api/auth/mfa/disable", &shown, 204).await;
    }

    async fn passwords(&mut self) {
        let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
        self.post("/api/auth/change-password", &change, 204).await;
        self.client = self.trial.app.anonymous();
        self.post("/api/auth/forgot-password", &json!({ "email": self.email }), 200).await;
        let token = mail_to(&self.trial.app, &self.email).await.token();
        self.post("/api/auth/reset-password", &json!({ "token": token, "newPassword": PASSWORD }), 204).await;
        // Whatever began by the moment of the reset is over.
        self.trial.advance(TimeDelta::seconds(1));
        self.sign_in(&json!({ "password": PASSWORD })).await;
    }

    /// An invitation is taken up, and somebody is refused who was not invited.
    async fn links(&mut self, number: usize) {
        let email = format!("invited-{number}@first.example.com");
        let mut body = json!({ "email": email, "firstName": "Ina", "lastName": "Novak", "role": "clerk" });
        let invite = Call::json(Method::POST, "/api/users/invitations", &body);
        drop(self.trial.ask("invite", &invite).await.expect_status(201));
        let token = mail_to(&self.trial.app, &email).await.token();
        let accept = Call::json(
            Method::POST,
            "/api/auth/accept-invitation",
            &json!({ "token": token, "password": NEW }),
        );
        let nobody = self.trial.app.anonymous();
        drop(self.trial.ask("accept", &accept.by(&nobody)).await.expect_status(201));
        body.as_object_mut().unwrap().remove("role");
        let register = Call::json(Method::POST, "/api/auth/register", &body).by(&nobody);
        let refused = self.trial.ask("register", &register).await;
        assert!(refused.status.is_client_error(), "{}", refused.text());
    }
}

/// Profiles in each form, and one that is kept.
async fn profiles(trial: &mut Trial) {
    for end in ["", "?format=collapsed", "?format=inventory"] {
        let read = Call::new(Method::GET, format!("{PROFILE}{end}"));
        drop(trial.ask(&format!("profile {end}"), &read).await.expect_status(200));
    }
    drop(trial.ask("keep a profile", &Call::new(Method::POST, PROFILE)).await.expect_status(201));
}
