use super::Ops;
use super::diagnostics::Diagnostics;
use super::error::Error;
use super::inventory::Inventory;
use super::report::{fresh, written};
use access::{Ctx, Fresh};
use audit::{Act, Entity};
use axum::Extension;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use clock::Timestamp;
use headroom::heap_profile::{HeapProfile, expected_bytes, memory_file, take_charged_heap_profile};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use ids::ProfileId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufWriter, Seek as _, Write as _};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};
use web::problem::Fault;
use web::{Account, Problem, ProblemBody, ValidQuery, codes};

/// How a profile is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Form {
    /// pprof's protobuf, uncompressed, without names.
    #[default]
    Pprof,
    /// A line for each stack, for flame-graph programs.
    Collapsed,
    /// JSON.
    Inventory,
}

impl Form {
    fn content_type(self) -> &'static str {
        match self {
            Self::Pprof => "application/octet-stream",
            Self::Collapsed => "text/plain; charset=utf-8",
            Self::Inventory => "application/json",
        }
    }

    fn disposition(self) -> &'static str {
        match self {
            Self::Pprof => "attachment; filename=\"heap.pb\"",
            Self::Collapsed => "attachment; filename=\"heap.txt\"",
            Self::Inventory => "inline",
        }
    }

    /// Writes the profile to a file that lies in memory, outside of the heap that it tells of.
    fn write(self, profile: &HeapProfile) -> Result<File, Error> {
        let mut out = BufWriter::new(memory_file()?);
        match self {
            Self::Pprof => profile.write_pprof(&mut out)?,
            Self::Collapsed => profile.write_collapsed(&mut out)?,
            Self::Inventory => {
                serde_json::to_writer(&mut out, &Inventory(profile)).map_err(std::io::Error::from)?;
            }
        }
        out.flush()?;
        let mut file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(file)
    }
}

/// Which profile, and how it is written.
#[derive(Debug, Deserialize, garde::Validate, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ProfileQuery {
    /// `pprof` (the default), `collapsed` or `inventory`.
    #[garde(skip)]
    #[serde(default)]
    #[param(inline)]
    format: Form,
    /// A kept profile: what grew or, negative, shrank since then is answered.
    #[garde(skip)]
    base: Option<ProfileId>,
    /// For so many seconds, 1 to 300: what was allocated meanwhile and lives still, and, negative, what was freed. The answer
    /// comes at their end. Not together with `base`.
    #[garde(range(min = 1, max = 300))]
    #[param(minimum = 1, maximum = 300)]
    seconds: Option<u64>,
}

/// A profile that was kept.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeptProfile {
    /// Its id, to compare later ones with.
    id: ProfileId,
    /// Its size, in bytes.
    #[schema(example = 48_312)]
    pub(super) size_bytes: u64,
    /// Live bytes, as estimated from the samples.
    #[schema(example = 9_437_184)]
    live_bytes: i64,
    /// Different stacks.
    #[schema(example = 31)]
    stacks: usize,
    /// When it was taken, RFC 3339 in UTC.
    #[schema(example = "2026-01-31T12:00:00.000000Z")]
    taken_at: String,
}

/// Take a heap profile: which calls allocated what lives. It holds sizes and addresses, never content; names are put on
/// by `lexiflow memory profile` or by pprof.
#[utoipa::path(get, path = "/api/monitoring/memory/profile", tag = "Monitoring", operation_id = "showHeapProfile",
    params(ProfileQuery), responses(
    (status = 200, description = "The profile", content(
        (Vec<u8> = "application/octet-stream"),
        (String = "text/plain", example = "lexiflow+0x1a2b3c;lexiflow+0x2b3c4d 1048576\n"),
        (Value = "application/json", example = json!({"sampleBytes": 131_072, "objects": 2, "bytes": 1_048_576,
            "mappings": [{"path": "/opt/lexiflow", "buildId": "ee05ebdd", "start": "0x55d0c0b03000",
                "end": "0x55d0c2352000", "offset": "0xb02000"}],
            "stacks": [{"bytes": 1_048_576, "objects": 2, "calls": ["lexiflow+0x2b3c4d", "lexiflow+0x1a2b3c"]}]})))),
    (status = 400, description = "An unknown parameter, a time out of range, or a time and a base together",
        body = ProblemBody),
    (status = 404, description = "The base is not kept", body = ProblemBody),
    (status = 409, description = "Another profile is being taken, or the base is of another build", body = ProblemBody),
    (status = 501, description = "The allocator takes no samples", body = ProblemBody)))]
pub(super) async fn show_profile(
    Fresh(ctx): Fresh,
    account: Account,
    Extension(ops): Extension<Arc<Ops>>,
    ValidQuery(query): ValidQuery<ProfileQuery>,
) -> Result<Response, Problem> {
    if query.base.is_some() && query.seconds.is_some() {
        let message =
            "a profile is compared with a kept one or with one of some seconds before, not with both";
        let fault = Fault::new("seconds", "conflict", message);
        return Err(Problem::new(codes::MALFORMED_QUERY).with_faults(vec![fault]));
    }
    let file = profile_file(&query, &ctx, account, &ops).await?;
    let length = file.metadata().map_err(Error::from)?.len();
    let changes =
        json!({ "format": query.format, "base": query.base, "seconds": query.seconds, "sizeBytes": length });
    record(&ctx, Act::Read, ctx.new_id::<ProfileId>(), changes).await?;
    Ok(streamed(query.format, file, length))
}

/// Takes the profile and writes it as it is asked for.
async fn profile_file(query: &ProfileQuery, ctx: &Ctx, account: Account, ops: &Ops) -> Result<File, Error> {
    let (form, kept, folder) = (query.format, query.base, ops.diagnostics.clone());
    let (older, _alone) = match query.seconds {
        None => (None, ops.profiles.try_lock().map_err(|_| Error::Busy)?),
        Some(seconds) => {
            let _timed = ops.timed.try_lock().map_err(|_| Error::Busy)?;
            let older = earlier(ctx, &account, ops).await?;
            // No thread waits, and others may take profiles meanwhile. A server that ends does not wait for it.
            let wait = tokio::time::sleep(Duration::from_secs(seconds));
            ops.tasks.stop().run_until_cancelled(wait).await.ok_or(Error::Stopping)?;
            (Some(older), ops.profiles.lock().await)
        }
    };
    enter(&account, expected_bytes());
    let nanos = nanos(ctx.app().clock().now());
    blocking(move || {
        let profile = taken(nanos, |bytes| enter(&account, bytes))?;
        let profile = match (older, kept) {
            (Some(older), _) => since(&profile, &older)?,
            (None, Some(id)) => since(&profile, &folder.open(id)?)?,
            (None, None) => profile,
        };
        form.write(&profile)
    })
    .await
}

/// The first of two profiles.
async fn earlier(ctx: &Ctx, account: &Account, ops: &Ops) -> Result<HeapProfile, Error> {
    let _alone = ops.profiles.try_lock().map_err(|_| Error::Busy)?;
    enter(account, expected_bytes());
    let (nanos, account) = (nanos(ctx.now()), account.clone());
    blocking(move || taken(nanos, |bytes| enter(&account, bytes))).await
}

fn streamed(form: Form, file: File, length: u64) -> Response {
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    let headers = [
        (CONTENT_TYPE, form.content_type()),
        (CONTENT_DISPOSITION, form.disposition()),
        (CACHE_CONTROL, "no-store"),
    ];
    let mut response = (headers, body).into_response();
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

/// Take a heap profile and keep it on the server's disk, to compare later ones with. The newest five are kept, for
/// a week.
#[utoipa::path(post, path = "/api/monitoring/memory/profile", tag = "Monitoring", operation_id = "keepHeapProfile",
    responses(
    (status = 201, description = "It is kept", body = KeptProfile),
    (status = 409, description = "Another profile is being taken", body = ProblemBody),
    (status = 501, description = "The allocator takes no samples", body = ProblemBody),
    (status = 507, description = "The disk is full", body = ProblemBody)))]
pub(super) async fn keep_profile(
    Fresh(ctx): Fresh,
    account: Account,
    Extension(ops): Extension<Arc<Ops>>,
) -> Result<Response, Problem> {
    keep(&ctx, &account, &ops).await
}

/// Puts what a profile takes on the request's account: what it is read into, and the allocator's text, which lies in memory
/// meanwhile. The answer's file comes when the text is gone, and is smaller. When there is nothing to lend, a profile is
/// wanted most: it is taken all the same, bounded by its own caps.
fn enter(account: &Account, bytes: u64) {
    if let Err(refusal) = account.hold(bytes) {
        tracing::debug!(%refusal, "a heap profile is taken beside the budget");
    }
}

pub(super) async fn keep(ctx: &Ctx, account: &Account, ops: &Ops) -> Result<Response, Problem> {
    enter(account, expected_bytes());
    Ok(fresh(StatusCode::CREATED, &keep_as(ctx, account, ops).await?))
}

/// Takes a profile and keeps it. `charge` is told how much the allocator's text takes.
pub(super) async fn keep_unrecorded(
    id: ProfileId,
    now: Timestamp,
    folder: Diagnostics,
    charge: impl FnOnce(u64) + Send + 'static,
) -> Result<KeptProfile, Error> {
    let nanos = nanos(now);
    blocking(move || {
        let profile = taken(nanos, charge)?;
        let size_bytes = folder.keep(id, &profile, now)?;
        let (live_bytes, stacks) = (profile.total().bytes, profile.stacks().count());
        Ok(KeptProfile { id, size_bytes, live_bytes, stacks, taken_at: written(now) })
    })
    .await
}

/// Records that a profile was kept.
pub(super) async fn record_kept(ctx: &Ctx, id: ProfileId, size_bytes: u64) -> Result<(), Error> {
    record(ctx, Act::Create, id, json!({ "sizeBytes": size_bytes })).await
}

/// Takes a profile, keeps and records it.
async fn keep_as(ctx: &Ctx, account: &Account, ops: &Ops) -> Result<KeptProfile, Error> {
    let _alone = ops.profiles.try_lock().map_err(|_| Error::Busy)?;
    let id = ctx.new_id::<ProfileId>();
    let account = account.clone();
    let charge = move |bytes| enter(&account, bytes);
    let kept = keep_unrecorded(id, ctx.now(), ops.diagnostics.clone(), charge).await?;
    let recorded = record_kept(ctx, id, kept.size_bytes).await;
    if let Err(error) = recorded {
        let folder = ops.diagnostics.clone();
        blocking(move || {
            folder.forget(id);
            Ok(())
        })
        .await?;
        return Err(error);
    }
    Ok(kept)
}

/// Takes a profile and keeps it, on this thread and on nobody's account. Its size in bytes.
pub(super) fn keep_now(id: ProfileId, now: Timestamp, folder: &Diagnostics) -> Result<u64, Error> {
    let profile = taken(nanos(now), |_| ())?;
    folder.keep(id, &profile, now)
}

/// What is recorded of a profile that nobody asked for.
pub(super) fn unasked_entity(id: ProfileId, size_bytes: u64, at: Timestamp, reason: &str) -> Entity {
    Entity::of(id).changed(json!({ "sizeBytes": size_bytes, "reason": reason, "takenAt": written(at) }))
}

fn taken(nanos: i64, charge: impl FnOnce(u64)) -> Result<HeapProfile, Error> {
    let mut profile = take_charged_heap_profile(charge)?;
    profile.taken_nanos = nanos;
    Ok(profile)
}

fn since(profile: &HeapProfile, older: &HeapProfile) -> Result<HeapProfile, Error> {
    profile.since(older).map_err(|error| Error::NotComparable(error.into()))
}

fn nanos(at: Timestamp) -> i64 {
    at.timestamp_nanos_opt().unwrap_or_default()
}

async fn record(ctx: &Ctx, act: Act, id: ProfileId, changes: Value) -> Result<(), Error> {
    let mut tx = ctx.begin().await?;
    audit::record(&mut tx, ctx, act, Entity::of(id).changed(changes)).await?;
    Ok(tx.commit().await?)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    headroom::spawn_blocking(work).await.map_err(|_| Error::Stopping)?
}
