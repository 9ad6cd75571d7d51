//! Saves a run to resume it later: its totals, its position and the facts it has folded, one line of JSON each. A file
//! of another log, or of another request, is refused.

use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use chrono::NaiveDate;
use domain::event::DecodeError;
use domain::facts::{Birthday, DayTally, Facts, KindFacts, MemberFacts};
use domain::id::MemberId;
use domain::name::Name;
use domain::role::Role;
use domain::zone::Tz;
use domain::{Event, Moment};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use super::super::history::Profile;
use super::super::judge::{Basis, ConditionBasis, FactsBasis};
use super::cost::Costs;
use super::members::{Fact, Member, Members};
use super::{AuditError, ReEvaluationRequest, Run, Totals};

/// The version of the file and of the fold in it. Since 2, an erasure removes no facts.
const VERSION: u32 = 2;

/// Why a saved run cannot be resumed.
#[derive(Debug, thiserror::Error)]
pub enum NotResumed {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    UnreadableRow(#[from] std::io::Error),
    /// It is not a saved run.
    #[error("it is not a saved run: {0}")]
    Broken(String),
    /// It is the file of another run.
    #[error("it was saved for a different {0}")]
    Other(&'static str),
    /// The log cannot be read.
    #[error(transparent)]
    Audit(#[from] AuditError),
}

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    version: u32,
    order: SavedOrder,
    hash: String,
    pass: usize,
    done: i64,
    decisions: i64,
    same: i64,
    costs: Costs,
    members: usize,
    /// The caller's note.
    note: u64,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct SavedOrder {
    campaign: Option<Uuid>,
    facts: String,
    condition: Value,
    position: i64,
}

impl SavedOrder {
    fn of(order: &ReEvaluationRequest) -> Self {
        let Basis { facts, condition } = &order.basis;
        Self {
            campaign: order.campaign.map(|campaign| campaign.0),
            facts: match facts {
                FactsBasis::AsDecided => "asDecided".to_owned(),
                FactsBasis::Known => "known".to_owned(),
            },
            condition: match condition {
                ConditionBasis::AsDecided => "asDecided".into(),
                ConditionBasis::Current => "current".into(),
                ConditionBasis::Given(condition) => condition.to_json(),
            },
            position: order.position,
        }
    }
}

/// Each further line.
#[derive(Debug, Serialize, Deserialize)]
struct SavedMember {
    id: Uuid,
    folded: i64,
    member: Option<SavedMemberFacts>,
    kinds: BTreeMap<Name, BTreeMap<NaiveDate, SavedTally>>,
    referrals: BTreeMap<MemberId, NaiveDate>,
    held_back: Vec<(i64, SavedFact)>,
    profile: Vec<(Moment, bool)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct SavedMemberFacts {
    time_zone: Tz,
    joined_on: NaiveDate,
    birthday: Option<Birthday>,
    profile_complete: bool,
    blocked: bool,
    role: Role,
}

/// A count and sums, the latter as digits.
type SavedTally = (u64, BTreeMap<Name, String>);

#[derive(Debug, Serialize, Deserialize)]
enum SavedFact {
    Counted {
        kind: Name,
        on: NaiveDate,
        measures: BTreeMap<Name, i64>,
        more: bool,
    },
    Other {
        name: String,
        /// Absent in files from when every event had version 1.
        #[serde(default = "version_1")]
        version: String,
        payload: Value,
        at: Moment,
    },
}

fn version_1() -> String {
    "1".to_owned()
}

impl Run {
    /// Saves what is needed to resume the run, with a note of the caller.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn save(&self, to: &mut impl Write, note: u64) -> std::io::Result<()> {
        let head = Head {
            version: VERSION,
            order: SavedOrder::of(&self.order),
            hash: self.hash.clone(),
            pass: self.pass,
            done: self.done,
            decisions: self.totals.decisions,
            same: self.totals.same,
            costs: self.costs.clone(),
            members: self.members.0.len(),
            note,
        };
        line(to, &head)?;
        self.members.0.iter().try_for_each(|(id, member)| line(to, &SavedMember::of(*id, member)?))?;
        to.flush()
    }

    /// Resumes a saved run, up to the position in the file. Returns the caller's note too.
    ///
    /// # Errors
    /// See [`NotResumed`].
    pub async fn resume(
        pool: &PgPool,
        order: ReEvaluationRequest,
        from: impl BufRead,
    ) -> Result<(Self, u64), NotResumed> {
        let mut lines = from.lines();
        let head: Head = match lines.next() {
            Some(head) => read(&head?)?,
            None => return Err(NotResumed::Broken("it is empty".to_owned())),
        };
        if head.version != VERSION {
            return Err(NotResumed::Other("version of this program"));
        }
        let order = ReEvaluationRequest { position: head.order.position, ..order };
        if head.order != SavedOrder::of(&order) {
            return Err(NotResumed::Other("event, facts or condition"));
        }
        let run = Self::start(pool, order).await?.ok_or(NotResumed::Other("log"))?;
        // beyond the end of the log there is no hash to compare
        if run.hash != head.hash || (run.hash.is_empty() && head.order.position > 0) {
            return Err(NotResumed::Other("log"));
        }
        if head.done > head.order.position {
            return Err(NotResumed::Broken("it has read more than there was".to_owned()));
        }
        let mut members = Members::default();
        for member in lines {
            let saved: SavedMember = read(&member?)?;
            members.0.insert(saved.id, saved.member()?);
        }
        if members.0.len() != head.members {
            return Err(NotResumed::Broken("it ends too early".to_owned()));
        }
        let totals = Totals { decisions: head.decisions, same: head.same };
        let run = Self { members, totals, costs: head.costs, pass: head.pass, done: head.done, ..run };
        Ok((run, head.note))
    }
}

fn line(to: &mut impl Write, value: &impl Serialize) -> std::io::Result<()> {
    serde_json::to_writer(&mut *to, value)?;
    to.write_all(b"\n")
}

fn read<'a, T: Deserialize<'a>>(line: &'a str) -> Result<T, NotResumed> {
    serde_json::from_str(line).map_err(|error| NotResumed::Broken(error.to_string()))
}

/// The hash of the log at a position, which identifies the log.
pub(super) async fn hash_at(conn: &mut PgConnection, position: i64) -> sqlx::Result<String> {
    let hash: Option<Vec<u8>> =
        sqlx::query_scalar("select hash from events where position = $1").bind(position).fetch_optional(conn).await?;
    Ok(hash.map(hex::encode).unwrap_or_default())
}

impl SavedMember {
    fn of(id: Uuid, member: &Member) -> std::io::Result<Self> {
        let tally = |tally: &DayTally| {
            (tally.count, tally.sums.iter().map(|(measure, sum)| (measure.clone(), sum.to_string())).collect())
        };
        let kind = |(kind, of_kind): (&Name, &KindFacts)| {
            (kind.clone(), of_kind.days.iter().map(|(day, of_day)| (*day, tally(of_day))).collect())
        };
        let held_back: Result<_, _> =
            member.held_back.iter().map(|(position, fact)| Ok((*position, SavedFact::of(fact)?))).collect();
        Ok(Self {
            id,
            folded: member.folded,
            member: member.facts.member.as_ref().map(|facts| SavedMemberFacts {
                time_zone: facts.time_zone,
                joined_on: facts.joined_on,
                birthday: facts.birthday,
                profile_complete: facts.profile_complete,
                blocked: facts.blocked,
                role: facts.role,
            }),
            kinds: member.facts.kinds.iter().map(kind).collect(),
            referrals: member.facts.referrals.clone(),
            held_back: held_back.map_err(|error: serde_json::Error| std::io::Error::from(error))?,
            profile: member.profile.0.clone(),
        })
    }

    fn member(self) -> Result<Member, NotResumed> {
        let mut facts = Facts { referrals: self.referrals, ..Facts::default() };
        facts.member = self.member.map(|saved| MemberFacts {
            time_zone: saved.time_zone,
            joined_on: saved.joined_on,
            birthday: saved.birthday,
            profile_complete: saved.profile_complete,
            blocked: saved.blocked,
            role: saved.role,
        });
        for (kind, days) in self.kinds {
            let of_kind = facts.kinds.entry(kind).or_default();
            for (day, (count, sums)) in days {
                of_kind.dates.insert(day);
                of_kind.days.insert(day, DayTally { count, sums: numbers(sums)? });
            }
        }
        let held_back: Result<_, NotResumed> =
            self.held_back.into_iter().map(|(position, fact)| Ok((position, fact.fact()?))).collect();
        Ok(Member { facts, folded: self.folded, held_back: held_back?, profile: Profile(self.profile) })
    }
}

fn numbers(sums: BTreeMap<Name, String>) -> Result<BTreeMap<Name, i128>, NotResumed> {
    let number =
        |digits: String| digits.parse().map_err(|_| NotResumed::Broken(format!("{digits} is not a valid total")));
    sums.into_iter().map(|(measure, digits)| Ok((measure, number(digits)?))).collect()
}

impl SavedFact {
    fn of(fact: &Fact) -> serde_json::Result<Self> {
        Ok(match fact {
            Fact::Counted { kind, on, measures, more } => {
                Self::Counted { kind: kind.clone(), on: *on, measures: measures.clone(), more: *more }
            }
            Fact::Other(event, at) => {
                let (name, version) = (event.name().to_owned(), event.version().to_string());
                Self::Other { name, version, payload: serde_json::to_value(event)?, at: *at }
            }
        })
    }

    fn fact(self) -> Result<Fact, NotResumed> {
        Ok(match self {
            Self::Counted { kind, on, measures, more } => Fact::Counted { kind, on, measures, more },
            Self::Other { name, version, payload, at } => {
                let event = Event::decode(&name, &version, &payload.to_string());
                let event = event.map_err(|error: DecodeError| NotResumed::Broken(error.to_string()))?;
                Fact::Other(Box::new(event), at)
            }
        })
    }
}
