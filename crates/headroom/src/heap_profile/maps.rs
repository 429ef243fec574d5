/// The most mappings that are kept: a program has one for itself and one for each library.
const MAPPING_CAP: usize = 256;

/// Code of a file, mapped into the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The first address.
    pub start: u64,
    /// The address behind the last.
    pub end: u64,
    /// Where in the file it begins.
    pub offset: u64,
    /// The file.
    pub path: String,
    /// The linker's mark of this build of the file, in hexadecimal; empty where it has none.
    pub build_id: String,
}

impl Mapping {
    /// Whether the address lies in it.
    pub fn contains(&self, address: u64) -> bool {
        (self.start..self.end).contains(&address)
    }

    /// Where in the file an address of the mapping lies.
    pub fn file_offset(&self, address: u64) -> u64 {
        address.wrapping_sub(self.start).wrapping_add(self.offset)
    }

    /// The file's name without its folders.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether both are the same part of the same build of a file, perhaps in different processes.
    pub(super) fn is_same_code(&self, other: &Self) -> bool {
        let same_file = match (self.build_id.as_str(), other.build_id.as_str()) {
            ("", "") => self.path == other.path,
            (mine, theirs) => mine == theirs,
        };
        same_file && self.offset == other.offset && self.end - self.start == other.end - other.start
    }
}

/// Reads a line of `/proc/self/maps` (proc(5)). What is not code of a file is left out.
pub(crate) fn read_line(line: &str, into: &mut Vec<Mapping>) -> Option<()> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let rights = fields.next()?;
    let offset = fields.next()?;
    let hex = |text| u64::from_str_radix(text, 16).ok();
    let (start, end, offset) = (hex(start)?, hex(end)?, hex(offset)?);
    let path = fields.nth(2).unwrap_or_default().trim_start();
    if start < end && rights.contains('x') && path.starts_with('/') && into.len() < MAPPING_CAP {
        // A file that was replaced since the start, as by an update, carries this mark of the kernel.
        let path = path.trim_end_matches(" (deleted)").to_owned();
        into.push(Mapping { start, end, offset, path, build_id: String::new() });
    }
    Some(())
}
