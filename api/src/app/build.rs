//! Which build this is. Whoever builds an image says it by `REWARD_LEDGER_VERSION` and `REWARD_LEDGER_COMMIT` in the
//! environment of the compiler; a plain `cargo build` knows the version of the package and no commit.

use std::sync::LazyLock;

/// The version.
pub const VERSION: &str = match given(option_env!("REWARD_LEDGER_VERSION")) {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

/// The commit that it was built from, where the build was told.
pub const COMMIT: Option<&str> = given(option_env!("REWARD_LEDGER_COMMIT"));

/// Both, for `--version`.
pub static DESCRIBED: LazyLock<String> = LazyLock::new(|| match COMMIT {
    Some(commit) => format!("{VERSION} ({commit})"),
    None => VERSION.to_owned(),
});

/// A build argument that nobody set arrives as an empty text.
const fn given(text: Option<&'static str>) -> Option<&'static str> {
    match text {
        Some(text) if !text.is_empty() => Some(text),
        Some(_) | None => None,
    }
}
