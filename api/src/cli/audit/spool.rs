//! Keeps the changes of a re-evaluation in a file until the report is written: beside the saved run, or in a temporary
//! file. They are never all in memory.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use projections::audit::{Change, Run};
use serde_json::Value;

/// The file.
pub(super) struct Spool {
    changes: BufWriter<File>,
    /// Its length in bytes.
    length: u64,
    /// The files of a saved run and of its changes.
    files: Option<(PathBuf, PathBuf)>,
}

impl Spool {
    /// Opens the spool, with the file of a saved run or without one.
    pub(super) fn open(run: Option<&Path>) -> anyhow::Result<Self> {
        let Some(run) = run else {
            let changes = tempfile::tempfile().context("cannot store the changes")?;
            return Ok(Self { changes: BufWriter::new(changes), length: 0, files: None });
        };
        let beside = beside(run, "changes");
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(!run.exists());
        let changes = options.open(&beside).with_context(|| format!("the file {}", beside.display()))?;
        Ok(Self { changes: BufWriter::new(changes), length: 0, files: Some((run.to_owned(), beside)) })
    }

    /// The saved run to resume, if there is one.
    pub(super) fn saved(&self) -> anyhow::Result<Option<impl BufRead + use<>>> {
        let Some((run, _)) = self.files.as_ref().filter(|(run, _)| run.exists()) else { return Ok(None) };
        let file = File::open(run).with_context(|| format!("the file {}", run.display()))?;
        Ok(Some(BufReader::new(file)))
    }

    /// Truncates what was written after the run was saved.
    pub(super) fn cut(&mut self, length: u64) -> anyhow::Result<()> {
        let file = self.changes.get_ref();
        if file.metadata()?.len() < length {
            anyhow::bail!("the file of changes that belongs to the saved run is incomplete");
        }
        file.set_len(length)?;
        self.changes.seek(SeekFrom::End(0))?;
        self.length = length;
        Ok(())
    }

    /// Adds changes.
    pub(super) fn add(&mut self, changes: &[Change]) -> anyhow::Result<()> {
        for change in changes {
            let line = serde_json::to_vec(change)?;
            self.changes.write_all(&line)?;
            self.changes.write_all(b"\n")?;
            self.length += line.len() as u64 + 1;
        }
        Ok(())
    }

    /// Saves the run; the new file replaces the old one atomically.
    pub(super) fn save(&mut self, run: &Run) -> anyhow::Result<()> {
        let Some((file, _)) = &self.files else { return Ok(()) };
        self.changes.flush()?;
        self.changes.get_ref().sync_data()?;
        let next = beside(file, "next");
        let mut writer = BufWriter::new(File::create(&next).with_context(|| format!("the file {}", next.display()))?);
        run.save(&mut writer, self.length)?;
        writer.get_ref().sync_data()?;
        fs::rename(&next, file)?;
        Ok(())
    }

    /// All changes, from the first.
    pub(super) fn changes(&mut self) -> anyhow::Result<impl Iterator<Item = anyhow::Result<(String, Value)>>> {
        self.changes.flush()?;
        let mut file = self.changes.get_ref().try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        Ok(BufReader::new(file).lines().map(|line| {
            let line = line?;
            let value = serde_json::from_str(&line)?;
            Ok((line, value))
        }))
    }

    /// Deletes the files once the report is written.
    pub(super) fn discard(self) -> anyhow::Result<()> {
        if let Some((run, changes)) = self.files {
            fs::remove_file(run)?;
            fs::remove_file(changes)?;
        }
        Ok(())
    }
}

fn beside(file: &Path, what: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".");
    name.push(what);
    PathBuf::from(name)
}
