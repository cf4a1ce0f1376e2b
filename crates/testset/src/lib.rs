//! Reference problems with known answers, read from the cases folder: dev-only, never a dependency of the library.
//!
//! The folder is named by `EQUIPOISE_CASES`, else it is `../shared/cases` beside the workspace.
#![deny(missing_docs)]

mod lp;
mod mps;
pub mod nlp;
mod quadratic;
mod smooth;

use std::path::PathBuf;

pub use lp::read_lp;
pub use mps::read_mps;
pub use quadratic::{QuadraticProgram, read_maros_meszaros};
pub use smooth::{
    Jet, Reference, Regression, SmoothFunction, SmoothProblem, bounded_least_squares, nist_regressions,
    smooth_problems,
};

/// rl ≤ Ax ≤ ru, xl ≤ x ≤ xu as plain data; infinite bounds are ±∞.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LinearConstraints {
    /// Names of the rows (m).
    pub row_names: Vec<String>,
    /// Names of the columns (n).
    pub column_names: Vec<String>,
    /// Non-zeros of A as (row, column, value).
    pub entries: Vec<(u32, u32, f64)>,
    /// rl (m).
    pub row_lower: Vec<f64>,
    /// ru (m).
    pub row_upper: Vec<f64>,
    /// xl (n).
    pub lower: Vec<f64>,
    /// xu (n).
    pub upper: Vec<f64>,
}

/// Random cases for a property: what PROPTEST_CASES says, else `usual`, and eight times that with EQUIPOISE_LONG_TESTS.
///
/// # Panics
/// If PROPTEST_CASES is no number.
pub fn property_cases(usual: u32) -> u32 {
    match std::env::var("PROPTEST_CASES") {
        Ok(count) => count.parse().expect("PROPTEST_CASES is a number"),
        Err(_) if std::env::var_os("EQUIPOISE_LONG_TESTS").is_some() => 8 * usual,
        Err(_) => usual,
    }
}

/// The cases folder, or `None` (after a plain message) where it is absent.
///
/// # Panics
/// If `EQUIPOISE_CASES` is set but does not name a folder: an explicit setting must not be skipped over.
pub fn cases_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("EQUIPOISE_CASES") {
        let folder = PathBuf::from(folder);
        assert!(folder.is_dir(), "EQUIPOISE_CASES does not name a folder: {}", folder.display());
        return Some(folder);
    }
    let workspace = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
    let found = workspace.ancestors_beside("shared/cases");
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    if found.is_none() {
        eprintln!("skipped: no reference cases (set EQUIPOISE_CASES to their folder)");
    }
    found
}

trait AncestorsBeside {
    /// `name` beside the folder or beside one of its two next ancestors (a git worktree lies one deeper).
    fn ancestors_beside(&self, name: &str) -> Option<PathBuf>;
}

impl AncestorsBeside for PathBuf {
    fn ancestors_beside(&self, name: &str) -> Option<PathBuf> {
        let folder = self.canonicalize().ok()?;
        folder.ancestors().skip(1).take(2).map(|a| a.join(name)).find(|f| f.is_dir())
    }
}
