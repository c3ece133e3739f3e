//! One process of a function whose times are taken, under a Runtime API of its own.
//!
//! That one is as small as can be, so that it is not itself what is measured: a thread for each
//! connection takes times where bytes are written and read, and does not sleep while it waits for
//! them, for to wake it would take as long as an answer. The process runs without a guard, which
//! would be started before it; when its Runtime API is gone, it ends by itself.

use std::fs;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, bail};
use hyper::Request;
use hyper::body::Bytes;

use super::TIME_LIMIT;
use super::event::{self, Sent};
use super::front::Front;
use super::instance::{Function, set_environment};

/// How long the process may stay silent between two looks at whether it still runs.
const LOOK: Duration = Duration::from_millis(200);

/// A process that waits for events. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Trial {
    function: Function,
    process: Child,
    address: SocketAddr,
    events: Sender<Bytes>,
    said: Receiver<Said>,
    is_over: Arc<AtomicBool>,
}

/// What the process has said.
#[derive(Debug)]
enum Said {
    /// It asks for an event, since then.
    Asked(Instant),
    /// It has answered, and it took so long.
    Answered(Vec<u8>, Duration),
    Failed(String),
}

impl Trial {
    /// Starts a process. Returns how long it took until it asked for its first event.
    pub(crate) fn start(function: &Function, arguments: &[String]) -> Result<(Self, Duration)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .context("no port of 127.0.0.1 can be listened on")?;
        let address = listener.local_addr().context("a listening socket has no address")?;
        let (events, queue) = channel();
        let (says, said) = channel();
        let is_over = Arc::new(AtomicBool::new(false));
        let api = Arc::new(Api { queue: Mutex::new(queue), handed_out: Mutex::new(None), says });
        let over = Arc::clone(&is_over);
        thread::spawn(move || accept(&listener, &api, &over));
        let mut command = Command::new(&function.binary);
        command.args(arguments).stdin(Stdio::null());
        set_environment(&mut command, function, address.port());
        command.stdout(function.log.open()?).stderr(function.log.open()?);
        let started = Instant::now();
        let process =
            command.spawn().with_context(|| format!("`{}` cannot be started", function.name))?;
        let function = function.clone();
        let mut trial = Self { function, process, address, events, said, is_over };
        match trial.hear()? {
            Said::Asked(asked) => Ok((trial, asked.saturating_duration_since(started))),
            other => bail!("it began with {other:?}"),
        }
    }

    /// Hands out an event. Returns the answer, and how long it took.
    pub(crate) fn invoke(&mut self, event: &Bytes) -> Result<(Vec<u8>, Duration)> {
        self.events.send(event.clone()).context("nobody takes events")?;
        loop {
            match self.hear()? {
                Said::Asked(_) => {}
                Said::Answered(answer, taken) => return Ok((answer, taken)),
                Said::Failed(said) => bail!("it failed: {said}"),
            }
        }
    }

    /// The most memory that it has had, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<f64> {
        let file = format!("/proc/{}/status", self.process.id());
        let status = fs::read_to_string(&file).with_context(|| format!("no `{file}`"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse().ok());
        kibibytes.map(|kibibytes: f64| kibibytes * 1024.0).context("no `VmHWM` in /proc")
    }

    fn hear(&mut self) -> Result<Said> {
        let since = Instant::now();
        while since.elapsed() < TIME_LIMIT {
            match self.said.recv_timeout(LOOK) {
                Ok(said) => return Ok(said),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {}
            }
            if let Some(status) = self.process.try_wait().context("the process is lost")? {
                bail!("it ended ({status}):\n{}", self.function.log.tail());
            }
        }
        bail!("it says nothing:\n{}", self.function.log.tail())
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        // One that has ended cannot be killed.
        let _ended = self.process.kill();
        let _status = self.process.wait();
        self.is_over.store(true, Ordering::Relaxed);
        // So that the thread that listens looks whether it is over.
        let _woken = TcpStream::connect(self.address);
    }
}

/// The Runtime API.
struct Api {
    queue: Mutex<Receiver<Bytes>>,
    handed_out: Mutex<Option<Instant>>,
    says: Sender<Said>,
}

fn accept(listener: &TcpListener, api: &Arc<Api>, is_over: &AtomicBool) {
    for stream in listener.incoming() {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let api = Arc::clone(api);
        // A connection that cannot be served is one that the process hears of.
        thread::spawn(move || stream.map_err(drop).and_then(|stream| api.serve(stream).ok_or(())));
    }
}

impl Api {
    /// Serves a connection until its end.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        stream.set_nonblocking(true).ok()?;
        let mut writer = Awake(stream.try_clone().ok()?);
        let mut reader = BufReader::new(Awake(stream));
        loop {
            let (line, body) = read(&mut reader)?;
            let now = Instant::now();
            let answer = if line.starts_with("GET ") {
                self.says.send(Said::Asked(now)).ok()?;
                let answer = with_event(&lock(&self.queue).recv().ok()?);
                *lock(&self.handed_out) = Some(Instant::now());
                answer
            } else {
                let handed_out = lock(&self.handed_out).take()?;
                let taken = now.saturating_duration_since(handed_out);
                let said = match line.split(' ').nth(1)?.ends_with("/response") {
                    true => Said::Answered(body, taken),
                    false => Said::Failed(String::from_utf8_lossy(&body).into_owned()),
                };
                self.says.send(said).ok()?;
                let accepted = "HTTP/1.1 202 Accepted\r\ncontent-type: application/json\r\n";
                format!("{accepted}content-length: 15\r\n\r\n{{\"status\":\"OK\"}}").into_bytes()
            };
            writer.write_all(&answer).ok()?;
        }
    }
}

/// A connection whose reader and writer stay awake.
struct Awake(TcpStream);

impl Read for Awake {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        stay_awake(|| self.0.read(buffer))
    }
}

impl Write for Awake {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        stay_awake(|| self.0.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn stay_awake(mut act: impl FnMut() -> io::Result<usize>) -> io::Result<usize> {
    loop {
        match act() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            other => return other,
        }
    }
}

/// A request line and its body, as far as a runtime sends them.
fn read(reader: &mut BufReader<Awake>) -> Option<(String, Vec<u8>)> {
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        let line = line.trim_end();
        match line.split_once(": ") {
            _ if line.is_empty() => break,
            _ if request.is_empty() => request = line.to_owned(),
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.parse().ok()?;
            }
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((request, body))
}

fn with_event(event: &Bytes) -> Vec<u8> {
    let deadline = SystemTime::now() + TIME_LIMIT;
    let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let head = format!(
        "HTTP/1.1 200 OK\r\n\
         content-type: application/json\r\n\
         lambda-runtime-aws-request-id: 8476a536-e9f4-11e8-9739-2dfe598c3fcd\r\n\
         lambda-runtime-deadline-ms: {deadline}\r\n\
         lambda-runtime-invoked-function-arn: arn:aws:lambda:us-east-1:000000000000:function:f\r\n\
         lambda-runtime-trace-id: Root=1-00000000-000000000000000000000000;Sampled=0\r\n\
         content-length: {}\r\n\r\n",
        event.len()
    );
    [head.as_bytes(), event].concat()
}

/// The values are replaced as a whole, so they are sound even after a panic of their holder.
fn lock<T>(value: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The event that a function URL makes of a request.
pub(crate) fn event_of(request: Request<Bytes>) -> Bytes {
    let (parts, body) = request.into_parts();
    let sent = Sent {
        parts: &parts,
        path: parts.uri.path(),
        body: &body,
        source: "203.0.113.7".to_owned(),
        id: "local",
        now: SystemTime::now(),
    };
    Bytes::from(event::from_request(Front::FunctionUrl, &sent).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Log;

    /// A function that answers each event with its length.
    const SCRIPT: &str = r#"
        import http.client, os
        api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
        path = "/2018-06-01/runtime/invocation/"
        while True:
            api.request("GET", path + "next")
            event = api.getresponse()
            id, length = event.headers["lambda-runtime-aws-request-id"], len(event.read())
            what = "response" if length > 2 else "error"
            api.request("POST", f"{path}{id}/{what}", str(length))
            api.getresponse().read()
    "#;

    fn function(name: &str) -> Function {
        let log = std::env::temp_dir().join(format!("{name}-{}.log", std::process::id()));
        Function {
            name: name.to_owned(),
            binary: "python3".into(),
            environment: Vec::new(),
            region: "us-east-1".to_owned(),
            log: Log::create(log).unwrap(),
        }
    }

    #[test]
    fn a_process_is_started_asked_and_ended() {
        let function = function("cloakroom-trial");
        let script = format!("if True:{SCRIPT}");
        let (mut trial, init) = Trial::start(&function, &["-c".to_owned(), script]).unwrap();
        assert!(init > Duration::ZERO);
        let event = event_of(Request::post("/uploads").body(Bytes::from("{}")).unwrap());
        for _ in 0..2 {
            let (answer, taken) = trial.invoke(&event).unwrap();
            assert_eq!(answer, event.len().to_string().as_bytes());
            assert!(taken > Duration::ZERO);
        }
        assert!(trial.peak_memory().unwrap() > 1e6);
        let error = trial.invoke(&Bytes::from("{}")).unwrap_err().to_string();
        assert_eq!(error, "it failed: 2");
        let status = format!("/proc/{}/status", trial.process.id());
        drop(trial);
        assert!(fs::read_to_string(status).is_err());
    }

    #[test]
    fn one_that_does_not_start_says_why() {
        let script = "raise SystemExit('no policy')".to_owned();
        let function = function("cloakroom-trial-ends");
        let error = Trial::start(&function, &["-c".to_owned(), script]).unwrap_err().to_string();
        assert_eq!(error, "it ended (exit status: 1):\nno policy");
    }
}
