//! A file of many dockets, read as it is imported: memory does not depend on its length.

use super::{Fault, at_once, is_worth_another_try, open};
use access::Ctx;
use docket::juriscraper::{DocketFile, Limits, ReadFault, read_series};
use docket::{Imported, import_docket};
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use headroom::Class;
use std::convert::Infallible;
use std::path::Path;
use streaming::{JsonItem, process_batch};

/// What became of each docket, with its place: the file and the byte that it begins at.
pub(super) async fn import<'a>(
    ctx: &'a Ctx,
    path: &Path,
) -> BoxStream<'a, (String, Result<Imported, Fault>)> {
    let file = path.display().to_string();
    let source = match open(path).await {
        Ok(source) => source,
        Err(fault) => return stream::iter([(file, Err(fault))]).boxed(),
    };
    let room = ctx.app().headroom().class(Class::Background).clone();
    let dockets = read_series(source, Limits::default(), Some(room));
    let work = move |item: Result<JsonItem<DocketFile>, (u64, ReadFault)>| {
        let file = file.clone();
        async move {
            let done = match item {
                // What is borrowed for the docket is given back once it is imported.
                Ok(item) => (format!("{file} at byte {}", item.offset), import_item(ctx, item).await),
                // It says where by itself.
                Err((_, fault @ ReadFault::Series(_))) => (file, Err(fault.into())),
                Err((offset, fault)) => (format!("{file} at byte {offset}"), Err(fault.into())),
            };
            Ok::<_, Infallible>(done)
        }
    };
    process_batch(dockets, at_once(ctx), work).map(|Ok(done)| done).boxed()
}

async fn import_item(ctx: &Ctx, item: JsonItem<DocketFile>) -> Result<Imported, Fault> {
    let done = match import_docket(ctx, item.value.clone()).await {
        Err(error) if is_worth_another_try(&error) => import_docket(ctx, item.value).await,
        done => done,
    };
    Ok(done?)
}
