//! What callers were refused for want of a right becomes an entry, with the status that they were answered with.

use crate::{Act, Entity, Error, service};
use access::{Ctx, RefusalWatch};
use futures_util::future::BoxFuture;
use serde_json::json;
use web::Code;

/// Has it recorded what known callers were refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct Refusals;

impl RefusalWatch for Refusals {
    fn refused<'a>(&'a self, ctx: &'a Ctx, code: Code) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(error) = record(ctx, code).await {
                // They do not get it anyhow; the log is what is left.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    user = %ctx.user(),
                    code = code.name,
                    "a refusal could not be recorded"
                );
            }
        })
    }
}

async fn record(ctx: &Ctx, code: Code) -> Result<(), Error> {
    let denied = json!({ "denied": [null, code.name] });
    let what = Entity::of(ctx.user()).answered(Some(code.status)).changed(denied);
    // Not the verb's own transaction: a claimed idempotency key is not marked as done by it.
    let mut tx = ctx.app().db().writer().begin().await?;
    service::record(&mut tx, ctx, Act::Deny, what).await?;
    tx.commit().await?;
    Ok(())
}
