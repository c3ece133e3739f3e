//! A private toolchain for WASM from Debian's packages, for machines where rustup cannot fetch
//! the target.
//!
//! Debian ships the compiler that its browsers are built with as `rustc-web`, with the sources
//! of the standard library. They are unpacked into the cache, not installed, and the standard
//! library is built for WASM once, into the private sysroot. Host code never sees any of it.
//! The packages' version is not pinned: Debian replaces it, and any that builds will do.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::TARGET;
use crate::cache::Cache;
use crate::checkout::{cargo, find_program};
use crate::command::Run;
use crate::progress::Step;

const ITEM: &str = "wasm-toolchain-1";
const COMPILER: &str = "rustc-web";
/// The oldest compiler that builds the workspace: its `rust-version`.
const REQUIRED: &str = env!("CARGO_PKG_RUST_VERSION");
const LIBRARY: &str = "libstd-rust-web-dev";
const SOURCES: &str = "rust-web-src";

/// The compiler of an earlier installation that still works.
pub(super) fn installed(cache: &Cache, sysroot: &Path) -> Result<Option<PathBuf>> {
    let Some(folder) = cache.installed(ITEM) else { return Ok(None) };
    let rustc = folder.join("bin/rustc");
    link_linker(&folder, sysroot)?;
    // The library it was linked with may have gone with an upgrade of the system, and the
    // project may have come to need a newer one.
    let version = Run::new(&rustc)?.args(["--version"]).output();
    if !version.is_ok_and(|output| is_new_enough(output.trim_start_matches("rustc "))) {
        cache.remove(ITEM)?;
        return Ok(None);
    }
    Ok(Some(rustc))
}

/// Whether a version, of whatever notation behind its second number, can build the project.
fn is_new_enough(version: &str) -> bool {
    fn numbers(version: &str) -> Option<(u32, u32)> {
        let mut parts = version.trim().split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
    numbers(version) >= numbers(REQUIRED) && numbers(version).is_some()
}

/// Builds the toolchain in the cache.
pub(super) fn install(cache: &Cache, sysroot: &Path, step: &Step) -> Result<PathBuf> {
    require_debian()?;
    linker_of(sysroot)?;
    let folder = cache.install(ITEM, |folder| build(folder, sysroot, step))?;
    Ok(folder.join("bin/rustc"))
}

fn require_debian() -> Result<()> {
    for program in ["apt-cache", "apt-get", "dpkg-deb", "tar"] {
        if find_program(program).is_none() {
            bail!(
                "`{program}` is missing, so the compiler cannot be made of Debian's packages either; \
                 install the target with `rustup target add {TARGET}`, or a Rust toolchain that has it"
            );
        }
    }
    Ok(())
}

fn build(folder: &Path, sysroot: &Path, step: &Step) -> Result<()> {
    let packages = folder.join("packages");
    fs::create_dir(&packages)?;
    download(&packages, step)?;
    unpack(&packages, folder, step)?;
    fs::remove_dir_all(&packages)?;
    let rustc = write_wrapper(folder)?;
    link_linker(folder, sysroot)?;
    build_library(folder, &rustc, step)?;
    fs::remove_dir_all(folder.join("usr/src"))?;
    Ok(())
}

/// Downloads the packages. The lists of packages may be missing (a fresh container) or older
/// than the mirror; both are cured by fetching them anew, once.
fn download(into: &Path, step: &Step) -> Result<()> {
    let first = download_listed(into, step);
    let Err(error) = first else { return Ok(()) };
    step.note("apt-get update");
    if Run::new("apt-get")?.args(["-q", "update"]).run(step).is_err() {
        return Err(error.context(format!(
            "Debian's package lists lack a `{COMPILER}` of version {REQUIRED} or newer, and this \
             user may not refresh them: run `apt-get update` as root"
        )));
    }
    download_listed(into, step)
}

fn download_listed(into: &Path, step: &Step) -> Result<()> {
    let about = Run::new("apt-cache")?.args(["show", "--no-all-versions", COMPILER]).output()?;
    let version = field(&about, "Version").unwrap_or("none");
    if !is_new_enough(version) {
        bail!("Debian offers `{COMPILER}` in version {version}; {REQUIRED} is needed");
    }
    let runtime = dependency(LIBRARY, |name| name.starts_with("libstd-rust-web-"))?;
    let llvm = dependency(&runtime, is_llvm)?;
    step.note("apt-get download");
    let packages = [COMPILER, LIBRARY, &runtime, &llvm, SOURCES];
    Run::new("apt-get")?.args(["-q", "download"]).args(packages).dir(into).run(step)
}

/// A field of a package's description.
fn field<'a>(about: &'a str, name: &str) -> Option<&'a str> {
    about.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

fn is_llvm(name: &str) -> bool {
    name.strip_prefix("libllvm")
        .is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()))
}

/// The package that `package` depends on and whose name fits.
fn dependency(package: &str, fits: impl Fn(&str) -> bool) -> Result<String> {
    let output = Run::new("apt-cache")?.args(["depends", package]).output()?;
    let found = dependencies(&output).find(|name| fits(name)).map(str::to_owned);
    found.with_context(|| {
        format!("Debian has no package `{package}` with the expected dependencies")
    })
}

fn dependencies(output: &str) -> impl Iterator<Item = &str> {
    output.lines().filter_map(|line| line.trim().strip_prefix("Depends:")).map(str::trim)
}

fn unpack(packages: &Path, folder: &Path, step: &Step) -> Result<()> {
    for package in packages.read_dir()? {
        let package = package?.path();
        let name = package.file_name().unwrap_or_default().display().to_string();
        step.note(&format!("unpacking {name}"));
        if !name.starts_with(SOURCES) {
            Run::new("dpkg-deb")?
                .args(["--extract".as_ref(), package.as_os_str(), folder.as_os_str()])
                .run(step)?;
            continue;
        }
        // Of the compiler's sources only those of the library are wanted: a tenth of them.
        let archive = packages.join("sources.tar");
        let script = "dpkg-deb --fsys-tarfile \"$1\" > \"$2\"";
        Run::new("sh")?
            .args([
                "-c".as_ref(),
                script.as_ref(),
                "sh".as_ref(),
                package.as_os_str(),
                archive.as_os_str(),
            ])
            .run(step)?;
        Run::new("tar")?
            .args([
                "-x".as_ref(),
                "-f".as_ref(),
                archive.as_os_str(),
                "-C".as_ref(),
                folder.as_os_str(),
            ])
            .args(["--wildcards", "./usr/src/rustc-*/library*", "./usr/lib/rustlib/src*"])
            .run(step)?;
    }
    Ok(())
}

/// Writes `bin/rustc`, which finds the private LLVM beside it.
fn write_wrapper(folder: &Path) -> Result<PathBuf> {
    let libraries = fs::read_dir(folder.join("usr/lib"))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .find(|name| name.ends_with("-linux-gnu"))
        .context("Debian's packages have an unexpected layout: no library folder in `usr/lib`")?;
    let bin = folder.join("bin");
    fs::create_dir(&bin)?;
    let rustc = bin.join("rustc");
    let script = format!(
        "#!/bin/sh\nusr=${{0%/*}}/../usr\n\
         LD_LIBRARY_PATH=$usr/lib/{libraries}${{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}} exec \"$usr/bin/rustc\" \"$@\"\n"
    );
    fs::write(&rustc, script)?;
    fs::set_permissions(&rustc, fs::Permissions::from_mode(0o755))?;
    Ok(rustc)
}

/// Debian's packages bring no linker for WASM; the active toolchain's serves. It must be a
/// link: the program looks for its own libraries beside itself.
fn link_linker(folder: &Path, sysroot: &Path) -> Result<()> {
    let linker = linker_of(sysroot)?;
    let host = linker.strip_prefix(sysroot).unwrap_or(&linker);
    let link = folder.join("usr").join(host);
    if fs::read_link(&link).is_ok_and(|target| target == linker) {
        return Ok(());
    }
    if let Some(parent) = link.parent() {
        fs::create_dir_all(parent)?;
    }
    if link.symlink_metadata().is_ok() {
        fs::remove_file(&link)?;
    }
    symlink(&linker, &link).with_context(|| format!("`{}` cannot be linked", link.display()))
}

fn linker_of(sysroot: &Path) -> Result<PathBuf> {
    let hosts = sysroot.join("lib/rustlib");
    let found = hosts.read_dir().ok().into_iter().flatten().find_map(|host| {
        let linker = host.ok()?.path().join("bin/rust-lld");
        linker.is_file().then_some(linker)
    });
    found.with_context(|| {
        format!(
            "no `rust-lld` below `{}`: use a toolchain from rustup, which brings it",
            hosts.display()
        )
    })
}

/// Builds the standard library for WASM into the private sysroot, so that projects need no
/// unstable option of cargo.
fn build_library(folder: &Path, rustc: &Path, step: &Step) -> Result<()> {
    let project = folder.join("build");
    fs::create_dir_all(project.join("src"))?;
    fs::write(project.join("src/lib.rs"), "")?;
    fs::write(
        project.join("Cargo.toml"),
        "[package]\nname = \"library\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
         [profile.release]\nopt-level = 3\ncodegen-units = 1\n",
    )?;
    Run::new(cargo())?
        .args([
            "build",
            "--release",
            "-Zbuild-std=std,panic_abort",
            "--target",
            TARGET,
            "--target-dir",
            "target",
        ])
        .dir(&project)
        .env("RUSTC", rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("CARGO_TARGET_DIR")
        .env_remove("RUSTC_WRAPPER")
        .run(step)?;
    let libraries = folder.join("usr/lib/rustlib").join(TARGET).join("lib");
    fs::create_dir_all(&libraries)?;
    for file in project.join("target").join(TARGET).join("release/deps").read_dir()? {
        let file = file?;
        let name = file.file_name();
        let bytes = name.as_encoded_bytes();
        if bytes.ends_with(b".rlib") && !bytes.starts_with(b"liblibrary-") {
            fs::copy(file.path(), libraries.join(&name))?;
        }
    }
    fs::remove_dir_all(&project)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_of_a_package() {
        let output = "libstd-rust-web-dev\n  Depends: libstd-rust-web-1.96\n  Conflicts: <rustup>\n  Depends: libc6\n";
        assert_eq!(dependencies(output).collect::<Vec<_>>(), ["libstd-rust-web-1.96", "libc6"]);
    }

    #[test]
    fn versions_of_debian_and_of_rustc() {
        assert_eq!(
            field("Package: rustc-web\nVersion: 1.96.0+dfsg1-1\n", "Version"),
            Some("1.96.0+dfsg1-1")
        );
        assert!(is_new_enough(REQUIRED));
        assert!(is_new_enough("1.96.0+dfsg1-1~deb12u2"));
        assert!(is_new_enough("2.0.0"));
        for old in ["1.85.0+dfsg3-1~deb12u3", "1.9", "none", ""] {
            assert!(!is_new_enough(old), "{old}");
        }
    }

    #[test]
    fn names_of_llvm() {
        assert!(is_llvm("libllvm22"));
        assert!(!is_llvm("libllvm-ocaml"));
        assert!(!is_llvm("libc6"));
    }
}
