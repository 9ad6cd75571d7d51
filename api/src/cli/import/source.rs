//! The source of an import: a file or standard input, plain or compressed. The compression is detected from the first
//! bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The first bytes of a gzip member.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The first bytes of a Zstandard frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How many bytes are read at once.
const BUFFER_BYTES: usize = 64 * 1024;

/// An open source of lines.
pub(in crate::cli) struct Source {
    /// The lines, no longer compressed.
    pub(in crate::cli) reader: Box<dyn BufRead + Send>,
    /// The size of the file, if known.
    size_bytes: Option<u64>,
    /// How much of the file has been read.
    pub(in crate::cli) consumed: Arc<AtomicU64>,
}

impl Source {
    pub(in crate::cli) fn open(file: &Path) -> io::Result<Self> {
        if file == Path::new("-") {
            return Self::of(io::stdin(), None);
        }
        let file = File::open(file)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Self::of(file, Some(metadata.len()).filter(|_| metadata.is_file()))
    }

    fn of(raw: impl Read + Send + 'static, size_bytes: Option<u64>) -> io::Result<Self> {
        let consumed = Arc::new(AtomicU64::new(0));
        let mut counted = Peeked::new(Counted { raw, consumed: consumed.clone() })?;
        let reader: Box<dyn BufRead + Send> = if counted.starts_with(&GZIP_MAGIC) {
            Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(counted.whole())))
        } else if counted.starts_with(&ZSTD_MAGIC) {
            let decoder = zstd::stream::read::Decoder::with_buffer(counted.whole())?;
            Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
        } else {
            Box::new(counted.whole())
        };
        Ok(Self { reader, size_bytes, consumed })
    }

    /// A bar on standard error, by bytes of the file, with this template behind it; nothing where nobody looks.
    pub(in crate::cli) fn progress(&self, behind: &str) -> ProgressBar {
        let template = match self.size_bytes {
            Some(_) => "{bar:30} {percent:>3} % {bytes_per_sec} {eta} left",
            None => "{spinner} {bytes} {bytes_per_sec}",
        };
        let style = ProgressStyle::with_template(&format!("{template}{behind}"));
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(self.size_bytes, ProgressDrawTarget::stderr()).with_style(style)
    }
}

/// A reader with its first bytes, which a pipe may deliver in parts.
struct Peeked<R> {
    first: Vec<u8>,
    rest: R,
}

impl<R: Read> Peeked<R> {
    fn new(mut raw: R) -> io::Result<Self> {
        let mut first = Vec::with_capacity(ZSTD_MAGIC.len());
        raw.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut first)?;
        Ok(Self { first, rest: raw })
    }

    fn starts_with(&mut self, magic: &[u8]) -> bool {
        self.first.starts_with(magic)
    }

    fn whole(self) -> BufReader<impl Read> {
        BufReader::with_capacity(BUFFER_BYTES, io::Cursor::new(self.first).chain(self.rest))
    }
}

struct Counted<R> {
    raw: R,
    consumed: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.raw.read(buffer)?;
        self.consumed.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn read(bytes: Vec<u8>) -> (String, u64) {
        let mut source = Source::of(io::Cursor::new(bytes), None).unwrap();
        let mut text = String::new();
        source.reader.read_to_string(&mut text).unwrap();
        (text, source.consumed.load(Ordering::Relaxed))
    }

    #[test]
    fn what_the_bytes_are_compressed_with_is_seen_from_them() {
        let plain = "a line\nanother\n";
        let mut gzip = flate2::write::GzEncoder::new(vec![], flate2::Compression::default());
        gzip.write_all(plain.as_bytes()).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstd = zstd::encode_all(plain.as_bytes(), 0).unwrap();
        for bytes in [plain.as_bytes().to_vec(), gzip.clone(), zstd.clone()] {
            assert_eq!(read(bytes.clone()), (plain.to_owned(), bytes.len() as u64));
        }
        let twice = plain.repeat(2);
        assert_eq!(read([gzip.clone(), gzip].concat()).0, twice, "several members are one file");
        assert_eq!(read([zstd.clone(), zstd].concat()).0, twice, "several frames are one file");
        for short in ["", "\n", "{}"] {
            assert_eq!(read(short.as_bytes().to_vec()).0, short);
        }
    }

    #[test]
    fn a_file_that_breaks_off_says_so() {
        let mut cut = zstd::encode_all(&[b'x'; 4096][..], 0).unwrap();
        cut.truncate(cut.len() - 3);
        let mut source = Source::of(io::Cursor::new(cut), None).unwrap();
        assert!(source.reader.read_to_string(&mut String::new()).is_err());
    }
}
