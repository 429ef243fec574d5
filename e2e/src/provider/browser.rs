use super::{PUBLIC_URL, ProviderDouble};
use crate::TestApp;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::net::SocketAddr;
use testkit::{Answer, Client};

/// A browser that goes from the server to the provider and back, and keeps the cookie on the way.
#[derive(Debug, Clone)]
pub struct Browser {
    client: Client,
    /// The cookie of the sign-in, if there is one.
    pub cookie: Option<String>,
}

impl Browser {
    /// A browser that was never there.
    pub fn new(app: &TestApp) -> Self {
        Self { client: app.anonymous(), cookie: None }
    }

    /// The same browser, with this cookie, at another server.
    pub fn at(address: SocketAddr, cookie: Option<String>) -> Self {
        Self { client: Client::new(address), cookie }
    }

    async fn send(&mut self, method: Method, path: &str, body: &str) -> Answer {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(self.cookie.as_deref().map(|cookie| ("cookie", cookie)));
        let without_body = usize::from(method == Method::GET);
        let answer =
            self.client.send(method, path, &headers[without_body..], Bytes::from(body.to_owned())).await;
        for cookie in answer.headers.get_all("set-cookie") {
            let cookie = cookie.to_str().expect("a cookie");
            let pair = cookie.split(';').next().unwrap_or_default();
            if pair.starts_with("lexiflow_oidc=") {
                assert!(cookie.contains("; Path=/api/auth/oidc; "), "{cookie}");
                assert!(cookie.ends_with("; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
                self.cookie = Some(pair.to_owned()).filter(|pair| !pair.ends_with('='));
            }
        }
        answer
    }

    /// Goes where the server sends whoever wants to sign in: the path at the provider.
    pub async fn leave(&mut self, provider: &ProviderDouble) -> String {
        let answer =
            self.send(Method::GET, "/api/auth/oidc/login?returnTo=%2Fcases%3Fstatus%3Dopen", "").await;
        let location = answer.expect_status(302).header("location").to_owned();
        let issuer = format!("http://{}", provider.address());
        location.strip_prefix(&issuer).expect("the provider's page").to_owned()
    }

    /// Signs in at the provider's page: the path at the server to which the provider sends the browser back.
    pub async fn sign_in_there(&self, provider: &ProviderDouble, page: &str) -> String {
        let answer = Client::new(provider.address()).get(page).await.expect_status(302);
        let location = answer.header("location");
        location.strip_prefix(PUBLIC_URL).expect("back to the server").to_owned()
    }

    /// Comes back with what the provider gave.
    pub async fn come_back(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, "").await
    }

    /// All the way there and back: what the server answers to it.
    pub async fn go(&mut self, provider: &ProviderDouble) -> Answer {
        let page = self.leave(provider).await;
        let back = self.sign_in_there(provider, &page).await;
        self.come_back(&back).await
    }

    /// All the way there and back, to the code that the login is taken with.
    pub async fn code(&mut self, provider: &ProviderDouble) -> String {
        let answer = self.go(provider).await.expect_status(302);
        let location = answer.header("location");
        let (place, code) = location.split_once("#oidc-code=").expect("a code");
        assert_eq!(place, format!("{PUBLIC_URL}/cases?status=open"));
        assert_eq!(answer.header("cache-control"), "no-store");
        code.to_owned()
    }

    /// Takes the login.
    pub async fn take(&mut self, code: &str, second: Option<&str>) -> Answer {
        let body = json!({ "code": code, "mfaCode": second });
        self.send(Method::POST, "/api/auth/oidc/token", &body.to_string()).await
    }

    /// Signs in: the tokens.
    pub async fn sign_in(&mut self, provider: &ProviderDouble) -> Value {
        let code = self.code(provider).await;
        self.take(&code, None).await.expect_status(200).json()
    }
}
