//! What an operation can answer for reasons that its own description does not know: its gate, the extractors and the
//! layers in front of it. All of that follows from the gate, the method, the path, the parameters and the body.

use super::problem_examples::ProblemExamples;
use access::{Declared, Gate};
use http::StatusCode;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Components, Ref, RefOr, Required};
use web::{Code, codes};

/// These are the same for every operation that has them, and stand once among the components.
const SHARED: [Code; 11] = [
    codes::UNAUTHENTICATED,
    codes::FORBIDDEN,
    codes::REQUEST_TIMEOUT,
    codes::IDEMPOTENCY_IN_PROGRESS,
    codes::BODY_TOO_LARGE,
    codes::UNSUPPORTED_MEDIA_TYPE,
    codes::IDEMPOTENCY_KEY_REUSED,
    codes::RATE_LIMITED,
    codes::INTERNAL,
    codes::MEMORY_EXHAUSTED,
    codes::STORAGE_FULL,
];

const IF_MATCH: (&str, &str) =
    ("If-Match", "The version that is meant, as its `ETag`: another one is refused");
const IDEMPOTENCY_KEY: (&str, &str) = (
    "Idempotency-Key",
    "A name for this one request, of 1 to 255 visible ASCII characters: within 24 hours a repetition gets the first \
     answer and is not done again",
);

/// Adds to an operation the headers that the layers look at, and whatever it may be refused with. Of its own it keeps all.
pub(super) fn complete(route: &Declared, operation: &mut Operation, problems: &ProblemExamples) {
    let is_conditional = operation.responses.responses.contains_key("412");
    let is_keyed = is_keyed(route);
    for ((name, _), is_read) in [(IF_MATCH, is_conditional), (IDEMPOTENCY_KEY, is_keyed)] {
        if is_read && !parameters(operation).any(|known| known.name == name) {
            let reference = Ref::new(format!("#/components/parameters/{name}"));
            operation.parameters.get_or_insert_default().push(RefOr::Ref(reference));
        }
    }
    for code in may_be_refused(route, operation, is_conditional, is_keyed) {
        let shared = || {
            if SHARED.contains(&code) {
                RefOr::Ref(Ref::new(format!("#/components/responses/{}", code.name)))
            } else {
                RefOr::T(ResponseBuilder::new().description(description(code)).build())
            }
        };
        let answers = &mut operation.responses.responses;
        if let RefOr::T(answer) = answers.entry(code.status.to_string()).or_insert_with(shared) {
            problems.show(code, answer);
        }
    }
}

/// Puts the answers and the headers that operations share among the components.
pub(super) fn keep(components: &mut Components, problems: &ProblemExamples) {
    for code in SHARED {
        let mut answer = ResponseBuilder::new().description(description(code)).build();
        problems.show(code, &mut answer);
        components.responses.insert(code.name.to_owned(), RefOr::T(answer));
    }
    for (name, description) in [IF_MATCH, IDEMPOTENCY_KEY] {
        components.parameters.insert(name.to_owned(), RefOr::T(header(name, description)));
    }
}

/// POSTs are done once for each key, but for those whose answers are secrets.
fn is_keyed(route: &Declared) -> bool {
    route.method == "POST" && !route.path.starts_with(web::idempotency::SECRET_PATH)
}

fn may_be_refused(
    route: &Declared,
    operation: &Operation,
    is_conditional: bool,
    is_keyed: bool,
) -> Vec<Code> {
    let mut all = vec![codes::INTERNAL, codes::MEMORY_EXHAUSTED];
    // Who looks after the server, and who leaves, is never refused for asking often.
    if !route.path.starts_with("/api/health") && route.path != "/api/auth/logout" {
        all.push(codes::RATE_LIMITED);
    }
    match route.gate {
        Gate::Public => {}
        // What is for people only is forbidden to an API key.
        Gate::SignedIn | Gate::May(_) | Gate::MayOnCase(_) => {
            all.extend([codes::UNAUTHENTICATED, codes::FORBIDDEN]);
        }
    }
    if parameters(operation).any(|one| one.parameter_in == ParameterIn::Query) {
        all.push(codes::MALFORMED_QUERY);
    }
    if route.path.contains('{') {
        // What is no id must still be UTF-8.
        all.push(if route.path.ends_with("{code}") { codes::MALFORMED_REQUEST } else { codes::MALFORMED_ID });
    }
    if is_conditional {
        all.push(codes::STALE_VERSION);
        // A download compares texts, so that any will do.
        all.extend((route.method != "GET").then_some(codes::MALFORMED_IF_MATCH));
    }
    if is_keyed {
        all.extend([
            codes::MALFORMED_IDEMPOTENCY_KEY,
            codes::IDEMPOTENCY_IN_PROGRESS,
            codes::IDEMPOTENCY_KEY_REUSED,
        ]);
    }
    if let Some(RefOr::T(RequestBody { content, .. })) = &operation.request_body {
        all.push(codes::UNSUPPORTED_MEDIA_TYPE);
        if content.keys().any(|kind| kind.ends_with("json")) {
            all.extend([codes::MALFORMED_JSON, codes::VALIDATION_FAILED]);
        }
    }
    if is_keyed || operation.request_body.is_some() {
        // A key is compared with the whole request, so that a body is read even where nothing is done with it.
        all.extend([codes::REQUEST_TIMEOUT, codes::BODY_TOO_LARGE]);
    }
    if route.method != "GET" {
        all.push(codes::STORAGE_FULL);
    }
    all
}

fn parameters(operation: &Operation) -> impl Iterator<Item = &Parameter> {
    let all = operation.parameters.iter().flatten();
    all.filter_map(|one| if let RefOr::T(one) = one { Some(one) } else { None })
}

/// Several codes may have the status, so the words are those of the status where it has some.
fn description(code: Code) -> &'static str {
    match StatusCode::from_u16(code.status) {
        Ok(StatusCode::BAD_REQUEST) => "The request is not valid",
        Ok(StatusCode::SERVICE_UNAVAILABLE) => "The server is short of memory or time, or is stopping",
        _ => code.title,
    }
}

fn header(name: &str, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()))
        .build()
}
