use super::views::ExportQuery;
use crate::model::Format;
use crate::{Notary, service};
use access::Ctx;
use axum::Extension;
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use web::{Account, Problem, ProblemBody, ValidQuery};

/// Give the audit log out as a stream: as signed NDJSON that can be verified without the server, as JSON, for a
/// spreadsheet, or to be printed. What is asked for is recorded first.
#[utoipa::path(get, path = "/api/audit-logs/export", tag = "Audit", operation_id = "exportAuditLog",
    params(ExportQuery),
    responses((status = 200, description = "The entries, the oldest first", body = String,
            content_type = "application/x-ndjson",
            example = "{\"type\":\"manifest\",\"format\":\"lexiflow-audit-export/2\"}\n"),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
pub(super) async fn export_entries(
    ctx: Ctx,
    Extension(notary): Extension<Notary>,
    account: Account,
    ValidQuery(query): ValidQuery<ExportQuery>,
) -> Result<Response, Problem> {
    account.hold(service::EXPORT_BYTES)?;
    let format = query.format.unwrap_or(Format::Ndjson);
    let export = service::export(ctx, &notary, query.filter(), format).await?;
    let pieces = stream::try_unfold(export, |mut export| async move {
        let piece = Box::pin(export.piece()).await?;
        Ok::<_, crate::Error>(piece.map(|piece| (Bytes::from(piece), export)))
    });
    let (media, ending) = match format {
        Format::Ndjson => ("application/x-ndjson", "ndjson"),
        Format::Json => ("application/json", "json"),
        Format::Csv => ("text/csv; charset=utf-8; header=present", "csv"),
        Format::Pdf => ("application/pdf", "pdf"),
    };
    let mut response = Response::new(Body::from_stream(pieces));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(name) = HeaderValue::try_from(format!("attachment; filename=\"audit-log.{ending}\"")) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
