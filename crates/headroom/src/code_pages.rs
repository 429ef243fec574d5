use std::ffi::{c_int, c_void};
use std::fs::File;
use std::ops::ControlFlow;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

/// Gives back the resident pages of the program's and its libraries' code and constants, and says how many bytes the
/// kernel was told of.
///
/// Most of what runs while a program starts (reading settings, building tables and descriptions) does not run again, but
/// its pages stay resident. They are clean pages of files: dropped here, the few that are needed come back from the page
/// cache when they are next used. A segment of which the process has a page of its own, such as one with a debugger's
/// breakpoint, stays whole. Call it when the program has started, and now and then: it takes a fraction of a millisecond,
/// and what is needed anew some microseconds for each page.
///
/// Nothing is given back where `/proc/self/pagemap` of these roots cannot be read.
pub fn release_code_pages(roots: &crate::SystemRoots) -> u64 {
    let mut released = 0;
    // What the loader could unload afterwards may not be touched then, so all goes while it shows the first object. And all is
    // known before the first goes: what looks for it would be back at once.
    each_object(|_| {
        let mut segments = Segments::default();
        each_object(|object| {
            segments.add(object);
            ControlFlow::Continue(())
        });
        segments.keep_clean(&roots.proc.join("self/pagemap"));
        released = segments.0.iter().flatten().map(|segment| release(*segment)).sum();
        ControlFlow::Break(())
    });
    released
}

/// Shows each object that is mapped, the program first, until `look` has seen enough. Nothing is unloaded meanwhile: glibc
/// holds a lock, which its holder may take again, and musl never unloads.
#[expect(unsafe_code, reason = "only the loader knows where it has put a program's segments")]
fn each_object<F: FnMut(&libc::dl_phdr_info) -> ControlFlow<()>>(mut look: F) {
    unsafe extern "C" fn call<F: FnMut(&libc::dl_phdr_info) -> ControlFlow<()>>(
        object: *mut libc::dl_phdr_info,
        _: libc::size_t,
        look: *mut c_void,
    ) -> c_int {
        // SAFETY: the loader passes a valid description, which nobody changes during this call, and the pointer that it was
        // given below: that of an `F` which nobody else uses until the loader is done (dl_iterate_phdr(3)).
        let (object, look) = unsafe { (&*object, &mut *look.cast::<F>()) };
        c_int::from(look(object).is_break())
    }
    // SAFETY: `call` is for the type of `look`, which lives for longer than the call, and the loader keeps no pointer to it.
    unsafe { libc::dl_iterate_phdr(Some(call::<F>), std::ptr::from_mut(&mut look).cast()) };
}

/// The whole pages from the first address to before the second.
type Segment = (usize, usize);

/// Code and constants. In place, with room for those of the program and some twenty libraries, so that nothing is allocated and
/// freed around the moment at which they go.
#[derive(Debug)]
struct Segments([Option<Segment>; 64]);

impl Default for Segments {
    fn default() -> Self {
        Self([None; 64])
    }
}

impl Segments {
    /// Notes the segments of an object that may not be written. Tables that the loader writes addresses into are in others.
    #[expect(unsafe_code, reason = "the loader's table is behind a pointer")]
    fn add(&mut self, object: &libc::dl_phdr_info) {
        if object.dlpi_phdr.is_null() {
            return;
        }
        // SAFETY: the object has so many headers there, mapped while the loader shows it and never written
        // (dl_iterate_phdr(3)).
        let headers = unsafe { std::slice::from_raw_parts(object.dlpi_phdr, usize::from(object.dlpi_phnum)) };
        let is_read_only = |header: &&libc::Elf64_Phdr| {
            header.p_type == libc::PT_LOAD && header.p_flags & libc::PF_W == 0 && header.p_memsz > 0
        };
        for header in headers.iter().filter(is_read_only) {
            if let Some(free) = self.0.iter_mut().find(|segment| segment.is_none()) {
                *free = pages(object.dlpi_addr, header);
            }
        }
    }

    /// Forgets the segments with a page of the process's own: it would come back as it is in the file.
    fn keep_clean(&mut self, pagemap: &Path) {
        let Ok(pagemap) = File::open(pagemap) else { return *self = Self::default() };
        for segment in &mut self.0 {
            *segment = segment.filter(|segment| is_clean(&pagemap, *segment).unwrap_or(false));
        }
    }
}

/// Where a segment lies, in whole pages.
fn pages(base: libc::Elf64_Addr, header: &libc::Elf64_Phdr) -> Option<Segment> {
    let page = page_bytes();
    let start = usize::try_from(base.checked_add(header.p_vaddr)?).ok()?;
    let end = start.checked_add(usize::try_from(header.p_memsz).ok()?)?;
    Some((start / page * page, end.checked_next_multiple_of(page)?))
}

/// Whether no page of a segment differs from its file.
fn is_clean(pagemap: &File, (start, end): Segment) -> std::io::Result<bool> {
    const ENTRY: usize = size_of::<u64>();
    let page = page_bytes();
    let (first, last) = (start / page * ENTRY, end / page * ENTRY);
    let mut read = first;
    let mut entries = [0; 512 * ENTRY];
    while read < last {
        let piece = &mut entries[..(last - read).min(512 * ENTRY)];
        pagemap.read_exact_at(piece, read as u64)?;
        let mut words = piece.as_chunks().0.iter().map(|entry| u64::from_ne_bytes(*entry));
        if words.any(is_own) {
            return Ok(false);
        }
        read += piece.len();
    }
    Ok(true)
}

/// Whether an entry of `/proc/PID/pagemap` is of a page that is no file's: there or swapped out, and without the flag for those
/// of files (Documentation/admin-guide/mm/pagemap.rst: bits 63, 62 and 61).
fn is_own(entry: u64) -> bool {
    const PRESENT: u64 = 1 << 63;
    const SWAPPED: u64 = 1 << 62;
    const OF_FILE: u64 = 1 << 61;
    entry & (PRESENT | SWAPPED) != 0 && entry & OF_FILE == 0
}

#[expect(unsafe_code, reason = "the standard library does not tell the size of a page")]
fn page_bytes() -> usize {
    // SAFETY: it reads a number of the system and takes no pointer.
    let told = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(told).ok().filter(|bytes| *bytes > 0).unwrap_or(4096)
}

#[expect(unsafe_code, reason = "madvise has no safe form that takes the addresses of code")]
fn release((start, end): Segment) -> u64 {
    let length = end.saturating_sub(start);
    // SAFETY: the range is a segment of an object that the loader has mapped without the right to write and does not unload
    // now, and all of its pages were the file's own a moment ago. MADV_DONTNEED drops them, and the next access reads them
    // back (madvise(2)); no Rust object that was ever written lies in it.
    let done =
        unsafe { libc::madvise(std::ptr::with_exposed_provenance_mut(start), length, libc::MADV_DONTNEED) };
    if done == 0 { length as u64 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn a_page_that_is_there_or_swapped_and_of_no_file_is_the_process_own() {
        let bits = |bits: &[u32]| bits.iter().fold(0x1234, |entry, bit| entry | 1_u64 << bit);
        assert!(is_own(bits(&[63])) && is_own(bits(&[62])) && is_own(bits(&[63, 56])));
        assert!(!is_own(bits(&[63, 61])) && !is_own(bits(&[62, 61])) && !is_own(bits(&[])));
    }
}
