use crate::roots::SystemRoots;
use std::fs;
use std::path::Path;

/// Gives back the resident pages of the program's own code, and says how many bytes lie in the mappings it looked at.
///
/// Most of what runs while a program starts (reading settings, building tables and descriptions) does not run again, but
/// its pages stay resident. They are clean pages of a file: dropped here, the few that are needed come back from the page
/// cache when they are next run. Only executable mappings that cannot be written are touched: nothing in them is ours to
/// lose. Call it once, when the program has started.
pub fn release_code_pages(roots: &SystemRoots) -> u64 {
    let own = roots.proc.join("self");
    let (Ok(program), Ok(maps)) = (fs::read_link(own.join("exe")), fs::read_to_string(own.join("maps")))
    else {
        return 0;
    };
    maps.lines().filter_map(|line| code_of(line, &program)).map(|(start, end)| release(start, end)).sum()
}

/// The addresses of a line of `/proc/self/maps` (proc(5)) when it maps the program's code.
fn code_of(line: &str, program: &Path) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (range, rights) = (fields.next()?, fields.next()?);
    let path = fields.nth(3)?;
    if rights != "r-xp" || Path::new(path) != program {
        return None;
    }
    let (start, end) = range.split_once('-')?;
    Some((usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?))
}

#[expect(unsafe_code, reason = "madvise has no safe form that takes the addresses of code")]
fn release(start: usize, end: usize) -> u64 {
    let length = end.saturating_sub(start);
    // SAFETY: the range is a mapping of the kernel's own list: private, file-backed, readable and executable, never
    // writable, so that no page of it differs from the file. MADV_DONTNEED on such a range drops clean pages, which the
    // next access reads back (madvise(2)); no Rust object lies in it.
    let done =
        unsafe { libc::madvise(std::ptr::with_exposed_provenance_mut(start), length, libc::MADV_DONTNEED) };
    if done == 0 { length as u64 } else { 0 }
}
