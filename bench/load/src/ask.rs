//! A bounded number of requests over connections that stay open. Each connection asks again once it
//! has its answer.

use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

use crate::http::{Connection, Head, connect, skip_body};

pub fn run(port: u16, connections: usize, count: usize, file: &str) {
    let targets = std::fs::read_to_string(file).expect("the file of targets can be read");
    let targets: Vec<_> = targets.lines().collect();
    let (next, bytes) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut connection = connect(port).expect("the edge listens");
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= count {
                        return;
                    }
                    let target = targets[number % targets.len()];
                    match ask(&mut connection, port, target) {
                        Ok(length) => bytes.fetch_add(length, Ordering::Relaxed),
                        Err(why) => {
                            eprintln!("request {number}: {why}");
                            std::process::exit(1);
                        }
                    };
                }
            });
        }
    });
    let (seconds, bytes) = (started.elapsed().as_secs_f64(), bytes.into_inner());
    println!(r#"{{"seconds":{seconds},"bytes":{bytes}}}"#);
}

/// The length of the answer's body.
fn ask(connection: &mut Connection, port: u16, target: &str) -> io::Result<usize> {
    let request = format!(
        "GET {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\naccept: */*\r\n\
         user-agent: cloakroom-bench\r\n\r\n"
    );
    connection.get_mut().write_all(request.as_bytes())?;
    let head = Head::read(connection)?.ok_or(io::ErrorKind::UnexpectedEof)?;
    let length = skip_body(&head, connection)?;
    if head.start.split(' ').nth(1) != Some("200") {
        return Err(io::Error::other(format!("it was answered by `{}`", head.start)));
    }
    Ok(length)
}
