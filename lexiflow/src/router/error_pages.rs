//! The pages that explain the codes of problems. They are written in `docs/errors` and compiled in.

use access::{Gate, Public, Routes};
use axum::extract::Path;
use axum::response::{Html, IntoResponse as _, Response};
use std::fmt::Write as _;
use utoipa_axum::routes;
use web::{Code, Problem, ProblemBody, codes as web_codes};

/// The pages: names of codes and their text in Markdown, sorted by name.
pub const PAGES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/error_pages.rs"));

/// Every code that an answer can have.
pub fn codes() -> Vec<Code> {
    let mut all = Vec::new();
    for some in [
        web_codes::ALL,
        audit::CODES,
        access::CODES,
        accounts::CODES,
        sessions::CODES,
        clients::CODES,
        cases::CODES,
        docket::CODES,
        documents::CODES,
        billing::CODES,
        search::CODES,
        walls::CODES,
        permissions::CODES,
        crate::ops::CODES,
    ] {
        all.extend_from_slice(some);
    }
    all
}

pub(super) fn routes() -> Routes {
    Routes::new().route(routes!(show_error_page), Gate::Public)
}

/// Explain a problem's code.
#[utoipa::path(get, path = "/api/docs/errors/{code}", tag = "Documentation", operation_id = "showErrorPage",
    params(("code" = String, Path, description = "The code", example = "validation_failed")), responses(
    (status = 200, description = "A page for people", body = String, content_type = "text/html",
        example = "<!doctype html><title>validation_failed</title>"),
    (status = 404, description = "No such code", body = ProblemBody)))]
async fn show_error_page(_: Public, Path(code): Path<String>) -> Response {
    match PAGES.binary_search_by_key(&code.as_str(), |(name, _)| name) {
        Ok(index) => Html(page(PAGES[index].0, PAGES[index].1)).into_response(),
        Err(_) => Problem::new(web_codes::NOT_FOUND).into_response(),
    }
}

fn page(code: &str, text: &str) -> String {
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{code} - LexiFlow</title>\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem}}\
         code{{background:#eee;padding:0 .2em}}</style></head><body>\n"
    );
    let mut blocks = Blocks { html: &mut html, open: None };
    for line in text.lines() {
        blocks.line(line.trim_end());
    }
    blocks.end();
    html.push_str("</body></html>\n");
    html
}

/// Headings, paragraphs, lists and inline code: all that the pages use.
struct Blocks<'a> {
    html: &'a mut String,
    open: Option<&'static str>,
}

impl Blocks<'_> {
    fn line(&mut self, line: &str) {
        let heading = line.bytes().take_while(|byte| *byte == b'#').count();
        if line.is_empty() {
            self.end();
        } else if (1..=3).contains(&heading) {
            self.end();
            let words = inline(line[heading..].trim());
            // Writing to a String cannot fail.
            let _infallible = writeln!(self.html, "<h{heading}>{words}</h{heading}>");
        } else if let Some(item) = line.strip_prefix("- ") {
            self.begin("ul");
            let _infallible = writeln!(self.html, "<li>{}", inline(item));
        } else if self.open == Some("ul") && line.starts_with("  ") {
            let _infallible = writeln!(self.html, "{}", inline(line.trim()));
        } else {
            self.begin("p");
            let _infallible = writeln!(self.html, "{}", inline(line));
        }
    }

    fn begin(&mut self, block: &'static str) {
        if self.open != Some(block) {
            self.end();
            self.open = Some(block);
            let _infallible = write!(self.html, "<{block}>");
        }
    }

    fn end(&mut self) {
        if let Some(block) = self.open.take() {
            let _infallible = writeln!(self.html, "</{block}>");
        }
    }
}

/// Escapes a line; what stands between backquotes is code.
fn inline(line: &str) -> String {
    let escaped = line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let mut html = String::with_capacity(escaped.len() + 16);
    for (index, piece) in escaped.split('`').enumerate() {
        match index % 2 {
            0 => html.push_str(piece),
            _ => html.extend(["<code>", piece, "</code>"]),
        }
    }
    html
}
