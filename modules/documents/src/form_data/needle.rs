/// Searches bytes for a delimiter by Horspool's method: a step is as long as the delimiter, so that a file of gigabytes
/// is passed through quickly.
#[derive(Debug)]
pub(super) struct Needle {
    bytes: Vec<u8>,
    /// How far to go on when a window ends with this byte.
    steps: Box<[usize; 256]>,
}

impl Needle {
    /// `bytes` must not be empty.
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let mut steps = Box::new([bytes.len().max(1); 256]);
        for (at, byte) in bytes.iter().enumerate().take(bytes.len().saturating_sub(1)) {
            steps[usize::from(*byte)] = bytes.len() - 1 - at;
        }
        Self { bytes, steps }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_at_start(&self, haystack: &[u8]) -> bool {
        haystack.starts_with(&self.bytes)
    }

    /// Where it first stands.
    pub(super) fn find(&self, haystack: &[u8]) -> Option<usize> {
        let mut at = 0;
        while let Some(window) = haystack.get(at..at + self.bytes.len()) {
            if window == self.bytes {
                return Some(at);
            }
            at += window.last().map_or(1, |last| self.steps[usize::from(*last)]);
        }
        None
    }
}
