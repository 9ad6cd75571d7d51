//! Cuts a source into numbered lines and hands them on in chunks, from a thread of its own: reading
//! and unpacking go on while a chunk is written. However large the file, only a few chunks are held.

use std::io::{self, BufRead, Read};

use tokio::sync::mpsc;

/// The longest line; what is longer is refused and skipped without being kept.
pub(super) const MAX_LINE_BYTES: u64 = 256 * 1024;
/// How many lines are written in one transaction.
const CHUNK_LINES: usize = 1_000;
/// How many bytes of lines make a chunk full before that.
const CHUNK_BYTES: usize = 1024 * 1024;
/// The byte order mark that some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How many chunks may wait.
const WAITING_CHUNKS: usize = 2;

/// One line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1, blank lines counted.
    pub(super) number: u64,
    text: Option<Vec<u8>>,
}

impl Line {
    /// Its bytes, unless there are too many.
    pub(super) fn text(&self) -> Option<&[u8]> {
        self.text.as_deref()
    }
}

/// Lines that follow each other.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    pub(super) lines: Vec<Line>,
}

/// Reads in the background; after an error nothing follows. The thread is nobody's to wait for: it may
/// hang on a pipe that is never closed.
pub(super) fn read(reader: Box<dyn BufRead + Send>) -> mpsc::Receiver<io::Result<Chunk>> {
    let (chunks, inbox) = mpsc::channel(WAITING_CHUNKS);
    std::thread::spawn(move || {
        let mut lines = Lines { reader, number: 0 };
        loop {
            let (chunk, end) = lines.chunk();
            let full = chunks.blocking_send(Ok(chunk)).is_ok();
            match end {
                Ok(false) if full => {}
                Ok(_) => return,
                Err(error) => {
                    chunks.blocking_send(Err(error)).ok();
                    return;
                }
            }
        }
    });
    inbox
}

struct Lines<R> {
    reader: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// What could be read, and whether that was the end.
    fn chunk(&mut self) -> (Chunk, io::Result<bool>) {
        let (mut chunk, mut bytes) = (Chunk::default(), 0);
        while chunk.lines.len() < CHUNK_LINES && bytes < CHUNK_BYTES {
            match self.line() {
                Ok(Some(line)) => {
                    bytes += line.text().map_or(0, <[u8]>::len);
                    chunk.lines.push(line);
                }
                Ok(None) => return (chunk, Ok(true)),
                Err(error) => return (chunk, Err(error)),
            }
        }
        (chunk, Ok(false))
    }

    fn line(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut text = Vec::new();
            if self.reader.by_ref().take(MAX_LINE_BYTES + 1).read_until(b'\n', &mut text)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if text.len() as u64 > MAX_LINE_BYTES && !text.ends_with(b"\n") {
                self.skip_line()?;
                return Ok(Some(Line { number: self.number, text: None }));
            }
            let mark = if self.number == 1 && text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
            let line = text[mark..].trim_ascii();
            if !line.is_empty() {
                return Ok(Some(Line { number: self.number, text: Some(line.to_vec()) }));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let buffer = self.reader.fill_buf()?;
            let (length, newline) = (buffer.len(), buffer.iter().position(|byte| *byte == b'\n'));
            self.reader.consume(newline.map_or(length, |at| at + 1));
            if newline.is_some() || length == 0 {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &[u8]) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines { reader: text, number: 0 };
        let mut read = vec![];
        while let Some(line) = lines.line().unwrap() {
            read.push((line.number, line.text().map(|text| String::from_utf8_lossy(text).into_owned())));
        }
        read
    }

    #[test]
    fn blank_lines_are_counted_and_left_out() {
        let some = |number, text: &str| (number, Some(text.to_owned()));
        assert_eq!(lines(b"a\r\n\n  \nb\n\nc"), [some(1, "a"), some(4, "b"), some(6, "c")]);
        assert_eq!(lines(b""), []);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        assert_eq!(lines(b"\xef\xbb\xbfa"), [(1, Some("a".to_owned()))]);
    }

    #[test]
    fn a_line_without_an_end_is_not_kept() {
        let longest = "x".repeat(usize::try_from(MAX_LINE_BYTES).unwrap());
        let read = lines(format!("{longest}\n{longest}y and more\nz").as_bytes());
        assert_eq!(read, [(1, Some(longest)), (2, None), (3, Some("z".to_owned()))]);
    }

    #[test]
    fn a_chunk_has_a_bound() {
        let text = "{}\n".repeat(CHUNK_LINES + 1);
        let mut lines = Lines { reader: text.as_bytes(), number: 0 };
        let sizes = [lines.chunk(), lines.chunk()].map(|(chunk, end)| (chunk.lines.len(), end.unwrap()));
        assert_eq!(sizes, [(CHUNK_LINES, false), (1, true)]);
    }
}
