use super::{BodyFault, GuardedBody, WholeFault};
use crate::scope::Scope;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::Extensions;

/// A chunk of memory asked for ahead when the length is not declared, in bytes.
const STEP_BYTES: u64 = 64 << 10;

/// A body read to its end. The memory it takes is held on the request's account until the answer is finished.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
}

/// Reads a body of at most `limit_bytes`. A declared length over the limit is refused before a byte is read.
pub(crate) async fn read_whole(
    body: Body,
    extensions: &Extensions,
    limit_bytes: u64,
) -> Result<Whole, WholeFault> {
    let pace = Scope::limits_of(extensions).pace;
    let mut guarded = GuardedBody::new(body, limit_bytes, pace)?;
    let mut account = Account { scope: Scope::of(extensions).map(AsRef::as_ref), held_bytes: 0 };
    let declared = guarded.declared_bytes();
    account.cover(declared.unwrap_or(0))?;
    let Some(first) = guarded.next().await.transpose()? else { return Ok(Whole { bytes: Bytes::new() }) };
    account.cover(first.len() as u64)?;
    if declared == Some(first.len() as u64) {
        return Ok(Whole { bytes: first });
    }
    let mut buffer = BytesMut::with_capacity(capacity(declared, &first)?);
    buffer.extend_from_slice(&first);
    drop(first);
    while let Some(chunk) = guarded.next().await.transpose()? {
        let needed = buffer.len() + chunk.len();
        if needed > buffer.capacity() {
            // The old buffer and the new one, which has room for more to come, are there at once while it moves.
            let wanted = needed.max(buffer.capacity() * 2);
            account.cover((buffer.capacity() + wanted) as u64)?;
            buffer.reserve(wanted - buffer.len());
        }
        account.cover(needed as u64)?;
        buffer.extend_from_slice(&chunk);
    }
    Ok(Whole { bytes: buffer.freeze() })
}

fn capacity(declared: Option<u64>, first: &Bytes) -> Result<usize, BodyFault> {
    let wanted = declared.unwrap_or(first.len() as u64);
    usize::try_from(wanted).map_err(|_| BodyFault::TooLarge { limit_bytes: wanted })
}

/// What this body has been granted so far.
struct Account<'a> {
    scope: Option<&'a Scope>,
    held_bytes: u64,
}

impl Account<'_> {
    /// Makes sure that `bytes` are granted.
    fn cover(&mut self, bytes: u64) -> Result<(), WholeFault> {
        let Some(scope) = self.scope else { return Ok(()) };
        if bytes > self.held_bytes {
            let more = (bytes - self.held_bytes).next_multiple_of(STEP_BYTES.min(bytes.max(1)));
            scope.held.hold(more)?;
            self.held_bytes += more;
        }
        Ok(())
    }
}
