//! Records activities in the log: one by itself, or a batch, which is judged in order as if its reports had arrived one
//! by one, and written in one transaction.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use commands::{
    AlsoWrite, AnswerFromAppend, AnswerFromReceipt, Appended, CommandError, Ledger, Loaded, ReadError, Receipt, Unit,
};
use domain::activity::{Activity, ActivityCommand, ActivityRefusal, Recorded, Report};
use domain::id::ActivityId;
use domain::member::{Member, MemberCommand, MemberRefusal, Registration};
use domain::role::Role;
use domain::zone::Zone;

use super::check::{Reading, is_reserved, read};
use super::{Outcome, RawActivity, RecordError, Refusal, Reporting, Sources, UnknownMembers};

/// Records one report about an existing member. Concurrent reports share round trips.
///
/// # Errors
/// See [`RecordError`].
pub async fn record(ledger: &Ledger, raw: &RawActivity, reporting: &Reporting) -> Result<Outcome, RecordError> {
    let reading = match admit(raw, reporting) {
        Ok(reading) => reading,
        Err(refusal) => return Ok(Outcome::Refused(refusal)),
    };
    let member = ledger.load::<Member>(&reading.report().member_id.to_string()).await?.state;
    if !member.is_registered() {
        return Ok(Outcome::Refused(Refusal::MemberUnknown));
    }
    let (id, stream) = identity(reading.report());
    let command = ActivityCommand::Record(reading.clone().in_zone(member.time_zone()));
    let recorded = move |position| Outcome::Recorded { id, position, made_member: false };
    let keep = reporting.keep.clone().map_or_else(AnswerFromReceipt::none, |keep| {
        AnswerFromReceipt::of(move |receipt: &Receipt<Activity>| (keep.0)(&[recorded(receipt.position)]))
    });
    match ledger.execute_storing(&stream, command, &reporting.metadata, &keep).await {
        Ok(receipt) if receipt.appended == 0 => Ok(Outcome::Duplicate { id, position: receipt.position }),
        Ok(receipt) => Ok(recorded(receipt.position)),
        Err(CommandError::Refused { .. }) => Ok(known_already(id, reading, &ledger.load(&stream).await?)),
        Err(error) => Err(error.into()),
    }
}

/// Records a batch; the outcomes are in the order of the reports. All new activities are one append.
///
/// # Errors
/// See [`RecordError`].
pub async fn record_batch(
    ledger: &Ledger,
    reports: &[RawActivity],
    reporting: &Reporting,
) -> Result<Vec<Outcome>, RecordError> {
    let mut retry = ledger.retry();
    loop {
        let outcomes = match judge_batch(ledger, reports, reporting).await {
            Ok(judged) => judged.commit(None).await,
            Err(error) => Err(error),
        };
        match outcomes {
            Err(RecordError::Write(CommandError::Conflict(stream))) if retry.after_conflict(&stream).await => {}
            outcome => return outcome,
        }
    }
}

/// Judges a batch in order and writes nothing yet, so that the caller can act before the write, for example on refused
/// reports.
///
/// # Errors
/// See [`RecordError`].
pub async fn judge_batch<'a>(
    ledger: &'a Ledger,
    reports: &[RawActivity],
    reporting: &'a Reporting,
) -> Result<JudgedBatch<'a>, RecordError> {
    Batch::new(ledger, reporting).judge_all(reports).await
}

/// A batch that is judged and not written yet.
pub struct JudgedBatch<'a> {
    batch: Batch<'a>,
    outcomes: Vec<Outcome>,
}

impl JudgedBatch<'_> {
    /// The outcome of each report, in order, without positions.
    #[must_use]
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Whether there is nothing to write; then nothing is written with it either.
    #[must_use]
    pub fn adds_nothing(&self) -> bool {
        self.batch.events == 0
    }

    /// Appends the new activities together with these rows.
    ///
    /// # Errors
    /// See [`RecordError`]; after a conflict the batch must be judged again.
    pub async fn commit(self, also: Option<Arc<dyn AlsoWrite>>) -> Result<Vec<Outcome>, RecordError> {
        let Self { batch: Batch { reporting, unit, places, .. }, outcomes } = self;
        let places = Arc::new(places);
        let keep = reporting.keep.clone().map(|keep| -> AnswerFromAppend {
            let (outcomes, places) = (outcomes.clone(), places.clone());
            Arc::new(move |appended| (keep.0)(&placed(outcomes.clone(), appended, &places)))
        });
        let unit = match also {
            Some(rows) => unit.also(rows),
            None => unit,
        };
        Ok(match unit.storing(keep).commit::<ActivityRefusal>().await? {
            Some(appended) => placed(outcomes, &appended, &places),
            None => outcomes,
        })
    }
}

/// The rules that do not depend on what is in the log.
fn admit(raw: &RawActivity, reporting: &Reporting) -> Result<Reading, Refusal> {
    let reading = read(raw, reporting.metadata.requested_at).map_err(Refusal::Invalid)?;
    may_speak_for(&reading.report().source, &reporting.sources)?;
    if reporting.never_about == Some(reading.report().member_id) {
        return Err(Refusal::OwnActivity);
    }
    Ok(reading)
}

/// Checks that a caller with these sources may report for one, or void its reports.
///
/// # Errors
/// The source is the ledger's own, or not one of theirs.
pub fn may_speak_for(source: &str, sources: &Sources) -> Result<(), Refusal> {
    if is_reserved(source) {
        return Err(Refusal::SourceReserved);
    }
    match sources {
        Sources::Only(sources) if !sources.contains(source) => Err(Refusal::SourceNotAllowed),
        Sources::Any | Sources::Only(_) => Ok(()),
    }
}

fn identity(report: &Report) -> (ActivityId, String) {
    let id = ActivityId::of(&report.source, &report.external_id);
    (id, id.to_string())
}

/// Other content under a known id is a conflict. A report without a zone is a repetition even if the member's zone has
/// changed since.
fn known_already(id: ActivityId, reading: Reading, known: &Loaded<Activity>) -> Outcome {
    let Some(fact) = known.state.recorded().filter(|_| !reading.states_zone()) else {
        return Outcome::Refused(Refusal::Conflict);
    };
    let then = if let Zone::Named(zone) = fact.time_zone { Some(zone) } else { None };
    if fact.is_repeated_by(&Recorded::from(reading.in_zone(then))) {
        Outcome::Duplicate { id, position: known.position }
    } else {
        Outcome::Refused(Refusal::Conflict)
    }
}

/// The judgement of a batch in progress.
struct Batch<'a> {
    reporting: &'a Reporting,
    unit: Unit<'a>,
    /// How many events are to be written.
    events: i64,
    /// Which of them recorded a fact.
    places: HashMap<ActivityId, i64>,
}

impl<'a> Batch<'a> {
    fn new(ledger: &'a Ledger, reporting: &'a Reporting) -> Self {
        let unit = ledger.unit(reporting.metadata.clone());
        Self { reporting, unit, events: 0, places: HashMap::new() }
    }

    async fn judge_all(mut self, reports: &[RawActivity]) -> Result<JudgedBatch<'a>, RecordError> {
        let readings: Vec<_> = reports.iter().map(|raw| admit(raw, self.reporting)).collect();
        self.preload(readings.iter().flatten().map(Reading::report)).await?;
        let mut outcomes = Vec::with_capacity(readings.len());
        for reading in readings {
            outcomes.push(match reading {
                Ok(reading) => self.judge(reading).await?,
                Err(refusal) => Outcome::Refused(refusal),
            });
        }
        Ok(JudgedBatch { batch: self, outcomes })
    }

    async fn preload(&self, reports: impl Iterator<Item = &Report>) -> Result<(), ReadError> {
        let (mut members, mut activities) = (BTreeSet::new(), BTreeSet::new());
        for report in reports {
            members.insert(report.member_id.to_string());
            activities.insert(identity(report).1);
        }
        self.unit.preload::<Member>(&Vec::from_iter(members)).await?;
        self.unit.preload::<Activity>(&Vec::from_iter(activities)).await
    }

    async fn judge(&mut self, reading: Reading) -> Result<Outcome, RecordError> {
        let (id, stream) = identity(reading.report());
        let member = self.unit.load::<Member>(&reading.report().member_id.to_string()).await?.state;
        let report = reading.clone().in_zone(member.time_zone());
        let made_member = !member.is_registered();
        if made_member && let Some(refusal) = self.register(&report, &stream).await? {
            return Ok(Outcome::Refused(refusal));
        }
        match self.unit.execute::<Activity>(&stream, ActivityCommand::Record(report)).await {
            Ok(receipt) if receipt.appended == 0 => Ok(Outcome::Duplicate { id, position: receipt.position }),
            Ok(_) => {
                let position = self.events;
                self.events += 1;
                self.places.insert(id, position);
                Ok(Outcome::Recorded { id, position, made_member })
            }
            Err(CommandError::Refused { .. }) => Ok(known_already(id, reading, &self.unit.load(&stream).await?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Finds or creates the member of a report, or refuses it.
    async fn register(&mut self, report: &Report, stream: &str) -> Result<Option<Refusal>, RecordError> {
        if self.reporting.unknown_members == UnknownMembers::Refuse {
            return Ok(Some(Refusal::MemberUnknown));
        }
        if self.unit.load::<Activity>(stream).await?.sequence > 0 {
            return Ok(Some(Refusal::Conflict)); // the fact is another member's: nobody is made by it
        }
        let registration = Registration {
            time_zone: domain::zone::Tz::UTC,
            joined_on: report.local_date,
            birthday: None,
            role: Role::User,
            returned: None,
        };
        let command = MemberCommand::Register(registration);
        match self.unit.execute::<Member>(&report.member_id.to_string(), command).await {
            Ok(_) => {
                self.events += 1;
                Ok(None)
            }
            // the account of this id was erased: no member is created under it again
            Err(CommandError::Refused { .. }) => Ok(Some(Refusal::MemberUnknown)),
            Err(error) => Err(RecordError::Write(of_the_activity(error))),
        }
    }
}

/// Turns indexes within a batch into positions of the log.
fn placed(mut outcomes: Vec<Outcome>, appended: &Appended, places: &HashMap<ActivityId, i64>) -> Vec<Outcome> {
    outcomes.iter_mut().for_each(|outcome| outcome.place(appended.first_position, places));
    outcomes
}

impl Outcome {
    /// Turns an index within a batch into a position of the log.
    fn place(&mut self, first_position: i64, places: &HashMap<ActivityId, i64>) {
        match self {
            Self::Recorded { position, .. } => *position += first_position,
            Self::Duplicate { id, position } => {
                if let Some(place) = places.get(id) {
                    *position = first_position + place;
                }
            }
            Self::Refused(_) => {}
        }
    }
}

/// A failure that does not depend on the report.
fn of_the_activity(error: CommandError<MemberRefusal>) -> CommandError<ActivityRefusal> {
    match error {
        CommandError::Refused { refusal, .. } => CommandError::Broken(refusal.to_string().into()),
        CommandError::Guard(refusal) => CommandError::Guard(refusal),
        CommandError::Stale { sequence, position } => CommandError::Stale { sequence, position },
        CommandError::Conflict(stream) => CommandError::Conflict(stream),
        CommandError::TooLarge { bytes } => CommandError::TooLarge { bytes },
        CommandError::Overloaded => CommandError::Overloaded,
        CommandError::Unavailable => CommandError::Unavailable,
        CommandError::Broken(reason) => CommandError::Broken(reason),
    }
}
