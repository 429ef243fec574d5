use crate::roots::SystemRoots;
use std::fs;

/// Gives back the resident pages of the program's and its libraries' code and constants, and says how many bytes lie in
/// the mappings it looked at.
///
/// Most of what runs while a program starts (reading settings, building tables and descriptions) does not run again, but
/// its pages stay resident. They are clean pages of files: dropped here, the few that are needed come back from the page
/// cache when they are next used. Only mappings that nobody can write and that hold no page of their own are touched:
/// nothing in them is ours to lose. Call it when the program has started, and now and then.
pub fn release_code_pages(roots: &SystemRoots) -> u64 {
    let Ok(text) = fs::read_to_string(roots.proc.join("self/smaps")) else { return 0 };
    let mut released = 0;
    let mut mapping = None;
    for line in text.lines() {
        if let Some(anonymous) = line.strip_prefix("Anonymous:") {
            if anonymous.trim() == "0 kB"
                && let Some((start, end)) = mapping.take()
            {
                released += release(start, end);
            }
        } else if let Some(found) = heading(line) {
            mapping = found.readable_file.then_some(found.range);
        }
    }
    released
}

/// The first line of a mapping in `/proc/self/smaps` (proc(5)).
struct Heading {
    range: (usize, usize),
    /// A private mapping of a file that may be read and perhaps run, never written.
    readable_file: bool,
}

fn heading(line: &str) -> Option<Heading> {
    let mut fields = line.split_ascii_whitespace();
    let (start, end) = fields.next()?.split_once('-')?;
    let range = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    let rights = fields.next()?;
    let path = fields.nth(3).unwrap_or_default();
    Some(Heading { range, readable_file: matches!(rights, "r-xp" | "r--p") && path.starts_with('/') })
}

#[expect(unsafe_code, reason = "madvise has no safe form that takes the addresses of code")]
fn release(start: usize, end: usize) -> u64 {
    let length = end.saturating_sub(start);
    // SAFETY: the range is a mapping of the kernel's own list: private, file-backed, never writable and without a page
    // of its own, so that no page of it differs from the file. MADV_DONTNEED on such a range drops clean pages, which
    // the next access reads back (madvise(2)); no Rust object that was ever written lies in it.
    let done =
        unsafe { libc::madvise(std::ptr::with_exposed_provenance_mut(start), length, libc::MADV_DONTNEED) };
    if done == 0 { length as u64 } else { 0 }
}
