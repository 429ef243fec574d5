use super::keys::{challenge, left_half};
use super::manners::Tokens;
use super::{CLIENT_ID, CLIENT_SECRET, Grant, Manners, PUBLIC_URL, Shared, lock};
use bytes::Bytes;
use data_encoding::BASE64;
use http::header::{AUTHORIZATION, LOCATION};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::task::TaskTracker;

type Form = HashMap<String, String>;
type Answer = Response<Full<Bytes>>;

/// Takes connections until it is dropped; those that are open go on until the tracker is asked to end.
pub(super) async fn serve(listener: TcpListener, shared: Arc<Shared>, tasks: TaskTracker) {
    while let Ok((connection, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, Infallible>(answer(&shared, request).await) }
        });
        let serving =
            http1::Builder::new().keep_alive(false).serve_connection(TokioIo::new(connection), service);
        tasks.spawn(async move { drop(serving.await) });
    }
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Answer {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    lock(&shared.asked).push(path.clone());
    let manners = lock(&shared.manners).clone();
    match (&parts.method, path.as_str()) {
        (&Method::GET, "/.well-known/openid-configuration") => ok(&discovery(shared, &manners)),
        (&Method::GET, "/keys") => ok(&shared.keys.published(manners.publishes_p256)),
        (&Method::GET, "/authorize") => {
            authorize(shared, &manners, &form(parts.uri.query().unwrap_or_default()))
        }
        (&Method::GET, "/userinfo") => ok(&about(&manners)),
        (&Method::POST, "/token") => {
            let body = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
            let form = form(&String::from_utf8_lossy(&body));
            let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
            token(shared, &manners, &form, header).await
        }
        _ => status(404),
    }
}

fn discovery(shared: &Shared, manners: &Manners) -> Value {
    let issuer = &shared.issuer;
    let named = manners.calls_itself.unwrap_or(issuer);
    let method = if manners.secret_in_form { "client_secret_post" } else { "client_secret_basic" };
    json!({
        "issuer": named,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "userinfo_endpoint": format!("{issuer}/userinfo"),
        "jwks_uri": format!("{issuer}/keys"),
        "token_endpoint_auth_methods_supported": [method],
        "code_challenge_methods_supported": ["S256"],
        "response_types_supported": ["code"],
    })
}

/// The page on which people sign in; here everybody has already.
fn authorize(shared: &Shared, manners: &Manners, query: &Form) -> Answer {
    let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let is_fine = get("response_type") == "code"
        && get("client_id") == CLIENT_ID
        && get("redirect_uri") == format!("{PUBLIC_URL}/api/auth/oidc/callback")
        && get("code_challenge_method") == "S256"
        && get("scope").split(' ').any(|scope| scope == "openid")
        && [get("state"), get("nonce"), get("code_challenge")].iter().all(|text| text.len() == 43);
    if !is_fine {
        return status(400);
    }
    let back = get("redirect_uri").to_owned();
    let state = utf8_percent_encode(get("state"), NON_ALPHANUMERIC);
    let location = if let Some(error) = manners.refuses {
        format!("{back}?error={error}&error_description=%3Cscript%3E&state={state}")
    } else {
        let mut codes = lock(&shared.codes);
        let code = format!("code/{}+of the double", codes.len());
        let encoded = utf8_percent_encode(&code, NON_ALPHANUMERIC).to_string();
        let grant = Grant {
            redirect_uri: back.clone(),
            challenge: get("code_challenge").to_owned(),
            nonce: get("nonce").to_owned(),
            is_used: false,
        };
        codes.insert(code, grant);
        // Providers send more than they must.
        format!("{back}?code={encoded}&state={state}&session_state=abc&scope=openid")
    };
    Response::builder().status(302).header(LOCATION, location).body(Full::default()).expect("an answer")
}

async fn token(shared: &Shared, manners: &Manners, form: &Form, header: Option<&str>) -> Answer {
    match manners.tokens {
        Tokens::Usual => {}
        Tokens::Status(code) => return status(code),
        Tokens::Redirect => {
            let location = format!("{}/elsewhere", shared.issuer);
            return Response::builder()
                .status(307)
                .header(LOCATION, location)
                .body(Full::default())
                .expect("an answer");
        }
        Tokens::Huge => return text(200, vec![b' '; 300 << 10]),
        Tokens::Silent => return std::future::pending().await,
        Tokens::Nonsense => return text(200, b"<html>".to_vec()),
    }
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let is_known = if manners.secret_in_form {
        header.is_none() && get("client_id") == CLIENT_ID && get("client_secret") == CLIENT_SECRET
    } else {
        header.is_some_and(is_client) && !form.contains_key("client_secret")
    };
    if !is_known {
        return refuse(401, "invalid_client");
    }
    let mut codes = lock(&shared.codes);
    let grant = codes.get_mut(get("code")).filter(|grant| {
        !grant.is_used
            && get("grant_type") == "authorization_code"
            && get("redirect_uri") == grant.redirect_uri
            && challenge(get("code_verifier")) == grant.challenge
    });
    let Some(grant) = grant else { return refuse(400, "invalid_grant") };
    grant.is_used = true;
    let access_token = "access-token-of-the-double";
    let mut claims = claims(shared, manners, &grant.nonce);
    claims["at_hash"] = left_half(access_token).into();
    if let Some(tamper) = manners.tampers {
        tamper(&mut claims);
    }
    let id_token = shared.keys.sign(manners.signing, &claims);
    ok(
        &json!({ "access_token": access_token, "token_type": "Bearer", "expires_in": 60, "id_token": id_token }),
    )
}

fn claims(shared: &Shared, manners: &Manners, nonce: &str) -> Value {
    let now = lock(&shared.clock).as_ref().expect("the double follows the server's clock").now().timestamp();
    let mut claims = json!({ "iss": shared.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + 300, "nonce": nonce,
        "amr": manners.person.methods });
    if let Some(class) = manners.person.class {
        claims["acr"] = class.into();
    }
    let about = about(manners);
    claims["sub"] = about["sub"].clone();
    if !manners.thin_tokens {
        for name in ["email", "email_verified"] {
            claims[name] = about[name].clone();
        }
    }
    claims
}

fn about(manners: &Manners) -> Value {
    let person = &manners.person;
    json!({ "sub": person.subject, "email": person.email, "email_verified": person.verified })
}

/// Whether a header is that of the server (RFC 6749, 2.3.1).
fn is_client(header: &str) -> bool {
    let decoded = header.strip_prefix("Basic ").and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let pair = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    pair.split_once(':')
        .is_some_and(|(id, secret)| decode(id) == CLIENT_ID && decode(secret) == CLIENT_SECRET)
}

fn form(text: &str) -> Form {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

fn decode(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

fn ok(value: &Value) -> Answer {
    text(200, value.to_string().into_bytes())
}

fn refuse(code: u16, error: &str) -> Answer {
    text(code, json!({ "error": error }).to_string().into_bytes())
}

fn status(code: u16) -> Answer {
    text(code, Vec::new())
}

fn text(code: u16, body: Vec<u8>) -> Answer {
    Response::builder().status(code).body(Full::new(body.into())).expect("an answer")
}
