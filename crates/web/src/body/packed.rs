//! Bodies under the content coding `gzip` (RFC 9110, 8.4.1.3), unpacked as they come.

use super::whole::Gathered;
use super::{BodyFault, WholeFault};
use bytes::Bytes;
use flate2::write::GzDecoder;
use std::io::{self, Write};

/// A body may unpack to so many times its size. Text packs to a tenth or so; what packs to less than a hundredth was made to.
const MOST_TIMES: u64 = 100;
/// Up to this length nobody asks, in bytes.
const SMALL_BYTES: u64 = 64 << 10;
/// What unpacking takes beside what it makes, in bytes: a window of 32 KiB, a buffer as large, and the tables; and what the header may
/// bring, 64 KiB of extra field and twice as much each for a name and a comment, whose buffers grow.
const DECODER_BYTES: u64 = (96 + 64 + 2 * 128) << 10;

/// A packed body on its way in.
pub(super) struct Unpacking<'a> {
    /// Of one member: each further one would cost a new decoder, and a body could be nothing but empty ones.
    decoder: GzDecoder<Room<'a>>,
}

/// Where the unpacked bytes go, as far as there is room.
struct Room<'a> {
    gathered: Gathered<'a>,
    packed_bytes: u64,
    fault: Option<WholeFault>,
}

impl<'a> Unpacking<'a> {
    /// Unpacks into what is gathered, up to its limit.
    pub(super) fn into_room(mut gathered: Gathered<'a>) -> Result<Self, WholeFault> {
        gathered.hold(DECODER_BYTES)?;
        let room = Room { gathered, packed_bytes: 0, fault: None };
        Ok(Self { decoder: GzDecoder::new(room) })
    }

    /// Unpacks the next piece.
    pub(super) fn push(&mut self, piece: &[u8]) -> Result<(), WholeFault> {
        self.decoder.get_mut().packed_bytes += piece.len() as u64;
        let unpacked = self.decoder.write_all(piece);
        self.outcome(unpacked)
    }

    /// All of it, if the end is the end.
    pub(super) fn finish(mut self) -> Result<Bytes, WholeFault> {
        let ended = self.decoder.try_finish();
        self.outcome(ended)?;
        Ok(std::mem::take(&mut self.decoder.get_mut().gathered.buffer).freeze())
    }

    fn outcome(&mut self, outcome: io::Result<()>) -> Result<(), WholeFault> {
        outcome.map_err(|error| match self.decoder.get_mut().fault.take() {
            Some(fault) => fault,
            None => WholeFault::NotPacked(error),
        })
    }
}

impl Room<'_> {
    fn take(&mut self, bytes: &[u8]) -> Result<(), WholeFault> {
        let unpacked = self.gathered.buffer.len() as u64 + bytes.len() as u64;
        let limit_bytes = self.gathered.limit_bytes;
        if unpacked > limit_bytes {
            return Err(BodyFault::TooLarge { limit_bytes }.into());
        }
        if unpacked > SMALL_BYTES && unpacked > self.packed_bytes.saturating_mul(MOST_TIMES) {
            return Err(WholeFault::TooDense { most_times: MOST_TIMES });
        }
        self.gathered.push(bytes)
    }
}

impl Write for Room<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes).map_err(|fault| {
            self.fault = Some(fault);
            io::Error::other("there is no room for it")
        })?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
