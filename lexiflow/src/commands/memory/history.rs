use super::super::{CommandError, Console};
use super::sites::size;
use super::{number, rows, text};
use serde_json::Value;
use std::io::Write;

pub(super) const PATH: &str = "/api/monitoring/memory/history";

/// A bar of this width is the whole limit.
const WIDTH: u64 = 30;

pub(super) fn show(answer: &Value, console: &mut Console) -> Result<(), CommandError> {
    let out = &mut console.out;
    let every = number(answer, "/everySeconds");
    writeln!(out, "the most in each {every} s; # is a thirtieth of the limit")?;
    writeln!(
        out,
        "{:20} {:>10} {:>10} {:>10} {:>7} {:>7} {:>7} {:>7}  level",
        "from", "charged", "heap", "lent", "running", "refused", "shed", "ended"
    )?;
    for row in rows(answer, "rows") {
        let bytes = |name: &str| size(row[name].as_i64().unwrap_or(0));
        let count = |name: &str| row[name].as_u64().unwrap_or(0);
        let (charged, heap, lent) = (bytes("chargedBytes"), bytes("heapBytes"), bytes("lentBytes"));
        write!(out, "{:20} {charged:>10} {heap:>10} {lent:>10} ", to_the_second(text(row, "/from")))?;
        let (running, refused) = (count("running"), count("refused"));
        write!(out, "{running:>7} {refused:>7} {:>7} {:>7}  ", count("shed"), count("ended"))?;
        writeln!(out, "{:9} {}", text(row, "/level"), bar(count("chargedBytes"), count("limitBytes")))?;
    }
    spells(answer, out)
}

/// When memory was critical, and what was to be done.
fn spells(answer: &Value, out: &mut dyn Write) -> Result<(), CommandError> {
    if answer["spells"].is_null() {
        writeln!(out, "the server cannot read its reports of critical memory: see its log")?;
    } else if rows(answer, "spells").next().is_none() {
        writeln!(out, "memory was not critical lately")?;
    }
    for spell in rows(answer, "spells") {
        let (began, last) = (to_the_second(text(spell, "/began")), to_the_second(text(spell, "/last")));
        let end = match spell["end"].as_str() {
            Some("over") => "over",
            Some("stopped") => "until the server was told to end",
            Some(_) => "the server did not end in order",
            None => "not over yet",
        };
        let (charged, limit) = (number(spell, "/chargedBytes"), number(spell, "/limitBytes"));
        let bytes = |bytes: u64| size(i64::try_from(bytes).unwrap_or(i64::MAX));
        writeln!(out, "{} from {began} to {last}, {end}:", text(spell, "/level"))?;
        writeln!(out, "  {} of {}; {}", bytes(charged), bytes(limit), text(spell, "/file"))?;
        for finding in spell["findings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            writeln!(out, "  {finding}")?;
        }
    }
    Ok(())
}

/// A time of the API without its fractions.
fn to_the_second(time: &str) -> String {
    time.split_once('.').map_or_else(|| time.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

fn bar(part: u64, whole: u64) -> String {
    let marks = (part.min(whole) * WIDTH).div_ceil(whole.max(1));
    "#".repeat(usize::try_from(marks).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_longer_than_the_limit_nor_none_for_something() {
        let lengths = [(0, 100), (1, 100), (50, 100), (100, 100), (200, 100), (1, 0)];
        assert_eq!(lengths.map(|(part, whole)| bar(part, whole).len()), [0, 1, 15, 30, 30, 0]);
    }

    #[test]
    fn times_are_told_to_the_second() {
        assert_eq!(to_the_second("2026-01-31T12:00:00.123456Z"), "2026-01-31T12:00:00Z");
        assert_eq!(to_the_second("-"), "-");
    }
}
