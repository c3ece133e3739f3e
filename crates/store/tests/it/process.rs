//! The real process: how it starts and stops, and what a kill leaves.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use http::Method;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::form::{Form, content_type, end};
use crate::support::{ACCESS_KEY_ID, Headers, Reply, SECRET, Served, Signer, noise};

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cloakroom-store"));
    command
        .args(["--data", folder.to_str().unwrap(), "--port", "0", "--bucket", "media"])
        .args(arguments)
        .env("STORE_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("STORE_SECRET_ACCESS_KEY", SECRET)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A running process; killed when the test ends.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = command(folder, arguments).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let address = line.strip_prefix("ready http://").map(|a| a.trim().to_owned());
        Self { child, address: address.unwrap_or_else(|| panic!("not ready: {line}")) }
    }

    fn signal(&self, name: &str) {
        assert!(
            Command::new("kill")
                .args([name, &self.child.id().to_string()])
                .status()
                .unwrap()
                .success()
        );
    }

    fn wait(&mut self) -> (Option<i32>, String) {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                let mut errors = String::new();
                self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
                return (status.code(), errors);
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "it does not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn failure(mut command: Command) -> (i32, String) {
    let output = command.output().unwrap();
    assert!(output.stdout.is_empty(), "nothing is ready");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn it_says_why_it_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let file = path.join("file");
    std::fs::write(&file, "x").unwrap();

    let mut in_use = Command::new(env!("CARGO_BIN_EXE_cloakroom-store"));
    in_use
        .args(["--data", path.to_str().unwrap(), "--port", &port])
        .env("STORE_ACCESS_KEY_ID", "a")
        .env("STORE_SECRET_ACCESS_KEY", "b");
    let mut no_secret = command(path, &[]);
    no_secret.env_remove("STORE_SECRET_ACCESS_KEY");
    let mut empty_id = command(path, &[]);
    empty_id.env("STORE_ACCESS_KEY_ID", "");
    let cases = [
        (in_use, 1, "is in use"),
        (no_secret, 1, "STORE_SECRET_ACCESS_KEY is not set"),
        (empty_id, 1, "STORE_ACCESS_KEY_ID is not set"),
        (command(&file, &[]), 1, "cannot use"),
        (command(path, &["--bucket", "No"]), 1, "`No` is not a bucket name"),
        (
            command(path, &["--allow-origin", "localhost:8000"]),
            1,
            "`localhost:8000` is not an origin",
        ),
        (command(path, &["--region", ""]), 1, "the region is empty"),
        (command(path, &["--colour", "red"]), 2, "unexpected argument"),
    ];
    for (command, status, text) in cases {
        let (code, errors) = failure(command);
        assert_eq!(code, status, "{errors}");
        assert!(errors.contains(text), "{errors}");
    }

    let _running = Running::start(path, &[]);
    let (code, errors) = failure(command(path, &[]));
    assert!(code == 1 && errors.contains("another store already runs on the folder"), "{errors}");
}

#[test]
fn a_foreign_file_among_the_metadata_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let shard = folder.path().join("buckets/media/objects/ab");
    std::fs::create_dir_all(&shard).unwrap();
    std::fs::write(folder.path().join("buckets/media/bucket.json"), "{\"created\":0}").unwrap();
    std::fs::write(shard.join("abc.json"), "{").unwrap();
    let (code, errors) = failure(command(folder.path(), &[]));
    assert!(code == 1 && errors.contains("abc.json` is not a file of this store"), "{errors}");
}

#[test]
fn both_signals_stop_it_cleanly() {
    for signal in ["-INT", "-TERM"] {
        let folder = tempfile::tempdir().unwrap();
        let mut running = Running::start(folder.path(), &[]);
        running.signal(signal);
        assert_eq!(running.wait(), (Some(0), String::new()), "{signal}");
        assert_eq!(std::fs::read_dir(folder.path().join("tmp")).unwrap().count(), 0);
    }
}

#[tokio::test]
async fn a_request_is_logged_in_one_line_without_its_signature() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(folder.path(), &["--log"]);
    let served = Served::start().await;
    let mut send =
        served.presigned(&Signer::default(), Method::PUT, "/media/a%20%22b", &[], b"12345", 60);
    let path = send.uri().path_and_query().unwrap().to_string();
    *send.uri_mut() = path.parse().unwrap();
    let mut stream = TcpStream::connect(&running.address).await.unwrap();
    let head = format!(
        "PUT {path} HTTP/1.1\r\nhost: {}\r\ncontent-length: 5\r\nconnection: close\r\n\r\n12345",
        served.address
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    running.signal("-TERM");
    let (_, log) = running.wait();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{log}");
    let line = &lines[0];
    assert_eq!(
        (&line["method"], &line["bucket"], &line["key"], &line["status"], &line["bytes_in"]),
        (&"PUT".into(), &"media".into(), &"a \"b".into(), &200.into(), &5.into())
    );
    for secret in ["X-Amz", "Signature", ACCESS_KEY_ID, SECRET] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}

/// A form of 200 MB goes to the disk as it comes; its line in the log has its key.
#[tokio::test]
async fn a_large_form_is_not_held_in_memory() {
    const SIZE: usize = 200_000_000;
    let folder = tempfile::tempdir().unwrap();
    let mut running = Running::start(folder.path(), &["--log"]);
    let before = peak_memory(&running);
    let form = Form::new().signed();
    let (head, piece) = (form.head() + &form.file_head(), noise(1_000_000));
    let mut stream = TcpStream::connect(&running.address).await.unwrap();
    let request = format!(
        "POST /media HTTP/1.1\r\nhost: {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{head}",
        running.address,
        content_type(),
        head.len() + SIZE + end().len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    for _ in 0..SIZE / piece.len() {
        stream.write_all(&piece).await.unwrap();
    }
    stream.write_all(end().as_bytes()).await.unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    let grown = peak_memory(&running) - before;
    assert!(grown < 32_000, "{grown} kB");
    running.signal("-TERM");
    let (_, log) = running.wait();
    let line: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert_eq!(
        (&line["method"], &line["bucket"], &line["key"], &line["status"]),
        (&"POST".into(), &"media".into(), &"photo".into(), &204.into())
    );
    for secret in [form.get("x-amz-signature"), form.get("policy"), ACCESS_KEY_ID.to_owned()] {
        assert!(!log.contains(&secret), "{secret} in {log}");
    }
}

/// The most memory that a process has had, in kB.
fn peak_memory(running: &Running) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Kills the process at twelve moments of its writes. Afterwards every object is one of the
/// versions that were sent, whole, with the metadata of that version; what was acknowledged is there.
#[tokio::test]
async fn a_kill_at_any_moment_leaves_whole_objects() {
    let folder = tempfile::tempdir().unwrap();
    let sizes = [1_000_000, 2_000_000, 3_000_000];
    let versions: Vec<Vec<u8>> = sizes.map(noise).to_vec();
    let mut interrupted = 0;
    for round in 0..12_u64 {
        let mut running = Running::start(folder.path(), &[]);
        let acknowledged =
            write_until_killed(&mut running, &versions, Duration::from_millis(15 + 23 * round))
                .await;
        interrupted += std::fs::read_dir(folder.path().join("tmp")).unwrap().count();
        let served = Served::on(copy_of(folder.path()));
        assert_eq!(std::fs::read_dir(served.folder.path().join("tmp")).unwrap().count(), 0);
        let keys = served.keys().await;
        for key in &acknowledged {
            assert!(keys.contains(key), "round {round}: `{key}` was acknowledged");
        }
        for key in &keys {
            let got = served.get(key, &[]).await;
            let version = versions.iter().find(|v| v.len() == got.body.len());
            let version = version
                .unwrap_or_else(|| panic!("round {round}: `{key}` has {} bytes", got.body.len()));
            assert!(got.body == *version, "round {round}: `{key}` is not what was sent");
            assert_eq!(
                got.header("x-amz-meta-size"),
                version.len().to_string(),
                "round {round}: `{key}`"
            );
        }
        let named = keys.len() + parts_in_progress(&served).await;
        assert_eq!(served.data_files(), named, "round {round}: data that nothing names");
    }
    assert!(interrupted > 0, "no kill came in the middle of a write");
}

async fn parts_in_progress(served: &Served) -> usize {
    let mut parts = 0;
    for id in served.call(Method::GET, "/media?uploads", &[], b"").await.all("UploadId") {
        let path = format!("/media/multipart?uploadId={id}");
        parts += served.call(Method::GET, &path, &[], b"").await.all("PartNumber").len();
    }
    parts
}

/// Sends versions over four keys from three connections, and multipart uploads from a fourth,
/// until the process is killed.
async fn write_until_killed(
    running: &mut Running,
    versions: &[Vec<u8>],
    after: Duration,
) -> Vec<String> {
    let address: SocketAddr = running.address.parse().unwrap();
    let (acknowledged, mut received) = tokio::sync::mpsc::unbounded_channel();
    for writer in 0..3_usize {
        let (versions, acknowledged) = (versions.to_vec(), acknowledged.clone());
        tokio::spawn(async move {
            for n in writer.. {
                let (key, body) = (format!("k{}", n % 4), &versions[n % versions.len()]);
                if put(address, &key, body).await.is_none() {
                    return;
                }
                // Nobody reads on when the test has failed.
                let _ = acknowledged.send(key);
            }
        });
    }
    let versions = versions.to_vec();
    tokio::spawn(async move {
        for body in versions.iter().cycle() {
            if put_multipart(address, body).await.is_none() {
                return;
            }
            // Nobody reads on when the test has failed.
            let _ = acknowledged.send("multipart".to_owned());
        }
    });
    tokio::time::sleep(after).await;
    running.child.kill().unwrap();
    running.child.wait().unwrap();
    let mut keys = Vec::new();
    while let Some(key) = received.recv().await {
        keys.push(key);
    }
    keys
}

async fn put(address: SocketAddr, key: &str, body: &[u8]) -> Option<()> {
    let size = body.len().to_string();
    send(address, Method::PUT, key, &[("x-amz-meta-size", &size)], body).await.map(drop)
}

async fn put_multipart(address: SocketAddr, body: &[u8]) -> Option<()> {
    let size = body.len().to_string();
    let create = [("x-amz-meta-size", size.as_str())];
    let created = send(address, Method::POST, "multipart?uploads", &create, b"").await?;
    let id = &created.all("UploadId")[0];
    let path = format!("multipart?partNumber=1&uploadId={id}");
    let part = send(address, Method::PUT, &path, &[], body).await?;
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        part.header("etag")
    );
    let path = format!("multipart?uploadId={id}");
    send(address, Method::POST, &path, &[], document.as_bytes()).await.map(drop)
}

async fn send(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: Headers<'_>,
    body: &[u8],
) -> Option<Reply> {
    let mut request =
        http::Request::builder().method(method).uri(format!("http://{address}/media/{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(bytes::Bytes::copy_from_slice(body)).unwrap();
    Signer::default().sign_header(&mut request);
    let reply = crate::support::send_to(address, request).await?;
    assert_eq!(reply.status, 200, "{}", reply.text());
    Some(reply)
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    let status =
        Command::new("cp").arg("-a").arg(folder.join(".")).arg(copy.path()).status().unwrap();
    assert!(status.success());
    copy
}
