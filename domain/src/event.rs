//! Every fact the log can hold, under the name it is stored, published and documented by.
//! It knows how an event is named, versioned, read back and to whom it belongs; not where it is kept.

use crate::activity::ActivityEvent;
use crate::campaign::CampaignEvent;
use crate::claim::ClaimEvent;
use crate::member::MemberEvent;
use crate::moment::Moment;
use crate::referral::ReferralEvent;
use crate::upcast;

/// One event of any aggregate.
#[derive(Debug, Clone, PartialEq)]
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
    /// The bytes do not have the shape of the event they are named after.
    #[error("a stored {event_type} does not have its shape: {source}")]
    Shape {
        /// The stored name.
        event_type: String,
        /// What did not fit.
        source: serde_json::Error,
    },
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
            _ => Err(upcast::unknown(event_type, version)),
        }
    }

    /// Whom the event concerns, the key it is published under: the member for member, activity,
    /// referral (the inviter) and claim events, the campaign for campaign events.
    #[must_use]
    pub fn subject(&self, stream_id: &str) -> String {
        match self {
            Self::Member(_) | Self::Campaign(_) => stream_id.to_owned(),
            Self::Activity(event) => event.member().to_string(),
            Self::Referral(event) => event.inviter().to_string(),
            Self::Claim(event) => event.member().to_string(),
        }
    }

    /// When it happened by its source's clock; `None` when that is the moment of the command.
    #[must_use]
    pub fn occurred_at(&self) -> Option<Moment> {
        match self {
            Self::Activity(event) => event.occurred_at(),
            Self::Member(_) | Self::Campaign(_) | Self::Referral(_) | Self::Claim(_) => None,
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
macro_rules! events {
    ($(#[$doc:meta])* $enum:ident in $wrapper:ident {
        $( $(#[$variant_doc:meta])* $variant:ident($body:ty) = $name:literal, )+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(tag = "type")]
        pub enum $enum {
            $( $(#[$variant_doc])* #[serde(rename = $name)] $variant($body), )+
        }

        impl $enum {
            /// The stored names of all events of this aggregate.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// The name under which the event is stored and published.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $( Self::$variant(_) => $name, )+ }
            }

            /// The shape of each event as it is stored today, for other programs: name and JSON Schema.
            #[must_use]
            pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
                vec![$( ($name, $crate::schemas::of_event::<$body>($name)) ),+]
            }

            /// Reads one stored event back.
            ///
            /// # Errors
            /// See [`DecodeError`]($crate::event::DecodeError).
            pub fn decode(event_type: &str, version: &str, payload: &str)
                -> Result<Self, $crate::event::DecodeError> {
                let payload = $crate::upcast::to_current(event_type, version, payload)?;
                match event_type {
                    $( $name => serde_json::from_str(&payload).map(Self::$variant), )+
                    _ => return Err($crate::upcast::unknown(event_type, version)),
                }
                .and_then(|event| $crate::event::check_name(event_type, &payload).map(|()| event))
                .map_err(|source| $crate::event::DecodeError::Shape {
                    event_type: event_type.to_owned(), source,
                })
            }
        }

        impl cqrs_es::DomainEvent for $enum {
            fn event_type(&self) -> String { self.name().to_owned() }
            fn event_version(&self) -> String { $crate::upcast::CURRENT_VERSION.to_owned() }
        }

        impl From<$enum> for $crate::event::Event {
            fn from(event: $enum) -> Self { Self::$wrapper(event) }
        }
    };
}
pub(crate) use events;
