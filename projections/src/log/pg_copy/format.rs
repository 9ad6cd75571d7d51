//! The constants of PostgreSQL's binary COPY format, for whoever reads it and whoever writes it.

/// What it begins with: a signature, then flags and the length of an extension, 4 bytes each, which are 0.
pub(crate) const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// The part of it that is always the same.
pub(crate) const SIGNATURE: &[u8] = HEADER.split_at(HEADER.len() - 8).0;
/// Stands where a row would say how many columns it has: there are no more rows.
pub(crate) const END: i16 = -1;
/// Stands where a field would say how long it is.
pub(crate) const NULL: i32 = -1;
/// From 1970 to 2000, from where moments are counted, in µs …
pub(crate) const EPOCH_MICROS: i64 = 946_684_800_000_000;
/// … and from where dates are counted.
pub(crate) const EPOCH_DAYS: i32 = 10_957;
