//! The two ends around the edges that `cargo xtask bench` measures. Both cost as little as they
//! can, for they share the machine with what is measured.
//!
//! - `cloakroom-bench-load serve` is the store, and the cache outside the Workers. It tells their
//!   ports, and runs until its input ends.
//! - `cloakroom-bench-load ask PORT CONNECTIONS COUNT FILE` asks for the targets in the file, one a
//!   line, over and over until there were COUNT answers, and tells how long that took.

mod ask;
mod cache;
mod http;
mod store;

use std::io::Read;

fn main() {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["serve"] => {
            let store = http::serve(store::answer);
            let cache = http::serve(cache::answer);
            println!(r#"{{"store":{store},"cache":{cache}}}"#);
            let _ended = std::io::stdin().read_to_end(&mut Vec::new());
        }
        ["ask", port, connections, count, file] => {
            let number = |text: &str| text.parse().expect("arguments are numbers");
            let port = port.parse().expect("a port is a number");
            ask::run(port, number(connections), number(count), file);
        }
        _ => panic!("usage: cloakroom-bench-load serve | ask PORT CONNECTIONS COUNT FILE"),
    }
}
