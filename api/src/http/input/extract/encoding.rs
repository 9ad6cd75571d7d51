//! Decodes bodies with a `Content-Encoding`. The size limit applies to the decoded body, and nothing beyond it is
//! decoded. Supported are gzip and zstd, as for imported files; other encodings are refused by name.

use std::io::{self, Read};

use axum::http::{HeaderMap, HeaderValue, header};
use flate2::read::MultiGzDecoder;

use crate::app::i18n::phrases;
use crate::app::problem::{Code, Problem};

/// The supported encodings, for `Accept-Encoding` of a refusal.
pub const READ_ENCODINGS: HeaderValue = HeaderValue::from_static("gzip, zstd");
/// The field that errors about the encoding name.
pub const CONTENT_ENCODING_FIELD: &str = "header.Content-Encoding";
/// The largest zstd window, as a power of two: 8 MiB, as RFC 9659 allows.
const ZSTD_WINDOW_LOG: u32 = 23;

/// How a body was encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Identity,
    Gzip,
    Zstd,
}

impl Encoding {
    /// The encoding that the headers name.
    ///
    /// # Errors
    /// `unsupported_media_type` for an unsupported encoding, and for more than one.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = named.next() else { return Ok(Self::Identity) };
        let name = value.to_str().unwrap_or_default().trim().to_ascii_lowercase();
        match (name.as_str(), named.next()) {
            ("identity", None) => Ok(Self::Identity),
            ("gzip" | "x-gzip", None) => Ok(Self::Gzip),
            ("zstd", None) => Ok(Self::Zstd),
            _ => Err(Problem::new(Code::UnsupportedMediaType).and_field(
                CONTENT_ENCODING_FIELD,
                "encoding",
                "must be gzip or zstd, once",
            )),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Decodes a body.
    ///
    /// # Errors
    /// `body_too_large` when the decoded body exceeds the limit; `malformed_json` when it is not encoded as its header
    /// says.
    pub(super) fn decode(self, bytes: &[u8], limit_bytes: usize) -> Result<Vec<u8>, Problem> {
        let decoded = match self {
            Self::Identity => Ok(bytes.to_vec()),
            Self::Gzip => read(MultiGzDecoder::new(bytes), limit_bytes),
            Self::Zstd => zstd(bytes).and_then(|decoder| read(decoder, limit_bytes)),
        };
        let not_decodable = |_| Problem::new(Code::MalformedJson).detail(phrases::not_decodable(self.name()));
        let decoded = decoded.map_err(not_decodable)?;
        if decoded.len() > limit_bytes { Err(too_large(limit_bytes)) } else { Ok(decoded) }
    }
}

fn zstd(bytes: &[u8]) -> io::Result<impl Read> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(bytes)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG)?;
    Ok(decoder)
}

/// Decodes at most one byte more than the limit.
fn read(decoder: impl Read, limit_bytes: usize) -> io::Result<Vec<u8>> {
    let mut decoded = Vec::new();
    decoder.take(limit_bytes as u64 + 1).read_to_end(&mut decoded)?;
    Ok(decoded)
}

/// The refusal of a body beyond its limit.
pub(super) fn too_large(limit_bytes: usize) -> Problem {
    Problem::new(Code::BodyTooLarge).with("limitBytes", limit_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::read::GzEncoder;

    const LIMIT: usize = 100_000;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoded = Vec::new();
        GzEncoder::new(bytes, Compression::best()).read_to_end(&mut encoded).unwrap();
        encoded
    }

    fn encoded(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
        match encoding {
            Encoding::Identity => bytes.to_vec(),
            Encoding::Gzip => gzip(bytes),
            Encoding::Zstd => zstd::encode_all(bytes, 19).unwrap(),
        }
    }

    #[test]
    fn what_comes_out_is_bounded_whatever_goes_in() {
        for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd] {
            let body = vec![b' '; LIMIT];
            assert_eq!(encoding.decode(&encoded(encoding, &body), LIMIT).unwrap(), body);
            for more in [1, 50_000_000] {
                let bomb = encoded(encoding, &vec![b' '; LIMIT + more]);
                assert!(encoding == Encoding::Identity || bomb.len() < LIMIT);
                assert_eq!(encoding.decode(&bomb, LIMIT).unwrap_err().code(), Code::BodyTooLarge, "{encoding:?}");
            }
        }
    }

    #[test]
    fn several_gzip_members_are_one_body_and_a_broken_one_is_none() {
        let (half, whole) = (gzip(b"{\"a\""), gzip(b":1}"));
        assert_eq!(Encoding::Gzip.decode(&[half.clone(), whole].concat(), LIMIT).unwrap(), b"{\"a\":1}");
        let zstd = encoded(Encoding::Zstd, b"{\"a\":1}");
        for (encoding, broken) in [
            (Encoding::Gzip, &b"{\"a\":1}"[..]),
            (Encoding::Gzip, &half[..half.len() - 1]),
            (Encoding::Gzip, &zstd),
            (Encoding::Zstd, &half),
            (Encoding::Zstd, &zstd[..zstd.len() - 1]),
        ] {
            assert_eq!(encoding.decode(broken, LIMIT).unwrap_err().code(), Code::MalformedJson, "{encoding:?}");
        }
    }

    #[test]
    fn zstd_may_not_ask_for_more_memory_than_its_standard_allows() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.window_log(27).unwrap();
        encoder.include_contentsize(false).unwrap();
        io::Write::write_all(&mut encoder, b"{}").unwrap();
        let greedy = encoder.finish().unwrap();
        assert_eq!(Encoding::Zstd.decode(&greedy, LIMIT).unwrap_err().code(), Code::MalformedJson);
    }

    #[test]
    fn another_encoding_is_refused_with_those_that_are_read() {
        let of = |names: &[&str]| {
            let mut headers = HeaderMap::new();
            for name in names {
                headers.append(header::CONTENT_ENCODING, name.parse().unwrap());
            }
            Encoding::of(&headers)
        };
        assert_eq!(of(&[]), Ok(Encoding::Identity));
        assert_eq!((of(&["GZIP"]), of(&["zstd"])), (Ok(Encoding::Gzip), Ok(Encoding::Zstd)));
        for other in [&["br"][..], &["deflate"], &["gzip, gzip"], &["gzip", "gzip"], &["nonsense"], &[""]] {
            let problem = of(other).unwrap_err();
            assert_eq!(problem.code(), Code::UnsupportedMediaType, "{other:?}");
            assert_eq!(problem.errors()[0].field(), "header.Content-Encoding");
        }
    }
}
