//! Every fact the log can hold, under the name it is stored, published and documented by.
//! It knows how an event is named, versioned, read back and to whom it belongs; not where it is kept.

use schemars::Schema;
use serde::Serialize;

use crate::activity::ActivityEvent;
use crate::campaign::CampaignEvent;
use crate::claim::ClaimEvent;
use crate::member::MemberEvent;
use crate::moment::Moment;
use crate::referral::ReferralEvent;
use crate::value::ValueEvent;

/// One event of any aggregate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Event {
    /// Something a member did or had done to them.
    Member(MemberEvent),
    /// A fact about a member, reported by a source.
    Activity(ActivityEvent),
    /// A step in the life of a campaign or of its rewards.
    Campaign(CampaignEvent),
    /// A step in the life of one invitation.
    Referral(ReferralEvent),
    /// A step in the life of one claim.
    Claim(ClaimEvent),
    /// Something that happened to value: to a unit, a wallet, a payment, a coupon, a budget.
    Value(ValueEvent),
}

/// One event of a stream as the log holds it, as far as a decision needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its number in the stream, from 1.
    pub sequence: i64,
    /// The stored name.
    pub event_type: String,
    /// The stored version.
    pub event_version: String,
    /// What it says, as JSON.
    pub payload: String,
    /// Who caused it.
    pub actor: String,
    /// Its position in the log.
    pub position: i64,
    /// When the log took it.
    pub recorded_at: Moment,
}

/// Why stored bytes are not an event that this program knows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// No event has this name in this version.
    #[error("unknown event type {event_type} version {version}")]
    Unknown {
        /// The stored name.
        event_type: String,
        /// The stored version.
        version: String,
    },
    /// A later version of this program wrote it.
    #[error("{event_type} version {version} is newer than this program, which reads it up to version {known}")]
    Newer {
        /// The stored name.
        event_type: String,
        /// The stored version.
        version: String,
        /// The latest version that this program reads.
        known: usize,
    },
    /// The bytes do not have the shape of the event they are named after.
    #[error("a stored {event_type} does not have its shape: {source}")]
    Shape {
        /// The stored name.
        event_type: String,
        /// What did not fit.
        source: serde_json::Error,
    },
}

impl DecodeError {
    pub(crate) fn unknown(event_type: &str, version: &str) -> Self {
        Self::Unknown { event_type: event_type.to_owned(), version: version.to_owned() }
    }

    pub(crate) fn shape(event_type: &str, source: serde_json::Error) -> Self {
        Self::Shape { event_type: event_type.to_owned(), source }
    }
}

/// A type of event as other programs see it.
#[derive(Debug, Clone, Copy)]
pub struct EventType {
    /// The name that events of this type are stored and published under.
    pub name: &'static str,
    /// The newest version that they are written in today. It is the type's own: other types stay as they are.
    pub version: usize,
    pub(crate) schema: fn(&str, usize) -> Schema,
}

/// All types of events, one aggregate after the other.
pub fn types() -> impl Iterator<Item = EventType> {
    MemberEvent::types()
        .chain(ActivityEvent::types())
        .chain(CampaignEvent::types())
        .chain(ReferralEvent::types())
        .chain(ClaimEvent::types())
        .chain(ValueEvent::types())
}

impl Event {
    /// Reads a stored event back, through the upcasters of older versions.
    ///
    /// # Errors
    /// See [`DecodeError`].
    pub fn decode(event_type: &str, version: &str, payload: &str) -> Result<Self, DecodeError> {
        let (stream_type, _) = event_type.split_once('.').unwrap_or((event_type, ""));
        match stream_type {
            "member" => MemberEvent::decode(event_type, version, payload).map(Self::Member),
            "activity" => ActivityEvent::decode(event_type, version, payload).map(Self::Activity),
            "campaign" => CampaignEvent::decode(event_type, version, payload).map(Self::Campaign),
            "referral" => ReferralEvent::decode(event_type, version, payload).map(Self::Referral),
            "claim" => ClaimEvent::decode(event_type, version, payload).map(Self::Claim),
            _ => ValueEvent::decode(event_type, version, payload).map(Self::Value),
        }
    }

    /// The name that the event is stored and published under.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Member(event) => event.event_type().name(),
            Self::Activity(event) => event.event_type().name(),
            Self::Campaign(event) => event.event_type().name(),
            Self::Referral(event) => event.event_type().name(),
            Self::Claim(event) => event.event_type().name(),
            Self::Value(event) => event.name(),
        }
    }

    /// The version that the event is written in.
    #[must_use]
    pub fn version(&self) -> usize {
        match self {
            Self::Member(event) => event.version(),
            Self::Activity(event) => event.version(),
            Self::Campaign(event) => event.version(),
            Self::Referral(event) => event.version(),
            Self::Claim(event) => event.version(),
            Self::Value(event) => event.version(),
        }
    }

    /// Whom the event concerns, the key it is published under: the member for member, activity, referral (the inviter),
    /// claim and coupon events and for what happens to a wallet, the campaign for campaign events, its codes and its
    /// budgets.
    #[must_use]
    pub fn subject(&self, stream_id: &str) -> String {
        match self {
            Self::Member(_) | Self::Campaign(_) => stream_id.to_owned(),
            Self::Activity(event) => event.member().to_string(),
            Self::Referral(event) => event.inviter().to_string(),
            Self::Claim(event) => event.member().to_string(),
            Self::Value(event) => event.subject(stream_id),
        }
    }

    /// When it happened by its source's clock; `None` when that is the moment of the command.
    #[must_use]
    pub fn occurred_at(&self) -> Option<Moment> {
        match self {
            Self::Activity(event) => event.occurred_at(),
            Self::Member(_) | Self::Campaign(_) | Self::Referral(_) | Self::Claim(_) | Self::Value(_) => None,
        }
    }
}

/// A payload says itself which event it is. Several events have the same fields or none at all, so
/// that one stored under another's name would otherwise be read as something that never happened.
pub(crate) fn check_name(event_type: &str, payload: &str) -> Result<(), serde_json::Error> {
    #[derive(serde::Deserialize)]
    struct Named {
        r#type: String,
    }

    // As this program writes it: not worth a second reading.
    let after_name = payload.strip_prefix(r#"{"type":""#).and_then(|rest| rest.strip_prefix(event_type));
    if after_name.is_some_and(|rest| rest.starts_with('"')) {
        return Ok(());
    }
    let named: Named = serde_json::from_str(payload)?;
    if named.r#type == event_type {
        Ok(())
    } else {
        Err(serde::de::Error::custom(format_args!("the payload says that it is a {}", named.r#type)))
    }
}

/// Declares an aggregate's events: the enum, the stored name of each, and how each is read back.
/// The payload repeats the name in `type`, so that it explains itself outside the log as well.
///
/// `Granted(Granted) = "claim.granted"` is written in version 1. With `upcast [By(renamed)]` behind the name it is written in
/// version 2, and `renamed` brings a payload of version 1 there; each further upcaster is one more version. With `when
/// Granted::moves_value` behind that, one that does not is still written in the version before, which programs of before can
/// read while they serve beside this one: the newest version only adds what this one does not have.
macro_rules! events {
    ($(#[$doc:meta])* $enum:ident as $type:ident $(in $wrapper:ident)? {
        $( $(#[$variant_doc:meta])* $variant:ident($body:ty) = $name:literal $(upcast [$($upcaster:expr),+] $(when $is_needed:path)?)?, )+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type")]
        pub enum $enum {
            $( $(#[$variant_doc])* #[serde(rename = $name)] $variant($body), )+
        }

        #[doc = concat!("The type of a [`", stringify!($enum), "`], without its content.")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $type {
            $( $(#[$variant_doc])* $variant, )+
        }

        impl $type {
            /// All types of this aggregate's events.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The type with this stored name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $( $name => Some(Self::$variant), )+
                    _ => None,
                }
            }

            /// The name under which events of this type are stored and published.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name, )+ }
            }

            /// The newest version in which events of this type are written today.
            #[must_use]
            pub const fn version(self) -> usize {
                self.upcasters().len() + 1
            }

            /// From each older version to the next, beginning with version 1.
            const fn upcasters(self) -> &'static [$crate::upcast::Upcaster] {
                match self { $( Self::$variant => &[$($($upcaster),+)?], )+ }
            }

            fn described(self) -> $crate::event::EventType {
                let schema = match self { $( Self::$variant => $crate::schemas::of_event::<$body>, )+ };
                $crate::event::EventType { name: self.name(), version: self.version(), schema }
            }
        }

        impl $enum {
            /// Which type of event this is.
            #[must_use]
            pub fn event_type(&self) -> $type {
                match self { $( Self::$variant(_) => $type::$variant, )+ }
            }

            /// The version in which this event is written.
            #[must_use]
            pub fn version(&self) -> usize {
                let newest = self.event_type().version();
                let is_needed = match self { $( Self::$variant(_body) => true $($( && $is_needed(_body) )?)?, )+ };
                if is_needed { newest } else { newest - 1 }
            }

            /// All types of this aggregate's events, for other programs.
            pub(crate) fn types() -> impl Iterator<Item = $crate::event::EventType> {
                $type::ALL.iter().map(|one| one.described())
            }

            /// Reads one stored event back.
            ///
            /// # Errors
            /// See [`DecodeError`]($crate::event::DecodeError).
            pub fn decode(event_type: &str, version: &str, payload: &str)
                -> Result<Self, $crate::event::DecodeError> {
                let Some(known) = $type::named(event_type) else {
                    return Err($crate::event::DecodeError::unknown(event_type, version));
                };
                let payload = $crate::upcast::to_current(event_type, known.upcasters(), version, payload)?;
                match known {
                    $( $type::$variant => serde_json::from_str(&payload).map(Self::$variant), )+
                }
                .and_then(|event| $crate::event::check_name(event_type, &payload).map(|()| event))
                .map_err(|source| $crate::event::DecodeError::shape(event_type, source))
            }
        }

        impl cqrs_es::DomainEvent for $enum {
            fn event_type(&self) -> String { self.event_type().name().to_owned() }
            fn event_version(&self) -> String { self.version().to_string() }
        }

        $(
            impl From<$enum> for $crate::event::Event {
                fn from(event: $enum) -> Self { Self::$wrapper(event) }
            }
        )?
    };
}
pub(crate) use events;
