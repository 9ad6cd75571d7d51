//! An export of the log: a file that only grows, one event a line. It goes on after the last whole line, once that is found to be an
//! event of this log; a line that broke off is written again. One process at a time writes it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use projections::log::{Entry, read_after};
use serde::Deserialize;
use sqlx::PgPool;

use crate::cli::restore::MAX_LINE_BYTES;
use crate::routes::audit::EntryBody;

/// How a line begins.
const BEGINS: &[u8] = b"{\"position\":";

/// A file that is being written.
pub(super) struct Export {
    file: PathBuf,
    lines: BufWriter<File>,
    from: i64,
    position: i64,
}

/// What is read of the last line.
#[derive(Deserialize)]
struct Last {
    position: i64,
    hash: String,
}

impl Export {
    /// Opens the file; also the position after which it goes on.
    pub(super) async fn open(path: &Path, pool: &PgPool) -> anyhow::Result<(Self, i64)> {
        let name = || format!("cannot write to {}", path.display());
        // who was where and got what is nothing for everybody on the machine
        let opened = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
        let mut file = opened.with_context(name)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => bail!("another export writes to {}", path.display()),
            locked => locked.with_context(name)?,
        }
        let last = go_to_end(&mut file).with_context(|| format!("{} cannot be continued", path.display()))?;
        let position = match last {
            Some(last) => {
                of_this_log(&last, pool).await.with_context(|| format!("{} cannot be continued", path.display()))?;
                last.position
            }
            None => 0,
        };
        let lines = BufWriter::with_capacity(256 * 1024, file);
        Ok((Self { file: path.to_owned(), lines, from: position, position }, position))
    }

    pub(super) fn write(&mut self, entry: Entry) -> anyhow::Result<()> {
        self.position = entry.position;
        let body = EntryBody::try_from(entry).map_err(|_| anyhow!("a stored value is not valid JSON"))?;
        let written = serde_json::to_writer(&mut self.lines, &body).map_err(std::io::Error::from);
        written.and_then(|()| self.lines.write_all(b"\n")).with_context(|| self.not_written())
    }

    /// Lets readers of the file see what was written.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        self.lines.flush().with_context(|| self.not_written())
    }

    /// Puts it on the disk and says what it has.
    pub(super) fn finish(mut self) -> anyhow::Result<()> {
        self.flush()?;
        self.lines.get_ref().sync_all().with_context(|| self.not_written())?;
        let Self { file, from, position, .. } = &self;
        eprintln!("{}: {} events added, up to position {position}", file.display(), position - from);
        Ok(())
    }

    fn not_written(&self) -> String {
        format!(
            "{} is written up to a line before position {}; run this again to continue",
            self.file.display(),
            self.position
        )
    }
}

/// The last whole line; what broke off behind it is cut, and the next line goes there.
fn go_to_end(file: &mut File) -> anyhow::Result<Option<Last>> {
    let size = file.metadata()?.len();
    let from = size.saturating_sub(2 * MAX_LINE_BYTES);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.take(2 * MAX_LINE_BYTES).read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let before = tail[..whole.saturating_sub(1)].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let is_ours = |bytes: &[u8]| bytes.starts_with(BEGINS) || BEGINS.starts_with(bytes);
    let (line, rest) = (&tail[before..whole], &tail[whole..]);
    let no_export = "it does not end as an export does; name another file (one that is compressed cannot be continued)";
    if !is_ours(rest) || (line.is_empty() && from > 0) {
        bail!(no_export);
    }
    let last = if line.is_empty() { None } else { Some(serde_json::from_slice::<Last>(line).context(no_export)?) };
    let end = from + u64::try_from(whole)?;
    if end < size {
        file.set_len(end)?;
    }
    file.seek(SeekFrom::Start(end))?;
    Ok(last)
}

async fn of_this_log(last: &Last, pool: &PgPool) -> anyhow::Result<()> {
    let mut connection = pool.acquire().await.context("the database cannot be reached")?;
    let found =
        read_after(&mut connection, last.position.saturating_sub(1), 1).await.context("the log cannot be read")?;
    match found.first() {
        Some(entry) if entry.position == last.position && hex::encode(entry.hash) == last.hash => Ok(()),
        _ => bail!(
            "its last event, at position {}, is not in this log, which was restored or is another; name a new file, and keep this one",
            last.position
        ),
    }
}
