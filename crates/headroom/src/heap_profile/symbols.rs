//! Whether calls have reached the program, or are still within the allocator and the standard library: told by the names in
//! the symbol table of the program's file, which is read through and never held. No debug information is needed for it.

use super::elf::{Elf, number};
use super::{HeapProfile, dump::PROGRAM};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

const HEADER_BYTES: usize = 64;
const SECTION_BYTES: usize = 64;
const SYMBOL_BYTES: usize = 24;
/// More sections than any linker writes.
const SECTION_CAP: u64 = 4096;
/// So many symbols are read at once.
const SYMBOLS: usize = 2048;
/// The beginning of a name is enough: it has the crate.
const NAME_BYTES: usize = 256;
const SHT_SYMTAB: u64 = 2;
const STT_FUNC: u8 = 2;

/// Crates whose code stands between a line that allocates and the allocator, or round every request.
const RUNTIME: [&[u8]; 7] =
    [b"alloc", b"core", b"std", b"hashbrown", b"tikv_jemallocator", b"__rustc", b"headroom"];

impl HeapProfile {
    /// Whether one of these calls of the running program lies in a function of its own or of a library in Rust: then
    /// somebody can find a line there. Blocks while the program's file is read; `false` when it has no symbol table.
    pub fn reaches_program(&self, calls: &[u64]) -> io::Result<bool> {
        let Some(program) = self.mappings().first() else { return Ok(false) };
        let elf = Elf::open(PROGRAM)?;
        let within = calls.iter().filter(|call| program.contains(**call));
        let probes: Vec<u64> = within.filter_map(|call| elf.address_of(program.file_offset(*call))).collect();
        any_function(&File::open(PROGRAM)?, &probes, is_beyond_runtime)
    }
}

/// Whether `test` holds for the mangled name of a function that one of the addresses lies in.
fn any_function(file: &File, probes: &[u64], test: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
    let Some((symbols, names)) = tables(file)? else { return Ok(false) };
    let mut chunk = vec![0; SYMBOLS * SYMBOL_BYTES];
    let (mut at, end) = (symbols.offset, symbols.offset.saturating_add(symbols.bytes));
    while at < end {
        let bytes = usize::try_from(end - at).unwrap_or(usize::MAX).min(chunk.len());
        file.read_exact_at(&mut chunk[..bytes], at)?;
        at += bytes as u64;
        for symbol in chunk[..bytes].chunks_exact(SYMBOL_BYTES) {
            let (begin, size) = (number(symbol, 8, 8), number(symbol, 16, 8));
            let is_function = symbol[4] & 0xf == STT_FUNC;
            if is_function && probes.iter().any(|probe| probe.wrapping_sub(begin) < size) {
                let mut name = [0; NAME_BYTES];
                let read = file.read_at(&mut name, names.offset.saturating_add(number(symbol, 0, 4)))?;
                if test(name[..read].split(|byte| *byte == 0).next().unwrap_or_default()) {
                    return Ok(true);
                }
            }
        }
    }
    Ok(false)
}

/// Where something lies in a file.
struct Part {
    offset: u64,
    bytes: u64,
}

/// The symbols and their names (System V ABI, chapter 4); nothing in a file that was stripped of them.
fn tables(file: &File) -> io::Result<Option<(Part, Part)>> {
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, 0)?;
    let (table, entry, count) = (number(&header, 40, 8), number(&header, 58, 2), number(&header, 60, 2));
    let section = |index: u64| {
        let mut bytes = [0; SECTION_BYTES];
        file.read_exact_at(&mut bytes, table.saturating_add(index.saturating_mul(entry)))?;
        Ok::<_, io::Error>(bytes)
    };
    let part = |bytes: &[u8]| Part { offset: number(bytes, 24, 8), bytes: number(bytes, 32, 8) };
    for index in 0..count.min(SECTION_CAP) {
        let symbols = section(index)?;
        if number(&symbols, 4, 4) == SHT_SYMTAB {
            let names = section(number(&symbols, 40, 4))?;
            return Ok(Some((part(&symbols), part(&names))));
        }
    }
    Ok(None)
}

fn is_beyond_runtime(mangled: &[u8]) -> bool {
    let found = match mangled.strip_prefix(b"_R") {
        Some(path) => crate_of_path(path),
        None => mangled.strip_prefix(b"_ZN").and_then(crate_of_name),
    };
    found.is_some_and(|name| !RUNTIME.contains(&name))
}

/// In the newer form (RFC 2603) a crate is `C`, perhaps a number in base 62 (`s…_`), and its name behind its length. The first
/// one is that of the function, or of the type or block that it belongs to.
fn crate_of_path(path: &[u8]) -> Option<&[u8]> {
    let places = path.iter().enumerate().filter(|(_, byte)| **byte == b'C');
    places.map(|(place, _)| &path[place + 1..]).find_map(|rest| {
        let rest = match rest.strip_prefix(b"s") {
            Some(number) => &number[number.iter().position(|byte| !byte.is_ascii_alphanumeric())?..],
            None => rest,
        };
        let (length, rest) = length(rest.strip_prefix(b"_").unwrap_or(rest))?;
        let name = rest.strip_prefix(b"_").unwrap_or(rest).get(..length)?;
        let is_name = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
        is_name.then_some(name)
    })
}

/// In the older form the first part is the crate, or has a crate before its first two dots: `_$LT$alloc..vec..Vec…`.
fn crate_of_name(parts: &[u8]) -> Option<&[u8]> {
    let first = sized(parts)?;
    if !first.starts_with(b"_$") {
        return Some(first);
    }
    let before = &first[..first.windows(2).position(|pair| pair == b"..")?];
    let begin = before.iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_');
    Some(&before[begin.map_or(0, |place| place + 1)..])
}

/// `5alloc…`: as many bytes as the number says.
fn sized(text: &[u8]) -> Option<&[u8]> {
    let (length, rest) = length(text)?;
    rest.get(..length)
}

/// The number that a text begins with, and the rest.
fn length(text: &[u8]) -> Option<(usize, &[u8])> {
    let digits = text.iter().position(|byte| !byte.is_ascii_digit())?;
    let length: usize = std::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    (length > 0).then_some((length, &text[digits..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_tells_whose_a_function_is() {
        let ours = [
            "_ZN5leaky5leaks8push_row17h0123456789abcdefE",
            "_ZN62_$LT$cases..Case$u20$as$u20$core..convert..From$LT$T$GT$$GT$4from17h0123456789abcdefE",
            "_RNvNtCs4X4t9plMPHF_5leaky5leaks8push_row",
            "_RNvXs_NtCslNYArtu3iFV_5cases5modelNtB4_4CaseNtNtCsgEmfK2I1SDS_4core3fmt5Debug3fmt",
            "_RINvMsC_NtCs4X4t9plMPHF_5cases5modelNtB4_4Case3newE",
        ];
        let runtime = [
            "_ZN5alloc7raw_vec19RawVec$LT$T$C$A$GT$8grow_one17h0123456789abcdefE",
            "_ZN63_$LT$u8$u20$as$u20$alloc..vec..spec_from_elem..SpecFromElem$GT$9from_elem17h0123E",
            "_RNvMs3_NtCslNYArtu3iFV_5alloc7raw_vecINtB5_6RawVecNtNtCs4X4t9plMPHF_5cases5model4CaseE8grow_one",
            "_RNvCsfLfy6EI15iL_7___rustc12___rust_alloc",
            "_rjem_malloc",
            "realloc",
            "_ZN",
            "_R",
            "",
        ];
        for name in ours {
            assert!(is_beyond_runtime(name.as_bytes()), "{name}");
        }
        for name in runtime {
            assert!(!is_beyond_runtime(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn an_address_is_found_in_the_table_of_this_program() {
        let file = File::open(PROGRAM).unwrap();
        let elf = Elf::open(PROGRAM).unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut mappings = Vec::new();
        let read = |line| super::super::maps::read_line(line, &mut mappings);
        assert!(maps.lines().filter_map(read).count() > 1);
        let here = is_beyond_runtime as fn(&[u8]) -> bool as usize as u64;
        let mapping = mappings.iter().find(|mapping| mapping.contains(here)).unwrap();
        let probe = elf.address_of(mapping.file_offset(here)).unwrap();
        let is_it = |name: &[u8]| String::from_utf8_lossy(name).contains("is_beyond_runtime");
        assert!(any_function(&file, &[1, probe], is_it).unwrap());
        assert!(!any_function(&file, &[1], |_| true).unwrap(), "no function lies there");
    }
}
