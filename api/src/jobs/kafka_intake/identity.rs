//! Whether a saved offset was counted on the topic that is there now. A topic that was deleted and made again has the
//! name of the old one and counts from 0: what stands before the offset was never read. A message that was read earlier
//! tells, by its digest, and so does the cluster. It decides by what was looked up, and reads nothing itself.

use projections::{PartitionSnapshot, TopicSnapshot};
use rdkafka::Message;
use rdkafka::message::OwnedMessage;
use sha2::{Digest as _, Sha256};

use super::dead_letters::headers;
use super::offsets::Taken;

/// A message that is known to be of the topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) offset: i64,
    pub(super) digest: [u8; 32],
}

impl Known {
    pub(super) fn of(message: &OwnedMessage) -> Self {
        Self { offset: message.offset(), digest: digest(message) }
    }
}

/// What a saved offset is worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on there.
    Same,
    /// Nothing was kept to tell by: what is there is taken for what was there, and kept.
    Adopted(Option<Known>),
    /// It is of another topic: reading begins at the first message.
    Another {
        /// That one.
        first: i64,
        /// How that is known.
        reason: &'static str,
    },
}

/// Which message of a partition tells: the one that is known, else the one before the offset.
pub(super) fn to_look_at(taken: &Taken) -> Option<i64> {
    let before = (taken.next_offset > 0).then(|| taken.next_offset - 1);
    taken.known().map(|known| known.offset).or(before)
}

/// Judges the saved offset of a partition.
pub(super) fn judge(taken: &Taken, looked: &TopicSnapshot, at: &PartitionSnapshot) -> Verdict {
    let another = |reason| Verdict::Another { first: at.first, reason };
    if taken.next_offset == 0 {
        return Verdict::Same;
    }
    if looked.is_elsewhere(taken.cluster_id.as_deref()) {
        return another("it is on another cluster");
    }
    if at.end < taken.next_offset {
        return another("it ends before the saved offset");
    }
    let Some(known) = taken.known() else { return Verdict::Adopted(at.message.as_ref().map(Known::of)) };
    match &at.message {
        // deleted by age or size, as on the same topic
        None if at.first > known.offset => Verdict::Same,
        None => another("a message that was read is not there"),
        Some(message) if Known::of(message) == known => Verdict::Same,
        Some(_) => another("where a message was read there is another one"),
    }
}

/// SHA-256 over time, key, value and headers, each behind its length; 2³²−1 where there is none.
fn digest(message: &OwnedMessage) -> [u8; 32] {
    let mut digest = Sha256::new();
    let mut put = |part: Option<&[u8]>| {
        let length = part.map_or(u32::MAX, |part| u32::try_from(part.len()).unwrap_or(u32::MAX - 1));
        digest.update(length.to_be_bytes());
        digest.update(part.unwrap_or_default());
    };
    put(message.timestamp().to_millis().map(i64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
    put(message.key());
    put(message.payload());
    for (name, value) in headers(message) {
        put(Some(name.as_bytes()));
        put(value);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use rdkafka::Timestamp;
    use rdkafka::message::{Header, OwnedHeaders};

    use super::*;

    fn message(value: &str, offset: i64) -> OwnedMessage {
        let headers = OwnedHeaders::new().insert(Header { key: "ce_id", value: Some(value) });
        let (payload, time) = (Some(value.as_bytes().to_vec()), Timestamp::CreateTime(7));
        OwnedMessage::new(payload, None, "facts".to_owned(), time, 0, offset, Some(headers))
    }

    fn taken(next_offset: i64, last: Option<&OwnedMessage>) -> Taken {
        Taken {
            partition: 0,
            next_offset,
            cluster_id: Some("one".to_owned()),
            known_offset: last.map(Message::offset),
            known_message: last.map(|message| digest(message).to_vec()),
        }
    }

    fn on(cluster: &str) -> TopicSnapshot {
        TopicSnapshot { cluster: Some(cluster.to_owned()), partitions: BTreeMap::new() }
    }

    #[track_caller]
    fn check(taken: &Taken, cluster: &str, at: (i64, i64, Option<OwnedMessage>), is_another: bool) {
        let at = PartitionSnapshot { first: at.0, end: at.1, message: at.2 };
        let verdict = judge(taken, &on(cluster), &at);
        assert_eq!(matches!(verdict, Verdict::Another { .. }), is_another, "{taken:?} {at:?}: {verdict:?}");
    }

    #[test]
    fn an_offset_goes_on_only_where_a_message_that_was_read_still_is() {
        let (seen, other) = (message("seen", 4), message("other", 4));
        let saved = taken(5, Some(&seen));
        check(&saved, "one", (0, 9, Some(seen.clone())), false);
        check(&saved, "one", (0, 5, Some(seen.clone())), false);
        check(&saved, "one", (0, 9, Some(other.clone())), true);
        check(&saved, "one", (0, 4, None), true); // shorter
        check(&saved, "one", (0, 0, None), true); // empty
        check(&saved, "one", (0, 9, None), true); // a hole
        check(&saved, "one", (5, 9, None), false); // all before is deleted, and nothing that is left was read
        check(&saved, "one", (7, 9, None), false);
        check(&saved, "two", (0, 9, Some(seen.clone())), true);
        let further = Taken { next_offset: 8, ..saved };
        check(&further, "one", (0, 9, Some(seen)), false); // read on since it was known
        check(&further, "one", (0, 9, Some(other)), true);
        check(&taken(0, None), "two", (0, 9, None), false); // nothing was read of it
    }

    #[test]
    fn what_was_saved_before_anything_was_kept_to_tell_by_is_taken_for_what_is_there() {
        let there = message("there", 4);
        let at = PartitionSnapshot { first: 0, end: 9, message: Some(there.clone()) };
        assert_eq!(judge(&taken(5, None), &on("one"), &at), Verdict::Adopted(Some(Known::of(&there))));
        check(&taken(5, None), "one", (0, 4, None), true);
    }

    /// A message in short: key, value, moment, headers.
    type Short = (Option<String>, Option<String>, i64, Vec<(String, String)>);

    fn messages() -> impl Strategy<Value = Short> {
        let text = || proptest::option::of("[ab]{0,3}");
        (text(), text(), 0_i64..3, proptest::collection::vec(("[ab]{0,2}", "[ab]{0,2}"), 0..3))
    }

    fn written_out((key, value, moment, headers): &Short) -> OwnedMessage {
        let all = headers
            .iter()
            .fold(OwnedHeaders::new(), |all, (key, value)| all.insert(Header { key, value: Some(value) }));
        let bytes = |text: &Option<String>| text.clone().map(String::into_bytes);
        let moment = Timestamp::CreateTime(*moment);
        OwnedMessage::new(bytes(value), bytes(key), String::new(), moment, 0, 0, Some(all))
    }

    proptest! {
        /// Whatever two messages say: they are told apart, wherever one part ends and the next begins.
        #[test]
        fn two_messages_have_one_digest_only_when_they_are_the_same(one in messages(), two in messages()) {
            prop_assert_eq!(digest(&written_out(&one)) == digest(&written_out(&two)), one == two);
        }
    }
}
