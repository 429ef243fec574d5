//! What callers were refused for want of a right becomes an entry, with the status that they were answered with.

use crate::model::Pending;
use crate::{Act, Entity, Error, Spill, service};
use access::{Ctx, RefusalWatch, Refused};
use crypto::digest::sha256;
use futures_util::future::BoxFuture;
use headroom::{Cache, CacheConfig, RegistryFull, StoreRegistry};
use serde_json::json;
use std::sync::Arc;

/// Memory for what was recorded a moment ago, in bytes.
pub const REFUSALS_BYTES: u64 = 32 << 10;
/// The same refusal of the same caller is recorded once in this time: who repeats it fills nobody's log.
const ONCE_MICROS: i64 = 60 * 1_000_000;

/// Has it recorded what known callers were refused.
#[derive(Debug)]
pub struct Refusals {
    // bounded: registered below, with a cap in bytes
    told: Arc<Cache<[u8; 32], ()>>,
    spill: Spill,
}

impl Refusals {
    /// Nothing was refused yet. What the database cannot take goes to `spill`.
    pub fn register(stores: &StoreRegistry, spill: Spill) -> Result<Self, RegistryFull> {
        let told = Arc::new(Cache::new(CacheConfig {
            name: "audit.refusals".to_owned(),
            cap_bytes: REFUSALS_BYTES,
            ttl_micros: Some(ONCE_MICROS),
            usual_entry_bytes: 0,
            weigh: |_, ()| 0,
        }));
        stores.register(Arc::clone(&told) as _)?;
        Ok(Self { told, spill })
    }

    /// Whether the same was not recorded a moment ago.
    fn is_new(&self, ctx: &Ctx, refused: &Refused) -> bool {
        let (principal, request) = (ctx.principal(), ctx.request());
        let what = (
            (principal.user, principal.key.map(|key| key.id)),
            (request.method.as_ref().map(http::Method::as_str), request.route.as_deref()),
            (refused.code.name, &refused.ids),
        );
        let key = sha256(format!("{what:?}").as_bytes());
        let now = ctx.now().timestamp_micros();
        self.told.get(&key, now).is_none() && {
            self.told.insert(key, (), now);
            true
        }
    }
}

impl RefusalWatch for Refusals {
    fn refused<'a>(&'a self, ctx: &'a Ctx, refused: Refused) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if !self.is_new(ctx, &refused) {
                return;
            }
            if let Err(error) = record(ctx, &self.spill, &refused).await {
                // They do not get it anyhow; the log is what is left.
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    user = %ctx.user(),
                    code = refused.code.name,
                    "a refusal could not be recorded"
                );
            }
        })
    }
}

async fn record(ctx: &Ctx, spill: &Spill, refused: &Refused) -> Result<(), Error> {
    let denied = json!({ "denied": [null, refused.code.name], "ids": [null, refused.ids] });
    let what = Entity::of(ctx.user()).answered(Some(refused.code.status)).changed(denied);
    let what = match refused.case {
        Some(case) => what.in_case(case),
        None => what,
    };
    let kept = Pending::of(ctx, Act::Deny, what.clone());
    let recorded = async {
        // Not the verb's own transaction: a claimed idempotency key is not marked as done by it.
        let mut tx = ctx.app().db().writer().begin().await?;
        service::record(&mut tx, ctx, Act::Deny, what).await?;
        tx.commit().await?;
        Ok(())
    };
    spill.keep_if_it_fails(kept, recorded).await
}
