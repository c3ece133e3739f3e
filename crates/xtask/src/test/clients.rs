//! The tests of `tests/clients`: clients of S3 and of Swift at the edge.
//!
//! s3cmd and the AWS command line are Python packages, and so is python-swiftclient, which comes
//! with the Python that runs the tests. rclone and s3fs are Debian's; where they are missing and
//! cannot be installed, their tests are skipped and pytest says so. The Django example has pins of
//! its own, and is tested with the bundle that is built already.

use std::path::PathBuf;

use anyhow::{Context as _, Result};

use super::pytest::Tests;
use super::{Bench, behind};
use crate::checkout::find_program;
use crate::progress::Step;
use crate::{debian, guard, python};

const PACKAGES: [&str; 2] = ["rclone", "s3fs"];

/// Runs the tests and says how they went.
pub(super) fn run(bench: &Bench, step: &Step) -> Result<String> {
    let requirements = bench.checkout.root().join("examples/django/requirements.txt");
    let django = python::environment(&bench.cache, "django", &requirements, step)?;
    let [aws, s3cmd] = provide(bench, step)?;
    let xtask = guard::this_program()?;
    let django = django.join("bin/python");
    let store = behind::build_store(bench, step)?;
    let tests = Tests {
        name: "clients",
        folder: "tests/clients",
        marker: None,
        programs: &[
            ("CLOAKROOM_XTASK", &xtask),
            ("CLOAKROOM_AWS", &aws),
            ("CLOAKROOM_S3CMD", &s3cmd),
            ("CLOAKROOM_DJANGO_PYTHON", &django),
            ("CLOAKROOM_STORE", &store),
        ],
    };
    Ok(tests.run(bench, step)?.summary().to_owned())
}

/// Installs what is missing, where that is possible. Gives the programs `aws` and `s3cmd`.
pub(super) fn provide(bench: &Bench, step: &Step) -> Result<[PathBuf; 2]> {
    let requirements = bench.checkout.root().join("tests/requirements-clients.txt");
    let environment = python::environment(&bench.cache, "clients", &requirements, step)?;
    let missing: Vec<_> =
        PACKAGES.into_iter().filter(|name| find_program(name).is_none()).collect();
    let may_install = find_program("apt-get").is_some() && rustix::process::geteuid().is_root();
    if !missing.is_empty() && may_install {
        debian::install(&missing, step).context("clients are missing")?;
    }
    Ok(["aws", "s3cmd"].map(|name| environment.join("bin").join(name)))
}
