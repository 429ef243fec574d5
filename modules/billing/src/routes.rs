use crate::{TimeDraft, TimeEntry, TimeFilter, model::DAY_SECONDS, service};
use access::{Action, Ctx, Gate, Routes};
use axum::Json;
use axum::response::Response;
use chrono::NaiveDate;
use clock::Timestamp;
use http::StatusCode;
use ids::{CaseId, TimeEntryId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::routes;
use web::{IfMatch, MergePatch, Page, Paged, PathId, Problem, ProblemBody, ValidJson, ValidQuery, Version};

/// This module's routes.
pub fn routes() -> Routes {
    Routes::new()
        .route(routes!(list_time), Gate::MayOnCase(Action::ReadTime))
        .route(routes!(record_time), Gate::MayOnCase(Action::EditTime))
        .route(routes!(show_time), Gate::MayOnCase(Action::ReadTime))
        .route(routes!(patch_time), Gate::MayOnCase(Action::EditTime))
        .route(routes!(put_time), Gate::MayOnCase(Action::EditTime))
        .route(routes!(delete_time), Gate::MayOnCase(Action::EditTime))
        .route(routes!(list_time_of_case), Gate::MayOnCase(Action::ReadTime))
        .route(routes!(list_time_alias), Gate::MayOnCase(Action::ReadTime))
        .route(routes!(record_time_alias), Gate::MayOnCase(Action::EditTime))
}

/// Which entries, and which page of them.
#[derive(Debug, Default, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct ListTime {
    /// For this case.
    case_id: Option<CaseId>,
    /// By this user.
    user_id: Option<UserId>,
    /// On this day or later.
    #[garde(inner(custom(web::calendar_day)))]
    from: Option<NaiveDate>,
    /// On this day or earlier.
    #[garde(inner(custom(web::calendar_day)))]
    to: Option<NaiveDate>,
    /// Only billable ones, or only others.
    billable: Option<bool>,
    /// The page, from 1.
    page: Option<u64>,
    /// Entries on a page: 1 to 1000, 20 unless told.
    limit: Option<u64>,
}

/// What was done, for how long.
#[derive(Debug, Serialize, Deserialize, garde::Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({"caseId": "019cae6b-8e20-707a-a469-71cfb354a067", "workedOn": "2026-03-02",
    "workedSeconds": 720, "description": "Review the motion to compel", "billable": true, "activityCode": "A104"}))]
struct TimeBody {
    /// For which case.
    #[garde(skip)]
    case_id: CaseId,
    /// On which day.
    #[garde(custom(web::calendar_day))]
    #[schema(example = "2026-03-02")]
    worked_on: NaiveDate,
    /// How long, in seconds.
    #[garde(range(min = 1, max = DAY_SECONDS))]
    #[schema(example = 720)]
    worked_seconds: i64,
    /// What was done.
    #[garde(length(chars, min = 1, max = 4000))]
    #[schema(example = "Review the motion to compel")]
    description: String,
    /// Whether the client may be billed for it; yes unless told.
    #[garde(skip)]
    #[serde(default = "yes")]
    billable: bool,
    /// The UTBMS activity code.
    #[garde(inner(custom(utbms_code)))]
    #[serde(default)]
    #[schema(example = "A104")]
    activity_code: Option<String>,
}

fn yes() -> bool {
    true
}

/// The shape of a UTBMS code: a letter and three digits.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator hands its context over by reference")]
fn utbms_code(code: &str, _: &()) -> garde::Result {
    match code.as_bytes() {
        [letter, digits @ ..]
            if letter.is_ascii_uppercase() && digits.len() == 3 && digits.iter().all(u8::is_ascii_digit) =>
        {
            Ok(())
        }
        _ => Err(garde::Error::new("must be a letter and three digits, such as A104")),
    }
}

/// A time entry.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"id": "019cae6b-de60-78f2-ace1-f9473bdc28ef",
    "userId": "019c2404-8f3c-7b25-9d14-2c7a6e0f4b12", "caseId": "019cae6b-8e20-707a-a469-71cfb354a067",
    "workedOn": "2026-03-02", "workedSeconds": 720, "description": "Review the motion to compel", "billable": true,
    "activityCode": "A104", "version": 1,
    "createdAt": "2026-03-02T12:00:30.816650Z", "updatedAt": "2026-03-02T12:00:30.816650Z"}))]
struct TimeView {
    /// Its id.
    id: TimeEntryId,
    /// Who worked.
    user_id: UserId,
    /// For which case.
    case_id: CaseId,
    /// On which day.
    worked_on: NaiveDate,
    /// How long, in seconds.
    worked_seconds: i64,
    /// What was done; nothing where that is denied to who asks.
    description: Option<String>,
    /// Whether the client may be billed for it.
    billable: bool,
    /// The UTBMS activity code; nothing where that is denied to who asks.
    activity_code: Option<String>,
    /// Counts the changes, from 1.
    version: i64,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

/// List time entries, the newest day first.
#[utoipa::path(get, path = "/api/billing/time-entries", tag = "Billing", operation_id = "listTime", params(ListTime),
    responses((status = 200, description = "A page of entries", body = Paged<TimeView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn list_time(ctx: Ctx, ValidQuery(query): ValidQuery<ListTime>) -> Result<Paged<TimeView>, Problem> {
    page_of(&ctx, &query).await
}

/// List time entries, for older clients.
#[utoipa::path(get, path = "/api/time-entries", tag = "Billing", operation_id = "listTimeAlias", params(ListTime),
    responses((status = 200, description = "A page of entries", body = Paged<TimeView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody)))]
async fn list_time_alias(
    ctx: Ctx,
    ValidQuery(query): ValidQuery<ListTime>,
) -> Result<Paged<TimeView>, Problem> {
    page_of(&ctx, &query).await
}

/// List the time entries of a case.
#[utoipa::path(get, path = "/api/billing/time-entries/case/{caseId}", tag = "Billing",
    operation_id = "listTimeOfCase",
    params(("caseId" = CaseId, Path, description = "The case"), ListTime),
    responses((status = 200, description = "A page of entries", body = Paged<TimeView>),
        (status = 400, description = "A parameter is wrong", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn list_time_of_case(
    ctx: Ctx,
    PathId(case): PathId<CaseId>,
    ValidQuery(query): ValidQuery<ListTime>,
) -> Result<Paged<TimeView>, Problem> {
    page_of(&ctx, &ListTime { case_id: Some(case), ..query }).await
}

async fn page_of(ctx: &Ctx, query: &ListTime) -> Result<Paged<TimeView>, Problem> {
    let page = Page::from_parts(query.page, query.limit, web::paging::MAX_LIMIT)?;
    let filter = TimeFilter {
        case: query.case_id,
        user: query.user_id,
        from: query.from,
        to: query.to,
        billable: query.billable,
    };
    let (entries, total) = service::list_time(ctx, &filter, page.limit(), page.offset()).await?;
    let masked = ctx.masked(Action::ReadTime);
    Ok(Paged::new(entries.into_iter().map(|entry| TimeView::of(entry, &masked)).collect(), total, page))
}

/// Record your own time.
#[utoipa::path(post, path = "/api/billing/time-entries", tag = "Billing", operation_id = "recordTime",
    request_body = TimeBody,
    responses((status = 201, description = "The entry, with its address in Location", body = TimeView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn record_time(ctx: Ctx, ValidJson(body): ValidJson<TimeBody>) -> Result<Response, Problem> {
    record(&ctx, body).await
}

/// Record your own time, for older clients.
#[utoipa::path(post, path = "/api/time-entries", tag = "Billing", operation_id = "recordTimeAlias",
    request_body = TimeBody,
    responses((status = 201, description = "The entry, with its address in Location", body = TimeView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 404, description = "No such case", body = ProblemBody)))]
async fn record_time_alias(ctx: Ctx, ValidJson(body): ValidJson<TimeBody>) -> Result<Response, Problem> {
    record(&ctx, body).await
}

async fn record(ctx: &Ctx, body: TimeBody) -> Result<Response, Problem> {
    let entry = service::record_time(ctx, body.into()).await?;
    let location = format!("/api/billing/time-entries/{}", entry.id);
    Ok(shown(ctx, entry, |version, entry| web::etag::created(&location, version, entry)))
}

/// Show a time entry.
#[utoipa::path(get, path = "/api/billing/time-entries/{id}", tag = "Billing", operation_id = "showTime",
    params(("id" = TimeEntryId, Path, description = "The entry")),
    responses((status = 200, description = "The entry", body = TimeView),
        (status = 404, description = "No such entry", body = ProblemBody)))]
async fn show_time(ctx: Ctx, PathId(id): PathId<TimeEntryId>) -> Result<Response, Problem> {
    let entry = service::find_time(&ctx, id).await?;
    Ok(shown(&ctx, entry, tagged))
}

/// Change a time entry: a JSON Merge Patch (RFC 7396).
#[utoipa::path(patch, path = "/api/billing/time-entries/{id}", tag = "Billing", operation_id = "changeTime",
    params(("id" = TimeEntryId, Path, description = "The entry")), request_body = TimeBody,
    responses((status = 200, description = "The entry as it is now", body = TimeView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Somebody else's time", body = ProblemBody),
        (status = 404, description = "No such entry", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
async fn patch_time(
    ctx: Ctx,
    PathId(id): PathId<TimeEntryId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, id, seen, patch).await
}

/// Change a time entry, for older clients: the same as `PATCH`.
#[utoipa::path(put, path = "/api/billing/time-entries/{id}", tag = "Billing", operation_id = "putTime",
    params(("id" = TimeEntryId, Path, description = "The entry")), request_body = TimeBody,
    responses((status = 200, description = "The entry as it is now", body = TimeView),
        (status = 400, description = "Faults, each with its field", body = ProblemBody),
        (status = 403, description = "Somebody else's time", body = ProblemBody),
        (status = 404, description = "No such entry", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
async fn put_time(
    ctx: Ctx,
    PathId(id): PathId<TimeEntryId>,
    IfMatch(seen): IfMatch,
    MergePatch(patch): MergePatch,
) -> Result<Response, Problem> {
    change(&ctx, id, seen, patch).await
}

async fn change(
    ctx: &Ctx,
    id: TimeEntryId,
    seen: Option<Version>,
    patch: serde_json::Value,
) -> Result<Response, Problem> {
    ctx.require_fields(Action::ReadTime, &patch)?;
    let entry = service::change_time(ctx, id, seen, |known| {
        let body: TimeBody = web::merge_patch::patched(&TimeBody::from(known), patch)?;
        Ok::<_, Problem>(body.into())
    })
    .await?;
    Ok(shown(ctx, entry, tagged))
}

/// Remove a time entry.
#[utoipa::path(delete, path = "/api/billing/time-entries/{id}", tag = "Billing", operation_id = "deleteTime",
    params(("id" = TimeEntryId, Path, description = "The entry")),
    responses((status = 204, description = "Removed"),
        (status = 404, description = "No such entry", body = ProblemBody),
        (status = 412, description = "Changed since it was read", body = ProblemBody)))]
async fn delete_time(
    ctx: Ctx,
    PathId(id): PathId<TimeEntryId>,
    IfMatch(seen): IfMatch,
) -> Result<StatusCode, Problem> {
    service::delete_time(&ctx, id, seen).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<TimeBody> for TimeDraft {
    fn from(body: TimeBody) -> Self {
        Self {
            case: body.case_id,
            worked_on: body.worked_on,
            worked_seconds: body.worked_seconds,
            description: body.description.trim().to_owned(),
            billable: body.billable,
            activity_code: body.activity_code,
        }
    }
}

impl From<&TimeEntry> for TimeBody {
    fn from(entry: &TimeEntry) -> Self {
        let draft = entry.draft.clone();
        Self {
            case_id: draft.case,
            worked_on: draft.worked_on,
            worked_seconds: draft.worked_seconds,
            description: draft.description,
            billable: draft.billable,
            activity_code: draft.activity_code,
        }
    }
}

impl TimeView {
    /// The entry without the fields that are denied to the caller.
    fn of(entry: TimeEntry, masked: &[&str]) -> Self {
        let TimeDraft { case, worked_on, worked_seconds, description, billable, activity_code } = entry.draft;
        let is_shown = |field: &str| !masked.contains(&field);
        Self {
            id: entry.id,
            user_id: entry.user,
            case_id: case,
            worked_on,
            worked_seconds,
            description: Some(description).filter(|_| is_shown("description")),
            billable,
            activity_code: activity_code.filter(|_| is_shown("activityCode")),
            version: entry.version,
            created_at: entry.created_at,
            updated_at: entry.updated_at,
        }
    }
}

/// An entry with its version; one that lacks fields is none that could be kept and shown again.
fn shown(ctx: &Ctx, entry: TimeEntry, answer: impl FnOnce(Version, TimeView) -> Response) -> Response {
    let masked = ctx.masked(Action::ReadTime);
    let answer = answer(Version(entry.version), TimeView::of(entry, &masked));
    if masked.is_empty() { answer } else { web::etag::untagged(answer) }
}

fn tagged(version: Version, entry: TimeView) -> Response {
    web::etag::tagged(version, Json(entry))
}
