//! How events that older versions of this program wrote are read by this one. Stored bytes never change; the reader
//! adapts. Each type of event has its own versions: the list of its upcasters stands beside its name in `events!`, and
//! it is written in one version more than the list is long. `samples/` holds one stored event of every version there
//! ever was.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::event::DecodeError;

#[cfg(test)]
mod tests;

/// Brings the payload of one version to the next. What it cannot do shows when the payload is read as the event.
#[derive(Debug, Clone, Copy)]
pub enum Upcaster {
    /// The new version only adds what may be absent: payloads of before are read as they are, and as fast.
    Unchanged,
    /// The payload becomes another one.
    By(fn(&mut Map<String, Value>)),
}

/// Brings a stored payload to the shape of its type's current version.
///
/// # Errors
/// [`DecodeError::Newer`] for a version that a later program wrote, [`DecodeError::Unknown`] for what was never a
/// version, [`DecodeError::Shape`] for an older payload that is no JSON object.
pub(crate) fn to_current<'a>(
    event_type: &str,
    upcasters: &[Upcaster],
    version: &str,
    payload: &'a str,
) -> Result<Cow<'a, str>, DecodeError> {
    let number = number(version).ok_or_else(|| DecodeError::unknown(event_type, version))?;
    let further = upcasters.get(number - 1..).ok_or_else(|| DecodeError::Newer {
        event_type: event_type.to_owned(),
        version: version.to_owned(),
        known: upcasters.len() + 1,
    })?;
    let changes = || {
        further.iter().filter_map(|upcaster| match upcaster {
            Upcaster::Unchanged => None,
            Upcaster::By(change) => Some(change),
        })
    };
    if changes().next().is_none() {
        return Ok(Cow::Borrowed(payload));
    }
    let upcast = |mut payload| {
        changes().for_each(|change| change(&mut payload));
        serde_json::to_string(&payload)
    };
    let upcast = serde_json::from_str(payload).and_then(upcast);
    upcast.map(Cow::Owned).map_err(|source| DecodeError::shape(event_type, source))
}

/// A version as it is written: digits without a leading zero.
fn number(version: &str) -> Option<usize> {
    if version.starts_with(['0', '+']) { None } else { version.parse().ok() }
}
