//! What is sent: a body in memory, or a file that is made up as it goes out.

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use sha2::{Digest as _, Sha256};
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// A SHA-256 (FIPS 180-4).
pub(crate) type Digest = [u8; 32];

const CHUNK_BYTES: u64 = 64 << 10;

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Payload {
    /// All of it, once.
    Whole(Option<Bytes>),
    /// As it is made.
    Made(Box<Made>),
    /// The same piece so many times, without telling how long it will be.
    Pieces(Bytes, usize),
}

/// A file of seeded bytes, with what stands round it in a form.
#[derive(Debug)]
pub(crate) struct Made {
    before: Bytes,
    after: Bytes,
    left: u64,
    state: u64,
    /// Nothing where nobody wants the digest, so that the client's share of the machine stays small.
    hasher: Option<Sha256>,
    done: Option<oneshot::Sender<Digest>>,
    /// Counts what went out.
    sent: Option<Arc<AtomicU64>>,
}

impl Payload {
    pub(crate) fn empty() -> Self {
        Self::Whole(None)
    }

    pub(crate) fn whole(body: Bytes) -> Self {
        Self::Whole(Some(body))
    }
}

impl Made {
    /// A file of `size` bytes that follow from `seed`, between `before` and `after`. Its digest comes when the last of
    /// it is out.
    pub(crate) fn body(
        size: u64,
        seed: u64,
        before: Bytes,
        after: Bytes,
    ) -> (Payload, oneshot::Receiver<Digest>) {
        let (done, digest) = oneshot::channel();
        let mut made = Self::new(size, seed, before, after);
        (made.hasher, made.done) = (Some(Sha256::new()), Some(done));
        (Payload::Made(Box::new(made)), digest)
    }

    /// The same without a digest; what goes out is added to `sent`.
    pub(crate) fn counted(
        size: u64,
        seed: u64,
        before: Bytes,
        after: Bytes,
        sent: Arc<AtomicU64>,
    ) -> Payload {
        let mut made = Self::new(size, seed, before, after);
        made.sent = Some(sent);
        Payload::Made(Box::new(made))
    }

    fn new(size: u64, seed: u64, before: Bytes, after: Bytes) -> Self {
        Self { before, after, left: size, state: seed, hasher: None, done: None, sent: None }
    }

    fn len(&self) -> u64 {
        self.left + len(&self.before) + len(&self.after)
    }

    fn next(&mut self) -> Option<Bytes> {
        if !self.before.is_empty() {
            return Some(std::mem::take(&mut self.before));
        }
        if self.left > 0 {
            let chunk = self.chunk();
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&chunk);
            }
            self.left -= len(&chunk);
            if let Some(sent) = &self.sent {
                sent.fetch_add(len(&chunk), Ordering::Relaxed);
            }
            self.tell_digest();
            return Some(chunk);
        }
        (!self.after.is_empty()).then(|| std::mem::take(&mut self.after))
    }

    /// With the last of the file, which need not be the last of the body.
    fn tell_digest(&mut self) {
        if let Some(done) = self.done.take_if(|_| self.left == 0) {
            let digest: Digest = self.hasher.take().unwrap_or_default().finalize().into();
            // Nobody waits any more when the request has failed.
            done.send(digest).ok();
        }
    }

    fn chunk(&mut self) -> Bytes {
        let size = usize::try_from(self.left.min(CHUNK_BYTES)).unwrap_or(0);
        let mut chunk = Vec::with_capacity(size + 8);
        while chunk.len() < size {
            chunk.extend_from_slice(&self.word().to_le_bytes());
        }
        chunk.truncate(size);
        Bytes::from(chunk)
    }

    /// The next number of `SplitMix64` (Steele, Lea, Flood 2014): fast, and no file system can squeeze it.
    fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = match self.get_mut() {
            Self::Whole(body) => body.take(),
            Self::Made(made) => made.next(),
            Self::Pieces(piece, left) => (*left > 0).then(|| {
                *left -= 1;
                piece.clone()
            }),
        };
        Poll::Ready(next.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_none(),
            Self::Made(made) => made.len() == 0,
            Self::Pieces(_, left) => *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(match self {
            Self::Whole(body) => body.as_ref().map_or(0, len),
            Self::Made(made) => made.len(),
            Self::Pieces(..) => return SizeHint::default(),
        })
    }
}

fn len(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
