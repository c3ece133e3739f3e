//! What `caches` asks: under workerd it is a service outside of the process, as it is where
//! Workers run for the public. A copy is kept by a PUT of the whole answer as it is written, and
//! found by a GET; `cf-cache-status` says whether there is one.

use std::collections::{HashMap, VecDeque};
use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, OnceLock};

use crate::http::{Head, send_bare};

/// Bytes: beyond it the oldest copies go.
const CAPACITY: usize = 64 << 20;

static COPIES: OnceLock<Mutex<Copies>> = OnceLock::new();

#[derive(Default)]
struct Copies {
    by_key: HashMap<String, Arc<Copy>>,
    oldest_first: VecDeque<String>,
    bytes: usize,
}

struct Copy {
    head: Vec<u8>,
    body: Vec<u8>,
}

impl Copies {
    fn keep(&mut self, key: String, copy: Copy) {
        self.bytes += copy.body.len();
        if let Some(old) = self.by_key.insert(key.clone(), Arc::new(copy)) {
            self.bytes -= old.body.len();
            return;
        }
        self.oldest_first.push_back(key);
        while self.bytes > CAPACITY {
            let Some(oldest) = self.oldest_first.pop_front() else { return };
            if let Some(old) = self.by_key.remove(&oldest) {
                self.bytes -= old.body.len();
            }
        }
    }
}

pub fn answer(head: &Head, body: Vec<u8>, to: &mut TcpStream) -> io::Result<()> {
    let copies = COPIES.get_or_init(Mutex::default);
    let lock = || copies.lock().expect("nobody panics with it");
    let namespace = head.header("cf-cache-namespace").unwrap_or_default();
    let target = head.start.split(' ').nth(1).unwrap_or_default();
    let key = format!("{namespace} {} {target}", head.header("host").unwrap_or_default());
    if head.start.starts_with("PUT ") {
        if let Some(copy) = read(body) {
            lock().keep(key, copy);
        }
        return send_bare(to, "204 No Content");
    }
    let copy = lock().by_key.get(&key).cloned();
    let Some(copy) = copy else {
        return send_bare(to, "504 Gateway Timeout\r\ncf-cache-status: MISS\r\ncontent-length: 0");
    };
    let length = format!("content-length: {}\r\ncf-cache-status: HIT\r\n\r\n", copy.body.len());
    if copy.body.len() < 1 << 16 {
        return to.write_all(&[&copy.head, length.as_bytes(), &copy.body].concat());
    }
    to.write_all(&copy.head)?;
    to.write_all(length.as_bytes())?;
    to.write_all(&copy.body)
}

/// An answer as it was written. Its body has the length that it has.
fn read(written: Vec<u8>) -> Option<Copy> {
    let end = written.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = String::from_utf8(written[..end].to_vec()).ok()?;
    let is_length = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        name.eq_ignore_ascii_case("content-length")
            || name.eq_ignore_ascii_case("transfer-encoding")
    };
    let lines = head.split("\r\n").filter(|line| !is_length(line));
    let head = lines.flat_map(|line| [line, "\r\n"]).collect::<String>().into_bytes();
    Some(Copy { head, body: written[end + 4..].to_vec() })
}
