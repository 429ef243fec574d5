use super::packed::Unpacking;
use super::{BodyFault, Coding, GuardedBody, WholeFault};
use crate::scope::Scope;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use http::Extensions;

/// A chunk of memory asked for ahead when the length is not declared, in bytes.
const STEP_BYTES: u64 = 64 << 10;
/// So much of a packed body is unpacked before others have their turn, in bytes.
const PACKED_PIECE_BYTES: usize = 16 << 10;

/// A body read to its end. The memory it takes is held on the request's account until the answer is finished.
#[derive(Debug)]
pub(crate) struct Whole {
    pub(crate) bytes: Bytes,
}

/// Reads a body of at most `limit_bytes`, as it comes and unpacked. A declared length over the limit is refused before a byte is
/// read.
pub(crate) async fn read_whole(
    body: Body,
    extensions: &Extensions,
    coding: Coding,
    limit_bytes: u64,
) -> Result<Whole, WholeFault> {
    let pace = Scope::limits_of(extensions).pace;
    let mut guarded = GuardedBody::new(body, limit_bytes, pace)?;
    let mut account = Account { scope: Scope::of(extensions).map(AsRef::as_ref), held_bytes: 0 };
    if coding == Coding::Gzip {
        // Boxed: hardly any body is packed, and every request would carry the decoder's place.
        return Box::pin(unpack(guarded, account, limit_bytes)).await;
    }
    let declared = guarded.declared_bytes();
    account.cover(declared.unwrap_or(0))?;
    let Some(first) = guarded.next().await.transpose()? else { return Ok(Whole { bytes: Bytes::new() }) };
    account.cover(first.len() as u64)?;
    if declared == Some(first.len() as u64) {
        return Ok(Whole { bytes: first });
    }
    let buffer = BytesMut::with_capacity(capacity(declared, &first)?);
    let mut gathered = Gathered { buffer, account, limit_bytes };
    gathered.buffer.extend_from_slice(&first);
    drop(first);
    while let Some(chunk) = guarded.next().await.transpose()? {
        gathered.push(&chunk)?;
    }
    Ok(Whole { bytes: gathered.buffer.freeze() })
}

async fn unpack(
    mut guarded: GuardedBody,
    account: Account<'_>,
    limit_bytes: u64,
) -> Result<Whole, WholeFault> {
    let gathered = Gathered { buffer: BytesMut::new(), account, limit_bytes };
    let mut unpacking = Unpacking::into_room(gathered)?;
    while let Some(chunk) = guarded.next().await.transpose()? {
        // A small piece may make much, and the thread is others' too.
        for piece in chunk.chunks(PACKED_PIECE_BYTES) {
            unpacking.push(piece)?;
            tokio::task::yield_now().await;
        }
    }
    Ok(Whole { bytes: unpacking.finish()? })
}

fn capacity(declared: Option<u64>, first: &Bytes) -> Result<usize, BodyFault> {
    let wanted = declared.unwrap_or(first.len() as u64);
    usize::try_from(wanted).map_err(|_| BodyFault::TooLarge { limit_bytes: wanted })
}

/// What has come so far, with the memory for it.
pub(super) struct Gathered<'a> {
    pub(super) buffer: BytesMut,
    account: Account<'a>,
    /// No more than this comes, so that no room beyond it is asked for.
    pub(super) limit_bytes: u64,
}

impl Gathered<'_> {
    /// Adds a piece, for which memory is asked first.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), WholeFault> {
        let needed = self.buffer.len() + piece.len();
        let capacity = self.buffer.capacity();
        if needed > capacity {
            // The old buffer and the new one, which has room for more to come, are there at once while it moves.
            let most = usize::try_from(self.limit_bytes).unwrap_or(usize::MAX);
            let wanted = needed.max((capacity * 2).min(most));
            self.account.cover((capacity + wanted) as u64)?;
            // The buffer's own way to grow takes more than was asked for.
            let mut larger = BytesMut::with_capacity(wanted);
            larger.extend_from_slice(&self.buffer);
            self.buffer = larger;
        }
        self.account.cover(needed as u64)?;
        self.buffer.extend_from_slice(piece);
        Ok(())
    }

    /// Asks for `bytes` that are not for what is gathered.
    pub(super) fn hold(&mut self, bytes: u64) -> Result<(), WholeFault> {
        match self.account.scope {
            Some(scope) => Ok(scope.held.hold(bytes)?),
            None => Ok(()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use headroom::Meter;

    #[test]
    fn whatever_pieces_a_body_comes_in_it_takes_no_more_than_is_asked_for() {
        const MOST: usize = 10 << 20;
        for (first, piece) in [(10_230, 9_999), (1, 65_536), (MOST / 2 + 1, 1_000), (MOST - 700, 100)] {
            let meter = Meter::new();
            let account = Account { scope: None, held_bytes: 0 };
            let mut gathered = Gathered { buffer: BytesMut::new(), account, limit_bytes: MOST as u64 };
            let (first, piece) = (vec![1; first], vec![1; piece]);
            meter.around(|| {
                gathered.push(&first).unwrap();
                while gathered.buffer.len() + piece.len() <= MOST {
                    let before = gathered.buffer.capacity();
                    gathered.push(&piece).unwrap();
                    let after = gathered.buffer.capacity();
                    // What is asked for is the old buffer and one of twice its size, and no more than may come.
                    let needed = gathered.buffer.len();
                    assert!(
                        after == before || after <= needed.max((2 * before).min(MOST)),
                        "{before} to {after}"
                    );
                }
            });
            let peak = meter.totals().peak_live;
            assert!(peak <= (MOST * 2 + (128 << 10)) as u64, "{peak} bytes at once for {MOST}");
        }
    }
}
