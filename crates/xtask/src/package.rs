//! What is sent to Lambda, and how large it may be: a cold start fetches and unpacks all of it.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::command::Run;

/// The largest that the upload function may be.
pub(crate) const BUDGET: Size = Size { bytes: 8_000_000, zip: 2_500_000 };

const SCRIPT: &str = include_str!("package.py");

/// How large something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    /// Bytes of a file, or of all files in a folder.
    pub(crate) bytes: u32,
    /// Bytes of the zip.
    pub(crate) zip: u32,
}

impl Size {
    /// Weighs a file or folder with this Python.
    pub(crate) fn of(package: &Path, python: &Path) -> Result<Self> {
        let said = Run::new(python)?.args(["-c", SCRIPT]).args([package]).output()?;
        Self::read(&said).with_context(|| format!("`{}` cannot be weighed", package.display()))
    }

    fn read(said: &str) -> Option<Self> {
        let (bytes, zip) = said.trim().split_once(' ')?;
        Some(Self { bytes: bytes.parse().ok()?, zip: zip.parse().ok()? })
    }

    /// Fails when it is over the [`BUDGET`].
    pub(crate) fn require_in_budget(self) -> Result<()> {
        if self.bytes > BUDGET.bytes || self.zip > BUDGET.zip {
            bail!("the function is {self}, and the budget is {BUDGET}");
        }
        Ok(())
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = |bytes: u32| f64::from(bytes) / 1e6;
        write!(f, "{:.2} MB ({:.2} MB as a zip)", megabytes(self.bytes), megabytes(self.zip))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_over_the_budget_says_so() {
        assert!(BUDGET.require_in_budget().is_ok());
        let over = Size { zip: BUDGET.zip + 10_000, bytes: 4_000_000 };
        assert_eq!(
            over.require_in_budget().unwrap_err().to_string(),
            "the function is 4.00 MB (2.51 MB as a zip), and the budget is 8.00 MB (2.50 MB as a \
             zip)"
        );
    }

    #[test]
    fn a_folder_is_all_of_its_files() {
        let folder = std::env::temp_dir().join(format!("cloakroom-size-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("pip")).unwrap();
        std::fs::write(folder.join("pip/left-out"), "0").unwrap();
        std::fs::write(folder.join("zeros"), vec![0; 100_000]).unwrap();
        let weigh = Command::new("python3").args(["-c", SCRIPT]).arg(&folder).output().unwrap();
        std::fs::remove_dir_all(folder).unwrap();
        let size = Size::read(&String::from_utf8(weigh.stdout).unwrap()).unwrap();
        assert_eq!(size.bytes, 100_000);
        assert!((100..1000).contains(&size.zip), "{size:?}");
    }
}
