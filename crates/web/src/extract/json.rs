use super::survey::{MOST_LEVELS, line_and_column, survey};
use super::{media, nul};
use crate::body::read_whole;
use crate::codes;
use crate::faults::{self, Form, ROUNDS, Rules, no_rules};
use crate::problem::{Fault, Problem};
use crate::scope::{Scope, SharedScope};
use axum::extract::{FromRequest, Request};
use garde::Validate;
use headroom::Refusal;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use serde_json::error::Category;

/// A JSON body, read and checked.
///
/// 415 for another content type, 413 over [`Limits::json_bytes`](crate::Limits) (from `Content-Length`, before a byte
/// is read, and once more unpacked where gzip has packed it), 400 for malformed JSON with its line and column, for nesting
/// deeper than 127, and for members that are unknown, missing or break a rule: all of them at once, in `errors`. Give the type `#[serde(deny_unknown_fields)]`.
#[derive(Debug, Clone, Copy)]
pub struct ValidJson<T>(pub T);

/// All rounds of the search for faults together read no more than this, in bytes.
const SEARCH_BYTES: usize = 4 << 20;
/// In a longer body only the first fault is reported, in bytes.
const LONGEST_SEARCHED: usize = 1 << 20;
/// A body with lists is read strictly up to this length, in bytes.
const LONGEST_STRICT: usize = 64 << 10;
/// What a request has for its values without asking, in bytes.
const SMALL_TREE: u64 = 64 << 10;

impl<T, S> FromRequest<S> for ValidJson<T>
where
    T: DeserializeOwned + Validate<Context = ()>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        read_request(request, &no_rules).await.map(Self)
    }
}

/// A body with rules of the domain that it can break by itself: a password can be weak, a last number lie before the
/// first. A verb refuses what breaks one, usually with 422. When more is wrong, all of it is told at once.
pub trait Ruled {
    /// The rules that are broken. What the `known` faults name may hold a stand-in, from which nothing must follow.
    fn broken(&self, known: &[Fault]) -> Vec<Fault>;
}

/// As [`ValidJson`], and with the broken rules of the domain among the faults.
#[derive(Debug, Clone, Copy)]
pub struct RuledJson<T>(pub T);

impl<T, S> FromRequest<S> for RuledJson<T>
where
    T: DeserializeOwned + Validate<Context = ()> + Ruled,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, _state: &S) -> Result<Self, Problem> {
        read_request(request, &T::broken).await.map(Self)
    }
}

async fn read_request<T>(
    request: Request,
    rules: &(dyn Fn(&T, &[Fault]) -> Vec<Fault> + Sync),
) -> Result<T, Problem>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    let (parts, body) = request.into_parts();
    let coding = media::require(&parts.headers, media::is_json, "application/json")?;
    let limit = Scope::limits_of(&parts.extensions).json_bytes;
    let whole = read_whole(body, &parts.extensions, coding, limit).await?;
    nul::refuse(&whole.bytes)?;
    read_bytes(&whole.bytes, Scope::of(&parts.extensions), rules)
}

/// Makes sure that there is memory for the values of a JSON text, and that they are not nested too deeply. What they take at
/// most, in bytes.
pub(super) fn make_room(bytes: &[u8], scope: Option<&SharedScope>) -> Result<u64, Problem> {
    let found = survey(bytes);
    if let Some(at) = found.too_deep {
        return Err(too_deep(bytes, at));
    }
    if let Some(scope) = scope.filter(|_| found.tree_bytes > SMALL_TREE) {
        scope.held.hold(found.tree_bytes)?;
    }
    Ok(found.tree_bytes)
}

/// Reads JSON text; the straight way first, the search for faults only when that fails. The straight way would take a
/// list for an object with the members in order, so a text with lists is searched as well.
fn read_bytes<T>(bytes: &[u8], scope: Option<&SharedScope>, rules: Rules<'_, T>) -> Result<T, Problem>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    if bytes.trim_ascii().is_empty() {
        return Err(Problem::new(codes::MALFORMED_JSON).with_detail("the body is empty: send a JSON object"));
    }
    let tree_bytes = make_room(bytes, scope)?;
    let straight = serde_json::from_slice::<T>(bytes);
    let suspicious = bytes.len() <= LONGEST_STRICT && bytes.contains(&b'[');
    match straight {
        Ok(found) if !suspicious => faults::check(&found, rules).map(|()| found).map_err(Problem::invalid),
        // Without the memory to look, what may be wrong must not pass for right.
        Ok(found) => match search::<T>(bytes, scope, tree_bytes, rules)? {
            None => Ok(found),
            Some(problem) => Err(problem),
        },
        Err(error) => Err(explain::<T>(bytes, scope, tree_bytes, rules, &error)),
    }
}

/// Why a text was not read: it is no JSON, or it has faults. Serde's own word for which of the two is not used, because
/// it calls a number in the place of a name a fault of syntax.
#[cold]
fn explain<T>(
    bytes: &[u8],
    scope: Option<&SharedScope>,
    tree_bytes: u64,
    rules: Rules<'_, T>,
    error: &serde_json::Error,
) -> Problem
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    if let Err(syntax) = serde_json::from_slice::<IgnoredAny>(bytes) {
        return malformed(&syntax);
    }
    // Only the text has the fault when the search finds none, such as a member given twice.
    search::<T>(bytes, scope, tree_bytes, rules)
        .ok()
        .flatten()
        .unwrap_or_else(|| Problem::invalid(vec![Fault::new("", "invalid", error.to_string())]))
}

/// The refusal of a text that is nested too deeply, or is no JSON before it gets so deep. Reading a text over takes a byte
/// for each open bracket, so what lies behind is not read.
fn too_deep(bytes: &[u8], at: usize) -> Problem {
    match serde_json::from_slice::<IgnoredAny>(&bytes[..at]) {
        Err(error) if !error.is_eof() => return malformed(&error),
        _ => {}
    }
    let (line, column) = line_and_column(bytes, at);
    no_json(format!("the JSON text is nested deeper than {MOST_LEVELS} at line {line} column {column}"))
}

/// All faults of a text that is JSON; `None` when there are none, and when it is too long to look. Refused when there is no
/// memory to look.
fn search<T>(
    bytes: &[u8],
    scope: Option<&SharedScope>,
    tree_bytes: u64,
    rules: Rules<'_, T>,
) -> Result<Option<Problem>, Refusal>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    if bytes.len() > LONGEST_SEARCHED {
        return Ok(None);
    }
    // What was read the straight way may be there still.
    let _loan = scope.map(|scope| scope.held.borrow(tree_bytes)).transpose()?;
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => return Ok(Some(malformed(&error))),
    };
    let rounds = (SEARCH_BYTES / bytes.len().max(1)).clamp(1, ROUNDS);
    Ok(faults::read::<T>(value, Form::Json, rounds, rules).err().map(Problem::invalid))
}

/// Reads a value that was put together in the server, such as a patched resource.
pub(crate) fn read_value<T>(value: Value, rules: Rules<'_, T>) -> Result<T, Problem>
where
    T: DeserializeOwned + Validate<Context = ()>,
{
    faults::read(value, Form::Json, ROUNDS, rules).map_err(Problem::invalid)
}

/// Says where the text stops being JSON, without repeating any of it.
pub(crate) fn malformed(error: &serde_json::Error) -> Problem {
    let what = match error.classify() {
        Category::Eof => "the JSON text ends too early".to_owned(),
        _ => error.to_string(),
    };
    let place = format!("line {} column {}", error.line(), error.column());
    let detail = if what.contains(&place) { what } else { format!("{what} at {place}") };
    no_json(detail)
}

fn no_json(detail: String) -> Problem {
    Problem::new(codes::MALFORMED_JSON)
        .with_faults(vec![Fault::new("", "malformed", detail.clone())])
        .with_detail(detail)
}
