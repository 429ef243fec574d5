use std::io::{self, Write};

/// Writes rows of a name and a number, the numbers aligned at their last digit.
pub fn write_table(out: &mut dyn Write, rows: &[(&str, u64)]) -> io::Result<()> {
    let names = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let numbers = rows.iter().map(|(_, number)| number.to_string().len()).max().unwrap_or(0);
    for (name, number) in rows {
        writeln!(out, "{name:names$}  {number:>numbers$}")?;
    }
    Ok(())
}
