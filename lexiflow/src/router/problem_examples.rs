//! The examples of the answers that say why not: one for each code that is shown, kept once among the components and
//! referred to by every operation that can give it.

mod approvals;
mod audit;
mod case_teams;
mod partial_grants;
mod passkeys;
mod roles;
mod sample;
mod samples;
mod sign_on;

use super::error_pages;
use sample::Sample;
use samples::SAMPLES;
use serde_json::{Value, json};
use utoipa::ToSchema as _;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::{Example, ExampleBuilder};
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Components, Content, Ref, RefOr, Response};
use web::{Code, ProblemBody};

/// The media type of a problem.
const KIND: &str = "application/problem+json";

/// The samples and the codes they stand for.
pub(super) struct ProblemExamples {
    known: Vec<(&'static Sample, Code)>,
}

impl ProblemExamples {
    pub(super) fn new() -> Self {
        let codes = error_pages::codes();
        let with_code = |sample: &'static Sample| {
            codes.iter().find(|code| code.name == sample.code).map(|code| (sample, *code))
        };
        let all = SAMPLES
            .iter()
            .chain(approvals::SAMPLES)
            .chain(audit::SAMPLES)
            .chain(case_teams::SAMPLES)
            .chain(roles::SAMPLES)
            .chain(partial_grants::SAMPLES)
            .chain(passkeys::SAMPLES)
            .chain(sign_on::SAMPLES);
        Self { known: all.filter_map(with_code).collect() }
    }

    /// Gives the operation's problems their media type and an example.
    pub(super) fn complete(&self, path: &str, operation: &mut Operation) {
        let name = operation.operation_id.clone().unwrap_or_default();
        let has_body = operation.request_body.is_some();
        for (status, answer) in &mut operation.responses.responses {
            let RefOr::T(answer) = answer else { continue };
            let Some(content) = problem(answer) else { continue };
            if let Some(sample) = self.sample(status, &name, path, has_body) {
                content.examples.insert(sample.name.to_owned(), reference(sample.name));
            }
        }
    }

    /// Shows the example of a code in an answer, beside those that are there.
    pub(super) fn show(&self, code: Code, answer: &mut Response) {
        let schema = Ref::from_schema_name(ProblemBody::name());
        let fresh = || RefOr::T(ContentBuilder::new().schema(Some(schema)).build());
        if let RefOr::T(content) = answer.content.entry(KIND.to_owned()).or_insert_with(fresh)
            && self.known.iter().any(|(_, known)| *known == code)
        {
            content.examples.insert(code.name.to_owned(), reference(code.name));
        }
    }

    /// The sample of the operation itself, else that of all operations below a path.
    fn sample(&self, status: &str, name: &str, path: &str, has_body: bool) -> Option<&'static Sample> {
        let fits = |(_, code): &&(&Sample, Code)| code.status.to_string() == status;
        let own = self.known.iter().filter(fits).find(|(sample, _)| sample.of.contains(&name));
        let common = || {
            self.known.iter().filter(fits).find(|(sample, _)| {
                sample.below.is_some_and(|below| path.starts_with(below)) && !(has_body && sample.in_query)
            })
        };
        own.or_else(common).map(|(sample, _)| *sample)
    }

    /// Puts the examples among the components.
    pub(super) fn keep(&self, components: &mut Components) {
        for (sample, code) in &self.known {
            components.examples.insert(sample.name.to_owned(), RefOr::T(example(sample, *code)));
        }
    }
}

fn reference(code: &str) -> RefOr<Example> {
    RefOr::Ref(Ref::new(format!("#/components/examples/{code}")))
}

/// The content that is a problem, under the media type that it is sent with.
fn problem(answer: &mut Response) -> Option<&mut Content> {
    let schema = Some(RefOr::Ref(Ref::from_schema_name(ProblemBody::name())));
    let is_problem = |content: &RefOr<Content>| matches!(content, RefOr::T(found) if found.schema == schema);
    let kind = answer.content.iter().find(|(_, content)| is_problem(content))?.0.clone();
    let content = answer.content.swap_remove(&kind)?;
    match answer.content.entry(KIND.to_owned()).or_insert(content) {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    }
}

fn example(sample: &Sample, code: Code) -> Example {
    let mut body = json!({
        "type": format!("/api/docs/errors/{}", code.name), "title": code.title, "status": code.status,
        "detail": sample.detail, "instance": sample.path, "statusCode": code.status, "code": code.name,
        "message": sample.detail, "correlationId": "019cae6b-f270-7c36-a025-3d8b7f106c23",
        "timestamp": "2026-03-02T12:00:36.080127Z", "path": sample.path,
    });
    if let Some((field, code, message)) = sample.fault {
        body["errors"] = Value::from(vec![json!({ "field": field, "code": code, "message": message })]);
    }
    ExampleBuilder::new().summary(code.title).value(Some(body)).build()
}
