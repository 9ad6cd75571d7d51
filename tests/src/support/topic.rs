//! Reading a Kafka topic from its first message to its end.

use std::time::{Duration, Instant};

use rdkafka::{
    ClientConfig, Message as _, Offset, TopicPartitionList,
    consumer::{BaseConsumer, Consumer},
    message::Headers,
};

const ASKING: Duration = Duration::from_secs(5);
const LED_WITHIN: Duration = Duration::from_secs(60);

/// One message as it stands on the topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The partition it is on.
    pub partition: i32,
    /// Its place in the partition.
    pub offset: i64,
    /// Its key: the subject of the event.
    pub key: String,
    /// Its headers in order.
    pub headers: Vec<(String, String)>,
    /// Its bytes.
    pub value: Vec<u8>,
}

impl Message {
    /// The value of a header that must be there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        match self.headers.iter().find(|(key, _)| key == name) {
            Some((_, value)) => value,
            None => panic!("the message has no header {name}: {:?}", self.headers),
        }
    }

    /// The position in the log.
    #[track_caller]
    pub fn position(&self) -> i64 {
        self.header("ce_position").parse().expect("ce_position is a number")
    }
}

/// A topic on a broker.
pub struct Topic {
    consumer: BaseConsumer,
    name: String,
}

impl Topic {
    /// Looks at a topic without joining a group.
    pub fn new(bootstrap: &str, name: &str) -> Topic {
        let consumer = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", "the-tests-look")
            .set("enable.auto.commit", "false")
            .set("enable.partition.eof", "false")
            .create()
            .expect("a Kafka consumer");
        Topic { consumer, name: name.to_owned() }
    }

    /// The number of partitions; none when there is no such topic.
    pub fn partitions(&self) -> usize {
        let metadata = self.consumer.fetch_metadata(Some(&self.name), ASKING).expect("the broker answers");
        metadata.topics().iter().find(|topic| topic.name() == self.name).map_or(0, |topic| topic.partitions().len())
    }

    /// The first offset of a partition and the one after its last. One that was just made has no leader yet.
    fn watermarks(&self, partition: i32) -> (i64, i64) {
        let started = Instant::now();
        loop {
            match self.consumer.fetch_watermarks(&self.name, partition, ASKING) {
                Ok(watermarks) => return watermarks,
                Err(error) => assert!(started.elapsed() < LED_WITHIN, "the broker tells no watermarks: {error}"),
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Every message now on the topic, by partition and offset.
    pub fn messages(&self) -> Vec<Message> {
        let mut assignment = TopicPartitionList::new();
        let mut wanted = 0;
        for partition in 0..i32::try_from(self.partitions()).expect("few partitions") {
            let (low, high) = self.watermarks(partition);
            wanted += high - low;
            assignment.add_partition_offset(&self.name, partition, Offset::Beginning).expect("a partition");
        }
        self.consumer.assign(&assignment).expect("the partitions are ours to read");
        let started = Instant::now();
        let mut messages = Vec::new();
        while i64::try_from(messages.len()).unwrap() < wanted {
            assert!(started.elapsed() < Duration::from_secs(30), "read {} of {wanted} messages", messages.len());
            if let Some(Ok(message)) = self.consumer.poll(Duration::from_millis(100)) {
                messages.push(read(&message));
            }
        }
        self.consumer.unassign().expect("the partitions are let go");
        messages.sort_by_key(|message| (message.partition, message.offset));
        messages
    }

    /// Reads until every position up to `head` has been seen, each at least once.
    #[track_caller]
    pub fn messages_up_to(&self, head: i64, bound: Duration) -> Vec<Message> {
        let started = Instant::now();
        loop {
            let messages = if self.partitions() == 0 { Vec::new() } else { self.messages() };
            let mut seen: Vec<i64> = messages.iter().map(Message::position).collect();
            seen.sort_unstable();
            seen.dedup();
            let missing: Vec<i64> = (1..=head).filter(|position| seen.binary_search(position).is_err()).collect();
            if missing.is_empty() {
                return messages;
            }
            assert!(started.elapsed() < bound, "not on {}: positions {missing:?} of {head}", self.name);
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn read(message: &rdkafka::message::BorrowedMessage<'_>) -> Message {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers.iter().map(|header| (header.key.to_owned(), text(header.value))).collect()
    });
    Message {
        partition: message.partition(),
        offset: message.offset(),
        key: text(message.key()),
        headers,
        value: message.payload().unwrap_or_default().to_vec(),
    }
}
