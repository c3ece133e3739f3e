//! Runs the store from the command line.

use std::env;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use cloakroom_store::{Config, Credentials, Log, Store};
use tokio::signal::unix::{SignalKind, signal};

/// An S3-compatible store in a folder, for development and tests.
///
/// Strict as AWS: requests must be signed with SigV4 for the region and the one key pair. It
/// listens on 127.0.0.1, addresses buckets by path, and prints `ready http://127.0.0.1:PORT`
/// on standard output when it answers. SIGINT or SIGTERM stops it.
#[derive(Debug, Parser)]
#[command(
    name = "cloakroom-store",
    version,
    after_help = "Environment:\n  STORE_ACCESS_KEY_ID      the access key id that requests are signed with (required)\n  \
                  STORE_SECRET_ACCESS_KEY  its secret (required)\n\nExit status: 0 when stopped by a signal, 1 when it \
                  cannot start or serve, 2 for wrong arguments."
)]
struct Arguments {
    /// The folder that holds the buckets; created if it is not there
    #[arg(long, value_name = "DIR")]
    data: PathBuf,

    /// The TCP port on 127.0.0.1; 0 lets the system choose
    #[arg(long, value_name = "N", default_value_t = 9000)]
    port: u16,

    /// A bucket to create if it is not there; may be given several times
    #[arg(long, value_name = "NAME")]
    bucket: Vec<String>,

    /// The region that requests must be signed for
    #[arg(long, value_name = "REGION", default_value = "us-east-1")]
    region: String,

    /// An origin whose pages may use the store, such as http://127.0.0.1:8000; may be given several times
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// Write one JSON line a request to standard error
    #[arg(long)]
    log: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}")),
    };
    let result = runtime.block_on(run(arguments));
    // A thread still at the disk must not hold up the end; its write is not yet visible.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

async fn run(arguments: Arguments) -> Result<(), String> {
    let credentials = Credentials {
        access_key_id: required("STORE_ACCESS_KEY_ID")?,
        secret_access_key: required("STORE_SECRET_ACCESS_KEY")?,
    };
    let address = (Ipv4Addr::LOCALHOST, arguments.port);
    let listener = TcpListener::bind(address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "port {} of 127.0.0.1 is in use; stop what listens there or choose another --port",
                arguments.port
            )
        }
        _ => format!("cannot listen on 127.0.0.1:{}: {error}", arguments.port),
    })?;
    let port = listener.local_addr().map_err(|error| format!("cannot listen: {error}"))?.port();
    let store = Store::open(Config {
        data: arguments.data,
        region: arguments.region,
        buckets: arguments.bucket,
        credentials,
        allow_origins: arguments.allow_origin,
        log: if arguments.log { Log::Stderr } else { Log::Off },
    })
    .map_err(|error| error.to_string())?;

    let stop = stop_signal().map_err(|error| format!("cannot wait for signals: {error}"))?;
    // The socket queues connections from here on.
    let mut out = io::stdout();
    writeln!(out, "ready http://127.0.0.1:{port}")
        .and_then(|()| out.flush())
        .map_err(|error| format!("cannot write to standard output: {error}"))?;
    store.serve(listener, stop).await.map_err(|error| format!("cannot serve: {error}"))
}

fn required(name: &str) -> Result<String, String> {
    match env::var(name) {
        Ok(value) if !value.is_empty() => Ok(value),
        Ok(_) | Err(env::VarError::NotPresent) => Err(format!(
            "the environment variable {name} is not set; requests are verified with it"
        )),
        Err(env::VarError::NotUnicode(_)) => {
            Err(format!("the environment variable {name} is not UTF-8"))
        }
    }
}

fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn fail(message: &str) -> ExitCode {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(io::stderr(), "cloakroom-store: {message}");
    ExitCode::FAILURE
}
