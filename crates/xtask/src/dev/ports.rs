//! Where each part listens.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, Result, bail};

use super::Options;

/// The ports, all of 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ports {
    pub(super) edge: u16,
    pub(super) uploads: u16,
    /// Where the function takes events themselves.
    pub(super) invoke: u16,
    pub(super) store: u16,
    pub(super) app: u16,
}

impl Ports {
    /// Takes the ports of the options, if all are free.
    pub(super) fn choose(options: &Options) -> Result<Self> {
        // All are held until the last is chosen, so that no two get the same free port.
        let store = hold(options.store_port, "store")?;
        let edge = hold(options.edge_port, "edge")?;
        let uploads = hold(options.uploads_port, "uploads")?;
        let app = hold(options.app_port, "app")?;
        let invoke = hold(0, "invoke")?;
        Ok(Self {
            edge: port(&edge)?,
            uploads: port(&uploads)?,
            invoke: port(&invoke)?,
            store: port(&store)?,
            app: port(&app)?,
        })
    }

    pub(super) fn edge_url(&self) -> String {
        url(self.edge)
    }

    pub(super) fn uploads_url(&self) -> String {
        url(self.uploads)
    }

    pub(super) fn invoke_url(&self) -> String {
        url(self.invoke)
    }

    pub(super) fn store_url(&self) -> String {
        url(self.store)
    }

    pub(super) fn app_url(&self) -> String {
        url(self.app)
    }

    /// The origins that the page may be loaded from.
    pub(super) fn app_origins(&self) -> [String; 2] {
        [self.app_url(), format!("http://localhost:{}", self.app)]
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn hold(wanted: u16, part: &str) -> Result<TcpListener> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, wanted)) {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            bail!(
                "port {wanted} is in use: stop what listens there, or choose another with --{part}-port"
            )
        }
        Err(error) => {
            Err(error).with_context(|| format!("port {wanted} ({part}) cannot be listened on"))
        }
    }
}

fn port(listener: &TcpListener) -> Result<u16> {
    Ok(listener.local_addr().context("a listening socket has no address")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_option() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let number = port(&taken).unwrap();
        let error = hold(number, "edge").unwrap_err().to_string();
        assert!(error.contains(&number.to_string()) && error.contains("--edge-port"), "{error}");
    }
}
