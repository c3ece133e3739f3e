//! nginx with njs from Debian's packages, unpacked into the cache and not installed: a bench that
//! leaves a server behind is none.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cache::Cache;
use crate::checkout::find_program;
use crate::command::Run;
use crate::progress::Step;

const ITEM: &str = "nginx-1";

/// The server, and its JavaScript. What they are linked with, any Debian has.
const PACKAGES: [&str; 2] = ["nginx", "libnginx-mod-http-js"];

/// The folder that it is unpacked in.
pub(super) fn install(cache: &Cache, step: &Step) -> Result<PathBuf> {
    for program in ["apt-get", "dpkg-deb"] {
        if find_program(program).is_none() {
            bail!("it is taken from Debian's packages, and `{program}` is missing");
        }
    }
    cache.install(ITEM, |folder| {
        let packages = folder.join("packages");
        fs::create_dir(&packages)?;
        if download(&packages, step).is_err() {
            // The lists of packages may be missing or out of date.
            step.note("apt-get update");
            Run::new("apt-get")?.args(["-q", "update"]).run(step)?;
            download(&packages, step)?;
        }
        for package in packages.read_dir()? {
            Run::new("dpkg-deb")?.arg("-x").args([&package?.path(), folder]).run(step)?;
        }
        fs::remove_dir_all(&packages)?;
        // Whether it runs at all, here and not in the middle of a round.
        Run::new(folder.join("usr/sbin/nginx"))?.arg("-v").run(step)
    })
}

fn download(into: &Path, step: &Step) -> Result<()> {
    step.note("apt-get download");
    Run::new("apt-get")?.args(["-q", "download"]).args(PACKAGES).dir(into).run(step)
}
