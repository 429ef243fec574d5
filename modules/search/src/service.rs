use crate::model::Visible;
use crate::{Error, Kind, Query, Results, store};
use access::{Action, Ctx};

/// Looks for what matches `text` among the `kinds` asked for that the caller may read.
pub async fn search(
    ctx: &Ctx,
    text: &str,
    kinds: &[Kind],
    limit: u64,
    offset: u64,
) -> Result<Results, Error> {
    ctx.require(Action::Search)?;
    let query = Query::parse(text).ok_or(Error::Empty)?;
    let visible = visible(ctx, kinds);
    if visible.kinds().is_empty() {
        return Ok(Results::default());
    }
    // What may not be listed is not found either.
    let listed = visible.kinds().iter().map(|kind| read(*kind));
    for action in std::iter::once(Action::Search).chain(listed) {
        ctx.require_records(action, offset.saturating_add(limit))?;
    }
    store::search(&ctx.reader().for_long_questions(), &visible, &query, limit, offset).await
}

/// How many things the index holds, by kind, of those that the caller may read.
pub async fn stats(ctx: &Ctx) -> Result<Vec<(Kind, u64)>, Error> {
    ctx.require(Action::Search)?;
    let visible = visible(ctx, &Kind::ALL);
    let mut counts = store::counts_by_kind(&ctx.reader().for_long_questions(), &visible).await?;
    counts.retain(|(kind, _)| visible.kinds().contains(kind));
    Ok(counts)
}

/// Each kind is seen by its own permission, which the caller may have in the whole firm or on some cases only.
fn visible(ctx: &Ctx, kinds: &[Kind]) -> Visible {
    let sight_to = |kind: &Kind| ctx.sight_to(read(*kind)).ok().map(|sight| (*kind, sight));
    Visible::new(ctx.firm(), kinds.iter().filter_map(sight_to).collect())
}

/// What it takes to read things of a kind.
fn read(kind: Kind) -> Action {
    match kind {
        Kind::Case | Kind::Party => Action::ReadCases,
        Kind::Docket => Action::ReadDocket,
        Kind::Document => Action::ReadDocuments,
    }
}
