//! How events written by older versions of this program are read by this one. Stored bytes never
//! change; the reader adapts. `samples/` holds one stored event of every version there ever was.

use std::borrow::Cow;

use crate::event::DecodeError;

/// The version that every event is written in today.
pub const CURRENT_VERSION: &str = "1";

/// Brings a stored payload to the shape of the current version.
///
/// # Errors
/// [`DecodeError::Unknown`] for a version that this program has never written.
pub fn to_current<'a>(event_type: &str, version: &str, payload: &'a str) -> Result<Cow<'a, str>, DecodeError> {
    match version {
        CURRENT_VERSION => Ok(Cow::Borrowed(payload)),
        _ => Err(unknown(event_type, version)),
    }
}

pub(crate) fn unknown(event_type: &str, version: &str) -> DecodeError {
    DecodeError::Unknown { event_type: event_type.to_owned(), version: version.to_owned() }
}
