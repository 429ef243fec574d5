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
    let visible: Vec<Kind> = kinds.iter().copied().filter(|kind| may_read(ctx, *kind)).collect();
    if visible.is_empty() {
        return Ok(Results::default());
    }
    store::search(ctx.reader(), ctx.sight(), &visible, &query, limit, offset).await
}

/// How many things the index holds, by kind, of those that the caller may read.
pub async fn stats(ctx: &Ctx) -> Result<Vec<(Kind, u64)>, Error> {
    ctx.require(Action::Search)?;
    let mut counts = store::counts_by_kind(ctx.reader(), ctx.sight()).await?;
    counts.retain(|(kind, _)| may_read(ctx, *kind));
    Ok(counts)
}

fn may_read(ctx: &Ctx, kind: Kind) -> bool {
    let action = match kind {
        Kind::Case | Kind::Party => Action::ReadCases,
        Kind::Docket => Action::ReadDocket,
        Kind::Document => Action::ReadDocuments,
    };
    ctx.require(action).is_ok()
}
