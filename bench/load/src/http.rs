//! As much of HTTP/1.1 as both ends need. A connection has a thread; both sides are known, and
//! whatever they do not send is not understood.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::thread;

/// The head of a message.
pub struct Head {
    /// The first line.
    pub start: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
}

/// The other side, buffered.
pub type Connection = BufReader<TcpStream>;

/// Answers one request; its body has been read.
pub type Answer = fn(&Head, Vec<u8>, &mut TcpStream) -> io::Result<()>;

impl Head {
    /// None when the other side has hung up.
    pub fn read(from: &mut Connection) -> io::Result<Option<Self>> {
        let Some(start) = line(from)? else { return Ok(None) };
        let mut headers = Vec::new();
        while let Some(header) = line(from)?.filter(|line| !line.is_empty()) {
            if let Some((name, value)) = header.split_once(':') {
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Ok(Some(Self { start, headers }))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// Hands the body on, piece by piece.
    pub fn read_body(&self, from: &mut Connection, mut to: impl FnMut(&[u8])) -> io::Result<()> {
        if self.header("transfer-encoding").is_none() {
            let length = self.header("content-length").and_then(|length| length.parse().ok());
            return pass(from, length.unwrap_or(0), &mut to);
        }
        loop {
            let size = line(from)?.unwrap_or_default();
            let size = usize::from_str_radix(&size, 16).map_err(io::Error::other)?;
            pass(from, size, &mut to)?;
            line(from)?;
            if size == 0 {
                return Ok(());
            }
        }
    }
}

fn line(from: &mut Connection) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = from.read_line(&mut line)?;
    line.truncate(line.trim_end().len());
    Ok((read > 0).then_some(line))
}

fn pass(from: &mut Connection, mut length: usize, to: &mut impl FnMut(&[u8])) -> io::Result<()> {
    while length > 0 {
        let there = from.fill_buf()?;
        if there.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let taken = there.len().min(length);
        to(&there[..taken]);
        from.consume(taken);
        length -= taken;
    }
    Ok(())
}

/// Connects to a server on this machine.
pub fn connect(port: u16) -> io::Result<Connection> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    Ok(BufReader::with_capacity(1 << 16, stream))
}

/// Serves on a free port, which it returns.
pub fn serve(answer: Answer) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    let port = listener.local_addr().expect("it was bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || converse(stream, answer));
        }
    });
    port
}

/// Until the other side hangs up.
fn converse(mut stream: TcpStream, answer: Answer) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut from = BufReader::with_capacity(1 << 16, stream.try_clone()?);
    while let Some(head) = Head::read(&mut from)? {
        let mut body = Vec::new();
        head.read_body(&mut from, |piece| body.extend_from_slice(piece))?;
        answer(&head, body, &mut stream)?;
    }
    Ok(())
}

/// Sends what has no body.
pub fn send_bare(to: &mut TcpStream, head: &str) -> io::Result<()> {
    to.write_all(format!("HTTP/1.1 {head}\r\n\r\n").as_bytes())
}

/// Reads a whole body and forgets it: its length.
pub fn skip_body(head: &Head, from: &mut Connection) -> io::Result<usize> {
    let mut length = 0;
    head.read_body(from, |piece| length += piece.len())?;
    Ok(length)
}
