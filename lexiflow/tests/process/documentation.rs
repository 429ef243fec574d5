//! The commands of the documents, run as they are written.
//!
//! A block of `sh` is run when the line before it is `<!-- run -->`; one marked `<!-- run: background -->` starts the
//! server for the blocks behind it. A block of `text` marked `<!-- expect -->` lists what the block before it must have
//! printed, line by line.

use crate::place::Place;
use crate::skipped;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What stands in the documents, and what is run instead: the binary of this test on a port of its own.
fn replaced(text: &str, address: &str) -> String {
    text.replace("target/release/lexiflow", env!("CARGO_BIN_EXE_lexiflow")).replace("127.0.0.1:5000", address)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Run,
    Background,
    Expect,
}

/// A marked block and the line it begins at.
#[derive(Debug)]
struct Block {
    mark: Mark,
    line: usize,
    text: String,
}

fn blocks(document: &str) -> Vec<Block> {
    let (mut found, mut mark, mut open) = (Vec::new(), None, None::<Block>);
    for (index, line) in document.lines().enumerate() {
        match (&mut open, line.trim_end()) {
            (Some(_), "```") => found.extend(open.take()),
            (Some(block), line) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, "<!-- run -->") => mark = Some(Mark::Run),
            (None, "<!-- run: background -->") => mark = Some(Mark::Background),
            (None, "<!-- expect -->") => mark = Some(Mark::Expect),
            (None, "```sh" | "```text") => {
                open = mark.take().map(|mark| Block { mark, line: index + 1, text: String::new() });
            }
            (None, line) => {
                assert!(mark.is_none() || line.is_empty(), "line {}: a mark without a block", index + 1);
            }
        }
    }
    assert!(mark.is_none() && open.is_none(), "a mark or a block without an end");
    found
}

/// The documents that a reader types from.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let below = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<PathBuf> =
        below.filter(|path| path.extension().is_some_and(|kind| kind == "md")).collect();
    all.push(root.join("README.md"));
    all
}

#[tokio::test]
async fn the_commands_of_the_documents_do_what_they_say() {
    for tool in ["bash", "curl", "sqlite3"] {
        if Command::new(tool).arg("--version").output().is_err() {
            return skipped(&format!("the commands of the documents: there is no {tool}"));
        }
    }
    let mut run = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        let blocks = blocks(&text);
        if !blocks.is_empty() {
            run += run_blocks(&document, &blocks).await;
        }
    }
    assert!(run >= 4, "only {run} blocks are run");
}

/// Runs the blocks of one document in one shell and one empty folder. Returns how many there were.
async fn run_blocks(document: &Path, blocks: &[Block]) -> usize {
    let place = Place::embedded().await;
    let mut server = None;
    let mut script = String::from("set -eo pipefail\n");
    let mut address = "127.0.0.1:1".to_owned();
    for (index, block) in blocks.iter().enumerate() {
        match block.mark {
            Mark::Background => {
                let started = place.launch(background(&place, &block.text)).await;
                address = started.address().to_string();
                server = Some(started);
            }
            Mark::Run => {
                let text = replaced(&block.text, &address);
                script.extend([format!("echo {index} > at\nexec > out-{index} 2> err-{index}\n"), text]);
            }
            Mark::Expect => {}
        }
    }
    let folder = place.folder();
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(script).current_dir(folder);
    let ended = crate::place::run_to_end(shell).await;
    let said = |index: usize, name: &str| {
        fs::read_to_string(folder.join(format!("{name}-{index}"))).unwrap_or_default()
    };
    if !ended.status.success() {
        let at: usize = fs::read_to_string(folder.join("at")).unwrap().trim().parse().unwrap();
        let (document, line) = (document.display(), blocks[at].line);
        panic!("{document}:{line} failed: {}{}", said(at, "out"), said(at, "err"));
    }
    for (index, block) in blocks.iter().enumerate().filter(|(_, block)| block.mark == Mark::Expect) {
        let before = index.checked_sub(1).filter(|before| blocks[*before].mark == Mark::Run);
        let printed = said(before.expect("a block that was run before"), "out");
        for line in block.text.lines() {
            assert!(
                printed.contains(line),
                "{}:{}: {line} is not in {printed}",
                document.display(),
                block.line
            );
        }
    }
    if let Some(server) = server {
        server.stop().await;
    }
    blocks.iter().filter(|block| block.mark != Mark::Expect).count()
}

/// The server as the document starts it: in an empty folder, with nothing set but the port and the path.
fn background(place: &Place, text: &str) -> Command {
    let mut command = Command::new("bash");
    command.arg("-c").arg(format!("exec env {}", replaced(text, "").trim()));
    command
        .current_dir(place.folder())
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("PORT", "0");
    command
}
