//! Warns at start of codes whose key is not in the file: another file was named, or a key was taken out too early. The
//! service goes on, since a key that is lost for good must not end it.

use std::sync::Arc;

use commands::Ledger;

use super::keys::{CodeKeys, Unopened};

/// Looks at one code of each batch, and tells how many batches cannot be opened for want of their key.
pub async fn tell(ledger: Ledger, keys: Arc<CodeKeys>) {
    let codes = match ledger.one_code_of_each_batch().await {
        Ok(codes) => codes,
        Err(reason) => {
            return tracing::warn!(%reason, "could not check whether the keys of coupon codes are in CODES_KEY_FILE");
        }
    };
    let batches = codes.len();
    let missing = codes.iter().filter(|code| keys.open_code(code).err() == Some(Unopened::KeyMissing)).count();
    if missing > 0 {
        tracing::error!(
            missing,
            batches,
            "some batches of coupon codes are sealed under keys that CODES_KEY_FILE does not have, and can be neither shown \
             nor redeemed: add those keys below the first line, and restart"
        );
    }
}
