//! The OpenAPI description and its page, which works without the internet.

use super::composed;
use super::examples::Examples;
use super::problem_examples::ProblemExamples;
use super::refusals;
use crate::about;
use access::{Declared, Gate};
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use http::{HeaderMap, HeaderValue};
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{Components, Info, OpenApi};
use utoipa_swagger_ui::Config;
use web::layers::accepts_coding;
use web::{Account, Problem, codes};

/// The security scheme of who is signed in.
const SCHEME: &str = "bearer";
/// The security scheme of API keys.
const KEY_SCHEME: &str = "apiKey";

/// Adds what no single route knows: title, version, and how callers prove who they are.
pub(super) fn complete(mut described: OpenApi, declared: &[Declared]) -> OpenApi {
    let mut info = Info::new("LexiFlow", about::VERSION);
    info.description = Some(
        "The practice server of a law firm. Sign in at `/api/auth/login` and send the access token with every request. \
         JSON, urlencoded forms and text may be sent with `Content-Encoding: gzip`. \
         Errors are problems (RFC 9457); the page of each code is below `/api/docs/errors/`."
            .to_owned(),
    );
    described.info = info;
    described.servers = None;
    let mut http = Http::new(HttpAuthScheme::Bearer);
    http.bearer_format = Some("JWT".to_owned());
    let key =
        ApiKeyValue::with_description("X-API-Key", "A key of `/api/api-keys`; also taken as a bearer token");
    let components = described.components.get_or_insert_with(Components::new);
    components.add_security_scheme(SCHEME, SecurityScheme::Http(http));
    components.add_security_scheme(KEY_SCHEME, SecurityScheme::ApiKey(ApiKey::Header(key)));
    let (examples, problems) = (Examples::of(&described), ProblemExamples::new());
    for route in declared {
        let Some(operation) = operation(&mut described, route) else { continue };
        match route.gate {
            Gate::Public => operation.security = Some(Vec::new()),
            Gate::SignedIn => operation.security = Some(vec![requirement(SCHEME)]),
            Gate::May(action) if action.needs_person() => {
                operation.security = Some(vec![requirement(SCHEME)]);
            }
            Gate::May(_) | Gate::MayOnCase(_) => {}
        }
        examples.complete(operation);
        problems.complete(&route.path, operation);
        refusals::complete(route, operation, &problems);
    }
    let components = described.components.get_or_insert_with(Components::new);
    problems.keep(components);
    refusals::keep(components, &problems);
    composed::lay_together(components);
    described.security = Some(vec![requirement(SCHEME), requirement(KEY_SCHEME)]);
    described
}

fn requirement(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, Vec::<String>::new())
}

fn operation<'a>(described: &'a mut OpenApi, route: &Declared) -> Option<&'a mut Operation> {
    let item = described.paths.paths.get_mut(&route.path)?;
    match route.method.as_str() {
        "GET" => item.get.as_mut(),
        "PUT" => item.put.as_mut(),
        "POST" => item.post.as_mut(),
        "DELETE" => item.delete.as_mut(),
        "PATCH" => item.patch.as_mut(),
        "HEAD" => item.head.as_mut(),
        _ => None,
    }
}

/// The description as compact JSON.
pub fn openapi_json(described: &OpenApi) -> Vec<u8> {
    // Strings, numbers and maps with text keys only: such a value always serialises.
    serde_json::to_vec(described).unwrap_or_default()
}

/// The description as it is kept: a mebibyte that is seldom asked for takes a tenth of that.
#[derive(Clone)]
struct Packed {
    gzip: Bytes,
    plain_bytes: usize,
}

impl Packed {
    fn of(plain: &[u8]) -> io::Result<Self> {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(plain)?;
        // The buffer has grown in leaps.
        Ok(Self { gzip: gzip.finish()?.into_boxed_slice().into(), plain_bytes: plain.len() })
    }

    fn unpacked(&self) -> io::Result<Bytes> {
        let mut plain = Vec::with_capacity(self.plain_bytes);
        GzDecoder::new(&*self.gzip).read_to_end(&mut plain)?;
        Ok(plain.into())
    }
}

#[derive(Clone)]
struct Documentation {
    described: Packed,
    page: Arc<Config<'static>>,
}

/// `/api/openapi.json` and `/api/docs`.
///
/// # Errors
/// The description cannot be packed.
pub(super) fn routes(described: &[u8]) -> io::Result<Router> {
    let described = Packed::of(described)?;
    let page = Arc::new(Config::from("/api/openapi.json").use_base_layout());
    Ok(Router::new()
        .route("/api/openapi.json", get(description))
        .route("/api/docs", get(|| async { Redirect::permanent("/api/docs/") }))
        .route("/api/docs/", get(|state: State<Documentation>| async move { file(&state, "index.html") }))
        .route("/api/docs/{*file}", get(page_file))
        .with_state(Documentation { described, page }))
}

async fn description(
    State(documentation): State<Documentation>,
    account: Account,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let described = documentation.described;
    let about = [(CONTENT_TYPE, "application/json"), (VARY, "accept-encoding")];
    // To everybody who takes it as it is kept: nothing is unpacked, and packed again, for each of them.
    if accepts_coding(&headers, "gzip") {
        return Ok((about, [(CONTENT_ENCODING, "gzip")], described.gzip).into_response());
    }
    account.hold(described.plain_bytes as u64)?;
    let plain = described.unpacked();
    let plain = plain.map_err(|error| Problem::new(codes::INTERNAL).with_cause(error.to_string()))?;
    Ok((about, plain).into_response())
}

async fn page_file(state: State<Documentation>, Path(path): Path<String>) -> Response {
    file(&state, &path)
}

fn file(documentation: &Documentation, path: &str) -> Response {
    match utoipa_swagger_ui::serve(path, Arc::clone(&documentation.page)) {
        Ok(Some(file)) => {
            let mut headers = HeaderMap::new();
            if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
                headers.insert(CONTENT_TYPE, kind);
            }
            if file.gzpipped {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
            (headers, file.bytes.into_owned()).into_response()
        }
        Ok(None) => Problem::new(codes::NOT_FOUND).into_response(),
        Err(error) => Problem::new(codes::INTERNAL).with_cause(error.to_string()).into_response(),
    }
}
