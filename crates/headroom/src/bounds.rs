use std::fmt;

/// What a part of the limit is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The kernel's: sockets.
    Kernel,
    /// What the process holds without borrowing it.
    Fixed,
    /// Kept for what must work when all else is taken.
    Reserve,
    /// What the allocator keeps and does not use.
    Slack,
    /// What the largest single borrower needs. What is left above it is lent as well.
    Lent,
}

impl Part {
    /// The name in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Fixed => "fixed",
            Self::Reserve => "reserve",
            Self::Slack => "slack",
            Self::Lent => "lent",
        }
    }
}

/// One consumer's bound, as it follows from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// What it is part of.
    pub part: Part,
    /// Who needs it.
    pub consumer: &'static str,
    /// How the bound is reckoned, such as `1024 connections x 16 KiB`.
    pub expression: String,
    /// The bound, in bytes.
    pub bytes: u64,
    /// Which setting lowers it; empty where none does.
    pub remedy: &'static str,
}

/// A consumer of memory that knows the most it takes.
pub trait MemoryBounds {
    /// Adds its bounds.
    fn declare(&self, bounds: &mut Bounds);
}

/// The bounds of all consumers against the limit. Its [`Display`](fmt::Display) is the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    limit_bytes: u64,
    rows: Vec<Bound>,
}

/// The reserve: health, metrics, refusals and the log go on when all else is taken, in bytes.
const LEAST_RESERVE: u64 = 4 << 20;

impl Bounds {
    /// For a limit, with the reserve and the allocator's slack, which follow from it.
    pub fn of(limit_bytes: u64) -> Self {
        let mut bounds = Self { limit_bytes, rows: Vec::new() };
        bounds.add(Bound {
            part: Part::Reserve,
            consumer: "health, metrics, refusals, log",
            expression: "the greater of 4 MiB and 2 % of the limit".to_owned(),
            bytes: LEAST_RESERVE.max(limit_bytes / 50),
            remedy: "",
        });
        bounds.add(Bound {
            part: Part::Slack,
            consumer: "allocator",
            expression: "10 % of the limit".to_owned(),
            bytes: limit_bytes / 10,
            remedy: "",
        });
        bounds
    }

    /// Adds one bound.
    pub fn add(&mut self, bound: Bound) {
        self.rows.push(bound);
    }

    /// Adds what a consumer declares.
    #[must_use]
    pub fn with(mut self, consumer: &dyn MemoryBounds) -> Self {
        consumer.declare(&mut self);
        self
    }

    /// All bounds.
    pub fn rows(&self) -> &[Bound] {
        &self.rows
    }

    /// The limit, in bytes.
    pub fn limit_bytes(&self) -> u64 {
        self.limit_bytes
    }

    /// The sum of the bounds, in bytes. Of those that borrow, only the one that needs most at once counts: the others
    /// wait for it or are refused.
    pub fn sum_bytes(&self) -> u64 {
        let lent = self.of_part(Part::Lent).map(|row| row.bytes).max().unwrap_or(0);
        self.unlent_bytes().saturating_add(lent)
    }

    /// The sum of what nobody borrows, in bytes: the rest of the limit is all that may be lent.
    pub fn unlent_bytes(&self) -> u64 {
        let unlent = self.rows.iter().filter(|row| row.part != Part::Lent);
        unlent.fold(0, |sum, row| sum.saturating_add(row.bytes))
    }

    /// What is missing for all of it to fit, in bytes.
    pub fn missing_bytes(&self) -> u64 {
        self.sum_bytes().saturating_sub(self.limit_bytes)
    }

    fn of_part(&self, part: Part) -> impl Iterator<Item = &Bound> {
        self.rows.iter().filter(move |row| row.part == part)
    }

    /// The settings that lower what takes most, the most helpful first.
    pub fn remedies(&self) -> Vec<&'static str> {
        let mut rows: Vec<&Bound> = self.rows.iter().filter(|row| !row.remedy.is_empty()).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.bytes));
        let mut remedies: Vec<&str> = rows.iter().map(|row| row.remedy).collect();
        remedies.dedup();
        remedies
    }
}

/// KiB, rounded up: the table must not look as if it fitted.
fn kibibytes(bytes: u64) -> u64 {
    bytes.div_ceil(1 << 10)
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wide = self.rows.iter().map(|row| row.consumer.len()).max().unwrap_or(0);
        writeln!(f, "{:>12}  {:7}  {:wide$}  how it is reckoned", "KiB", "part", "consumer")?;
        for part in [Part::Kernel, Part::Fixed, Part::Reserve, Part::Slack, Part::Lent] {
            for row in self.of_part(part) {
                write!(f, "{:>12}  {:7}  {:wide$}  ", kibibytes(row.bytes), part.as_str(), row.consumer)?;
                writeln!(f, "{}", row.expression)?;
            }
        }
        writeln!(
            f,
            "{:>12}  {:7}  of what is lent, only the largest row",
            kibibytes(self.sum_bytes()),
            "sum"
        )?;
        write!(f, "{:>12}  limit", self.limit_bytes >> 10)
    }
}
