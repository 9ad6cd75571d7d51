//! Splits a source into numbered lines and passes them on in chunks, on a thread of its own, so that reading and
//! decompression overlap with writing. Only a few chunks are in memory, however large the file.

use std::io::{self, BufRead, Read};

use tokio::sync::mpsc;

/// The most lines of a chunk, which is written in one transaction.
const CHUNK_LINES: usize = 1_000;
/// The most bytes of a chunk.
const CHUNK_BYTES: usize = 1024 * 1024;
/// The byte order mark that some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// How many chunks are read ahead.
const WAITING_CHUNKS: usize = 2;

/// One line that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Line {
    /// Its number from 1, counting blank lines.
    pub(in crate::cli) number: u64,
    text: Option<Vec<u8>>,
}

impl Line {
    /// Its bytes; `None` if there are too many.
    pub(in crate::cli) fn text(&self) -> Option<&[u8]> {
        self.text.as_deref()
    }
}

/// Consecutive lines.
#[derive(Debug, Default)]
pub(in crate::cli) struct Chunk {
    pub(in crate::cli) lines: Vec<Line>,
}

/// Reads in the background; nothing follows an error. Of a line with more than `longest` bytes nothing is kept. The thread is not
/// joined, because it may block on a pipe that is never closed.
pub(in crate::cli) fn read(reader: Box<dyn BufRead + Send>, longest: u64) -> mpsc::Receiver<io::Result<Chunk>> {
    let (chunks, inbox) = mpsc::channel(WAITING_CHUNKS);
    std::thread::spawn(move || {
        let mut lines = Lines { reader, longest, number: 0 };
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
    longest: u64,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    /// The lines that could be read, and whether the source has ended.
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
            if self.reader.by_ref().take(self.longest + 1).read_until(b'\n', &mut text)? == 0 {
                return Ok(None);
            }
            self.number += 1;
            if text.len() as u64 > self.longest && !text.ends_with(b"\n") {
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

    const LONGEST: u64 = 1_000;

    fn lines(text: &[u8]) -> Vec<(u64, Option<String>)> {
        let mut lines = Lines { reader: text, longest: LONGEST, number: 0 };
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
        let longest = "x".repeat(usize::try_from(LONGEST).unwrap());
        let read = lines(format!("{longest}\n{longest}y and more\nz").as_bytes());
        assert_eq!(read, [(1, Some(longest)), (2, None), (3, Some("z".to_owned()))]);
    }

    #[test]
    fn a_chunk_has_a_bound() {
        let text = "{}\n".repeat(CHUNK_LINES + 1);
        let mut lines = Lines { reader: text.as_bytes(), longest: LONGEST, number: 0 };
        let sizes = [lines.chunk(), lines.chunk()].map(|(chunk, end)| (chunk.lines.len(), end.unwrap()));
        assert_eq!(sizes, [(CHUNK_LINES, false), (1, true)]);
    }
}
