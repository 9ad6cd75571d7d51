//! `reward-ledger generate`: the facts of a made-up programme, as real ones look: members in many
//! zones who join, come daily, weekly or no more, buy in bursts, travel, and devices that report late.
//! It reads no clock and no database: the same numbers give the same bytes. What it makes is for
//! demonstrations, tests and measurements; nobody's data went into it.

mod deed;
pub(super) mod dice;
mod habit;
mod member;
#[cfg(test)]
mod tests;
mod world;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::zone::Tz;
use sha2::{Digest, Sha256};

use crate::app::activities::RawActivity;
use member::Member;

/// How far the calendars of the world are ahead of UTC at most.
const AHEAD_OF_UTC: TimeDelta = TimeDelta::hours(14);

/// How large a programme, how long, and which one.
#[derive(Debug, Clone, PartialEq, Eq, clap::Args)]
pub struct Generate {
    /// How many members join.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub members: u32,
    /// Over how many days.
    #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub days: u32,
    /// Seed of the generator: the same arguments give the same bytes.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Everything happens before this date (UTC).
    #[arg(long, default_value = "2026-01-01", value_name = "DATE")]
    pub end: NaiveDate,
    /// Where to write it; standard output if left out.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl Generate {
    /// Writes the programme, one fact a line, as `import activities` reads it.
    #[must_use]
    pub fn run(&self) -> ExitCode {
        match self.write() {
            Ok(()) => ExitCode::SUCCESS,
            // Whoever read it has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: cannot write the output: {error}");
                ExitCode::FAILURE
            }
        }
    }

    fn write(&self) -> io::Result<()> {
        match &self.out {
            Some(file) => self.write_to(BufWriter::new(File::create(file)?)),
            None => self.write_to(BufWriter::new(io::stdout().lock())),
        }
    }

    /// Writes the facts, one JSON object a line.
    ///
    /// # Errors
    /// The writer's.
    pub fn write_to(&self, mut out: impl Write) -> io::Result<()> {
        for fact in self.facts() {
            serde_json::to_writer(&mut out, &fact)?;
            out.write_all(b"\n")?;
        }
        out.flush()
    }

    /// The facts in the order in which they are reported: when they happen, apart from those that a
    /// device reports late.
    #[must_use]
    pub fn facts(&self) -> Facts {
        let first_date = self.end - Days::new(self.days.into());
        Facts::of(&self.key(), self.members, first_date, self.days, midnight(self.end))
    }
}

impl Generate {
    /// What all chance comes from. Programmes that differ in more than the number of members have no
    /// member and no fact in common, so that several can be imported into one ledger.
    fn key(&self) -> [u8; 32] {
        Sha256::digest(format!("{} {} {}", self.seed, self.days, self.end)).into()
    }
}

pub(super) fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(NaiveTime::MIN).and_utc()
}

/// The facts of a programme, made day by day.
#[derive(Debug)]
pub struct Facts {
    members: Vec<Member>,
    first_date: NaiveDate,
    days: u32,
    next_day: u32,
    ends_at: DateTime<Utc>,
    waiting: BinaryHeap<Reverse<Reported>>,
}

/// A fact and when it is reported; the earlier one is the smaller one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reported {
    pub(super) at: DateTime<Utc>,
    pub(super) member: u32,
    number: u32,
    pub(super) fact: RawActivity,
}

impl Ord for Reported {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.member, self.number).cmp(&(other.at, other.member, other.number))
    }
}

impl PartialOrd for Reported {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Facts {
    /// The facts that the members report before a moment. The key determines all random choices.
    pub(super) fn of(key: &[u8; 32], members: u32, first_date: NaiveDate, days: u32, ends_at: DateTime<Utc>) -> Self {
        let members = (0..members).map(|index| Member::new(key, index, days)).collect();
        Self { members, first_date, days, next_day: 0, ends_at, waiting: BinaryHeap::new() }
    }

    /// The members and their time zones.
    pub(super) fn members(&self) -> impl Iterator<Item = (&str, Tz)> {
        self.members.iter().map(|member| (member.id(), member.home()))
    }

    /// The next fact, and the time of its report.
    pub(super) fn next_reported(&mut self) -> Option<Reported> {
        while self.next_day < self.days && !self.waiting.peek().is_some_and(|Reverse(first)| self.is_settled(first.at))
        {
            self.make_day();
        }
        self.waiting.pop().map(|Reverse(first)| first)
    }

    /// Makes one calendar day of all members.
    fn make_day(&mut self) {
        let date = self.first_date + Days::new(self.next_day.into());
        for member in &mut self.members {
            let facts = member.live(self.next_day, date).into_iter();
            self.waiting.extend(facts.filter(|reported| reported.at < self.ends_at).map(Reverse));
        }
        self.next_day += 1;
    }

    /// Whether no day that is still to be made can hold anything before this moment.
    fn is_settled(&self, at: DateTime<Utc>) -> bool {
        at < midnight(self.first_date + Days::new(self.next_day.into())) - AHEAD_OF_UTC
    }
}

impl Iterator for Facts {
    type Item = RawActivity;

    fn next(&mut self) -> Option<RawActivity> {
        self.next_reported().map(|reported| reported.fact)
    }
}
