//! A request and its answer, without a runtime and without TLS: the server itself speaks plain HTTP.

use crate::commands::CommandError;
use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);
/// Longer than any profile takes.
const ANSWER: Duration = Duration::from_mins(1);
const HEAD_BYTES: u64 = 32 << 10;
/// More than the largest profile.
const BODY_BYTES: u64 = 64 << 20;

/// Where the server is, and who asks.
pub(super) struct Server {
    pub(super) url: String,
    pub(super) token: Option<String>,
}

impl Server {
    /// The answer's JSON.
    pub(super) fn get(&self, path: &str) -> Result<Value, CommandError> {
        self.json("GET", path)
    }

    /// As [`get`](Self::get), to have something done.
    pub(super) fn post(&self, path: &str) -> Result<Value, CommandError> {
        self.json("POST", path)
    }

    /// As [`post`](Self::post), with what it is to be done with.
    pub(super) fn post_json(&self, path: &str, body: &Value) -> Result<Value, CommandError> {
        let (status, body) = self.exchange_with("POST", path, body.to_string().as_bytes(), ANSWER)?;
        self.parsed(&self.accepted(status, body)?)
    }

    /// As [`get`](Self::get) from a path whose answer is worth reading also when it says that the server is not well.
    pub(super) fn get_also_unwell(&self, path: &str) -> Result<Value, CommandError> {
        let (status, body) = self.exchange_with("GET", path, &[], ANSWER)?;
        let body = if status == 503 { body } else { self.accepted(status, body)? };
        self.parsed(&body)
    }

    fn json(&self, method: &str, path: &str) -> Result<Value, CommandError> {
        self.parsed(&self.ask(method, path)?)
    }

    fn parsed(&self, body: &[u8]) -> Result<Value, CommandError> {
        serde_json::from_slice(body)
            .map_err(|_| CommandError::Memory(format!("{} does not answer as LexiFlow does", self.url)))
    }

    /// The answer's body.
    pub(super) fn ask(&self, method: &str, path: &str) -> Result<Vec<u8>, CommandError> {
        self.ask_within(Duration::ZERO, method, path)
    }

    /// As [`ask`](Self::ask), of a server that takes so much longer by itself.
    pub(super) fn ask_within(
        &self,
        longer: Duration,
        method: &str,
        path: &str,
    ) -> Result<Vec<u8>, CommandError> {
        let (status, body) = self.exchange_with(method, path, &[], ANSWER + longer)?;
        self.accepted(status, body)
    }

    fn exchange_with(
        &self,
        method: &str,
        path: &str,
        body: &[u8],
        patience: Duration,
    ) -> Result<(u16, Vec<u8>), CommandError> {
        let url = &self.url;
        let place = url.strip_prefix("http://").map(|rest| rest.trim_end_matches('/')).ok_or_else(|| {
            CommandError::Memory(format!(
                "`{url}` is not an http:// address: ask on the server's own machine"
            ))
        })?;
        self.exchange(place, method, path, body, patience).map_err(|error| {
            CommandError::Memory(format!(
                "no server answers on {url}: start one, or name it with --url ({error})"
            ))
        })
    }

    fn accepted(&self, status: u16, body: Vec<u8>) -> Result<Vec<u8>, CommandError> {
        match status {
            200 | 201 => Ok(body),
            401 if self.token.is_none() => Err(CommandError::Memory(
                "the server wants to know who asks: give an administrator's access token with --token or in LEXIFLOW_TOKEN"
                    .to_owned(),
            )),
            _ => {
                let problem = serde_json::from_slice::<Value>(&body).unwrap_or_default();
                let detail = problem["detail"].as_str().unwrap_or("no reason was given");
                Err(CommandError::Memory(format!("the server answers {status}: {detail}")))
            }
        }
    }

    /// HTTP/1.0, so that the answer is neither chunked nor kept open.
    fn exchange(
        &self,
        place: &str,
        method: &str,
        path: &str,
        body: &[u8],
        patience: Duration,
    ) -> io::Result<(u16, Vec<u8>)> {
        let place = if has_port(place) { place.to_owned() } else { format!("{place}:80") };
        let address = place.to_socket_addrs()?.next().ok_or(io::ErrorKind::NotFound)?;
        let mut stream = TcpStream::connect_timeout(&address, CONNECT)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_write_timeout(Some(patience))?;
        let length = body.len();
        let mut head = format!("{method} {path} HTTP/1.0\r\nHost: {place}\r\nContent-Length: {length}\r\n");
        if !body.is_empty() {
            head.push_str("Content-Type: application/json\r\n");
        }
        if let Some(token) = &self.token {
            if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the token has a character that no token has",
                ));
            }
            head.extend(["Authorization: Bearer ", token, "\r\n"]);
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        stream.write_all(body)?;
        read_answer(BufReader::new(stream))
    }
}

/// Whether a host, or an IPv6 address in brackets, has a port behind it.
fn has_port(place: &str) -> bool {
    place.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok())
}

fn read_answer(mut stream: impl BufRead) -> io::Result<(u16, Vec<u8>)> {
    let bad = || io::Error::new(io::ErrorKind::InvalidData, "this is no HTTP answer");
    let mut head = stream.by_ref().take(HEAD_BYTES);
    let mut line = String::new();
    head.read_line(&mut line)?;
    let status = line.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(bad)?;
    let mut length = None;
    loop {
        line.clear();
        if head.read_line(&mut line)? == 0 {
            return Err(bad());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse::<usize>().ok();
            }
            None if line.trim_end().is_empty() => break,
            _ => {}
        }
    }
    let mut body = Vec::new();
    stream.take(BODY_BYTES).read_to_end(&mut body)?;
    match length {
        Some(length) if length != body.len() => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok((status, body)),
    }
}
