//! When two spellings are one: the form in which e-mails and names are compared. What is compared is never what is
//! shown: an account keeps its e-mail as it was typed, and is found under every spelling that reaches the same
//! mailbox. Which characters a name may hold at all is in `identity/visible`.
//! It does not know where the keys are stored; who stores them keeps [`KEY_VERSION`] beside them.

#[cfg(test)]
mod tests;
mod visible;

use std::net::IpAddr;

use caseless::default_case_fold_str;
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

pub use visible::{Invisible, all_visible, visible_name};

/// Grows whenever a text may get another key, by our rules or by newer tables of Unicode: keys that were stored
/// under an earlier version are then made anew before they are compared.
pub const KEY_VERSION: i16 = 2;

/// What no key holds: it stands behind the keys of things that were there before their key was anybody's.
const BESIDES: char = '\u{1}';

/// How an e-mail is compared: the part before the `@` without regard to case, the domain as UTS #46 has it in ASCII.
/// What a provider makes of dots, or of what stands behind a `+`, is its own affair: those are other mailboxes here.
#[must_use]
pub fn email_key(email: &str) -> String {
    match email.trim().rsplit_once('@') {
        Some((local, domain)) => format!("{}@{}", folded(local), domain_key(domain)),
        None => folded(email.trim()),
    }
}

/// The key of an account that was made while e-mails were compared by case alone, and whose mailbox is another's by now.
#[must_use]
pub fn earlier_email_key(email: &str) -> String {
    let lower: String = email.to_lowercase().nfc().collect();
    format!("{lower}{BESIDES}")
}

/// How a name is compared: without regard to case, to width and other compatible forms, to invisible characters
/// and to what looks alike (the skeleton of UTS #39).
#[must_use]
pub fn name_key(name: &str) -> String {
    let alike: String = skeleton(&folded(name)).collect();
    // of what looks like a capital letter
    let key = folded(&alike);
    key.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The key of something whose name was another's already when names began to be compared like this.
#[must_use]
pub fn earlier_name_key(key: &str, owner: impl std::fmt::Display) -> String {
    format!("{key}{BESIDES}{owner}")
}

/// Compatible forms and cases made one (NFKC, case folding), without what nobody sees.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let once = |text: &str| default_case_fold_str(&text.nfkc().collect::<String>()).nfkc().collect::<String>();
    // folding may bring forth what folds again
    once(&once(text)).chars().filter(|character| !visible::is_ignorable(*character)).collect()
}

/// `bücher.example` and `xn--bcher-kva.example` are one domain, and so are all spellings of one address.
fn domain_key(domain: &str) -> String {
    let literal = domain.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = literal.and_then(|literal| literal.parse::<IpAddr>().ok()) {
        return format!("[{}]", address.to_canonical());
    }
    let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| folded(domain));
    ascii.trim_end_matches('.').to_owned()
}
