use super::Page;
use crate::body::{Unwritten, json_body};
use crate::codes;
use crate::metering::scarce;
use crate::problem::Problem;
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;

/// One page of a list.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Paged<T> {
    /// The items of this page.
    pub data: Vec<T>,
    /// How many items the whole list has.
    #[schema(example = 1)]
    pub total: u64,
    /// This page's number, from 1.
    #[schema(example = 1)]
    pub page: u64,
    /// The most items of a page.
    #[schema(example = 20)]
    pub limit: u64,
    /// How many pages there are.
    #[schema(example = 1)]
    pub total_pages: u64,
    /// What to send as `cursor` for the items after these; `null` at the end, or where there is no deep reading.
    #[schema(example = json!(null))]
    pub next_cursor: Option<String>,
}

impl<T> Paged<T> {
    /// A page of a list of `total` items.
    pub fn new(data: Vec<T>, total: u64, page: Page) -> Self {
        Self {
            data,
            total,
            page: page.number(),
            limit: page.limit(),
            total_pages: page.count_for(total),
            next_cursor: None,
        }
    }

    /// Adds where to go on.
    #[must_use]
    pub fn with_next(mut self, cursor: Option<String>) -> Self {
        self.next_cursor = cursor;
        self
    }

    /// The same page of other items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Paged<U> {
        Paged {
            data: self.data.into_iter().map(change).collect(),
            total: self.total,
            page: self.page,
            limit: self.limit,
            total_pages: self.total_pages,
            next_cursor: self.next_cursor,
        }
    }
}

impl<T: Serialize> IntoResponse for Paged<T> {
    fn into_response(self) -> Response {
        let body = match json_body(&self) {
            Ok(body) => body,
            Err(error) => {
                let problem = match &error {
                    Unwritten::Memory(refusal) => scarce(refusal, error.to_string()),
                    Unwritten::Json(_) => Problem::new(codes::INTERNAL),
                };
                return problem.with_cause(error).into_response();
            }
        };
        // The items lie in the body now.
        drop(self);
        let mut response = Response::new(body);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}
